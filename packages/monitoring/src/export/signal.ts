// The kinds of records in the ring, and what OTLP calls them.

/** What is exported. */
export type Signal = "traces" | "logs" | "metrics";

/** The kinds of records in the ring. */
export const RECORD = {
  /** A span: field `spans` of ScopeSpans. */
  span: 1,
  /** A log record: field `log_records` of ScopeLogs. */
  log: 2,
  /** Metrics of one scope: fields `metrics` of ScopeMetrics. */
  metrics: 3,
  /** A scope: from now on its number means this. JSON: name, version, schemaUrl, attributes. */
  scope: 4,
  /** A line of JSON from a logger, which the worker makes a log record of. */
  logLine: 5,
} as const;

/** The signal of a kind of record; undefined for what is not exported. */
export function signalOf(kind: number): Signal | undefined {
  if (kind === RECORD.span) return "traces";
  if (kind === RECORD.log || kind === RECORD.logLine) return "logs";
  return kind === RECORD.metrics ? "metrics" : undefined;
}
