// What the parser may be asked for: experimental parts of the language, and limits.

/** Parts of PromQL that Prometheus calls experimental and has behind feature flags. */
export interface ExperimentalFeatures {
  /** Functions and aggregations marked experimental (`info`, `mad_over_time`, `limitk` ...). */
  readonly functions: boolean;
  /** Arithmetic, `step()`, `range()`, `min_of()` and `max_of()` in durations. */
  readonly durationExpressions: boolean;
  /** The modifiers `anchored` and `smoothed`. */
  readonly extendedRanges: boolean;
  /** The modifiers `fill`, `fill_left` and `fill_right`. */
  readonly fillModifiers: boolean;
}

/** What a query may be at most; more is refused before it costs anything. */
export interface ParseLimits {
  /** UTF-16 code units of the query's text. Default 1,000,000. */
  readonly maxLength: number;
  /** How deep the syntax tree may be: nesting, and operators in a chain. Default 1,000. */
  readonly maxDepth: number;
  /** How many nodes the syntax tree may have. Default 100,000. */
  readonly maxNodes: number;
}

export interface ParseOptions {
  /** `true`: all; or those wanted. Default: none, as in Prometheus. */
  readonly experimental?: boolean | Partial<ExperimentalFeatures>;
  readonly limits?: Partial<ParseLimits>;
}

export const DEFAULT_PARSE_LIMITS: ParseLimits = {
  maxLength: 1_000_000,
  maxDepth: 1_000,
  maxNodes: 100_000,
};

const noFeatures: ExperimentalFeatures = {
  functions: false,
  durationExpressions: false,
  extendedRanges: false,
  fillModifiers: false,
};

const allFeatures: ExperimentalFeatures = {
  functions: true,
  durationExpressions: true,
  extendedRanges: true,
  fillModifiers: true,
};

/** Every feature as on or off. */
export function experimentalFeatures(
  wanted: boolean | Partial<ExperimentalFeatures> | undefined,
): ExperimentalFeatures {
  if (wanted === true) return allFeatures;
  return wanted === undefined || wanted === false ? noFeatures : { ...noFeatures, ...wanted };
}
