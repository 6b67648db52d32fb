// What spans and log records have in common when they are kept and asked for.

import type { OtlpValue } from "@flx/model";

/** Attributes in the order in which they came. */
export type Attributes = readonly (readonly [key: string, value: OtlpValue])[];

/** Which library made a record. */
export interface RecordScope {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly attributes: Attributes;
}

/** Who sent a record. */
export interface RecordResource {
  readonly attributes: Attributes;
  readonly schemaUrl: string;
}

/** Records whose time is in [startMs, endMs]. */
export interface RecordRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** How much there is. */
export interface RecordStatistics {
  readonly windows: number;
  readonly records: number;
  readonly bytes: number;
  /** NaN when there is nothing. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Damaged files that were put aside, with why. */
  readonly quarantined: readonly { readonly file: string; readonly reason: string }[];
}

/** Options of a question about one thing. */
export interface AskOptions {
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}
