// Query text to syntax tree: recursive descent, operators by binding power.
//
//   or  <  and unless  <  == != <= < >= > </ >/  <  + -  <  * / % atan2  <  unary + -  <  ^
//   weakest                                                                        strongest, right to left
//
// Behind an operand stand its suffixes, which bind stronger than any operator: [5m], [5m:1m], offset, @, anchored,
// smoothed. `sum` and `by` and the like are operators or metric names by what follows.
//
// A tree comes out only when all is right: what only the whole expression shows (types, numbers of arguments) is
// proved by check/, called here. What Prometheus finds while it reads (unknown functions, features that are not
// enabled) is found here, in the same order, so that the first complaint is the same one.
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/basics/ and /operators/; messages and the finer points
// of the grammar as in Prometheus 3.

import { FUNCTIONS } from "../ast/functions.ts";
import type {
  Aggregation,
  BinaryOp,
  DurationExpr,
  Expr,
  Span,
  Subquery,
  VectorSelector,
} from "../ast/nodes.ts";
import { valueType } from "../ast/type-of.ts";
import { check } from "../check/check.ts";
import { AGGREGATORS, canBeMetricName, isAggregator } from "../lex/token.ts";
import { Matcher } from "../matcher/matcher.ts";
import type { PromqlParseError } from "../parse-error.ts";
import { Cursor } from "./cursor.ts";
import { readPositiveDuration } from "./durations.ts";
import { readGroupingLabels } from "./grouping.ts";
import { atNumber, readNumber } from "./literals.ts";
import { readMatchers } from "./matchers.ts";
import { readAtModifier, readExtended, readOffsetModifier } from "./modifiers.ts";
import { nearestName } from "./nearest-name.ts";
import type { ParseOptions } from "./options.ts";
import { type BinaryModifiers, readModifiers } from "./vector-matching.ts";

const METRIC_NAME = "__name__";

/**
 * The syntax tree of a query, its types checked.
 *
 * @throws {PromqlParseError} `FLX_PROMQL_PARSE` when the text is not PromQL or types do not fit,
 *   `FLX_PROMQL_LENGTH`, `FLX_PROMQL_DEPTH` or `FLX_PROMQL_NODES` when it is larger than allowed
 * @example parseExpr("sum by (job) (up)").kind // "aggregation"
 */
export function parseExpr(query: string, options: ParseOptions = {}): Expr {
  const expr = parseUnchecked(query, options);
  check(query, expr);
  return expr;
}

/**
 * The syntax tree of a query whose types nobody has checked: for tools that work on queries that need not run.
 *
 * @throws {PromqlParseError} as `parseExpr`, but not for types and numbers of arguments
 */
export function parseUnchecked(query: string, options: ParseOptions = {}): Expr {
  const cursor = new Cursor(query, options);
  if (cursor.kind === "end of input") {
    throw cursor.fault({ start: 0, end: 0 }, "no expression found in input");
  }
  const expr = readExpr(cursor, 1);
  if (cursor.kind !== "end of input") throw cursor.unexpected("", "", hintBehind(cursor, expr));
  return expr;
}

/**
 * The matchers of one selector, such as `up{job="api"}`: what `match[]` of the HTTP API takes.
 *
 * @throws {PromqlParseError} `FLX_PROMQL_PARSE` when the text is anything but a selector
 */
export function parseSelector(text: string, options: ParseOptions = {}): readonly Matcher[] {
  const cursor = new Cursor(text, options);
  if (cursor.kind !== "{" && !canBeMetricName(cursor.kind)) throw cursor.unexpected();
  const { matchers } = readSelector(cursor);
  if (cursor.kind !== "end of input") throw cursor.unexpected();
  return matchers;
}

/** How strongly each operator binds. */
const powers: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  unless: 2,
  "==": 3,
  "!=": 3,
  "<=": 3,
  "<": 3,
  ">=": 3,
  ">": 3,
  "</": 3,
  ">/": 3,
  "+": 4,
  "-": 4,
  "*": 5,
  "/": 5,
  "%": 5,
  atan2: 5,
  "^": 6,
};

const POWER = 6;

function readExpr(cursor: Cursor, minPower: number): Expr {
  cursor.enter();
  let left = readUnary(cursor);
  let height = cursor.height;
  for (;;) {
    const op = cursor.kind;
    const power = powers[op];
    if (power === undefined || power < minPower) break;
    cursor.advance();
    const modifiers = readModifiers(cursor);
    const right = readExpr(cursor, op === "^" ? power : power + 1);
    left = newBinary(cursor, op as BinaryOp, left, right, modifiers);
    cursor.made(Math.max(height, cursor.height));
    height = cursor.height;
  }
  cursor.leave();
  return left;
}

function newBinary(
  cursor: Cursor,
  op: BinaryOp,
  left: Expr,
  right: Expr,
  { returnBool, matching }: BinaryModifiers,
): Expr {
  const span: Span = { start: left.start, end: right.end };
  const fills = matching.fillLeft !== undefined || matching.fillRight !== undefined;
  if (fills && !cursor.features.fillModifiers) {
    throw cursor.fault(
      span,
      "binop fill modifiers are experimental and not enabled",
      "allow experimental fill modifiers to use them",
    );
  }
  const vectors = valueType(left) === "vector" && valueType(right) === "vector";
  const isSet = op === "and" || op === "or" || op === "unless";
  const cardinality =
    isSet && matching.cardinality === "one-to-one" ? "many-to-many" : matching.cardinality;
  return {
    kind: "binary",
    op,
    left,
    right,
    returnBool,
    // Matching that must not be there is kept for check() to complain about.
    matching:
      vectors || fills || matching.labels.length > 0 ? { ...matching, cardinality } : undefined,
    ...span,
  };
}

function readUnary(cursor: Cursor): Expr {
  const op = cursor.kind;
  if (op !== "-" && op !== "+") return readSuffixes(cursor, readOperand(cursor));
  const { start } = cursor;
  cursor.advance();
  const expr = readExpr(cursor, POWER);
  if (expr.kind === "number") {
    return { ...expr, value: op === "-" ? -expr.value : expr.value, start };
  }
  cursor.made(cursor.height);
  return { kind: "unary", op, expr, start, end: expr.end };
}

function readSuffixes(cursor: Cursor, operand: Expr): Expr {
  let expr = operand;
  for (;;) {
    switch (cursor.kind) {
      case "[":
        expr = readBrackets(cursor, expr);
        break;
      case "offset":
        expr = readOffsetModifier(cursor, expr);
        break;
      case "@":
        expr = readAtModifier(cursor, expr);
        break;
      case "anchored":
      case "smoothed":
        expr = readExtended(cursor, expr, cursor.kind);
        break;
      default:
        return expr;
    }
  }
}

const durations = "number, duration, step(), or range()";

/** `[5m]`: a range; `[5m:]` and `[5m:1m]`: a subquery. */
function readBrackets(cursor: Cursor, expr: Expr): Expr {
  const { start: open } = cursor;
  const { height } = cursor;
  cursor.advance();
  const range = readPositiveDuration(cursor, "subquery or range selector", durations);
  if (cursor.accept(":")) {
    const subquery = readSubquery(cursor, expr, range);
    cursor.made(height);
    return subquery;
  }
  cursor.expect("]", "subquery or range", '":" or "]"');
  cursor.made(height);
  const end = cursor.lastEnd;
  if (expr.kind !== "vectorSelector") throw rangeOfNoSelector(cursor, expr, range, open);
  const misplaced =
    expr.offset !== undefined && !(expr.offset.kind === "number" && expr.offset.value === 0)
      ? "offset"
      : expr.at && "@";
  if (misplaced !== undefined) {
    throw cursor.fault(
      { start: open, end },
      `no ${misplaced} modifiers allowed before range`,
      "first the range, then the modifier: metric[5m] offset 1h",
    );
  }
  return { kind: "matrixSelector", vector: expr, range, start: expr.start, end };
}

function rangeOfNoSelector(
  cursor: Cursor,
  expr: Expr,
  range: DurationExpr,
  open: number,
): PromqlParseError {
  const text = cursor.query.slice(range.start, range.end);
  return cursor.fault(
    { start: open, end: cursor.lastEnd },
    "ranges only allowed for vector selectors",
    valueType(expr) === "vector"
      ? `for the range of an expression, write a subquery: [${text}:]`
      : undefined,
  );
}

function readSubquery(cursor: Cursor, expr: Expr, range: DurationExpr): Subquery {
  let step: DurationExpr | undefined;
  if (cursor.kind !== "]") {
    step = readPositiveDuration(cursor, "subquery selector", `${durations}, or "]"`);
  }
  cursor.expect("]", "subquery selector", '"]"');
  return {
    kind: "subquery",
    expr,
    range,
    step,
    offset: undefined,
    at: undefined,
    start: expr.start,
    end: cursor.lastEnd,
  };
}

function readOperand(cursor: Cursor): Expr {
  const { kind } = cursor;
  switch (kind) {
    case "number":
    case "duration":
      return readNumber(cursor);
    case "string":
      return readString(cursor);
    case "(":
      return readParen(cursor);
    case "{":
      return readSelector(cursor);
    default:
      if (canBeMetricName(kind)) return readName(cursor);
      throw cursor.unexpected(undefined, "", hintForOperand(cursor));
  }
}

function readString(cursor: Cursor): Expr {
  const { value, start, end } = cursor;
  cursor.advance();
  cursor.made(0);
  return { kind: "string", value, start, end };
}

function readParen(cursor: Cursor): Expr {
  const { start } = cursor;
  cursor.advance();
  const expr = readExpr(cursor, 1);
  cursor.expect(")", cursor.context, "", hintBehind(cursor, expr));
  cursor.made(cursor.height);
  return { kind: "paren", expr, start, end: cursor.lastEnd };
}

/** A word: a metric, or what the next token makes of it. */
function readName(cursor: Cursor): Expr {
  const { kind, value: name, span } = cursor;
  cursor.advance();
  const following = cursor.kind;
  if (isAggregator(kind) && (following === "(" || following === "by" || following === "without")) {
    return readAggregation(cursor, kind, span);
  }
  if (following === "(" && isCallable(kind)) return readCall(cursor, name, span);
  return readSelectorBehindName(cursor, name, span.start);
}

function isCallable(kind: string): boolean {
  switch (kind) {
    case "identifier":
    case "start":
    case "end":
    case "step":
    case "range":
    case "min_of":
    case "max_of":
      return true;
    default:
      return false;
  }
}

function readSelector(cursor: Cursor): VectorSelector {
  const { kind, value: name, start } = cursor;
  if (kind === "{") return newSelector(cursor, undefined, readMatchers(cursor), start);
  cursor.advance();
  return readSelectorBehindName(cursor, name, start);
}

function readSelectorBehindName(cursor: Cursor, name: string, start: number): VectorSelector {
  const matchers = cursor.kind === "{" ? readMatchers(cursor) : [];
  matchers.push(new Matcher("=", METRIC_NAME, name));
  return newSelector(cursor, name, matchers, start);
}

function newSelector(
  cursor: Cursor,
  name: string | undefined,
  matchers: readonly Matcher[],
  start: number,
): VectorSelector {
  cursor.made(0);
  return {
    kind: "vectorSelector",
    name,
    matchers,
    offset: undefined,
    at: undefined,
    extended: undefined,
    start,
    end: cursor.lastEnd,
  };
}

function readCall(cursor: Cursor, name: string, nameSpan: Span): Expr {
  const args = readArguments(cursor);
  const { height } = cursor;
  const func = FUNCTIONS.get(name);
  if (func === undefined) {
    throw cursor.fault(nameSpan, `unknown function with name "${name}"`, hintForFunction(name));
  }
  if (func.experimental && !cursor.features.functions) {
    throw cursor.fault(
      nameSpan,
      `function "${name}" is not enabled`,
      "it is experimental: allow experimental functions to use it",
    );
  }
  cursor.made(height);
  return { kind: "call", func, args, start: nameSpan.start, end: cursor.lastEnd };
}

/** From `(` to `)`. The height left behind is that of the highest argument. */
function readArguments(cursor: Cursor): Expr[] {
  const args: Expr[] = [];
  let height = 0;
  cursor.advance();
  if (cursor.kind === ")") {
    cursor.height = 0;
    cursor.advance();
    return args;
  }
  for (;;) {
    args.push(readExpr(cursor, 1));
    height = Math.max(height, cursor.height);
    if (cursor.kind === ")") break;
    const comma = cursor.span;
    cursor.expect(",", cursor.context, "", hintBehind(cursor, args.at(-1)!));
    if (cursor.kind === ")") {
      throw cursor.fault(
        comma,
        "trailing commas not allowed in function call args",
        "remove the comma",
      );
    }
  }
  cursor.height = height;
  cursor.advance();
  return args;
}

const takesParam: ReadonlySet<string> = new Set([
  "topk",
  "bottomk",
  "count_values",
  "quantile",
  "limitk",
  "limit_ratio",
]);

interface Grouping {
  readonly grouping: readonly string[];
  readonly without: boolean;
}

const noGrouping: Grouping = { grouping: [], without: false };

function readAggregation(cursor: Cursor, op: Aggregation["op"], name: Span): Aggregation {
  const outerContext = cursor.context;
  cursor.context = "aggregation";
  let grouping = readGrouping(cursor);
  if (cursor.kind !== "(") {
    throw cursor.unexpected(
      "aggregation",
      "",
      `what to aggregate stands in parentheses: ${op}(...)`,
    );
  }
  const args = readArguments(cursor);
  const { height } = cursor;
  cursor.context = outerContext;
  if (grouping === undefined) grouping = readGrouping(cursor);
  const span = { start: name.start, end: cursor.lastEnd };
  const { param, expr } = splitArguments(cursor, op, args, span);
  cursor.made(height);
  return { kind: "aggregation", op, expr, param, ...(grouping ?? noGrouping), ...span };
}

function readGrouping(cursor: Cursor): Grouping | undefined {
  if (cursor.kind !== "by" && cursor.kind !== "without") return undefined;
  const without = cursor.kind === "without";
  cursor.advance();
  return { grouping: readGroupingLabels(cursor), without };
}

function splitArguments(
  cursor: Cursor,
  op: Aggregation["op"],
  args: readonly Expr[],
  span: Span,
): { readonly param: Expr | undefined; readonly expr: Expr } {
  if (args.length === 0) {
    throw cursor.fault(
      span,
      "no arguments for aggregate expression provided",
      `write what to aggregate: ${op}(metric)`,
    );
  }
  const wanted = takesParam.has(op) ? 2 : 1;
  if ((op === "limitk" || op === "limit_ratio") && !cursor.features.functions) {
    throw cursor.fault(
      span,
      `${op}() is experimental and must be enabled with --enable-feature=promql-experimental-functions`,
      "allow experimental functions to use it",
    );
  }
  if (args.length !== wanted) {
    throw cursor.fault(
      span,
      `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${args.length}`,
      hintForAggregation(op, args.length),
    );
  }
  return wanted === 2 ? { param: args[0], expr: args[1]! } : { param: undefined, expr: args[0]! };
}

function hintForAggregation(op: Aggregation["op"], given: number): string | undefined {
  if (takesParam.has(op)) {
    const param = op === "count_values" ? '"label"' : op === "quantile" ? "0.9" : "5";
    return `write ${op}(${param}, metric)`;
  }
  return given > 1 ? `to group by labels, write ${op} by (label) (metric)` : undefined;
}

function hintForFunction(name: string): string | undefined {
  const known = nearestName(name, [...FUNCTIONS.keys(), ...AGGREGATORS]);
  if (known !== undefined) return `did you mean ${known}?`;
  return elsewhere[name.toLowerCase()];
}

/** Names that other languages, or older versions, have for what PromQL calls otherwise. */
const elsewhere: Readonly<Record<string, string>> = {
  average: "did you mean avg?",
  mean: "did you mean avg?",
  percentile: "did you mean quantile, or histogram_quantile?",
  median: "write quantile(0.5, ...)",
  log: "the natural logarithm is ln",
  pow: "powers are written x ^ 2",
  mod: "the remainder is written x % 2",
  if: "there is no if: comparisons filter, as in x > 0",
  holt_winters: "it is called double_exponential_smoothing since Prometheus 3",
  count_scalar: "write scalar(count(...))",
  drop_common_labels: "it is gone since Prometheus 2",
  concat: "did you mean label_join?",
  distinct: "write count(count by (label) (metric))",
};

function hintForOperand(cursor: Cursor): string | undefined {
  switch (cursor.kind) {
    case "end of input":
      return "an expression is missing at the end";
    case ")":
    case ",":
      return `an expression is missing before ${cursor.text}`;
    case "[":
      return "a range stands behind a selector: metric[5m]";
    case "=":
      return "compare with ==; match labels inside braces";
    default:
      return powers[cursor.kind] === undefined
        ? undefined
        : `an expression is missing before ${cursor.text}`;
  }
}

/** What somebody meant who wrote something right behind a complete expression. */
function hintBehind(cursor: Cursor, expr: Expr): string | undefined {
  const { kind } = cursor;
  if (kind === "=") return "compare with ==; match labels inside braces";
  if (kind === "by" || kind === "without") {
    return `${kind} belongs to an aggregation: sum ${kind} (label) (...)`;
  }
  if (kind === "{") return "braces stand right behind a metric name";
  if (kind === "(") return hintForCall(expr);
  if (isAggregator(kind) || kind === "identifier" || atNumber(cursor)) {
    return hintForTwo(cursor, expr);
  }
  return undefined;
}

function hintForCall(expr: Expr): string | undefined {
  if (expr.kind !== "vectorSelector" || expr.name === undefined) return undefined;
  return hintForFunction(expr.name);
}

function hintForTwo(cursor: Cursor, expr: Expr): string {
  const name = expr.kind === "vectorSelector" ? expr.name : undefined;
  if (name !== undefined && AGGREGATORS.includes(name.toLowerCase())) {
    return `did you mean ${name}(...), or ${name} by (...) (...)?`;
  }
  return `an operator or a comma is missing before ${cursor.text}`;
}
