// Do the types fit? The second look at a syntax tree, from the leaves up, with Prometheus' rules and messages.
//
//   rate(x)            rate takes a range vector, x is an instant vector
//   1 == 2             scalars are compared with `bool`
//   {job=~".*"}        selects everything there is
//
// The first complaint is the one Prometheus would give; the hint is ours.

import { FUNCTIONS } from "../ast/functions.ts";
import type { Aggregation, Binary, Call, Expr, Span, VectorSelector } from "../ast/nodes.ts";
import { valueType } from "../ast/type-of.ts";
import { documentedType, type ValueType } from "../ast/value-type.ts";
import { quoteText } from "../lex/quote.ts";
import { PromqlParseError } from "../parse-error.ts";

const METRIC_NAME = "__name__";

/**
 * Proves that the types of an expression fit.
 *
 * @param query the text that the expression was read from, for messages
 * @returns what the expression gives
 * @throws {PromqlParseError} `FLX_PROMQL_PARSE` with what does not fit
 */
export function check(query: string, expr: Expr): ValueType {
  return new Checker(query).check(expr);
}

class Checker {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  check(expr: Expr): ValueType {
    switch (expr.kind) {
      case "number":
        return "scalar";
      case "string":
        return "string";
      case "paren":
        return this.check(expr.expr);
      case "unary":
        return this.#unary(expr);
      case "binary":
        return this.#binary(expr);
      case "call":
        return this.#call(expr);
      case "aggregation":
        return this.#aggregation(expr);
      case "vectorSelector":
        return this.#selector(expr);
      case "matrixSelector":
        this.#selector(expr.vector);
        return "matrix";
      case "subquery":
      default: {
        const type = this.check(expr.expr);
        if (type === "vector") return "matrix";
        const reason = `subquery is only allowed on instant vector, got ${type} instead`;
        throw this.#fault(
          expr,
          reason,
          type === "scalar" ? "make a vector of it: vector(...)[5m:]" : undefined,
        );
      }
    }
  }

  #unary(expr: Extract<Expr, { kind: "unary" }>): ValueType {
    const type = this.check(expr.expr);
    if (type === "scalar" || type === "vector") return type;
    const got = quoteText(documentedType(type));
    throw this.#fault(
      expr,
      `unary expression only allowed on expressions of type scalar or instant vector, got ${got}`,
    );
  }

  #binary(expr: Binary): ValueType {
    const left = this.check(expr.left);
    const right = this.check(expr.right);
    this.#comparison(expr, left, right);
    this.#matchingLabels(expr);
    this.#operand(expr.left, left);
    this.#operand(expr.right, right);
    if (left === "vector" && right === "vector") this.#setMatching(expr);
    else this.#scalarMatching(expr);
    return left === "scalar" && right === "scalar" ? "scalar" : "vector";
  }

  #comparison(expr: Binary, left: ValueType, right: ValueType): void {
    const comparison = isComparison(expr.op);
    if (expr.returnBool && !comparison) {
      throw this.#fault(
        this.#operator(expr),
        "bool modifier can only be used on comparison operators",
        `remove bool behind ${expr.op}`,
      );
    }
    if (comparison && !expr.returnBool && left === "scalar" && right === "scalar") {
      throw this.#fault(
        this.#operator(expr),
        "comparisons between scalars must use BOOL modifier",
        `write ${expr.op} bool, which gives 1 or 0`,
      );
    }
  }

  #matchingLabels(expr: Binary): void {
    const matching = expr.matching;
    if (matching === undefined || !matching.on) return;
    for (const label of matching.labels) {
      if (!matching.include.includes(label)) continue;
      throw this.#fault(
        this.#operator(expr),
        `label ${quoteText(label)} must not occur in ON and GROUP clause at once`,
        "labels of on (...) are in the result anyway",
      );
    }
  }

  #operand(expr: Expr, type: ValueType): void {
    if (type === "scalar" || type === "vector") return;
    throw this.#fault(
      expr,
      "binary expression must contain only scalar and instant vector types",
      type === "matrix"
        ? "make an instant vector of the range first, with rate(...) or avg_over_time(...)"
        : undefined,
    );
  }

  /** One operand is a scalar: nothing is matched. */
  #scalarMatching(expr: Binary): void {
    const matching = expr.matching;
    if (matching !== undefined && matching.labels.length > 0) {
      throw this.#fault(
        expr,
        "vector matching only allowed between instant vectors",
        "one side is a scalar: remove on (...) or ignoring (...)",
      );
    }
    if (matching?.fillLeft !== undefined || matching?.fillRight !== undefined) {
      throw this.#fault(expr, "filling in missing series only allowed between instant vectors");
    }
    if (isSetOperator(expr.op)) {
      throw this.#fault(
        expr,
        `set operator ${quoteText(expr.op)} not allowed in binary scalar expression`,
        "make a vector of the scalar: vector(...)",
      );
    }
  }

  #setMatching(expr: Binary): void {
    if (!isSetOperator(expr.op) || expr.matching === undefined) return;
    const { cardinality, fillLeft, fillRight } = expr.matching;
    if (cardinality === "one-to-many" || cardinality === "many-to-one") {
      throw this.#fault(
        expr,
        `no grouping allowed for ${quoteText(expr.op)} operation`,
        "set operators always match many to many: remove group_left or group_right",
      );
    }
    if (fillLeft !== undefined || fillRight !== undefined) {
      throw this.#fault(expr, "filling in missing series not allowed for set operators");
    }
  }

  #aggregation(expr: Aggregation): ValueType {
    this.#expect(expr.expr, "vector", "aggregation expression");
    if (expr.param !== undefined) {
      const type = expr.op === "count_values" ? "string" : "scalar";
      this.#expect(expr.param, type, "aggregation parameter");
    }
    return "vector";
  }

  #expect(expr: Expr, want: ValueType, context: string): void {
    const type = this.check(expr);
    if (type === want) return;
    throw this.#fault(
      expr,
      `expected type ${documentedType(want)} in ${context}, got ${documentedType(type)}`,
      this.#conversion(expr, type, want),
    );
  }

  #call(expr: Call): ValueType {
    this.#argumentCount(expr);
    if (expr.func.name === "info") this.#infoSelector(expr);
    const types = expr.func.argTypes;
    for (const [i, arg] of expr.args.entries()) {
      const want = types[Math.min(i, types.length - 1)]!;
      const isInfoSelector = expr.func.name === "info" && i === 1;
      const type = isInfoSelector ? "vector" : this.check(arg);
      if (type === want) continue;
      throw this.#fault(
        arg,
        `expected type ${documentedType(want)} in call to function ${quoteText(expr.func.name)}, got ${documentedType(type)}`,
        this.#conversion(arg, type, want),
      );
    }
    return expr.func.returnType;
  }

  #argumentCount(expr: Call): void {
    const { name, minArgs, maxArgs, variadic } = expr.func;
    const given = expr.args.length;
    if (given >= minArgs && given <= maxArgs) return;
    const call = `in call to ${quoteText(name)}, got ${given}`;
    const hint = `${name} is written ${usage(expr)}`;
    if (variadic === 0) throw this.#fault(expr, `expected ${minArgs} argument(s) ${call}`, hint);
    throw given < minArgs
      ? this.#fault(expr, `expected at least ${minArgs} argument(s) ${call}`, hint)
      : this.#fault(expr, `expected at most ${maxArgs} argument(s) ${call}`, hint);
  }

  /** The second argument of info() is braces with matchers, which may match everything. */
  #infoSelector(expr: Call): void {
    const selector = expr.args[1];
    if (selector === undefined) return;
    const type = valueType(selector);
    if (type !== "vector") {
      const want = documentedType("vector");
      throw this.#fault(
        expr,
        `expected type ${want} in call to function "info", got ${documentedType(type)}`,
      );
    }
    const hint = 'write only braces, such as info(metric, {version=~".+"})';
    if (selector.kind !== "vectorSelector") {
      throw this.#fault(selector, "expected label selectors only", hint);
    }
    if (selector.name !== undefined) {
      throw this.#fault(
        selector,
        "expected label selectors only, got vector selector instead",
        hint,
      );
    }
  }

  #selector(expr: VectorSelector): ValueType {
    if (expr.name === undefined) {
      if (!expr.matchers.some((matcher) => !matcher.matches(""))) {
        throw this.#fault(
          expr,
          "vector selector must contain at least one non-empty matcher",
          'one matcher must refuse the empty value: write =~".+" instead of =~".*", or name a metric',
        );
      }
      return "vector";
    }
    for (const matcher of expr.matchers.slice(0, -1)) {
      if (matcher.name !== METRIC_NAME) continue;
      throw this.#fault(
        expr,
        `metric name must not be set twice: ${quoteText(expr.name)} or ${quoteText(matcher.value)}`,
        "name the metric before the braces or inside, not both",
      );
    }
    return "vector";
  }

  /** How to make of what was given what is wanted. */
  #conversion(expr: Expr, type: ValueType, want: ValueType): string | undefined {
    const text = this.#query.slice(expr.start, expr.end);
    const shown = text.length <= MAX_SHOWN && !text.includes("\n") ? text : "...";
    if (want === "matrix" && type === "vector") {
      return expr.kind === "vectorSelector" && expr.offset === undefined && expr.at === undefined
        ? `add a range: ${shown}[5m]`
        : `make it a subquery: ${expr.kind === "binary" ? `(${shown})` : shown}[5m:]`;
    }
    if (want === "vector" && type === "matrix") {
      return "remove the range, or make an instant vector of it with rate(...) or avg_over_time(...)";
    }
    if (want === "vector" && type === "scalar") return `make a vector of it: vector(${shown})`;
    if (want === "scalar" && type === "vector") {
      return `make a scalar of it: scalar(${shown}), or are two arguments swapped?`;
    }
    if (want === "string" && expr.kind === "vectorSelector") return `in quotes: "${shown}"`;
    return undefined;
  }

  /** Where the operator stands, without blanks around it. */
  #operator(expr: Binary): Span {
    let start = expr.left.end;
    let end = expr.right.start;
    while (start < end && /\s/.test(this.#query.charAt(start))) start++;
    while (end > start && /\s/.test(this.#query.charAt(end - 1))) end--;
    return { start, end };
  }

  #fault(span: Span, reason: string, hint?: string): PromqlParseError {
    return new PromqlParseError(this.#query, span, reason, hint);
  }
}

const MAX_SHOWN = 60;

function isComparison(op: Binary["op"]): boolean {
  return op === "==" || op === "!=" || op === "<" || op === "<=" || op === ">" || op === ">=";
}

function isSetOperator(op: Binary["op"]): boolean {
  return op === "and" || op === "or" || op === "unless";
}

/** `clamp(instant vector, scalar, scalar)`; what may be absent stands in brackets. */
function usage(expr: Call): string {
  const { name, argTypes, minArgs, variadic } = FUNCTIONS.get(expr.func.name) ?? expr.func;
  const types = argTypes.map((type, i) =>
    i < minArgs ? documentedType(type) : `[${documentedType(type)}]`,
  );
  if (variadic < 0 || variadic > 1) types.push("...");
  return `${name}(${types.join(", ")})`;
}
