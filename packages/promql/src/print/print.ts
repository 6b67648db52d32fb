// A syntax tree as text, on one line, in one canonical form: the form Prometheus prints.
//
//   sum( rate(x {b='2',a="1"}[300s]) )by(job)   ->   sum by (job) (rate(x{a="1",b="2"}[5m]))
//
// Reading the text back gives the same tree. Where Prometheus' own text would not (a label named `without`, a range
// below a millisecond, an offset in parentheses before an operator), ours differs from it. Trees that were built by
// hand get the parentheses they need.

import { compareUtf8, isLegacyLabelName } from "@flx/model";
import type {
  Aggregation,
  AtModifier,
  Binary,
  BinaryOp,
  DurationExpr,
  Expr,
  MatrixSelector,
  Subquery,
  VectorMatching,
  VectorSelector,
} from "../ast/nodes.ts";
import { quoteText } from "../lex/quote.ts";
import type { Matcher } from "../matcher/matcher.ts";
import { literalText, plainNumber, secondsText } from "./number-text.ts";

const METRIC_NAME = "__name__";

/**
 * The expression on one line, in canonical form.
 *
 * @example printExpr(parseExpr("sum(x)by(job)")) // "sum by (job) (x)"
 */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return literalText(expr);
    case "string":
      return quoteText(expr.value);
    case "paren":
      return `(${printExpr(expr.expr)})`;
    case "unary":
      return `${expr.op}${operand(expr.expr, UNARY)}`;
    case "binary":
      return printBinary(expr);
    case "call":
      return `${expr.func.name}(${expr.args.map(printExpr).join(", ")})`;
    case "aggregation": {
      const param = expr.param === undefined ? "" : `${printExpr(expr.param)}, `;
      return `${printAggregationHead(expr)}(${param}${printExpr(expr.expr)})`;
    }
    case "vectorSelector":
      return printSelector(expr);
    case "matrixSelector":
      return printMatrixSelector(expr);
    case "subquery":
    default:
      return `${operand(expr.expr, SUFFIX)}${printSubquerySuffix(expr)}`;
  }
}

/** `sum by (job) `: an aggregation up to its parenthesis. */
export function printAggregationHead({ op, grouping, without }: Aggregation): string {
  if (without) return `${op} without (${printLabels(grouping)}) `;
  return grouping.length === 0 ? op : `${op} by (${printLabels(grouping)}) `;
}

/** `== bool on (job) group_left ()`: an operator with its modifiers. */
export function printOperator({ op, returnBool, matching }: Binary): string {
  return `${op}${returnBool ? " bool" : ""}${matching === undefined ? "" : printMatching(matching)}`;
}

/** `[5m:1m] @ 10.000 offset 1h`: a subquery without its expression. */
export function printSubquerySuffix({ range, step, at, offset }: Subquery): string {
  const stepText = step === undefined ? "" : rangeText(step);
  return `[${rangeText(range)}:${stepText}]${printModifiers({ at, offset, extended: undefined })}`;
}

/** How strongly operators bind; what stands beside a stronger one needs parentheses. */
const powers: Readonly<Record<BinaryOp, number>> = {
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
  "^": 7,
};
const UNARY = 6;
const SUFFIX = 8;

function printBinary(expr: Binary): string {
  const [left, right] = printOperands(expr);
  return `${left} ${printOperator(expr)} ${right}`;
}

/** The operands of a node, in parentheses where they need them. */
export function printOperands(expr: Binary): readonly [left: string, right: string] {
  const power = powers[expr.op];
  return [
    operand(expr.left, expr.op === "^" ? power + 1 : power),
    operand(expr.right, expr.op === "^" ? UNARY : power + 1),
  ];
}

/** In parentheses when it binds weaker than its surroundings. */
function operand(expr: Expr, power: number): string {
  // The sign of "+Inf" would be taken for one of the whole power.
  if (expr.kind === "number" && expr.value === Infinity && power > UNARY) return "Inf";
  const text = printExpr(expr);
  return powerOf(expr) < power ? `(${text})` : text;
}

function powerOf(expr: Expr): number {
  if (expr.kind === "binary") return powers[expr.op];
  const signed = expr.kind === "number" && (expr.value < 0 || Object.is(expr.value, -0));
  return expr.kind === "unary" || signed ? UNARY : SUFFIX;
}

function printMatching(matching: VectorMatching): string {
  const { cardinality, on, labels, include, fillLeft, fillRight } = matching;
  const grouped = cardinality === "many-to-one" || cardinality === "one-to-many";
  let text = "";
  if (labels.length > 0 || on || grouped) {
    text += ` ${on ? "on" : "ignoring"} (${printLabels(labels)})`;
  }
  if (grouped) {
    const side = cardinality === "many-to-one" ? "left" : "right";
    text += ` group_${side} (${printLabels(include)})`;
  }
  if (fillLeft !== undefined && Object.is(fillLeft, fillRight)) {
    return `${text} fill (${plainNumber(fillLeft)})`;
  }
  if (fillLeft !== undefined) text += ` fill_left (${plainNumber(fillLeft)})`;
  if (fillRight !== undefined) text += ` fill_right (${plainNumber(fillRight)})`;
  return text;
}

function printLabels(labels: readonly string[]): string {
  return labels.map(groupingLabel).join(", ");
}

/** Some words are names only in quotes. */
function groupingLabel(label: string): string {
  const plain = isLegacyLabelName(label) && !/^(?:without|inf|nan)$/i.test(label);
  return plain ? label : quoteText(label);
}

function printSelector(selector: VectorSelector): string {
  return `${printBareSelector(selector)}${printModifiers(selector)}`;
}

function printBareSelector({ name, matchers }: VectorSelector): string {
  const texts: string[] = [];
  for (const matcher of matchers) {
    const isName =
      matcher.name === METRIC_NAME && matcher.op === "=" && matcher.value === name && name !== "";
    if (!isName) texts.push(printMatcher(matcher));
  }
  const head = name ?? "";
  if (texts.length === 0) return head === "" ? "{}" : head;
  return `${head}{${texts.toSorted(compareUtf8).join(",")}}`;
}

/**
 * A matcher as it stands in braces.
 *
 * @example printMatcher(new Matcher("=~", "http.method", "GET|PUT")) // '"http.method"=~"GET|PUT"'
 */
export function printMatcher({ name, op, value }: Matcher): string {
  return `${isLegacyLabelName(name) ? name : quoteText(name)}${op}${quoteText(value)}`;
}

function printMatrixSelector({ vector, range }: MatrixSelector): string {
  return `${printBareSelector(vector)}[${rangeText(range)}]${printModifiers(vector, true)}`;
}

type Modifiers = Pick<VectorSelector, "at" | "offset" | "extended">;

/** Prometheus prints `anchored` before `@` on ranges, behind it on instant selectors. */
function printModifiers({ at, offset, extended }: Modifiers, onRange = false): string {
  const time = at === undefined ? "" : printAt(at);
  const word = extended === undefined ? "" : ` ${extended}`;
  const shift = offset === undefined ? "" : printOffset(offset);
  const others = onRange ? `${word}${time}` : `${time}${word}`;
  // An operator behind an offset in parentheses would be read as a part of it.
  return shift.startsWith(" offset (") ? `${shift}${others}` : `${others}${shift}`;
}

function printAt(at: AtModifier): string {
  return at.kind === "time" ? ` @ ${(at.timestampMs / 1000).toFixed(3)}` : ` @ ${at.kind}()`;
}

function printOffset(offset: DurationExpr): string {
  if (offset.kind === "number" && offset.value === 0) return "";
  return ` offset ${rangeText(offset)}`;
}

/** A plain number of seconds is printed as a duration, wherever it stands alone. */
function rangeText(duration: DurationExpr): string {
  return duration.kind === "number" ? secondsText(duration.value) : printDuration(duration);
}

function printDuration(duration: DurationExpr): string {
  switch (duration.kind) {
    case "number":
      return literalText(duration);
    case "durationParen":
      return `(${printDuration(duration.expr)})`;
    case "durationUnary":
      return `${duration.op}${printDuration(duration.expr)}`;
    case "durationBinary":
      return `${printDuration(duration.left)} ${duration.op} ${printDuration(duration.right)}`;
    case "durationCall":
    default:
      return `${duration.name}(${duration.args.map(printDuration).join(", ")})`;
  }
}
