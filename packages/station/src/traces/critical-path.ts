// The critical path of a trace: the spans that made it as long as it is.
//
//   root   ████████████████████████      from the end backwards: the child that ended last was waited for,
//   a        ██████                      before it began the one that ended last before that, and so on;
//   b           ████████                 in each of them the same
//   c                       ██
//   path   ▔▔   ▔▔▔▔▔▔▔▔▔▔▔▔ ▔▔   root, b, c; a was over before b and nobody waited for it
//
// Children that end after their parent are counted up to its end.

/** What is needed of a span. */
export interface PathSpan {
  readonly spanId: string;
  readonly parentSpanId: string;
  /** Nanoseconds after the trace began. */
  readonly start: number;
  readonly end: number;
}

/** How long each span of the path itself was what everything waited for, in nanoseconds; by span id. */
export function criticalPath(spans: readonly PathSpan[]): ReadonlyMap<string, number> {
  const children = new Map<string, PathSpan[]>();
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const roots: PathSpan[] = [];
  for (const span of spans) {
    if (span.parentSpanId === "" || !ids.has(span.parentSpanId)) roots.push(span);
    else {
      const siblings = children.get(span.parentSpanId);
      if (siblings === undefined) children.set(span.parentSpanId, [span]);
      else siblings.push(span);
    }
  }
  const [root] = roots.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  const path = new Map<string, number>();
  if (root === undefined) return path;
  // A list instead of recursion: a trace may be ten thousand calls deep, and its parents may run in a circle.
  const open: { readonly span: PathSpan; readonly until: number }[] = [
    { span: root, until: root.end },
  ];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { span, until } = next;
    if (path.has(span.spanId)) continue;
    let own = 0;
    let cursor = until;
    const byEnd = (children.get(span.spanId) ?? []).toSorted((a, b) => b.end - a.end);
    for (const child of byEnd) {
      const end = Math.min(child.end, until);
      // It ended after what is on the path began: nobody waited for it.
      if (end > cursor || child.start >= cursor) continue;
      own += cursor - end;
      open.push({ span: child, until: end });
      cursor = Math.max(child.start, span.start);
      if (cursor <= span.start) break;
    }
    path.set(span.spanId, own + Math.max(0, cursor - span.start));
  }
  return path;
}
