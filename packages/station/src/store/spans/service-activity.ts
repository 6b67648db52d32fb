// What each service did in a range of time: counted where the spans are, so that of a million spans a few numbers come out.
//
//   spans of kind server or consumer, and roots      what came in, and what a service began itself
//     by service, error, bucket of duration          8 buckets for each power of two
//     ──► count, errors, quantiles                   to 5 percent: the middle of the bucket
//
// Buckets add up over hot files and windows, which quantiles do not.

import type { Limited } from "../metrics-source.ts";
import { unescaped } from "../records/attribute-text.ts";
import { newestFirst, rangeSql, type RecordSource } from "../records/record-source.ts";
import type { Ask } from "../records/row.ts";
import {
  type ServiceActivity,
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanQuestion,
} from "./span-store.ts";

const BUCKETS_PER_POWER = 8;
const KINDS = ["server", "consumer"] as const;
/** Rows of one source: some hundred for a service. */
const MAX_ROWS = 200_000;

interface Tally {
  count: number;
  errors: number;
  firstMs: number;
  readonly buckets: Map<number, number>;
}

/** The activity of services, the busiest first. */
export async function askActivity(
  sources: readonly RecordSource[],
  ask: Ask,
  range: SpanQuestion["range"],
  limit: number,
): Promise<Limited<ServiceActivity>> {
  const tallies = new Map<string, Tally>();
  const kinds = KINDS.map((kind) => SPAN_KINDS.indexOf(kind)).join(", ");
  const columns = `service, status = ${SPAN_STATUSES.indexOf("error")} AS failed,
    CAST(floor(log2(greatest(duration, 1)) * ${BUCKETS_PER_POWER}) AS INTEGER) AS bucket, count(*) AS spans,
    min(start) // 1000000 AS first`;
  for (const source of newestFirst(sources)) {
    const where = `${rangeSql("start", range)} AND (kind IN (${kinds}) OR parent = 0)`;
    const rows = await ask(source.columns(columns, where, `GROUP BY ALL LIMIT ${MAX_ROWS}`));
    for (const row of rows) {
      const tally = tallyOf(tallies, unescaped(row["service"] as string));
      const spans = Number(row["spans"]);
      const bucket = row["bucket"] as number;
      tally.count += spans;
      tally.firstMs = Math.min(tally.firstMs, Number(row["first"]));
      if (row["failed"] === true) tally.errors += spans;
      tally.buckets.set(bucket, (tally.buckets.get(bucket) ?? 0) + spans);
    }
  }
  const items = [...tallies]
    .map(([service, tally]) => activityOf(service, tally))
    .toSorted((a, b) => b.count - a.count);
  return { items: items.slice(0, limit), isCut: items.length > limit };
}

function tallyOf(tallies: Map<string, Tally>, service: string): Tally {
  const known = tallies.get(service);
  if (known !== undefined) return known;
  const tally = { count: 0, errors: 0, firstMs: Infinity, buckets: new Map<number, number>() };
  tallies.set(service, tally);
  return tally;
}

function activityOf(service: string, { count, errors, firstMs, buckets }: Tally): ServiceActivity {
  const sorted = [...buckets].toSorted(([a], [b]) => a - b);
  const quantile = (q: number): number => {
    let left = Math.ceil(q * count);
    for (const [bucket, spans] of sorted) {
      left -= spans;
      if (left <= 0) return 2 ** ((bucket + 0.5) / BUCKETS_PER_POWER);
    }
    return 0;
  };
  return { service, count, errors, firstMs, medianNs: quantile(0.5), p95Ns: quantile(0.95) };
}
