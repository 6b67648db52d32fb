import assert from "node:assert/strict";
import { test } from "node:test";
import { type ShownSpan, traceText } from "./trace-text.ts";

function span(spanId: string, parentSpanId: string, more: Partial<ShownSpan> = {}): ShownSpan {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId,
    parentSpanId,
    name: `span ${spanId}`,
    service: "orders",
    startNs: 0n,
    endNs: 1_500_000n,
    failed: false,
    ...more,
  };
}

test("traceText() shows a tree in the order of time, whatever order the spans come in", () => {
  const text = traceText([
    span("c", "a", { startNs: 2n, failed: true }),
    span("d", "b", { startNs: 3n, service: "payments" }),
    span("b", "a", { startNs: 1n }),
    span("a", "", { name: "POST /orders", service: "gateway" }),
  ]);
  assert.deepEqual(
    text.split("\n").map((line) => line.replaceAll(/ {3,}/g, "  ")),
    [
      "trace 0af7651916cd43dd8448eb211c80319c POST /orders 1.5 ms, 3 processes",
      "  gateway  POST /orders  1.5 ms",
      "  orders  span b  1.5 ms",
      "  payments  span d  1.5 ms",
      "  orders  span c  1.5 ms  error",
    ],
  );
});

test("traceText() is short however long the trace is, and empty for none", () => {
  assert.equal(traceText([]), "");
  const many = Array.from({ length: 1000 }, (_, i) => span(`s${i}`, "a", { startNs: BigInt(i) }));
  const text = traceText([span("a", ""), ...many]);
  assert.equal(text.split("\n").length, 18);
  assert.match(text, /\n {2}\.\.\. and 985 more$/);
});
