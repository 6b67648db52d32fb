import assert from "node:assert/strict";
import { test } from "node:test";
import { cellWidth } from "../records/cells.ts";
import { type ShownSpan, waterfall } from "./waterfall.ts";

const screen = { width: 80, height: 30, isColored: false };

function span(text: string, more: Partial<ShownSpan> = {}): ShownSpan {
  const [spanId = "", parent = "", start, duration] = text.split(" ");
  return {
    spanId,
    parentSpanId: parent === "-" ? "" : parent,
    service: "orders",
    name: spanId,
    startNs: String(1_790_000_000_000_000_000n + BigInt(start!) * 1_000_000n),
    durationNs: Number(duration) * 1e6,
    status: "unset",
    ...more,
  };
}

test("waterfall() draws calls under their callers, the critical path heavy", () => {
  const lines = waterfall(
    [
      span("root - 0 30", { service: "gateway" }),
      span("fast root 1 3"),
      span("slow root 5 20", { status: "error" }),
      span("inner slow 6 10"),
    ],
    screen,
  );
  assert.deepEqual(lines, [
    "gateway  root                                 ━━━━━━━━━━━━━━━━━━━━━━━    30.0 ms",
    "orders     fast                               ━━━━                       3.00 ms",
    "orders     slow                            !     ━━━━━━━━━━━━━━━━━       20.0 ms",
    "orders       inner                                ━━━━━━━━━              10.0 ms",
  ]);
});

test("waterfall() is as wide as the screen, whatever the names, and steers no terminal", () => {
  const spans = [
    span("a - 0 10", { name: "日本語".repeat(40), service: "👍".repeat(30) }),
    span("b a 0 0", { name: "\u001b]0;title\u0007\u001b[2J\n\u202eevil" }),
    span("c zzz 3 4"),
    span("d e 1 1"),
    span("e d 1 1"),
  ];
  for (const width of [40, 80, 200]) {
    const lines = waterfall(spans, { ...screen, width });
    assert.equal(lines.length, 5);
    for (const line of lines) {
      assert.doesNotMatch(line, /[\p{Cc}\u202e]/u);
      assert.ok(width < 60 || cellWidth(line) === width, `${cellWidth(line)} of ${width}: ${line}`);
    }
  }
  assert.deepEqual(waterfall(spans, screen, 2).at(-1), "and 3 more spans");
  assert.deepEqual(waterfall([], screen), []);
});
