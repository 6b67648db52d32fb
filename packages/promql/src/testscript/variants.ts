// The same instant query asked in other ways that must give the same: every selector gets `@ <time>`, and then the time
// of the evaluation must not matter.
//
//   eval instant at 50m  sum(x)      sum(x @ 3000.000)  at -500m, 0, 10m, 50m and 500m
//
// Queries whose result depends on the time in other ways (`time()`, `hour()`, `timestamp()` ...) have no variants.

import type { AtModifier, Expr } from "../ast/nodes.ts";
import { mapChildren, walk } from "../ast/walk.ts";
import { printExpr } from "../print/print.ts";

const dependsOnTime: ReadonlySet<string> = new Set(
  "days_in_month day_of_month day_of_week day_of_year end hour minute month year predict_linear range start step time timestamp".split(
    " ",
  ),
);

/** A query and when to ask it. */
export interface Variant {
  readonly query: string;
  readonly timeMs: number;
}

/** The other ways to ask an instant query; none when its result depends on the time. */
export function variantsOf(expr: Expr, timeMs: number): readonly Variant[] {
  let depends = false;
  walk(expr, (node) => {
    if (node.kind === "call" && dependsOnTime.has(node.func.name)) depends = true;
  });
  if (depends) return [];
  const query = printExpr(pinned(expr, { kind: "time", timestampMs: timeMs }));
  const times =
    timeMs === 0
      ? [-1000, 0, 1000]
      : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  return times.map((each) => ({ query, timeMs: each }));
}

/** Every selector and subquery at the time, but for those inside a subquery, which move with it. */
function pinned(expr: Expr, at: AtModifier): Expr {
  if (expr.kind === "vectorSelector" || expr.kind === "subquery") {
    return expr.at?.kind === "time" ? expr : { ...expr, at };
  }
  return mapChildren(expr, (child) => pinned(child, at));
}
