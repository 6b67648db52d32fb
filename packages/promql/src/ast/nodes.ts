// The syntax tree of a PromQL query. Plain, immutable data: JSON in, JSON out but for numbers that JSON lacks and
// for matchers, which are objects that match.
//
//   sum by (job) (rate(http_requests_total{code="500"}[5m] offset 1h))
//
//   aggregation op=sum grouping=[job]
//   └── call func=rate
//       └── matrixSelector range=300 s
//           └── vectorSelector name=http_requests_total matchers=[code="500", __name__="http_requests_total"]
//               └── offset 3600 s
//
// - `start` and `end` are UTF-16 offsets into the query: query.slice(node.start, node.end) is the node's text.
// - Parentheses are kept (`paren`), so printing gives back what was meant; evaluate through them.
// - A range selector holds its instant selector, and that one holds `offset`, `@`, `anchored` and `smoothed`, also
//   when they were written after the brackets. (Its own `end` stays before the brackets then.)
// - `-1` is one number; `-(1)`, `-x` and `-1 ^ 2` are `unary`.
// - Lengths of time are `DurationExpr`: nearly always a `number` in seconds, else (experimental) arithmetic that
//   needs the step and range of the query; `durationMs()` gives milliseconds for both.
// - `valueType()` tells the type of any node. A tree from `parseExpr` is checked: types fit, arguments are as many
//   as the function takes, `matching` is there exactly when both operands are instant vectors.

import type { Matcher } from "../matcher/matcher.ts";
import type { FunctionSignature } from "./functions.ts";

/** Where a node stands in the query: UTF-16 offsets, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** `5`, `0x1F`, `-3e4`, `NaN`, `5m` (300). */
export interface NumberLiteral extends Span {
  readonly kind: "number";
  readonly value: number;
  /** Written as a duration (`5m`); `value` is in seconds then. For printing. */
  readonly isDuration: boolean;
}

/** `"text"`, `'text'` or `` `text` ``. */
export interface StringLiteral extends Span {
  readonly kind: "string";
  /** Without quotes, escapes resolved. */
  readonly value: string;
}

/** `(x)`. */
export interface Paren extends Span {
  readonly kind: "paren";
  readonly expr: Expr;
}

/** `-x` or `+x` (of anything but a number, which takes the sign itself). */
export interface Unary extends Span {
  readonly kind: "unary";
  readonly op: "+" | "-";
  readonly expr: Expr;
}

export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "^" | "atan2";
export type ComparisonOp = "==" | "!=" | ">" | "<" | ">=" | "<=";
export type SetOp = "and" | "or" | "unless";
/** Trims the buckets of native histograms above (`</`) or below (`>/`) a value. */
export type TrimOp = "</" | ">/";
export type BinaryOp = ArithmeticOp | ComparisonOp | SetOp | TrimOp;

/** `left op right`. */
export interface Binary extends Span {
  readonly kind: "binary";
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  /** With `bool`: a comparison gives 0 or 1 instead of filtering. */
  readonly returnBool: boolean;
  /** How series find their partner; there exactly when both operands are instant vectors. */
  readonly matching: VectorMatching | undefined;
}

/** `many-to-one` is `group_left`, `one-to-many` is `group_right`, `many-to-many` are all set operators. */
export type Cardinality = "one-to-one" | "many-to-one" | "one-to-many" | "many-to-many";

/** How the series of two instant vectors find each other. */
export interface VectorMatching {
  readonly cardinality: Cardinality;
  /** `on (labels)`: only these count; otherwise all but these (`ignoring`, or none named: all count). */
  readonly on: boolean;
  /** The labels of `on` or `ignoring`. */
  readonly labels: readonly string[];
  /** The labels of `group_left` / `group_right`, taken over from the "one" side. */
  readonly include: readonly string[];
  /** `fill_left` / `fill`: the value of a series missing on the left; experimental. */
  readonly fillLeft: number | undefined;
  /** `fill_right` / `fill`: the value of a series missing on the right; experimental. */
  readonly fillRight: number | undefined;
}

export type AggregationOp =
  | "sum"
  | "avg"
  | "count"
  | "min"
  | "max"
  | "group"
  | "stddev"
  | "stdvar"
  | "topk"
  | "bottomk"
  | "count_values"
  | "quantile"
  | "limitk"
  | "limit_ratio";

/** `op by (grouping) (param, expr)`. */
export interface Aggregation extends Span {
  readonly kind: "aggregation";
  readonly op: AggregationOp;
  readonly expr: Expr;
  /** A scalar for topk, bottomk, quantile, limitk, limit_ratio; a string for count_values; otherwise absent. */
  readonly param: Expr | undefined;
  /** The labels of `by` or `without`, in the order written. */
  readonly grouping: readonly string[];
  readonly without: boolean;
}

/** `func(args)`. Optional arguments that were not written are not in `args`. */
export interface Call extends Span {
  readonly kind: "call";
  readonly func: FunctionSignature;
  readonly args: readonly Expr[];
}

/** `name{matchers} offset 5m @ 123`. */
export interface VectorSelector extends Span {
  readonly kind: "vectorSelector";
  /** The metric name written before the braces; a name inside the braces is only among the matchers. */
  readonly name: string | undefined;
  /** All of them, the one that `name` stands for included (it is the last). */
  readonly matchers: readonly Matcher[];
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
  /** How a range is taken at its ends; experimental. */
  readonly extended: "anchored" | "smoothed" | undefined;
}

/** `selector[5m]`. */
export interface MatrixSelector extends Span {
  readonly kind: "matrixSelector";
  readonly vector: VectorSelector;
  readonly range: DurationExpr;
}

/** `expr[range:step] offset 5m @ 123`. */
export interface Subquery extends Span {
  readonly kind: "subquery";
  readonly expr: Expr;
  readonly range: DurationExpr;
  /** Absent in `[5m:]`: the default step of the engine. */
  readonly step: DurationExpr | undefined;
  readonly offset: DurationExpr | undefined;
  readonly at: AtModifier | undefined;
}

/** `@ 123.4`, `@ start()`, `@ end()`. */
export type AtModifier =
  | { readonly kind: "time"; readonly timestampMs: number }
  | { readonly kind: "start" }
  | { readonly kind: "end" };

/** `-d`, `+d` in a duration expression. */
export interface DurationUnary extends Span {
  readonly kind: "durationUnary";
  readonly op: "+" | "-";
  readonly expr: DurationExpr;
}

/** `d op d` in a duration expression, in seconds. */
export interface DurationBinary extends Span {
  readonly kind: "durationBinary";
  readonly op: "+" | "-" | "*" | "/" | "%" | "^";
  readonly left: DurationExpr;
  readonly right: DurationExpr;
}

/** `step()`, `range()` (no arguments), `min_of(d, d)`, `max_of(d, d)` in a duration expression. */
export interface DurationCall extends Span {
  readonly kind: "durationCall";
  readonly name: "step" | "range" | "min_of" | "max_of";
  readonly args: readonly DurationExpr[];
}

/** `(d)` in a duration expression. */
export interface DurationParen extends Span {
  readonly kind: "durationParen";
  readonly expr: DurationExpr;
}

/** A length of time as written: seconds, or (experimental) arithmetic with them. See `durationMs()`. */
export type DurationExpr =
  | NumberLiteral
  | DurationUnary
  | DurationBinary
  | DurationCall
  | DurationParen;

/** Any expression. */
export type Expr =
  | NumberLiteral
  | StringLiteral
  | Paren
  | Unary
  | Binary
  | Aggregation
  | Call
  | VectorSelector
  | MatrixSelector
  | Subquery;
