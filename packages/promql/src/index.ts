// The public API of @flx/promql, by name.

export {
  type DurationContext,
  durationMs,
  isConstantDuration,
  MAX_DURATION_SECONDS,
} from "./ast/duration.ts";
export { type FunctionSignature, FUNCTIONS } from "./ast/functions.ts";
export type {
  Aggregation,
  AggregationOp,
  ArithmeticOp,
  AtModifier,
  Binary,
  BinaryOp,
  Call,
  Cardinality,
  ComparisonOp,
  DurationBinary,
  DurationCall,
  DurationExpr,
  DurationParen,
  DurationUnary,
  Expr,
  MatrixSelector,
  NumberLiteral,
  Paren,
  SetOp,
  Span,
  StringLiteral,
  Subquery,
  TrimOp,
  Unary,
  VectorMatching,
  VectorSelector,
} from "./ast/nodes.ts";
export { valueType } from "./ast/type-of.ts";
export { childrenOf, transform, walk } from "./ast/walk.ts";
export { documentedType, type ValueType } from "./ast/value-type.ts";
export { Matcher, type MatchOp } from "./matcher/matcher.ts";
export { type CompiledPattern, compilePattern } from "./matcher/pattern.ts";
export {
  compacted as compactedHistogram,
  type FloatHistogram,
  floatHistogram,
  type FloatHistogramInit,
  equalHistograms,
} from "./histogram/float-histogram.ts";
export { addHistograms, scaleHistogram } from "./histogram/arithmetic.ts";
export { type BucketView, bucketsOf as histogramBuckets } from "./histogram/buckets.ts";
export { hintWhenRead } from "./histogram/hint-when-read.ts";
export { histogramText } from "./histogram/text.ts";
export { MemoryQueryable, type SampleInput } from "./series/memory-queryable.ts";
export type {
  Queryable,
  SelectHints,
  SeriesData,
  ThinnedColumns,
  TimeRange,
} from "./series/queryable.ts";
export { addMatchers } from "./edit/add-matchers.ts";
export { type CompletionContext, completionContext } from "./edit/completion.ts";
export { queryUses, type QueryUses } from "./edit/query-uses.ts";
export {
  type FilledTemplate,
  fillTemplate,
  type PanelTimes,
  type TemplateVariables,
  timeVariables,
} from "./edit/template.ts";
export { check } from "./check/check.ts";
export {
  DEFAULT_PARSE_LIMITS,
  type ExperimentalFeatures,
  type ParseLimits,
  type ParseOptions,
} from "./parse/options.ts";
export { parseExpr, parseSelector, parseUnchecked } from "./parse/parser.ts";
export { PromqlParseError, type PromqlParseErrorCode } from "./parse-error.ts";
export { plainNumber } from "./print/number-text.ts";
export { prettyExpr } from "./print/pretty.ts";
export { printExpr, printMatcher } from "./print/print.ts";
export type { Annotation } from "./evaluate/annotations.ts";
export {
  type EngineFeatures,
  type EngineOptions,
  type InstantOptions,
  type PreparedQuery,
  PromqlEngine,
  type QueryOptions,
  type QueryResult,
  type QueryValue,
  type RangeOptions,
  type VectorSample,
} from "./evaluate/engine.ts";
export type { EvaluationFeatures, Host } from "./evaluate/execution.ts";
export { defaultLimits, type QueryLimits } from "./evaluate/limits.ts";
export type { NodeStatistics, QueryStatistics } from "./evaluate/statistics.ts";
export {
  formatFailure,
  runScript,
  type ScriptFailure,
  type ScriptOptions,
  type ScriptReport,
} from "./testscript/run-script.ts";
export { ScriptError } from "./testscript/script-error.ts";
export type {
  ScriptAnswer,
  ScriptEngine,
  ScriptPoint,
  ScriptSample,
  ScriptValue,
} from "./testscript/script-engine.ts";
export { promqlScriptEngine, type ScriptEngineOptions } from "./testscript/promql-script-engine.ts";
