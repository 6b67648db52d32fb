// PromQL: our engine beside a real Prometheus, on the same 10,000 counters over two hours.
//
//   ours         in process, on typed arrays in memory; no HTTP, no JSON
//   prometheus   through its HTTP API, as there is no other way to ask it: its figures include HTTP and JSON both ways
//
// So the ratio flatters us where answers are long (10,000 rates), and says most where they are short (the sum over an
// hour). The first run waits half a minute until Prometheus has all samples. Without a Prometheus ours runs alone.
//
// Parsing is beside the grammar that Prometheus' own editor uses (lezer): it makes a tree, and checks no types.

import { Worker } from "node:worker_threads";
import { parser as lezer } from "@prometheus-io/lezer-promql";
import { MemoryQueryable, parseExpr, PromqlEngine, type PreparedQuery } from "@flx/promql";
import { peer } from "@flx/testkit";
import { type BenchmarkCase, type Budget, contender, suite, type Suite } from "../harness/suite.ts";
import { counter, END_MS, SERIES, STEP_MS, timestamps } from "./promql-counters.ts";

const RATES = "rate(http_requests_total[5m])";
const HOUR_SUM = "sum by (job) (rate(http_requests_total[5m]))";
const ONE = 'rate(http_requests_total{instance="host-5:9100",job="job-1",path="/p/3"}[5m])';
const TYPICAL =
  'sum by (job) (rate(http_requests_total{job=~"api|web",code!~"2.."}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.05';

/** What is asked, and when. */
interface Question {
  readonly query: string;
  /** 0: an instant query at the end; else a range query over an hour with this step. */
  readonly stepMs: number;
}

/** A result in one form for both: how many series and samples, and their sum, rounded. */
interface Digest {
  readonly series: number;
  readonly samples: number;
  readonly sum: string;
}

let memory: MemoryQueryable | undefined;

/** The counters in memory, made once. */
function counters(): MemoryQueryable {
  if (memory !== undefined) return memory;
  memory = new MemoryQueryable();
  for (let i = 0; i < SERIES; i++) {
    const { labels, values } = counter(i);
    memory.addSeries(labels, timestamps, values);
  }
  return memory;
}

let url: Promise<string> | undefined;

/** The Prometheus with the same counters, started once. */
async function prometheus(): Promise<string> {
  url ??= new Promise((resolve, reject) => {
    const worker = new Worker(new URL("promql-server.ts", import.meta.url));
    worker.once("message", (text: string) => {
      worker.unref();
      resolve(text);
    });
    worker.once("error", reject);
  });
  return await url;
}

interface Ours {
  readonly engine: PromqlEngine;
  readonly prepared: PreparedQuery;
  readonly times: { readonly timeMs: number; startMs: number; endMs: number; stepMs: number };
  readonly ask: "instant" | "range";
}

function ours({ query, stepMs }: Question): Ours {
  const engine = new PromqlEngine({ queryable: counters() });
  return {
    engine,
    prepared: engine.prepare(query),
    times: { timeMs: END_MS, startMs: END_MS - 3_600_000, endMs: END_MS, stepMs },
    ask: stepMs === 0 ? "instant" : "range",
  };
}

async function digestOfOurs({ engine, prepared, times, ask }: Ours): Promise<Digest> {
  const { value } = await engine[ask](prepared, times);
  if (value.kind === "vector") return digest(value.samples.map((sample) => [sample.value]));
  return digest(value.kind === "matrix" ? value.series.map(({ values }) => values) : []);
}

interface Answer {
  readonly data: {
    readonly result: readonly {
      readonly value?: readonly [number, string];
      readonly values?: readonly (readonly [number, string])[];
    }[];
  };
}

async function theirs({ query, stepMs }: Question): Promise<{ readonly url: string }> {
  const seconds = (ms: number): string => (ms / 1000).toFixed(3);
  const [path, times] =
    stepMs === 0
      ? ["query", { time: seconds(END_MS) }]
      : [
          "query_range",
          { start: seconds(END_MS - 3_600_000), end: seconds(END_MS), step: seconds(stepMs) },
        ];
  return {
    url: `${await prometheus()}/api/v1/${path}?${new URLSearchParams({ query, ...times }).toString()}`,
  };
}

function digestOfTheirs({ data }: Answer): Digest {
  return digest(
    data.result.map(({ value, values }) =>
      (values ?? (value === undefined ? [] : [value])).map(([, text]) => Number(text)),
    ),
  );
}

function digest(rows: readonly ArrayLike<number>[]): Digest {
  let samples = 0;
  let sum = 0;
  for (const row of rows) {
    samples += row.length;
    for (let i = 0; i < row.length; i++) sum += row[i]!;
  }
  return { series: rows.length, samples, sum: sum.toPrecision(9) };
}

function question(
  name: string,
  kind: "long" | "loop",
  asked: Question,
  budgets: readonly Budget[],
): BenchmarkCase {
  const first = contender({
    name: "ours",
    setup: () => ours(asked),
    op: ({ engine, prepared, times, ask }) => engine[ask](prepared, times),
    check: digestOfOurs,
  });
  const second = contender({
    name: "prometheus",
    setup: async () => await theirs(asked),
    op: async ({ url: address }) => (await fetch(address)).json(),
    check: async ({ url: address }) =>
      digestOfTheirs((await (await fetch(address)).json()) as Answer),
  });
  const contenders = peer("prometheus") === undefined ? [first] : [first, second];
  const met = budgets.filter(
    (budget) =>
      !("against" in budget) || contenders.some(({ name: who }) => who === budget.against),
  );
  return kind === "long"
    ? { name, kind, async: true, contenders, budgets: met }
    : { name, kind, async: true, contenders, budgets: met, checkOps: 1 };
}

export const promql: Suite = suite("promql", {
  title: "PromQL over 10,000 counters, beside Prometheus; parsing beside lezer",
  cases: [
    question("rate over 10,000 series, at one time", "long", { query: RATES, stepMs: 0 }, [
      { atMost: 70 },
      { against: "prometheus", atLeast: 1 },
    ]),
    question(
      "sum of 10,000 rates, an hour in steps of 15 s",
      "long",
      { query: HOUR_SUM, stepMs: STEP_MS },
      [{ atMost: 500 }, { against: "prometheus", atLeast: 1 }],
    ),
    question("rate of one series of 10,000, at one time", "loop", { query: ONE, stepMs: 0 }, [
      { atMost: 100_000 },
    ]),
    {
      name: "parse and check a query of two selectors",
      kind: "loop",
      contenders: [
        contender({
          name: "ours",
          setup: () => ({ parse: parseExpr, query: TYPICAL }),
          op: ({ parse, query }) => parse(query),
          check: ({ parse, query }) => parse(query).end,
        }),
        contender({
          name: "@prometheus-io/lezer-promql",
          package: "@prometheus-io/lezer-promql",
          setup: () => ({ parser: lezer, query: TYPICAL }),
          op: ({ parser, query }) => parser.parse(query),
          check: ({ parser, query }) => parser.parse(query).length,
        }),
      ],
      budgets: [{ atMost: 20_000 }],
    },
  ],
});
