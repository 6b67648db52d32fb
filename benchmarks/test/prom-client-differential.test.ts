// @flx/monitoring/prom-client beside @prometheus-io/client: the same random calls on both, and after them the same
// expositions in both formats, the same JSON and the same messages.
//
//   commands (fast-check) ──► ours ──┐
//                         └─► theirs ┴──► compared after every one
//
// Not generated is where we differ on purpose, the table in docs/guides/moving-from-prom-client.md; each of those rows has
// a test of its own in the package.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as ours from "@flx/monitoring/prom-client";
import { waitUntil } from "@flx/testkit";
import * as theirs from "@prometheus-io/client";
import fc from "fast-check";

/** Whatever is called alike on both sides. */
// oxlint-disable-next-line typescript/no-explicit-any -- the point is to call both with anything
type Anything = any;

interface Side {
  readonly client: Anything;
  readonly registry: Anything;
  readonly metrics: Map<string, Anything>;
}

interface Sides {
  readonly ours: Side;
  readonly theirs: Side;
}

const LABEL_SETS: readonly (readonly string[])[] = [[], ["a"], ["b", "a"]];
const TYPES = ["Counter", "Gauge", "Histogram", "Summary"] as const;

const labelValue = fc.oneof(
  fc.constantFrom<unknown>("x", "y", "z", 1, 2, "1", true, 'q"uote', "back\\slash", "new\nline"),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }).filter((text) => !text.includes("|")),
);
const labels = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(fc.constantFrom("a", "b"), labelValue, { maxKeys: 2 }) },
  { weight: 1, arbitrary: fc.dictionary(fc.constantFrom("a", "c"), labelValue, { maxKeys: 2 }) },
);
const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 0.1, 0.25, 5, 1e21, 1e-7, 123456789.5),
  fc.integer({ min: 0, max: 40 }),
  fc.double({ min: 0, max: 1e6, noNaN: true }),
);
const value = fc.oneof(
  { weight: 6, arbitrary: number },
  {
    weight: 1,
    arbitrary: fc.constantFrom<unknown>(-1, "1", "text", undefined, Infinity, null, [1]),
  },
);

const declaration = fc.record({
  type: fc.constantFrom(...TYPES),
  name: fc.constantFrom("m_total", "m_seconds", "other", "bad name", ""),
  help: fc.constantFrom("Help", 'two\nlines \\ and "quotes"', ""),
  labelNames: fc.constantFrom(...LABEL_SETS, ["not-a-label"]),
  aggregator: fc.constantFrom("sum", "max", "omit"),
});

/** A call of a metric: the method, its arguments, and whether through `labels(...)`. */
const call = fc.record({
  metric: fc.nat(5),
  method: fc.constantFrom("inc", "dec", "set", "observe", "zero", "remove", "reset"),
  args: fc.oneof(
    fc.tuple(labels, value),
    fc.tuple(labels),
    fc.tuple(value),
    fc.constant<unknown[]>([]),
  ),
  bound: fc.option(fc.oneof(fc.tuple(labels), fc.array(labelValue, { maxLength: 2 })), {
    nil: undefined,
  }),
});

/** Runs something on both sides and compares what it gives or throws. */
async function both(sides: Sides, run: (side: Side) => unknown): Promise<void> {
  const outcome = async (side: Side) => {
    try {
      return { result: await run(side) };
    } catch (error) {
      const { message, constructor } = error as Error;
      return { message, type: constructor.name };
    }
  };
  const [own, peer] = [await outcome(sides.ours), await outcome(sides.theirs)];
  assert.deepEqual(comparable(own), comparable(peer));
}

/** JSON, in which an absent field is an undefined one. */
function comparable(outcome: unknown): unknown {
  return JSON.parse(JSON.stringify(outcome));
}

async function compareTexts(sides: Sides): Promise<void> {
  await both(sides, ({ registry }) => registry.metrics());
}

/** Only at the end of a program: the peer writes the default labels into its series when it makes JSON. */
async function compareJson(sides: Sides): Promise<void> {
  await both(sides, async ({ registry }) => {
    const metrics = (await registry.getMetricsAsJSON()) as { values: { labels?: object }[] }[];
    for (const metric of metrics) for (const sample of metric.values) sample.labels ??= {};
    return metrics;
  });
}

class Declare implements fc.AsyncCommand<object, Sides> {
  readonly #config: Record<string, unknown>;

  constructor(config: Record<string, unknown>) {
    this.#config = config;
  }

  check(): boolean {
    return true;
  }

  async run(_: object, sides: Sides): Promise<void> {
    const { type, ...config } = this.#config;
    await both(sides, (side) => {
      const given = { ...config, registers: [side.registry] };
      const metric = new side.client[type as string](given);
      side.metrics.set(String(side.metrics.size), metric);
    });
  }

  toString(): string {
    return `declare(${fc.stringify(this.#config)})`;
  }
}

interface Call {
  readonly metric: number;
  readonly method: string;
  readonly args: readonly unknown[];
  readonly bound: readonly unknown[] | undefined;
}

class Use implements fc.AsyncCommand<object, Sides> {
  readonly #call: Call;

  constructor(given: Call) {
    this.#call = given;
  }

  check(): boolean {
    return true;
  }

  async run(_: object, sides: Sides): Promise<void> {
    const { metric, method, args, bound } = this.#call;
    await both(sides, (side) => {
      const target = [...side.metrics.values()][metric % Math.max(side.metrics.size, 1)];
      if (target === undefined || typeof target[method] !== "function") return;
      if (isDifferent(target, method, bound ? args.at(-1) : args)) return;
      if (bound === undefined || method === "remove" || method === "reset") {
        target[method](...args.map(copy));
        return;
      }
      const handle = target.labels(...bound.map(copy));
      if (handle[method] === undefined || typeof args[0] === "object") return;
      handle[method](...args);
    });
    await compareTexts(sides);
  }

  toString(): string {
    return `use(${fc.stringify(this.#call)})`;
  }
}

/** Calls whose outcome differs on purpose, or that no program makes. */
function isDifferent(metric: { type: string }, method: string, args: unknown): boolean {
  const given = (Array.isArray(args) ? args : [args]) as unknown[];
  // An array is an object: labels "0", "1" ... to both, and nobody's labels.
  if (given.some(Array.isArray)) return true;
  // `zero()` and `remove()` take labels.
  if (method === "zero" || method === "remove") {
    return given.length !== 1 || typeof given[0] !== "object" || given[0] === null;
  }
  return metric.type === "gauge" && method === "dec" && given.some((x) => typeof x === "string");
}

function copy(argument: unknown): unknown {
  return typeof argument === "object" && argument !== null ? { ...argument } : argument;
}

class OfRegistry implements fc.AsyncCommand<object, Sides> {
  readonly #method: string;
  readonly #args: readonly unknown[];

  constructor(method: string, args: readonly unknown[]) {
    this.#method = method;
    this.#args = args;
  }

  check(): boolean {
    return true;
  }

  async run(_: object, sides: Sides): Promise<void> {
    await both(sides, async ({ registry }) => {
      const result: unknown = await registry[this.#method](...this.#args);
      return typeof result === "string" ? result : undefined;
    });
    await compareTexts(sides);
  }

  toString(): string {
    return `registry.${this.#method}(${fc.stringify(this.#args)})`;
  }
}

const registryCall = fc.oneof(
  fc.constant(new OfRegistry("resetMetrics", [])),
  fc.constant(new OfRegistry("setContentType", ["text/html"])),
  fc
    .constantFrom("m_total", "m_seconds")
    .map((name) => new OfRegistry("removeSingleMetric", [name])),
  fc
    .dictionary(fc.constantFrom("a", "host"), fc.constantFrom("x", 'h"1', 3), { maxKeys: 2 })
    .map((defaults) => new OfRegistry("setDefaultLabels", [defaults])),
);

const commands = fc.commands(
  [
    declaration.map((config) => new Declare(config)),
    call.map((given) => new Use(given)),
    call.map((given) => new Use(given)),
    call.map((given) => new Use(given)),
    registryCall,
  ],
  { maxCommands: 40 },
);

/** One increment or observation in the object form. */
class WithExemplar implements fc.AsyncCommand<object, Sides> {
  readonly #name: string;
  readonly #given: object;

  constructor(name: string, given: object) {
    this.#name = name;
    this.#given = given;
  }

  check(): boolean {
    return true;
  }

  async run(_: object, sides: Sides): Promise<void> {
    await both(sides, ({ registry }) => {
      const metric = registry.getSingleMetric(this.#name);
      metric[metric.type === "counter" ? "inc" : "observe"](structuredClone(this.#given));
    });
    await compareTexts(sides);
  }

  toString(): string {
    return `${this.#name}(${fc.stringify(this.#given)})`;
  }
}

const withExemplar = fc
  .tuple(
    fc.constantFrom("exemplar_counter", "exemplar_histogram"),
    fc.record(
      {
        labels,
        value,
        exemplarLabels: fc.dictionary(fc.constantFrom("trace_id", "span_id"), fc.string()),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([name, given]) => new WithExemplar(name, given));

const openMetricsCommands = fc.commands(
  [
    call.map((given) => new Use(given)),
    withExemplar,
    withExemplar,
    fc.constant(new OfRegistry("resetMetrics", [])),
  ],
  { maxCommands: 40 },
);

/** Both sides with some metrics to use. */
async function startSides(contentType: string): Promise<Sides> {
  const side = (client: Anything): Side => {
    return { client, registry: new client.Registry(contentType), metrics: new Map() };
  };
  const sides = { ours: side(ours), theirs: side(theirs) };
  for (const type of TYPES) {
    for (const labelNames of LABEL_SETS) {
      const name = `${type.toLowerCase()}_${labelNames.length}`;
      await new Declare({ type, name, help: "Help", labelNames }).run({}, sides);
    }
  }
  return sides;
}

test("random programs: expositions, JSON and messages are those of @prometheus-io/client", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (program) => {
      const sides = await startSides(ours.prometheusContentType);
      await fc.asyncModelRun(() => ({ model: {}, real: sides }), program);
      await compareJson(sides);
    }),
    { numRuns: 60 },
  );
});

test("random programs with exemplars: OpenMetrics expositions are those of @prometheus-io/client", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_123 });
  await fc.assert(
    fc.asyncProperty(openMetricsCommands, async (program) => {
      const sides = await startSides(ours.openMetricsContentType);
      for (const { client, registry } of [sides.ours, sides.theirs]) {
        const declared = { help: "Help", enableExemplars: true, registers: [registry] };
        const labelNames = ["a", "b"];
        // oxlint-disable-next-line no-new -- it registers itself
        new client.Counter({ ...declared, name: "exemplar_counter", labelNames });
        // oxlint-disable-next-line no-new -- it registers itself
        new client.Histogram({ ...declared, name: "exemplar_histogram", labelNames });
      }
      await fc.asyncModelRun(() => ({ model: {}, real: sides }), program);
    }),
    { numRuns: 60 },
  );
});

/** Names, help, types, labels: everything but the numbers. */
async function shapeOf(registry: Anything): Promise<string[]> {
  // The lag of the loop is known one turn after the first exposition, its utilisation after the first interval.
  const text = await waitUntil(
    async () => {
      const exposed = (await registry.metrics()) as string;
      return exposed.includes("utilization_histogram_count") && exposed;
    },
    { what: "the utilisation to be observed" },
  );
  const lines = text.split("\n").map((line) => (line.startsWith("#") ? line : line.split(" ")[0]!));
  // What is active, and what was collected, changes from moment to moment.
  return lines.filter((line) => !/^app_nodejs_(active|gc)_\w+\{/.test(line)).toSorted();
}

test("collectDefaultMetrics() has the metrics of @prometheus-io/client, under any prefix and labels", async () => {
  const shapes: string[][] = [];
  for (const client of [ours, theirs] as Anything[]) {
    const register = new client.Registry();
    client.collectDefaultMetrics({
      register,
      prefix: "app_",
      labels: { host: "a" },
      eventLoopUtilizationTimeout: 5,
    });
    shapes.push(await shapeOf(register));
  }
  assert.deepEqual(shapes[0], shapes[1]);
  assert.deepEqual(
    ours.collectDefaultMetrics.metricsList,
    theirs.collectDefaultMetrics.metricsList,
  );
});

test("collectDefaultMetrics() refuses what is no configuration, as @prometheus-io/client does", () => {
  for (const client of [ours, theirs] as Anything[]) {
    assert.throws(() => client.collectDefaultMetrics(5), {
      name: "TypeError",
      message: "config must be null, undefined, or an object",
    });
  }
});

test("aggregation gives what that of @prometheus-io/client gives", async () => {
  const sample = fc.record({
    value: fc.integer({ min: -5, max: 5 }),
    labels: fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("x", "y")),
  });
  const metric = fc.record({
    name: fc.constantFrom("m", "n"),
    help: fc.constant("Help"),
    type: fc.constant("gauge"),
    values: fc.array(sample, { maxLength: 4 }),
    aggregator: fc.constantFrom("sum", "first", "omit", "average", "min", "max", "unknown"),
  });
  const lists = fc.array(fc.array(metric, { maxLength: 3 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(lists, async (given) => {
      const text = async (client: Anything) => {
        try {
          return await client.Registry.aggregate(structuredClone(given)).metrics();
        } catch (error) {
          return (error as Error).message;
        }
      };
      assert.equal(await text(ours), await text(theirs));
    }),
  );
});

test("summaries over a window slide and are pruned as those of @prometheus-io/client", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_000 });
  const step = fc.record({
    a: fc.constantFrom("x", "y"),
    observed: fc.integer({ min: 0, max: 9 }),
    laterMs: fc.integer({ min: 0, max: 25_000 }),
  });
  // With several, the peer counts what it saw before its first turn several times: values are compared for one.
  const buckets = fc.constantFrom(1, 3);
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      buckets,
      fc.boolean(),
      async (steps, ageBuckets, prune) => {
        const registries: Anything[] = [];
        const summaries = [ours, theirs].map((client: Anything) => {
          const registry = new client.Registry();
          registries.push(registry);
          return new client.Summary({
            name: "s",
            help: "S",
            labelNames: ["a"],
            maxAgeSeconds: 60,
            ageBuckets,
            pruneAgedBuckets: prune,
            registers: [registry],
          });
        });
        for (const { a, observed, laterMs } of steps) {
          for (const summary of summaries) summary.observe({ a }, observed);
          t.mock.timers.tick(laterMs);
          const [own, peer] = await Promise.all(registries.map((registry) => registry.metrics()));
          const text = ageBuckets === 1 ? rounded : withoutQuantiles;
          assert.deepEqual(text(own as string), text(peer as string));
        }
      },
    ),
    { numRuns: 50 },
  );
});

/** Numbers to twelve digits: interpolation in another order differs in the last one. */
function rounded(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/ ([\d.e+-]+)$/, (_, n) => ` ${Number(n).toPrecision(12)}`));
}

function withoutQuantiles(text: string): string[] {
  return rounded(text).map((line) => line.replace(/^(s\{quantile=.*) \S+$/, "$1"));
}
