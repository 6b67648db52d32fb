// Our PromQL engine beside a real Prometheus: the same data, the same queries, the same answers.
//
//   promql-data.ts      data          -> remote write -> Prometheus 2.42 ─┐
//                                     -> memory       -> our engine       ├─ compared, query by query
//   promql-queries.ts   20,000 queries, fixed seed, instant and range ────┘   (3,000 without FLX_FULL=1)
//
// Debian's Prometheus is a 2.42, our semantics are those of 3.x. Where the two differ by intention, the difference stands
// in `explained` (promql-answers.ts) with its reason; anything else is a bug of ours and fails the test.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FloatHistogram,
  type PreparedQuery,
  PromqlEngine,
  type QueryResult,
  type SeriesData,
} from "@flx/promql";
import { requirePeer, seededRandom, startPrometheus } from "@flx/testkit";
import {
  type Answer,
  AnswerClient,
  compare,
  type Difference,
  explained,
  type Histogram,
  report,
  type Times,
  timesFrom,
} from "./promql-answers.ts";
import { dataInMemory, writeDataTo } from "./promql-data.ts";
import { QueryGenerator } from "./promql-queries.ts";

/** The whole of it takes a quarter of a minute on a quiet machine. */
const QUERIES = process.env["FLX_FULL"] === "1" ? 20_000 : 3000;
/** FLX_SEED=8 asks other queries. */
const SEED = Number(process.env["FLX_SEED"] ?? 7);
/** At least this share must have a result with samples in it: empty answers agree too easily. */
const MIN_FILLED = 0.5;

test(`PromqlEngine gives what Prometheus gives, for ${QUERIES} generated queries`, async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using prometheus = await startPrometheus({
    args: ["--enable-feature=native-histograms", "--query.max-concurrency=8"],
  });
  await writeDataTo(prometheus.url);
  const engine = new PromqlEngine({ queryable: dataInMemory() });
  const client = new AnswerClient(prometheus.port);
  const random = seededRandom(SEED);
  const generator = new QueryGenerator(random);
  const differences: Difference[] = [];
  const used = new Map<string, number>();
  let filled = 0;
  let errors = 0;
  const one = async (query: string, times: Times): Promise<void> => {
    const [theirs, ours] = await Promise.all([
      client.ask(query, times),
      askOurs(engine, query, times),
    ]);
    if (theirs.series.size > 0) filled++;
    if (theirs.error !== undefined) errors++;
    const what = compare(query, times, ours, theirs);
    if (what === undefined) return;
    const difference = { query, times, what, ours, theirs };
    const explanation = explained.find(({ covers }) => covers(difference));
    if (explanation === undefined) differences.push(difference);
    else used.set(explanation.why, (used.get(explanation.why) ?? 0) + 1);
  };
  let next = 0;
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      while (next++ < QUERIES) await one(generator.next(), timesFrom(random));
    }),
  );
  client.close();
  t.diagnostic(`${QUERIES} queries: ${filled} with samples, ${errors} refused by both`);
  for (const [why, count] of used) t.diagnostic(`explained ${count} times: ${why}`);
  assert.ok(filled / QUERIES >= MIN_FILLED, `only ${filled} of ${QUERIES} queries gave samples`);
  assert.equal(differences.length, 0, report(differences));
  // Every reason must still be needed; only the full run meets them all.
  for (const { why, rare } of QUERIES === 20_000 && SEED === 7 ? explained : []) {
    assert.ok(
      rare === true || used.has(why),
      `nothing differs any more for this reason, remove it: ${why}`,
    );
  }
});

async function askOurs(engine: PromqlEngine, query: string, times: Times): Promise<Answer> {
  try {
    const prepared: PreparedQuery = engine.prepare(query);
    const result =
      times.kind === "instant"
        ? await engine.instant(prepared, { timeMs: times.timeMs })
        : await engine.range(prepared, times);
    return answerOf(result);
  } catch (error) {
    return { error: (error as Error).message, series: new Map(), values: [] };
  }
}

function answerOf({ value }: QueryResult): Answer {
  const series = new Map<string, Map<number, number | Histogram>>();
  const values: (number | Histogram)[] = [];
  if (value.kind === "scalar") {
    series.set("", new Map([[value.timeMs, value.value]]));
    values.push(value.value);
  }
  if (value.kind === "vector") {
    for (const { labels, timeMs, value: number, histogram } of value.samples) {
      const sample = histogram === undefined ? number : statsOf(histogram);
      series.set(labels.key, new Map([[timeMs, sample]]));
      values.push(sample);
    }
  }
  if (value.kind === "matrix")
    for (const each of value.series) series.set(each.labels.key, samplesOf(each));
  return { error: undefined, series, values };
}

function samplesOf({
  timestamps,
  values,
  histograms,
}: SeriesData): Map<number, number | Histogram> {
  const samples = new Map<number, number | Histogram>();
  for (const [i, time] of timestamps.entries()) {
    const histogram = histograms?.[i];
    samples.set(time, histogram === undefined ? values[i]! : statsOf(histogram));
  }
  return samples;
}

function statsOf({ count, sum }: FloatHistogram): Histogram {
  return { count, sum };
}
