// A trace as a tree that people read in a terminal. Pure.
//
//   trace 0af76519 POST /orders 31.2 ms, 4 processes
//     gateway   POST /orders                                    31.2 ms
//     gateway     shop.orders.v1.Orders/PlaceOrder              29.8 ms
//     orders        shop.orders.v1.Orders/PlaceOrder            28.9 ms  error

/** A span, as far as it is shown. */
export type ShownSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly service: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly failed: boolean;
};

const maxLines = 16;

/** The lines of a trace: parents before children, in the order of time. */
export function traceText(spans: readonly ShownSpan[]): string {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const sorted = spans.toSorted((a, b) => Number(a.startNs - b.startNs));
  const roots = sorted.filter(({ parentSpanId }) => !ids.has(parentSpanId));
  const [root] = roots;
  if (root === undefined) return "";
  const lines: string[] = [];
  const width = Math.max(...spans.map(({ service }) => service.length));
  const show = (span: ShownSpan, depth: number): void => {
    const name = `${"  ".repeat(depth)}${span.name}`;
    const error = span.failed ? "  error" : "";
    lines.push(`  ${span.service.padEnd(width)}  ${name.padEnd(56)} ${msText(span)}${error}`);
    // A span cannot be its own ancestor in what we send; a bound keeps a wrong one from mattering.
    if (depth > 32) return;
    for (const child of sorted) if (child.parentSpanId === span.spanId) show(child, depth + 1);
  };
  for (const each of roots) show(each, 0);
  const services = new Set(spans.map(({ service }) => service)).size;
  const more = lines.length > maxLines ? [`  ... and ${lines.length - maxLines} more`] : [];
  const head = `trace ${root.traceId} ${root.name} ${msText(root).trim()}, ${services} processes`;
  return [head, ...lines.slice(0, maxLines), ...more].join("\n");
}

function msText({ startNs, endNs }: ShownSpan): string {
  return `${(Number(endNs - startNs) / 1e6).toFixed(1).padStart(8)} ms`;
}
