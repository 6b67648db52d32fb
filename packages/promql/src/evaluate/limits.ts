// What one query may cost. Every limit has its own error, which says what to do.

/** Limits of a query; all have defaults. */
export interface QueryLimits {
  /** Samples in memory at one time; a histogram counts by its size. Default 50,000,000, as in Prometheus. */
  readonly maxSamples: number;
  /** Evaluation times of a range query. Default 11,000, as in Prometheus' HTTP API. */
  readonly maxSteps: number;
  /** How deep expressions may be nested. Default 1,000. */
  readonly maxDepth: number;
  /** Bytes of columns in memory at one time. Default 2 GiB. */
  readonly maxBytes: number;
  /** How long a query may take, ms; counts only when the engine has a clock. Default 120,000, as in Prometheus. */
  readonly timeoutMs: number;
}

export const defaultLimits: QueryLimits = {
  maxSamples: 50_000_000,
  maxSteps: 11_000,
  maxDepth: 1000,
  maxBytes: 2 * 1024 ** 3,
  timeoutMs: 120_000,
};
