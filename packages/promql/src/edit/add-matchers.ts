// A query that sees only a part of the data: matchers put into each of its selectors.
//
//   up / on (job) rate(x{job="a"}[5m])   +   tenant="t1"
//   up{tenant="t1"} / on (job) rate(x{job="a",tenant="t1"}[5m])
//
// A matcher that a selector has already is not put in twice. One on the same label with another value stays beside the
// new one, so that nothing matches which does not match both: what a filter promises holds whatever the query says.

import type { Expr, VectorSelector } from "../ast/nodes.ts";
import { transform } from "../ast/walk.ts";
import { Matcher } from "../matcher/matcher.ts";

/**
 * The query with matchers added to every selector.
 *
 * @throws {FlxError} `FLX_PROMQL_REGEX` when the pattern of a matcher is none
 */
export function addMatchers(expr: Expr, matchers: readonly Matcher[]): Expr {
  for (const matcher of matchers) if (matcher.isRegex) matcher.compile();
  return transform(expr, (node) =>
    node.kind === "vectorSelector" ? withMatchers(node, matchers) : node,
  );
}

function withMatchers(selector: VectorSelector, added: readonly Matcher[]): VectorSelector {
  const missing = added.filter(
    (each) => !selector.matchers.some((present) => isSame(present, each)),
  );
  if (missing.length === 0) return selector;
  const copies = missing.map(({ op, name, value }) => new Matcher(op, name, value));
  // The matcher that the name before the braces stands for is the last one, and stays so.
  const own = selector.name === undefined ? selector.matchers : selector.matchers.slice(0, -1);
  const name = selector.name === undefined ? [] : selector.matchers.slice(-1);
  return { ...selector, matchers: [...own, ...copies, ...name] };
}

function isSame(a: Matcher, b: Matcher): boolean {
  return a.op === b.op && a.name === b.name && a.value === b.value;
}
