// From the syntax tree to the plan: everything that does not need samples is decided here, once per query.
//
//   1. `start()`, `end()`, `step()`, `range()` become numbers; durations become milliseconds; parentheses go.
//   2. `@` becomes a time. What does not depend on the evaluation time any more is wrapped in `once`, as high up in the
//      tree as possible.
//   3. Each selector learns which samples the store has to give, and what for.
//
// Why a second tree: the syntax tree stays what was written (printing, editors, rules keep it), and evaluating the
// same query at another time starts from it again.

import { type DurationContext, durationMs } from "../ast/duration.ts";
import type {
  Aggregation,
  AtModifier,
  Binary,
  Call,
  Expr,
  MatrixSelector,
  Subquery,
  VectorSelector,
} from "../ast/nodes.ts";
import { FlxError } from "@flx/model";
import type { CallNode, PlanNode, RangeNode, SelectorNode, SubqueryNode } from "./plan-nodes.ts";
import type { TimeRange } from "../series/queryable.ts";

/** What a query is planned for; all times in Unix milliseconds. */
export interface PlanSettings {
  readonly startMs: number;
  readonly endMs: number;
  /** 0 in an instant query. */
  readonly stepMs: number;
  readonly lookbackMs: number;
  /** The step of a subquery that names none. */
  readonly defaultStepMs: number;
  /** How deep nodes may be nested. */
  readonly maxDepth: number;
}

/** A plan with its selectors. */
export interface Plan {
  readonly root: PlanNode;
  readonly selectors: readonly SelectorNode[];
  /** How many nodes there are. */
  readonly size: number;
}

/**
 * @throws {FlxError} `FLX_PROMQL_DURATION` when a duration does not work out, `FLX_PROMQL_DEPTH` when the query is
 *   nested too deep
 */
export function planQuery(expr: Expr, settings: PlanSettings): Plan {
  const planner = new Planner(settings);
  const { node, wrap } = planner.build(expr, []);
  const root = wrap ? planner.once(node) : node;
  return { root, selectors: planner.selectors, size: planner.size };
}

/** A node, whether its value depends on the evaluation time, and whether `once` around it would be of use. */
interface Built {
  readonly node: PlanNode;
  readonly invariant: boolean;
  readonly wrap: boolean;
}

/** Functions whose value changes with the evaluation time though their arguments do not. */
const timeDependent = new Set([
  "days_in_month",
  "day_of_month",
  "day_of_week",
  "day_of_year",
  "hour",
  "minute",
  "month",
  "year",
  "predict_linear",
  "time",
  "timestamp",
]);

const statsFunctions = new Set(["histogram_count", "histogram_sum", "histogram_avg"]);
const bucketFunctions = new Set([
  "histogram_quantile",
  "histogram_quantiles",
  "histogram_fraction",
]);

class Planner {
  readonly selectors: SelectorNode[] = [];
  size = 0;
  readonly #settings: PlanSettings;
  readonly #durations: DurationContext;

  constructor(settings: PlanSettings) {
    this.#settings = settings;
    this.#durations = {
      stepMs: settings.stepMs,
      rangeMs: settings.endMs - settings.startMs,
    };
  }

  once(node: PlanNode): PlanNode {
    return { kind: "once", id: this.size++, start: node.start, end: node.end, expr: node };
  }

  /** @param path what the expression stands in, outermost first */
  build(expr: Expr, path: readonly Expr[]): Built {
    if (path.length > this.#settings.maxDepth) {
      throw new FlxError(
        "FLX_PROMQL_DEPTH",
        `the query is nested deeper than ${this.#settings.maxDepth}; simplify it or split it into recording rules`,
      );
    }
    switch (expr.kind) {
      case "number":
        return constant({ kind: "number", ...this.#spanOf(expr), value: expr.value });
      case "string":
        return constant({ kind: "string", ...this.#spanOf(expr), value: expr.value });
      case "paren":
        return this.build(expr.expr, path);
      case "unary": {
        const span = this.#spanOf(expr);
        const { node, invariant, wrap } = this.build(expr.expr, [...path, expr]);
        return { node: { kind: "unary", ...span, op: expr.op, expr: node }, invariant, wrap };
      }
      case "binary":
        return this.#binary(expr, path);
      case "aggregation":
        return this.#aggregation(expr, path);
      case "call":
        return this.#call(expr, path);
      case "vectorSelector": {
        const node = this.#selector(expr, path, 0);
        return { node, invariant: node.atMs !== undefined, wrap: node.atMs !== undefined };
      }
      case "matrixSelector": {
        const node = this.#range(expr, path);
        return { node, invariant: node.selector.atMs !== undefined, wrap: false };
      }
      case "subquery":
      default: {
        const node = this.#subquery(expr, path);
        return { node, invariant: node.atMs !== undefined, wrap: false };
      }
    }
  }

  #spanOf({ start, end }: Expr): { id: number; start: number; end: number } {
    return { id: this.size++, start, end };
  }

  #binary(expr: Binary, path: readonly Expr[]): Built {
    const span = this.#spanOf(expr);
    const inner = [...path, expr];
    const left = this.build(expr.left, inner);
    const right = this.build(expr.right, inner);
    const { op, returnBool, matching } = expr;
    if (left.invariant && right.invariant) {
      return {
        node: {
          kind: "binary",
          ...span,
          op,
          left: left.node,
          right: right.node,
          returnBool,
          matching,
        },
        invariant: true,
        wrap: true,
      };
    }
    const leftNode = this.#wrapped(left);
    const rightNode = this.#wrapped(right);
    return {
      node: { kind: "binary", ...span, op, left: leftNode, right: rightNode, returnBool, matching },
      invariant: false,
      wrap: false,
    };
  }

  #aggregation(expr: Aggregation, path: readonly Expr[]): Built {
    const span = this.#spanOf(expr);
    const inner = [...path, expr];
    const param = expr.param === undefined ? undefined : this.build(expr.param, inner);
    const { node, invariant, wrap } = this.build(expr.expr, inner);
    return {
      node: {
        kind: "aggregate",
        ...span,
        op: expr.op,
        expr: node,
        param: param?.node,
        grouping: expr.grouping.toSorted(),
        without: expr.without,
      },
      invariant,
      wrap,
    };
  }

  #call(expr: Call, path: readonly Expr[]): Built {
    const { name } = expr.func;
    const folded = this.#queryConstant(name);
    if (folded !== undefined) {
      return constant({ kind: "number", ...this.#spanOf(expr), value: folded });
    }
    const span = this.#spanOf(expr);
    const inner = [...path, expr];
    const args = expr.args.map((arg) => this.build(arg, inner));
    const call = (nodes: PlanNode[]): CallNode => ({
      kind: "call",
      ...span,
      name,
      returns: expr.func.returnType,
      args: nodes,
    });
    const argsInvariant = args.every(({ invariant }) => invariant);
    const isTimestampOfFixed =
      name === "timestamp" && argsInvariant && args.every(({ node }) => node.kind === "selector");
    if ((argsInvariant && !timeDependent.has(name)) || isTimestampOfFixed) {
      return { node: call(args.map(({ node }) => node)), invariant: true, wrap: true };
    }
    return { node: call(args.map((arg) => this.#wrapped(arg))), invariant: false, wrap: false };
  }

  /** `start()`, `end()`, `range()` and `step()` are numbers, in seconds. */
  #queryConstant(name: string): number | undefined {
    const { startMs, endMs, stepMs } = this.#settings;
    if (name === "start") return startMs / 1000;
    if (name === "end") return endMs / 1000;
    if (name === "range") return (endMs - startMs) / 1000;
    if (name === "step") return startMs === endMs ? 0 : stepMs / 1000;
    return undefined;
  }

  #range(expr: MatrixSelector, path: readonly Expr[]): RangeNode {
    const span = this.#spanOf(expr);
    const rangeMs = durationMs(expr.range, this.#durations, "positive");
    const selector = this.#selector(expr.vector, [...path, expr], rangeMs);
    return { kind: "range", ...span, selector, rangeMs };
  }

  #subquery(expr: Subquery, path: readonly Expr[]): SubqueryNode {
    const span = this.#spanOf(expr);
    const built = this.build(expr.expr, [...path, expr]);
    return {
      kind: "subquery",
      ...span,
      expr: built.invariant ? this.once(built.node) : built.node,
      rangeMs: durationMs(expr.range, this.#durations, "positive"),
      stepMs: this.#stepOf(expr),
      offsetMs: this.#offsetOf(expr),
      atMs: this.#timeOf(expr.at),
    };
  }

  #selector(expr: VectorSelector, path: readonly Expr[], rangeMs: number): SelectorNode {
    const offsetMs = this.#offsetOf(expr);
    const atMs = this.#timeOf(expr.at);
    const grouping = groupingOf(path.at(-1));
    const node: SelectorNode = {
      kind: "selector",
      ...this.#spanOf(expr),
      matchers: expr.matchers,
      offsetMs,
      atMs,
      extended: expr.extended,
      statsOnly: needsStatsOnly(path),
      range: this.#rangeOf(expr, path, rangeMs, offsetMs, atMs),
      hints: {
        stepMs: this.#innermostStep(path),
        rangeMs,
        func: nearestFunction(path),
        grouping: grouping?.grouping ?? [],
        by: grouping !== undefined && !grouping.without,
        firstMs: this.#firstOf(expr, path, offsetMs, atMs),
      },
    };
    this.selectors.push(node);
    return node;
  }

  /** The first time at which a selector is evaluated, when the others follow from it. */
  #firstOf(
    expr: VectorSelector,
    path: readonly Expr[],
    offsetMs: number,
    atMs: number | undefined,
  ): number | undefined {
    const isOther = expr.extended !== undefined || path.some(({ kind }) => kind === "subquery");
    return isOther ? undefined : (atMs ?? this.#settings.startMs) - offsetMs;
  }

  /** The samples a selector can need: its own window at every time at which it is evaluated. */
  #rangeOf(
    expr: VectorSelector,
    path: readonly Expr[],
    rangeMs: number,
    offsetMs: number,
    atMs: number | undefined,
  ): TimeRange {
    const { lookbackMs } = this.#settings;
    let { startMs, endMs } = this.#settings;
    let reachMs = 0;
    for (const outer of path) {
      if (outer.kind !== "subquery") continue;
      const outerAt = this.#timeOf(outer.at);
      if (outerAt !== undefined) {
        startMs = outerAt;
        endMs = outerAt;
        reachMs = 0;
      }
      const outerOffset = this.#offsetOf(outer);
      startMs -= outerOffset;
      endMs -= outerOffset;
      reachMs += durationMs(outer.range, this.#durations, "positive");
    }
    if (atMs !== undefined) {
      startMs = atMs;
      endMs = atMs;
      reachMs = 0;
    }
    const windowMs = rangeMs === 0 ? lookbackMs : rangeMs;
    startMs -= reachMs + offsetMs + windowMs - 1;
    endMs -= offsetMs;
    if (expr.extended !== undefined && rangeMs > 0) startMs -= lookbackMs;
    if (expr.extended === "smoothed") endMs += lookbackMs;
    return { startMs, endMs };
  }

  #innermostStep(path: readonly Expr[]): number {
    const subquery = path.findLast((outer) => outer.kind === "subquery");
    return subquery === undefined ? this.#settings.stepMs : this.#stepOf(subquery);
  }

  #stepOf(expr: Subquery): number {
    const written =
      expr.step === undefined ? 0 : durationMs(expr.step, this.#durations, "positive");
    return written === 0 ? this.#settings.defaultStepMs : written;
  }

  #offsetOf(expr: VectorSelector | Subquery): number {
    return expr.offset === undefined ? 0 : durationMs(expr.offset, this.#durations, "any");
  }

  #timeOf(at: AtModifier | undefined): number | undefined {
    if (at === undefined) return undefined;
    if (at.kind === "time") return at.timestampMs;
    return at.kind === "start" ? this.#settings.startMs : this.#settings.endMs;
  }

  #wrapped({ node, wrap }: Built): PlanNode {
    return wrap ? this.once(node) : node;
  }
}

function constant(node: PlanNode): Built {
  return { node, invariant: true, wrap: false };
}

function groupingOf(parent: Expr | undefined): Aggregation | undefined {
  return parent?.kind === "aggregation" ? parent : undefined;
}

/** The function or aggregation that takes the selector's samples; "" when an operator stands between. */
function nearestFunction(path: readonly Expr[]): string {
  for (const outer of path.toReversed()) {
    if (outer.kind === "aggregation") return outer.op;
    if (outer.kind === "call") return outer.func.name;
    if (outer.kind === "binary") return "";
  }
  return "";
}

/** Whether only count and sum of histograms are looked at: under `histogram_count` and the like, and nothing finer. */
function needsStatsOnly(path: readonly Expr[]): boolean {
  let stats = false;
  for (const outer of path.toReversed()) {
    if (outer.kind === "subquery") return false;
    if (outer.kind === "binary" && (outer.op === "</" || outer.op === ">/")) return false;
    if (outer.kind !== "call") continue;
    if (bucketFunctions.has(outer.func.name)) return false;
    if (statsFunctions.has(outer.func.name)) stats = true;
  }
  return stats;
}
