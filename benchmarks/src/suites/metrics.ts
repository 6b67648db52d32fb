// Counting, setting, observing, and being scraped: ours beside the three Prometheus clients for JavaScript, our entry that
// stands in for them, and OpenTelemetry.
//
//   inc, set, observe    with labels (10 and 1,000 label sets; label objects kept, or fresh for each call), without, and bound
//   scrape               the whole exposition as bytes: 100,000 counters, 1,000 histograms of 12 buckets
//   memory               what a series keeps after it was scraped once
//
//   native               exponential histograms beside classic ones, both ours
//
// OpenTelemetry has no bound instruments, and its serializer for Prometheus is another package: it takes part where it does
// the same work, and in scrapes it only collects, which is less than what the others do ("collect only").
//
// Label checking is on. All contenders must expose the same samples before anything is timed.

import { createRequire } from "node:module";
import { Counter, Gauge, Histogram, Registry } from "@flx/monitoring/metrics";
import * as entry from "@flx/monitoring/prom-client";
import { ExpositionLineParser, Labels } from "@flx/model";
import {
  AggregationType,
  DataPointType,
  MeterProvider,
  type MetricData,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import client from "@prometheus-io/client";
import promClient from "prom-client";
import {
  contender,
  suite,
  type BenchmarkCase,
  type Suite,
  type TimedContender,
} from "../harness/suite.ts";

const platformatic = createRequire(import.meta.url)(
  "@platformatic/prom-client",
) as typeof promClient;

/** The instruments as all four libraries have them, as far as they are used here. */
interface Instrument {
  inc(labels?: object | number, value?: number): void;
  set(labels: object | number, value?: number): void;
  observe(labels: object | number, value?: number): void;
  labels(...values: unknown[]): { inc(value?: number): void; observe(value: number): void };
}

interface Library {
  readonly name: string;
  readonly package?: string;
  registry(): { metrics(): Promise<string> };
  instrument(
    kind: "Counter" | "Gauge" | "Histogram",
    options: object,
    registry: object,
  ): Instrument;
}

type Constructors = Record<"Counter" | "Gauge" | "Histogram", new (options: object) => unknown>;

function peer(
  name: string,
  library: { Registry: new () => { metrics(): Promise<string> } } & object,
): Library {
  return {
    name,
    package: name,
    registry: () => new library.Registry(),
    instrument: (kind, options, registry) =>
      new (library as unknown as Constructors)[kind]({
        ...options,
        registers: [registry],
      }) as Instrument,
  };
}

const libraries: readonly Library[] = [
  {
    name: "ours",
    registry: () => new Registry(),
    instrument: (kind, options, registry) =>
      new ({ Counter, Gauge, Histogram } as unknown as Constructors)[kind]({
        ...options,
        maxSeries: 1_000_000,
        registers: [registry],
      }) as Instrument,
  },
  // Ours too: its place is for those who move.
  { ...peer("ours, entry prom-client", entry), package: "@flx/monitoring" },
  peer("@prometheus-io/client", client),
  peer("prom-client", promClient),
  peer("@platformatic/prom-client", platformatic),
];

const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25];
const methods = [
  "GET",
  "PUT",
  "POST",
  "DELETE",
  "PATCH",
  "HEAD",
  "OPTIONS",
  "TRACE",
  "QUERY",
  "LINK",
];

function labelSets(count: number): { method: string; status: string }[] {
  return Array.from({ length: count }, (_, i) => {
    return { method: methods[i % 10]!, status: `${200 + Math.floor(i / 10)}` };
  });
}

/** All samples of an exposition in one form. */
function samples(text: string): string[] {
  const found: string[] = [];
  const parser = new ExpositionLineParser<string>(
    {
      find: () => undefined,
      open: (_text, name, labels: Labels) => `${name} ${labels.key}`,
      sample: (series, value) => found.push(`${series} ${value}`),
    },
    { format: "text" },
  );
  parser.push(new TextEncoder().encode(text.endsWith("\n") ? text : `${text}\n`));
  parser.end();
  return found.toSorted();
}

/** A reader that is asked, and does nothing by itself. */
class AskedReader extends MetricReader {
  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}

/** The instruments of OpenTelemetry, as far as they are used here. */
interface Telemetry {
  readonly reader: AskedReader;
  readonly instrument: {
    add(value: number, attributes?: object): void;
    record(value: number, attributes?: object): void;
  };
}

function telemetry(kind: LoopSpec["kind"]): Telemetry {
  const reader = new AskedReader();
  const views = [
    {
      instrumentName: "bench_requests_total",
      aggregationCardinalityLimit: 1_000_000,
      ...(kind === "Histogram"
        ? {
            aggregation: {
              type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM as const,
              options: { boundaries: buckets, recordMinMax: false },
            },
          }
        : {}),
    },
  ];
  const meter = new MeterProvider({ readers: [reader], views }).getMeter("bench");
  const instrument = meter[`create${kind}`]("bench_requests_total", { description: "Benchmark" });
  return { reader, instrument: instrument as unknown as Telemetry["instrument"] };
}

/** The same samples as those of an exposition. */
async function telemetrySamples({ reader }: Telemetry): Promise<string[]> {
  const { resourceMetrics } = await reader.collect();
  return resourceMetrics.scopeMetrics
    .flatMap(({ metrics: all }) => all.flatMap(samplesOfData))
    .toSorted();
}

function samplesOfData(data: MetricData): string[] {
  const { name } = data.descriptor;
  const line = (suffix: string, labels: object, value: number) =>
    `${name}${suffix} ${Labels.from(labels as Record<string, string>).key} ${value}`;
  if (data.dataPointType === DataPointType.HISTOGRAM) {
    return data.dataPoints.flatMap(({ attributes, value }) => {
      let count = 0;
      return [
        ...value.buckets.counts.map((n, i) =>
          line("_bucket", { ...attributes, le: `${buckets[i] ?? "+Inf"}` }, (count += n)),
        ),
        line("_sum", attributes, value.sum ?? 0),
        line("_count", attributes, value.count),
      ];
    });
  }
  if (data.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) return [];
  return data.dataPoints.map(({ attributes, value }) => line("", attributes, value));
}

interface State {
  readonly registry: { metrics(): Promise<string> };
  readonly instrument: Instrument;
  readonly sets: readonly { method: string; status: string }[];
  readonly bound: readonly { inc(value?: number): void; observe(value: number): void }[];
}

interface TelemetryState extends Telemetry {
  readonly sets: readonly { method: string; status: string }[];
}

interface LoopSpec {
  readonly name: string;
  readonly kind: "Counter" | "Gauge" | "Histogram";
  readonly sets: number;
  readonly op: (state: State, i: number) => void;
  /** The same for OpenTelemetry, where it has it. */
  readonly telemetryOp?: (state: TelemetryState, i: number) => void;
  readonly against: number;
  readonly againstPlatformatic?: number;
  readonly noGarbage?: boolean;
}

function telemetryContender(
  spec: Pick<LoopSpec, "kind" | "sets">,
  op: NonNullable<LoopSpec["telemetryOp"]>,
): TimedContender<TelemetryState> {
  return contender<TelemetryState>({
    name: "@opentelemetry/sdk-metrics",
    package: "@opentelemetry/sdk-metrics",
    setup: () => ({ ...telemetry(spec.kind), sets: labelSets(spec.sets) }),
    op,
    check: telemetrySamples,
  });
}

function loop(spec: LoopSpec): BenchmarkCase {
  const { telemetryOp } = spec;
  return {
    name: spec.name,
    kind: "loop",
    contenders: [
      ...libraries.map((library) =>
        contender({
          name: library.name,
          ...(library.package === undefined ? {} : { package: library.package }),
          setup: (): State => {
            const registry = library.registry();
            const sets = labelSets(spec.sets);
            const labelNames = spec.sets === 0 ? [] : ["method", "status"];
            const options = {
              name: "bench_requests_total",
              help: "Benchmark",
              labelNames,
              buckets,
            };
            const instrument = library.instrument(spec.kind, options, registry);
            const bound = sets.map(({ method, status }) => instrument.labels(method, status));
            return { registry, instrument, sets, bound };
          },
          op: spec.op,
          check: async ({ registry }) => samples(await registry.metrics()),
        }),
      ),
      ...(telemetryOp === undefined ? [] : [telemetryContender(spec, telemetryOp)]),
    ],
    budgets: [
      { against: "@prometheus-io/client", atLeast: spec.against },
      ...(spec.againstPlatformatic === undefined
        ? []
        : [{ against: "@platformatic/prom-client", atLeast: spec.againstPlatformatic }]),
      ...(spec.noGarbage === true ? [{ garbageAtMost: 0.5 }] : []),
    ],
  };
}

const loops: readonly BenchmarkCase[] = [
  loop({
    name: "counter.inc()",
    kind: "Counter",
    sets: 0,
    op: ({ instrument }) => {
      instrument.inc();
    },
    telemetryOp: ({ instrument }) => {
      instrument.add(1);
    },
    against: 4,
  }),
  ...[10, 1000].flatMap((sets) => [
    loop({
      name: `counter.inc(labels), ${sets} sets, kept objects`,
      kind: "Counter",
      sets,
      op: (state, i) => {
        state.instrument.inc(state.sets[i % state.sets.length]);
      },
      telemetryOp: (state, i) => {
        state.instrument.add(1, state.sets[i % state.sets.length]);
      },
      against: 3,
      againstPlatformatic: 2.2,
    }),
    loop({
      name: `counter.inc(labels), ${sets} sets, fresh objects`,
      kind: "Counter",
      sets,
      op: (state, i) => {
        const { method, status } = state.sets[i % state.sets.length]!;
        state.instrument.inc({ method, status });
      },
      telemetryOp: (state, i) => {
        const { method, status } = state.sets[i % state.sets.length]!;
        state.instrument.add(1, { method, status });
      },
      against: 3,
      againstPlatformatic: 2.2,
    }),
  ]),
  loop({
    name: "bound counter.inc(), rotating 1000",
    kind: "Counter",
    sets: 1000,
    op: (state, i) => {
      state.bound[i % 1000]!.inc();
    },
    against: 15,
    noGarbage: true,
  }),
  loop({
    name: "bound counter.inc(), one",
    kind: "Counter",
    sets: 1,
    op: (state) => {
      state.bound[0]!.inc();
    },
    against: 15,
    noGarbage: true,
  }),
  loop({
    name: "gauge.set(labels, value), 1000 sets",
    kind: "Gauge",
    sets: 1000,
    op: (state, i) => {
      state.instrument.set(state.sets[i % 1000]!, i);
    },
    telemetryOp: (state, i) => {
      state.instrument.record(i, state.sets[i % 1000]);
    },
    against: 3,
  }),
  ...[10, 1000].map((sets) =>
    loop({
      name: `histogram.observe(labels, value), ${sets} sets`,
      kind: "Histogram",
      sets,
      op: (state, i) => {
        state.instrument.observe(state.sets[i % state.sets.length]!, (i & 1023) / 40);
      },
      telemetryOp: (state, i) => {
        state.instrument.record((i & 1023) / 40, state.sets[i % state.sets.length]);
      },
      against: 10,
    }),
  ),
  loop({
    name: "bound histogram.observe(value)",
    kind: "Histogram",
    sets: 10,
    op: (state, i) => {
      state.bound[i % 10]!.observe((i & 1023) / 40);
    },
    against: 30,
    noGarbage: true,
  }),
];

interface NativeState extends State {
  readonly histogram: Histogram<"method" | "status">;
}

/** Exponential buckets beside classic ones: at most twice the cost. */
function native(name: string, op: (state: NativeState, i: number) => void): BenchmarkCase {
  const setup = (options: object) => (): NativeState => {
    const registry = new Registry();
    const histogram = new Histogram({
      name: "bench_requests_total",
      help: "Benchmark",
      labelNames: ["method", "status"],
      registers: [registry],
      ...options,
    });
    const sets = labelSets(10);
    const bound = sets.map(({ method, status }) => histogram.labels(method, status));
    const instrument = histogram as unknown as Instrument;
    return { registry, histogram, instrument, sets, bound: bound as unknown as State["bound"] };
  };
  // The buckets differ: what is equal is what was observed.
  const check = async ({ registry }: NativeState) =>
    samples(await registry.metrics()).filter((sample) => /_(?:sum|count) /.test(sample));
  return {
    name,
    kind: "loop",
    contenders: [
      contender({ name: "ours", setup: setup({ native: {} }), op, check }),
      contender({ name: "ours, 12 classic buckets", setup: setup({ buckets }), op, check }),
    ],
    budgets: [{ against: "ours, 12 classic buckets", atLeast: 0.5 }],
  };
}

const natives: readonly BenchmarkCase[] = [
  native("native histogram.observe(labels, value), 10 sets", (state, i) => {
    state.instrument.observe(state.sets[i % 10]!, (i & 1023) / 40);
  }),
  native("native bound histogram.observe(value)", (state, i) => {
    state.bound[i % 10]!.observe((i & 1023) / 40);
  }),
];

interface ScrapeState extends State {
  bytes: number;
}

interface CollectState extends Telemetry {
  readonly bound: State["bound"];
  collected: unknown;
}

/** What changes between two scrapes. */
type Change = (state: Pick<State, "bound">, round: number) => void;

function collectContender(
  kind: "Counter" | "Histogram",
  count: number,
  change: Change,
): TimedContender<CollectState> {
  return contender<CollectState>({
    name: "@opentelemetry/sdk-metrics, collect only",
    package: "@opentelemetry/sdk-metrics",
    setup: (): CollectState => {
      const one = telemetry(kind);
      const bound = labelSets(count).map((set) => ({
        inc: (value = 1) => one.instrument.add(value, set),
        observe: (value: number) => one.instrument.record(value, set),
      }));
      fill(kind, bound);
      return { ...one, bound, collected: undefined };
    },
    before: change,
    op: async (state) => {
      state.collected = await state.reader.collect();
    },
    check: telemetrySamples,
  });
}

function fill(kind: "Counter" | "Histogram", bound: State["bound"]): void {
  for (const [i, one] of bound.entries()) {
    if (kind === "Counter") one.inc(100 + (i % 800));
    else one.observe(i / 100);
  }
}

function scrape(
  name: string,
  kind: "Counter" | "Histogram",
  count: number,
  change: Change,
  atLeast: number,
): BenchmarkCase {
  return {
    name,
    kind: "long",
    async: true,
    contenders: [
      ...libraries.map((library) =>
        contender<ScrapeState>({
          name: library.name,
          ...(library.package === undefined ? {} : { package: library.package }),
          setup: (): ScrapeState => {
            const registry = library.registry();
            const options = {
              name: "bench_requests_total",
              help: "Benchmark",
              labelNames: ["method", "status"],
              buckets,
            };
            const instrument = library.instrument(kind, options, registry);
            const sets = labelSets(count);
            const bound = sets.map(({ method, status }) => instrument.labels(method, status));
            fill(kind, bound);
            return { registry, instrument, sets, bound, bytes: 0 };
          },
          before: change,
          // Our registry gives bytes; the peers give a string, which a server has to encode.
          op: async (state) => {
            const { registry } = state as unknown as {
              registry: { expose?(): Promise<readonly Uint8Array[]>; metrics(): Promise<string> };
            };
            if (registry.expose === undefined) {
              state.bytes = Buffer.from(await registry.metrics()).length;
            } else {
              let bytes = 0;
              for (const chunk of await registry.expose()) bytes += chunk.length;
              state.bytes = bytes;
            }
          },
          check: async ({ registry }) => samples(await registry.metrics()),
        }),
      ),
      collectContender(kind, count, change),
    ],
    budgets: [{ against: "@prometheus-io/client", atLeast }],
  };
}

const scrapes: readonly BenchmarkCase[] = [
  scrape(
    "scrape 100,000 counters, all changed",
    "Counter",
    100_000,
    (state) => {
      for (const one of state.bound) one.inc();
    },
    15,
  ),
  scrape(
    "scrape 100,000 counters, 10 % changed",
    "Counter",
    100_000,
    (state, round) => {
      for (let i = round % 10; i < state.bound.length; i += 10) state.bound[i]!.inc();
    },
    20,
  ),
  scrape(
    "scrape 1,000 histograms of 12 buckets",
    "Histogram",
    1_000,
    (state) => {
      for (const one of state.bound) one.observe(0.2);
    },
    10,
  ),
];

function memory(
  name: string,
  kind: "Counter" | "Histogram",
  count: number,
  atMost: number,
): BenchmarkCase {
  return {
    name,
    kind: "memory",
    count,
    contenders: [
      ...libraries.map((library) =>
        Object.assign(library.package === undefined ? {} : { package: library.package }, {
          name: library.name,
          build: async (n: number) => {
            const registry = library.registry();
            const options = {
              name: "bench_requests_total",
              help: "Benchmark",
              labelNames: ["method", "status"],
              buckets,
            };
            const instrument = library.instrument(kind, options, registry);
            for (let i = 0; i < n; i++) {
              const labels = { method: methods[i % 10]!, status: `${200 + Math.floor(i / 10)}` };
              if (kind === "Counter") instrument.inc(labels, 100 + (i % 800));
              else instrument.observe(labels, i / 100);
            }
            await registry.metrics();
            return { registry, instrument };
          },
          check: async (built: unknown) => {
            const { registry } = built as { registry: { metrics(): Promise<string> } };
            return samples(await registry.metrics()).length;
          },
        }),
      ),
      {
        name: "@opentelemetry/sdk-metrics, collect only",
        package: "@opentelemetry/sdk-metrics",
        build: async (n: number) => {
          const one = telemetry(kind);
          for (let i = 0; i < n; i++) {
            const labels = { method: methods[i % 10]!, status: `${200 + Math.floor(i / 10)}` };
            if (kind === "Counter") one.instrument.add(100 + (i % 800), labels);
            else one.instrument.record(i / 100, labels);
          }
          await one.reader.collect();
          return one;
        },
        check: async (built: unknown) => (await telemetrySamples(built as Telemetry)).length,
      },
    ],
    budgets: [{ atMost }],
  };
}

export const metrics: Suite = suite("metrics", {
  title: "Counting, observing, being scraped",
  cases: [
    ...loops,
    ...natives,
    ...scrapes,
    memory("memory of a counter series after a scrape", "Counter", 100_000, 100),
    memory("memory of a 12-bucket histogram after a scrape", "Histogram", 10_000, 300),
  ],
});
