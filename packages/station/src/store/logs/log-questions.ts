// Questions about log records, as SQL over the sources that may know, from the newest on until there are enough.
//
// Who follows asks by position: the sources are then asked from the oldest that may have something newer.

import type { Limited } from "../metrics-source.ts";
import { traceIdWords } from "../records/ids.ts";
import {
  conditionSql,
  newestFirst,
  rangeSql,
  type RecordSource,
  serviceSql,
} from "../records/record-source.ts";
import type { Ask } from "../records/row.ts";
import { literal } from "../records/sql-text.ts";
import { LogRows } from "./log-row.ts";
import type { LogQuestion, StoredLog } from "./log-store.ts";

/** Records that fit, in the order asked for. */
export async function askLogs(
  sources: readonly RecordSource[],
  ask: Ask,
  question: LogQuestion,
): Promise<Limited<StoredLog>> {
  const { limit, after, order = "newest" } = question;
  const [column, direction] =
    after !== undefined ? ["position", "ASC"] : ["time", order === "newest" ? "DESC" : "ASC"];
  const compare = after !== undefined ? byPosition : order === "newest" ? newestTime : oldestTime;
  const rows = new LogRows();
  const all = newestFirst(sources);
  const groups = after === undefined ? all : reaching(all, after);
  let found: StoredLog[] = [];
  for (const source of order === "oldest" ? groups.toReversed() : groups) {
    if (after === undefined && isEnough(found[limit], source, order)) break;
    const sql = source.select(
      whereOf(source, question),
      `ORDER BY ${column} ${direction}, position ${direction} LIMIT ${limit + 1}`,
    );
    const more = (await ask(sql)).map((row) => rows.read(row));
    found = [...found, ...more].toSorted(compare).slice(0, limit + 1);
  }
  return { items: found.slice(0, limit), isCut: found.length > limit };
}

/** Sources with records that came after one: not those before the source that begins at it. */
function reaching(sources: readonly RecordSource[], after: number): readonly RecordSource[] {
  const starts = sources.map(({ firstPosition }) => firstPosition);
  const begin = Math.max(...starts.filter((each) => each <= after + 1), -Infinity);
  return sources.filter(({ firstPosition }) => firstPosition >= begin);
}

/** There are enough, and none of the source comes before them. */
function isEnough(
  last: StoredLog | undefined,
  source: RecordSource,
  order: "newest" | "oldest",
): boolean {
  if (last === undefined) return false;
  const lastMs = Number(last.timeNs) / 1e6;
  return order === "newest" ? source.maxTimeMs < lastMs : source.minTimeMs > lastMs;
}

function byPosition(a: StoredLog, b: StoredLog): number {
  return a.position - b.position;
}

function oldestTime(a: StoredLog, b: StoredLog): number {
  return a.timeNs < b.timeNs ? -1 : Number(a.timeNs > b.timeNs) || a.position - b.position;
}

function newestTime(a: StoredLog, b: StoredLog): number {
  return oldestTime(b, a);
}

function whereOf(source: RecordSource, question: LogQuestion): string {
  const { range, service, minSeverity, text, pattern, traceId, spanId, eventName, after } =
    question;
  const all = [rangeSql("time", range)];
  if (after !== undefined) all.push(`position > ${Math.max(0, Math.floor(after))}`);
  if (service !== undefined) all.push(serviceSql(source, service));
  if (minSeverity !== undefined) all.push(`severity >= ${Math.min(255, Math.floor(minSeverity))}`);
  if (traceId !== undefined) {
    const [high, low] = traceIdWords(traceId);
    all.push(`trace_hi = ${high} AND trace_lo = ${low}`);
  }
  if (spanId !== undefined) all.push(`span = ${BigInt(`0x${spanId}`)}`);
  if (eventName !== undefined) all.push(`event = ${literal(eventName)}`);
  if (text !== undefined) all.push(`contains(lower(body), lower(${literal(text)}))`);
  if (pattern !== undefined) all.push(`regexp_matches(body, ${literal(pattern)})`);
  for (const condition of question.attributes) all.push(conditionSql(source, condition));
  return all.join(" AND ");
}
