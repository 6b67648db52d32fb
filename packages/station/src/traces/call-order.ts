// The spans of a trace in the order in which a waterfall shows them: calls under their callers, by start.
//
//   root            0
//     a             1     began before b
//       a1          2
//     b             1
//   alone           0     its caller is not here
//
// Parents that run in a circle have no beginning: their spans come last, without depth.

import type { PathSpan } from "./critical-path.ts";

/** The spans in order, each with how deep it is called. */
export function callOrder<Span extends PathSpan>(
  spans: readonly Span[],
): (Span & { readonly depth: number })[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    const parent = known.has(span.parentSpanId) ? span.parentSpanId : "";
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [span]);
    else siblings.push(span);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => b.start - a.start);
  const ordered: (Span & { readonly depth: number })[] = [];
  const seen = new Set<string>();
  const open = (children.get("") ?? []).map((span) => ({ span, depth: 0 }));
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { span, depth } = next;
    ordered.push({ ...span, depth });
    if (seen.has(span.spanId)) continue;
    seen.add(span.spanId);
    for (const child of children.get(span.spanId) ?? []) {
      open.push({ span: child, depth: depth + 1 });
    }
  }
  for (const span of spans) if (!seen.has(span.spanId)) ordered.push({ ...span, depth: 0 });
  return ordered;
}
