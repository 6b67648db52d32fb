// @flx/monitoring/prom-client beside @prometheus-io/client, call by call: every method with every kind of argument, on a
// metric of its own each time.
//
//   type x label names x metric or handle x method x arguments ──► result or error text, exposition, get()
//
// prom-client-differential.test.ts has sequences of calls; this has the arguments that no program should make, too. What
// is left out is named by `isOnPurpose()`, and stands in the table in docs/guides/moving-from-prom-client.md.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import * as ours from "@flx/monitoring/prom-client";

/** Whatever is called alike on both sides. */
// oxlint-disable-next-line typescript/no-explicit-any -- the point is to call both with anything
type Anything = any;

const clients: readonly [Anything, Anything] = [
  ours,
  createRequire(import.meta.url)("@prometheus-io/client"),
];

const TYPES = ["Counter", "Gauge", "Histogram", "Summary"] as const;

/** Timers measure nothing, so that both measure the same. */
function stopClocks(t: TestContext): void {
  t.mock.timers.enable({ apis: ["Date"], now: 1_700_000_000_123 });
  t.mock.method(process, "hrtime", () => [0, 0]);
  t.mock.method(performance, "now", () => 0);
}

/** What something gives or throws, as text. */
async function outcome(run: () => unknown): Promise<string> {
  try {
    return inspect(await run(), { depth: 9, breakLength: Infinity, sorted: true });
  } catch (error) {
    const { message, constructor } = error as Error;
    return `${constructor.name}: ${message}`;
  }
}

/** Fails with the calls that differ, not at the first one. */
class Comparison {
  readonly #different: string[] = [];
  #compared = 0;

  async of(what: string, run: (client: Anything) => unknown): Promise<void> {
    this.#compared++;
    const [own, peer] = [
      await outcome(() => run(clients[0])),
      await outcome(() => run(clients[1])),
    ];
    if (own !== peer) this.#different.push(`${what}\n  ours   ${own}\n  theirs ${peer}`);
  }

  finish(atLeast: number): void {
    assert.ok(this.#compared >= atLeast, `only ${this.#compared} calls were compared`);
    assert.equal(this.#different.slice(0, 20).join("\n"), "");
  }
}

/** Samples in a form in which no labels and empty ones are the same, and NaN is spelled alike. */
function plain(samples: readonly { labels?: object }[]): unknown {
  return JSON.parse(JSON.stringify(samples.map((one) => ({ ...one, labels: one.labels ?? {} }))));
}

async function exposition(registry: Anything): Promise<string> {
  return ((await registry.metrics()) as string).replaceAll(/ Nan$/gm, " NaN");
}

const values: readonly unknown[] = [
  undefined,
  null,
  0,
  1,
  -1,
  -0,
  2.5,
  Infinity,
  -Infinity,
  Number.NaN,
  "",
  "1",
  "text",
  true,
  false,
  1n,
  () => 1,
  { valueOf: () => 2 },
];

/** Of each kind one. */
const oneOfEachKind: readonly unknown[] = [undefined, null, 1, -1, Number.NaN, "1", {}];

const labelSets: readonly object[] = [
  {},
  { a: "x" },
  { a: 1 },
  { a: null },
  { a: undefined },
  { b: "y", a: "x" },
  { c: "z" },
  { a: "x", c: 1 },
];

/** Labels of a class. */
const inherited: object = Object.create({ a: "of a prototype" });

const argumentLists: readonly (readonly unknown[])[] = [
  [],
  ...values.map((value) => [value]),
  ...labelSets.map((labels) => [labels]),
  ...labelSets.flatMap((labels) => oneOfEachKind.map((value) => [labels, value])),
  ...values.flatMap((value) => [1, { a: "x" }].map((second) => [value, second])),
];

const handles: readonly (readonly unknown[] | undefined)[] = [
  undefined,
  [],
  ["x"],
  ["x", "y"],
  [1],
  [undefined],
  [{}],
  [{ a: "x" }],
  [{ a: "x", b: "y" }],
  [{ c: 1 }],
];

const methods: Readonly<Record<(typeof TYPES)[number], readonly string[]>> = {
  Counter: ["inc"],
  Gauge: ["inc", "dec", "set", "setToCurrentTime", "startTimer"],
  Histogram: ["observe", "startTimer", "zero"],
  Summary: ["observe", "startTimer"],
};

/** Where we differ on purpose, or nobody's call: labels that are none before a value. */
function isOnPurpose(type: string, method: string, args: readonly unknown[]): boolean {
  const isLabels = (argument: unknown) => typeof argument === "object" && argument !== null;
  const broken = (value: unknown) => value === "" || value === false || Number.isNaN(value);
  if (type === "Counter" && method === "inc") return args.some(broken);
  if (method === "zero") return args.length > 0 && !isLabels(args[0]) && args[0] !== undefined;
  return type === "Summary" && args.length === 2 && !isLabels(args[0]);
}

for (const type of TYPES) {
  test(`${type}: every method with every argument does what that of @prometheus-io/client does`, async (t) => {
    stopClocks(t);
    const comparison = new Comparison();
    for (const labelNames of [[], ["a"], ["b", "a"]]) {
      for (const handle of handles) {
        const ofMetric = handle === undefined ? ["remove", "reset"] : [];
        for (const method of [...methods[type], ...ofMetric]) {
          if (handle !== undefined && method === "zero") continue;
          const lists = method === "remove" ? [...argumentLists, [inherited]] : argumentLists;
          for (const args of lists) {
            if (isOnPurpose(type, method, args)) continue;
            const what = inspect(
              { type, labelNames, handle, method, args },
              { breakLength: Infinity },
            );
            await comparison.of(what, (client) =>
              useOnce(client, { type, labelNames, handle, method, args }),
            );
          }
        }
      }
    }
    comparison.finish(2_000);
  });
}

interface Use {
  readonly type: string;
  readonly labelNames: readonly string[];
  readonly handle: readonly unknown[] | undefined;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** One call of a new metric that has a series already, and what the metric has then. */
async function useOnce(client: Anything, { type, labelNames, handle, method, args }: Use) {
  const registry = new client.Registry();
  const short = { buckets: [1, 5], percentiles: [0.5] };
  const declared = { name: "m", help: "M", labelNames, registers: [registry], ...short };
  const metric = new client[type](declared);
  const first = metric.labels(...labelNames.map(() => "x"));
  (first.inc ?? first.observe)(3);
  const result = await outcome(() => {
    const called = handle === undefined ? metric : metric.labels(...handle);
    const given = called[method](...args);
    return typeof given === "function" ? [given(), given({ a: "end" })] : given;
  });
  const text = await exposition(registry);
  return { result, text, samples: plain((await metric.get()).values) };
}

/** One declaration after the other deviates from a good one in one or two fields. */
const deviations: Readonly<Record<string, readonly unknown[]>> = {
  name: [undefined, null, "", "bad name", "9", "a:b", 5],
  help: [undefined, null, "", 5],
  labelNames: [[], ["a"], ["a", "a"], ["1a", "b c"], ["le"], ["quantile"]],
  registers: [undefined, []],
  aggregator: ["max", "own"],
  collect: [undefined, null, "no", () => {}],
  enableExemplars: [true, false],
  buckets: [[], [1, 2]],
  percentiles: [[], [0.5]],
};

const fields = ["name", "help", "type", "labelNames", "aggregator", "enableExemplars"];
const ownFields: Readonly<Record<string, readonly string[]>> = {
  Histogram: ["buckets", "upperBounds"],
  Summary: ["percentiles", "compressCount", "maxAgeSeconds", "ageBuckets"],
};

for (const type of TYPES) {
  test(`${type}: every declaration is taken or refused as by @prometheus-io/client`, async () => {
    const comparison = new Comparison();
    const declared = (changes: object) => ({ name: "m", help: "M", registers: [], ...changes });
    const changes = Object.entries(deviations).flatMap(([field, all]) =>
      all.map((value) => ({ [field]: value })),
    );
    const configs: unknown[] = [undefined, null, 5, "m", [], {}, () => {}];
    for (const first of changes)
      for (const second of changes) configs.push(declared({ ...first, ...second }));
    for (const config of configs) {
      await comparison.of(inspect(config, { breakLength: Infinity }), (client) => {
        client.register.clear();
        const metric = new client[type](config);
        const read = [...fields, ...(ownFields[type] ?? [])].map((field) => metric[field]);
        const { registers, collect } = metric;
        const isGlobal = registers[0] === client.register;
        return [
          ...read,
          registers.length,
          isGlobal,
          typeof collect,
          client.register.getSingleMetric("m") === metric,
        ];
      });
    }
    for (const client of clients) client.register.clear();
    comparison.finish(500);
  });
}

/** A registry with one of each type, used once. */
function filled(client: Anything, contentType?: string): Anything {
  const registry = new client.Registry(contentType);
  for (const type of TYPES) {
    const name = `${type.toLowerCase()}_total`;
    const metric = new client[type]({
      name,
      help: "M",
      labelNames: ["a"],
      registers: [registry],
      ...(type === "Gauge" ? { aggregator: "max" } : {}),
    });
    const handle = metric.labels("x");
    (handle.inc ?? handle.observe)(2);
  }
  return registry;
}

test("Registry: every method gives what that of @prometheus-io/client gives", async () => {
  const comparison = new Comparison();
  const names = (metrics: { name: string }[]) => metrics.map(({ name }) => name);
  const json = async (registry: Anything, aggregator?: string) =>
    (await registry.getMetricsAsJSON(aggregator)).map(
      ({ values: samples, ...metric }: Anything) => [metric, plain(samples)],
    );
  const openMetrics = clients[0].openMetricsContentType as string;
  const runs: Readonly<Record<string, (registry: Anything, client: Anything) => unknown>> = {
    metrics: (registry) => registry.metrics(),
    contentType: (registry) => registry.contentType,
    getMetricsAsJSON: (registry) => json(registry),
    "getMetricsAsJSON of max": (registry) => json(registry, "max"),
    "getMetricsAsJSON of sum": (registry) => json(registry, "sum"),
    "getMetricsAsJSON of nothing": (registry) => json(registry, "none"),
    "getMetricsAsJSON with default labels": async (registry) => {
      registry.setDefaultLabels({ host: "h", a: "never" });
      return json(registry);
    },
    getMetricsAsArray: (registry) => names(registry.getMetricsAsArray()),
    "getMetricsAsArray of max": (registry) => names(registry.getMetricsAsArray("max")),
    getMetricsAsString: (registry) =>
      registry.getMetricsAsString(registry.getSingleMetric("summary_total")),
    "getMetricsAsString of a metric of one's own": (registry) =>
      registry.getMetricsAsString({
        get: () => ({
          name: "own",
          help: "O\n\\",
          type: "gauge",
          values: [{ value: 1 }, { value: Infinity, labels: { z: 'q"' } }],
        }),
      }),
    getSingleMetricAsString: (registry) => registry.getSingleMetricAsString("histogram_total"),
    "getSingleMetric of nothing": (registry) => registry.getSingleMetric("none"),
    removeSingleMetric: (registry) => {
      registry.removeSingleMetric("gauge_total");
      registry.removeSingleMetric("none");
      return registry.metrics();
    },
    clear: (registry) => {
      registry.setDefaultLabels({ host: "h" });
      registry.clear();
      return registry.metrics();
    },
    resetMetrics: (registry) => {
      registry.resetMetrics();
      return registry.metrics();
    },
    "setDefaultLabels over own labels": (registry) => {
      registry.setDefaultLabels({ a: "default", host: 'h"\n', n: 5, z: null });
      return registry.metrics();
    },
    "registerMetric again": (registry) => {
      registry.registerMetric(registry.getSingleMetric("gauge_total"));
      return names(registry.getMetricsAsArray());
    },
    "registerMetric of another": (registry, client) => {
      registry.registerMetric(new client.Gauge({ name: "gauge_total", help: "x", registers: [] }));
    },
    "registerMetric of one's own": (registry) => {
      const samples = [{ value: 2, labels: { b: "c" }, metricName: "own_part" }];
      registry.registerMetric({
        name: "own",
        get: async () => ({ name: "own", help: "O", type: "gauge", values: samples }),
      });
      return registry.metrics();
    },
    "setContentType of nothing": (registry) => registry.setContentType("text/html"),
    "a wrong content type": (_, client) => new client.Registry("text/html"),
    "merge of two": async (registry, client) => {
      const other = new client.Registry();
      new client.Gauge({ name: "other", help: "O", registers: [other] }).set(3);
      return client.Registry.merge([registry, other]).metrics();
    },
    "merge of the same names": (registry, client) =>
      client.Registry.merge([registry, filled(client)]),
    "merge of two content types": (registry, client) =>
      client.Registry.merge([registry, new client.Registry(openMetrics)]),
    "merge of nothing": (_, client) => client.Registry.merge([]),
    "aggregate of two": async (registry, client) => {
      const both = [await registry.getMetricsAsJSON(), await filled(client).getMetricsAsJSON()];
      return client.Registry.aggregate(both).metrics();
    },
    "aggregate with an unknown aggregator": (_, client) =>
      client.Registry.aggregate([
        [{ name: "m", help: "M", type: "gauge", aggregator: "own", values: [] }],
      ]),
    "aggregate to a wrong content type": (_, client) => client.Registry.aggregate([], "text/html"),
    "aggregate of nothing": (_, client) => client.Registry.aggregate([]).metrics(),
  };
  for (const [what, run] of Object.entries(runs)) {
    await comparison.of(what, (client) => run(filled(client), client));
  }
  comparison.finish(25);
});

test("functions beside the classes give what those of @prometheus-io/client give", async () => {
  const comparison = new Comparison();
  const numbers = [-1, 0, 0.5, 1, 2, 3, 10];
  for (const a of numbers) {
    for (const b of numbers) {
      for (const count of [-1, 0, 1, 2, 5]) {
        for (const name of ["linearBuckets", "exponentialBuckets"]) {
          await comparison.of(`${name}(${a}, ${b}, ${count})`, (client) =>
            client[name](a, b, count),
          );
        }
      }
    }
  }
  for (const name of ["a", "_", ":", "9", "", "a-b", "ü", "a b", undefined, null, 5]) {
    await comparison.of(`validateMetricName(${name})`, (client) => client.validateMetricName(name));
  }
  const metric = (value: number, labels: object, metricName?: string) => ({
    name: "m",
    help: "M",
    type: "gauge",
    aggregator: "sum",
    values: [{ value, labels, ...(metricName === undefined ? {} : { metricName }) }],
  });
  const lists = [
    [],
    [metric(1, { a: "x" })],
    [metric(1, { a: "x" }), metric(4, { a: "x" }), metric(3, {}, "m_sum")],
  ];
  for (const name of ["sum", "first", "omit", "average", "min", "max"]) {
    for (const list of lists) {
      await comparison.of(`aggregators.${name}`, (client) =>
        client.aggregators[name](structuredClone(list)),
      );
    }
  }
  await comparison.of("contentType", (client) => [
    client.contentType,
    client.prometheusContentType,
    client.openMetricsContentType,
  ]);
  comparison.finish(400);
});

/** Not part of any documentation or declaration of the peer. */
const internals = new Set([
  "incWithoutExemplar",
  "incWithExemplar",
  "observeWithoutExemplar",
  "observeWithExemplar",
  "updateExemplar",
  "getForPromString",
  "_getValue",
]);

test("every public name of @prometheus-io/client is there", () => {
  const [own, peer] = clients;
  assert.deepEqual(
    Object.keys(peer).filter((name) => !(name in own)),
    [],
  );
  const members = (type: Anything): string[] => {
    if (type.prototype === undefined) return [];
    const chain: object[] = [];
    for (let one = type.prototype; one !== Object.prototype; one = Object.getPrototypeOf(one)) {
      chain.push(one);
    }
    return [...Object.getOwnPropertyNames(type), ...chain.flatMap(Object.getOwnPropertyNames)];
  };
  for (const name of Object.keys(peer).filter((each) => /^[A-Z]/.test(each))) {
    const missing = members(peer[name]).filter(
      (member) => !(member in own[name] || member in own[name].prototype || internals.has(member)),
    );
    assert.deepEqual(missing, [], name);
  }
});

test("Pushgateway sends what that of @prometheus-io/client sends", async (t) => {
  const received: unknown[] = [];
  let status = 202;
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => (body += part));
    request.on("end", () => {
      const { method, url, headers } = request;
      received.push({
        method,
        url,
        custom: headers["x-team"],
        authorization: headers.authorization,
        body,
      });
      response.writeHead(status).end("what the gateway says");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const comparison = new Comparison();
  const urls = [
    `http://127.0.0.1:${port}`,
    `http://127.0.0.1:${port}/`,
    `http://me:p%40ss@127.0.0.1:${port}/gateway`,
  ];
  const params = [
    undefined,
    {},
    { jobName: "nightly" },
    { jobName: "a bü" },
    { jobName: "nightly", groupings: {} },
    { jobName: "nightly", groupings: { instance: "host 1", "k y": "v&?" } },
  ];
  const options = [undefined, { headers: { "x-team": "a" } }, { requireJobName: false }];
  for (status of [202, 400]) {
    for (const url of urls) {
      for (const given of options) {
        for (const method of ["push", "pushAdd", "delete"]) {
          for (const param of params) {
            const what = inspect({ status, url, given, method, param }, { breakLength: Infinity });
            await comparison.of(what, async (client) => {
              received.length = 0;
              const gateway = new client.Pushgateway(url, structuredClone(given), filled(client));
              const result = await outcome(async () => (await gateway[method](param)).body);
              return { result, received: [...received] };
            });
          }
        }
      }
    }
  }
  comparison.finish(300);
});
