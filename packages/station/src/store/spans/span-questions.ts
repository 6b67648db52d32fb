// Questions about spans, as SQL over the sources that may know: hot files, and windows a few at a time.
//
//   search   1. which traces: ids and the newest span that fits, from the newest source on, until there are enough
//            2. all spans of those traces, from every source near them in time
//
// The same span may be there twice, when a sender did not hear that it was taken: an answer has it once.

import type { Limited } from "../metrics-source.ts";
import { unescaped } from "../records/attribute-text.ts";
import { traceIdText, traceIdWords } from "../records/ids.ts";
import {
  askRows,
  conditionSql,
  joinWindows,
  newestFirst,
  rangeSql,
  type RecordSource,
  serviceSql,
} from "../records/record-source.ts";
import type { Ask, Row } from "../records/row.ts";
import { literal } from "../records/sql-text.ts";
import type { WantedTrace, WindowRows } from "../records/window-rows.ts";
import { SpanRows } from "./span-row.ts";
import {
  type Operation,
  type ServiceCall,
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanQuestion,
  type StoredSpan,
  type Trace,
} from "./span-store.ts";

const TRACE_SPANS = 10_000;
/** Characters of the texts of a trace that are read from windows; of more the database has the account. */
const TRACE_CHARACTERS = 8 * 1024 * 1024;
/** Windows that are looked into at once: each waits for the disk, not for the processor. */
const WINDOWS_AT_ONCE = 4;
/** Spans of all traces of a search together. */
const SEARCH_SPANS = 20_000;
/** A trace's spans are looked for so far around those that fit. */
const TRACE_REACH_MS = 24 * 60 * 60 * 1000;

/** The spans of a trace: windows are read for their rows, what cannot be read so and hot files are asked. */
export async function askTrace(
  sources: readonly RecordSource[],
  ask: Ask,
  windows: WindowRows,
  { traceId, limit }: { readonly traceId: string; readonly limit: number },
): Promise<Trace | undefined> {
  const [high, low] = traceIdWords(traceId);
  const where = `trace_hi = ${high} AND trace_lo = ${low}`;
  const asked = async (some: readonly RecordSource[]): Promise<readonly Row[]> => {
    const answers: (readonly Row[])[] = [];
    for (const source of joinWindows(some)) {
      answers.push(await askRows(source, ask, where, `LIMIT ${limit + 1}`));
    }
    return answers.flat();
  };
  const [hot, { found, unread }] = await Promise.all([
    asked(sources.filter(({ paths }) => paths.length === 0)),
    readWindows(sources, windows, { high, low, limit: limit + 1 }),
  ]);
  const rows = new SpanRows();
  const spans = [...hot, ...found, ...(await asked(unread))].map((row) => rows.read(row));
  return spans.length === 0 ? undefined : traceOf(traceId, spans, limit);
}

/** The rows of a trace in windows, and the windows that must be asked for them. */
async function readWindows(
  sources: readonly RecordSource[],
  windows: WindowRows,
  { high, low, limit }: Omit<WantedTrace, "left">,
): Promise<{ readonly found: readonly Row[]; readonly unread: readonly RecordSource[] }> {
  const found: Row[] = [];
  const unread: RecordSource[] = [];
  const left = { characters: TRACE_CHARACTERS };
  const all = sources.filter(({ paths }) => paths.length > 0);
  for (let i = 0; i < all.length && found.length < limit; i += WINDOWS_AT_ONCE) {
    const wanted = { high, low, limit: limit - found.length, left };
    const some = all.slice(i, i + WINDOWS_AT_ONCE);
    // One that is damaged, or of another make: the database says so, or reads it.
    const answers = some.map((source) =>
      windows.trace(source.paths[0]!, wanted).catch(() => source),
    );
    for (const answer of await Promise.all(answers)) {
      if ("paths" in answer) unread.push(answer);
      else for (const row of answer) found.push(row);
    }
  }
  return { found, unread };
}

function traceOf(traceId: string, found: readonly StoredSpan[], limit: number): Trace {
  const spans = distinct(found).toSorted(byStart);
  return { traceId, spans: spans.slice(0, limit), isCut: spans.length > limit };
}

/** Each span once. */
function distinct(spans: readonly StoredSpan[]): StoredSpan[] {
  const seen = new Map<string, StoredSpan>();
  for (const span of spans) {
    const { traceId, spanId, kind, startNs, durationNs, service, name } = span;
    const key = `${traceId}${spanId}${kind} ${startNs} ${durationNs} ${service}\u0000${name}`;
    if (!seen.has(key)) seen.set(key, span);
  }
  return [...seen.values()];
}

function byStart(a: StoredSpan, b: StoredSpan): number {
  return a.startNs < b.startNs ? -1 : Number(a.startNs > b.startNs);
}

/** Traces with a span that fits. */
export async function askSearch(
  sources: readonly RecordSource[],
  everywhere: readonly RecordSource[],
  ask: Ask,
  question: SpanQuestion,
): Promise<Limited<Trace>> {
  const { limit } = question;
  const newest = new Map<string, bigint>();
  for (const source of newestFirst(sources)) {
    if (newest.size > limit && source.maxTimeMs * 1e6 < Number(oldestOf(newest, limit))) break;
    const sql = source.columns(
      "trace_hi, trace_lo, max(start) AS newest",
      whereOf(source, question),
      `GROUP BY trace_hi, trace_lo ORDER BY newest DESC LIMIT ${limit + 1}`,
    );
    for (const { trace_hi: high, trace_lo: low, newest: at } of await ask(sql)) {
      const id = traceIdText(high as bigint, low as bigint);
      const known = newest.get(id);
      if (known === undefined || known < (at as bigint)) newest.set(id, at as bigint);
    }
  }
  const wanted = [...newest].toSorted(([, a], [, b]) => (a > b ? -1 : Number(a < b)));
  const traces = await wholeTraces(everywhere, ask, wanted.slice(0, limit));
  return { items: traces, isCut: wanted.length > limit };
}

function oldestOf(newest: ReadonlyMap<string, bigint>, limit: number): bigint {
  const times = [...newest.values()].toSorted((a, b) => (a > b ? -1 : Number(a < b)));
  return times[limit - 1] ?? 0n;
}

async function wholeTraces(
  sources: readonly RecordSource[],
  ask: Ask,
  wanted: readonly (readonly [traceId: string, newest: bigint])[],
): Promise<Trace[]> {
  if (wanted.length === 0) return [];
  const times = wanted.map(([, newest]) => Number(newest) / 1e6);
  const from = Math.min(...times) - TRACE_REACH_MS;
  const to = Math.max(...times) + TRACE_REACH_MS;
  const near = sources.filter(({ minTimeMs, maxTimeMs }) => minTimeMs <= to && maxTimeMs >= from);
  const spans = new Map<string, StoredSpan[]>(wanted.map(([traceId]) => [traceId, []]));
  const highs = new Set(wanted.map(([traceId]) => traceIdWords(traceId)[0]));
  const lows = new Set(wanted.map(([traceId]) => traceIdWords(traceId)[1]));
  const where = `trace_hi IN (${[...highs].join(", ")}) AND trace_lo IN (${[...lows].join(", ")})`;
  const rows = new SpanRows();
  let isCut = false;
  for (const source of joinWindows(near)) {
    const found = await ask(source.select(where, `LIMIT ${SEARCH_SPANS}`));
    isCut ||= found.length === SEARCH_SPANS;
    for (const row of found) {
      const span = rows.read(row);
      spans.get(span.traceId)?.push(span);
    }
  }
  return [...spans].map(([traceId, found]) => {
    const trace = traceOf(traceId, found, TRACE_SPANS);
    return { traceId, spans: trace.spans, isCut: isCut || trace.isCut };
  });
}

/** Spans that fit, the newest or the longest first. */
export async function askSpans(
  sources: readonly RecordSource[],
  ask: Ask,
  question: SpanQuestion,
): Promise<Limited<StoredSpan>> {
  const { limit, order } = question;
  if (order === "longest") return await askLongest(sources, ask, question);
  const rows = new SpanRows();
  let found: StoredSpan[] = [];
  for (const source of newestFirst(sources)) {
    const last = found[limit];
    if (last !== undefined && source.maxTimeMs * 1e6 < Number(last.startNs)) break;
    const sql = source.select(whereOf(source, question), `ORDER BY start DESC LIMIT ${limit + 1}`);
    const more = (await ask(sql)).map((row) => rows.read(row));
    found = distinct([...found, ...more]).toSorted((a, b) => byStart(b, a));
  }
  return { items: found.slice(0, limit), isCut: found.length > limit };
}

async function askLongest(
  sources: readonly RecordSource[],
  ask: Ask,
  question: SpanQuestion,
): Promise<Limited<StoredSpan>> {
  const { limit } = question;
  const rows = new SpanRows();
  let found: StoredSpan[] = [];
  for (const source of newestFirst(sources)) {
    const tail = `ORDER BY duration DESC LIMIT ${limit + 1}`;
    const more = (await ask(source.select(whereOf(source, question), tail))).map((row) =>
      rows.read(row),
    );
    const all = distinct([...found, ...more]).toSorted((a, b) => b.durationNs - a.durationNs);
    found = all.slice(0, limit + 1);
  }
  return { items: found.slice(0, limit), isCut: found.length > limit };
}

function whereOf(source: RecordSource, question: SpanQuestion): string {
  const { range, service, operation, kind, status, minDurationNs, maxDurationNs, isRoot } =
    question;
  const all = [rangeSql("start", range)];
  if (service !== undefined) all.push(serviceSql(source, service));
  if (operation !== undefined) all.push(`name = ${literal(operation)}`);
  if (kind !== undefined) all.push(`kind = ${SPAN_KINDS.indexOf(kind)}`);
  if (status !== undefined) all.push(`status = ${SPAN_STATUSES.indexOf(status)}`);
  if (minDurationNs !== undefined) all.push(`duration >= ${wholeNumber(minDurationNs)}`);
  if (maxDurationNs !== undefined) all.push(`duration <= ${wholeNumber(maxDurationNs)}`);
  if (isRoot === true) all.push("parent = 0");
  for (const condition of question.attributes) all.push(conditionSql(source, condition));
  return all.join(" AND ");
}

function wholeNumber(value: number): string {
  return String(BigInt(Math.round(Math.min(Math.max(value, 0), 1.8e19))));
}

/** Operations of a service. */
export async function askOperations(
  sources: readonly RecordSource[],
  ask: Ask,
  service: string,
  range: SpanQuestion["range"],
  limit: number,
): Promise<Limited<Operation>> {
  const found = new Map<string, Operation>();
  for (const source of newestFirst(sources)) {
    const sql = source.columns(
      "DISTINCT name, kind",
      `${rangeSql("start", range)} AND ${serviceSql(source, service)}`,
      `ORDER BY name, kind LIMIT ${limit + 1}`,
    );
    for (const row of await ask(sql)) {
      const name = unescaped(row["name"] as string);
      found.set(`${String(row["kind"])} ${name}`, {
        name,
        kind: SPAN_KINDS[row["kind"] as number] ?? "unspecified",
      });
    }
  }
  const items = [...found.values()].toSorted(
    (a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)) || (a.kind < b.kind ? -1 : 1),
  );
  return { items: items.slice(0, limit), isCut: items.length > limit };
}

/** Which services call which. */
export async function askCalls(
  sources: readonly RecordSource[],
  ask: Ask,
  range: SpanQuestion["range"],
  limit: number,
): Promise<Limited<ServiceCall>> {
  const found = new Map<string, ServiceCall>();
  for (const source of newestFirst(sources, 1)) {
    const columns = "trace_hi, span, parent, service";
    const children = source.columns(columns, `${rangeSql("start", range)} AND parent <> 0`, "");
    const parents = source.columns(columns, "true", "");
    const sql = `SELECT p.service AS parent, c.service AS child, count(*) AS calls
      FROM (${children}) c JOIN (${parents}) p ON c.parent = p.span AND c.trace_hi = p.trace_hi
      WHERE p.service <> c.service GROUP BY ALL ORDER BY calls DESC LIMIT ${limit + 1}`;
    for (const row of await ask(sql)) {
      const parent = unescaped(row["parent"] as string);
      const child = unescaped(row["child"] as string);
      const key = JSON.stringify([parent, child]);
      const count = Number(row["calls"]) + (found.get(key)?.count ?? 0);
      found.set(key, { parent, child, count });
    }
  }
  const items = [...found.values()].toSorted((a, b) => b.count - a.count);
  return { items: items.slice(0, limit), isCut: items.length > limit };
}
