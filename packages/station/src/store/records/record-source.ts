// Where records are, as SQL: a hot file keeps resources and scopes beside its records, windows have them in each row.
//
//   hot       records r [origin id] ── origins o [id, service, origin]
//   windows   records with service, origin
//
// A condition on service or origin is asked of the few origins of a hot file first, so that its records are compared by
// number.

import type { AttributeCondition } from "../attribute-condition.ts";
import type { Ask, Row } from "./row.ts";
import { attributeSql, isNegative, literal, nanosecondsSql, quoted } from "./sql-text.ts";

const MAX_KNOWN_ORIGINS = 500;
const MAX_KNOWN_LENGTH = 16_384;

/** Service and resource, as they stand in the store. */
interface KnownOrigin {
  readonly service: string;
  readonly origin: string;
}

/** Origins of a hot file by their numbers, as far as they were asked for: what a number stands for never changes. */
export type KnownOrigins = Map<number, KnownOrigin>;

/** A place that questions are asked of. */
export interface RecordSource {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** No record in it came before this one. */
  readonly firstPosition: number;
  /** The path, when it is one window. */
  readonly paths: readonly string[];
  /** A condition on `service` and `origin`, as one on a record. */
  whereOrigin(this: void, condition: string): string;
  /** Rows with all columns, `service` and `origin`. */
  select(this: void, where: string, tail: string): string;
  /** Rows of some columns; `service` may be among them. */
  columns(this: void, columns: string, where: string, tail: string): string;
  /** Names of services. */
  readonly services: string;
  /** A hot file's records and origins by themselves. */
  readonly apart?: {
    readonly known: KnownOrigins;
    /** Records with the number of their origin. */
    records(this: void, where: string, tail: string): string;
    /** Origins by their numbers. */
    origins(this: void, ids: readonly number[]): string;
  };
}

interface TimeSpan {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** A hot file, by the name that SQL knows it by. */
export function hotSource(
  schema: string,
  { minTimeMs, maxTimeMs }: TimeSpan,
  firstPosition: number,
  known: KnownOrigins,
): RecordSource {
  const [records, origins] = [`${schema}.main.records`, `${schema}.main.origins`];
  return {
    minTimeMs,
    maxTimeMs,
    firstPosition,
    paths: [],
    whereOrigin: (condition) => `origin IN (SELECT id FROM ${origins} WHERE ${condition})`,
    select: (where, tail) =>
      `SELECT r.* EXCLUDE (origin), o.service, o.origin
       FROM (SELECT * FROM ${records} WHERE ${where} ${tail}) r JOIN ${origins} o ON r.origin = o.id`,
    columns: (columns, where, tail) =>
      `SELECT ${columns} FROM (SELECT r.* EXCLUDE (origin), o.service
       FROM (SELECT * FROM ${records} WHERE ${where}) r JOIN ${origins} o ON r.origin = o.id) ${tail}`,
    services: `SELECT DISTINCT service FROM ${origins}`,
    apart: {
      known,
      records: (where, tail) => `SELECT * FROM ${records} WHERE ${where} ${tail}`,
      origins: (ids) =>
        `SELECT id, service, origin FROM ${origins} WHERE id IN (${ids.join(", ")})`,
    },
  };
}

/** Windows, by the paths of their files. */
export function windowSource(
  paths: readonly string[],
  { minTimeMs, maxTimeMs }: TimeSpan,
  firstPosition: number,
): RecordSource {
  const files = `read_parquet([${paths.map((each) => `'${quoted(each)}'`).join(", ")}])`;
  return {
    minTimeMs,
    maxTimeMs,
    firstPosition,
    paths,
    whereOrigin: (condition) => `(${condition})`,
    select: (where, tail) => `SELECT * FROM ${files} WHERE ${where} ${tail}`,
    columns: (columns, where, tail) => `SELECT ${columns} FROM ${files} WHERE ${where} ${tail}`,
    services: `SELECT DISTINCT service FROM ${files}`,
  };
}

/**
 * Few rows with all columns, `service` and `origin`: of a hot file without joining them, which takes longer than to find
 * the rows.
 */
export async function askRows(
  source: RecordSource,
  ask: Ask,
  where: string,
  tail: string,
): Promise<readonly Row[]> {
  const { apart } = source;
  if (apart === undefined) return await ask(source.select(where, tail));
  const rows = await ask(apart.records(where, tail));
  const origins = await originsOf(apart, ask, new Set(rows.map((row) => row["origin"] as number)));
  const whole: Row[] = [];
  for (const row of rows) whole.push({ ...row, ...origins.get(row["origin"] as number) });
  return whole;
}

async function originsOf(
  { known, origins }: NonNullable<RecordSource["apart"]>,
  ask: Ask,
  numbers: ReadonlySet<number>,
): Promise<ReadonlyMap<number, KnownOrigin>> {
  const found = new Map<number, KnownOrigin>();
  const missing: number[] = [];
  for (const id of numbers) {
    const origin = known.get(id);
    if (origin === undefined) missing.push(id);
    else found.set(id, origin);
  }
  if (missing.length === 0) return found;
  for (const row of await ask(origins(missing))) {
    const { id, service, origin } = row as unknown as KnownOrigin & { readonly id: number };
    found.set(id, { service, origin });
    if (origin.length > MAX_KNOWN_LENGTH) continue;
    if (known.size >= MAX_KNOWN_ORIGINS) known.clear();
    known.set(id, { service, origin });
  }
  return found;
}

/** Hot files as they are, windows together: one question for all of them. */
export function joinWindows(sources: readonly RecordSource[]): readonly RecordSource[] {
  const windows = sources.filter(({ paths }) => paths.length > 0);
  if (windows.length <= 1) return sources;
  const joined = windowSource(
    windows.flatMap(({ paths }) => paths),
    {
      minTimeMs: Math.min(...windows.map((each) => each.minTimeMs)),
      maxTimeMs: Math.max(...windows.map((each) => each.maxTimeMs)),
    },
    Math.min(...windows.map((each) => each.firstPosition)),
  );
  return [...sources.filter(({ paths }) => paths.length === 0), joined];
}

/** Sources in the order to ask them when the newest records are wanted: a few windows at a time. */
export function newestFirst(sources: readonly RecordSource[], atOnce = 4): readonly RecordSource[] {
  const groups: RecordSource[] = sources.filter(({ paths }) => paths.length === 0);
  const windows = sources.filter(({ paths }) => paths.length > 0);
  for (let i = 0; i < windows.length; i += atOnce) {
    groups.push(...joinWindows(windows.slice(i, i + atOnce)));
  }
  return groups.toSorted((a, b) => b.maxTimeMs - a.maxTimeMs);
}

/** The condition on a service's name. */
export function serviceSql(source: RecordSource, service: string): string {
  return source.whereOrigin(`service = ${literal(service)}`);
}

/** The condition on an attribute of the record, its scope or its resource. */
export function conditionSql(source: RecordSource, condition: AttributeCondition): string {
  const own = attributeSql("attributes", condition);
  const found = `(${own} OR ${source.whereOrigin(attributeSql("origin", condition))})`;
  return isNegative(condition) ? `NOT ${found}` : found;
}

/** The condition on the time of records. */
export function rangeSql(
  column: string,
  { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
): string {
  return `${column} BETWEEN ${nanosecondsSql(startMs)} AND ${nanosecondsSql(endMs + 1)} - 1::UBIGINT`;
}
