import assert from "node:assert/strict";
import { test } from "node:test";
import { criticalPath, type PathSpan } from "./critical-path.ts";

test("criticalPath() finds what was waited for, and how long", () => {
  const f = (spans: readonly string[], want: Readonly<Record<string, number>>) => {
    const parsed = spans.map((text): PathSpan => {
      const [spanId = "", parentSpanId = "", start, end] = text.split(" ");
      const parent = parentSpanId === "-" ? "" : parentSpanId;
      return { spanId, parentSpanId: parent, start: Number(start), end: Number(end) };
    });
    assert.deepEqual(Object.fromEntries(criticalPath(parsed)), want);
  };

  f([], {});
  f(["r - 0 10"], { r: 10 });
  f(["r - 0 10", "a r 2 8"], { r: 4, a: 6 });
  // a ended before b began to be waited for, and lies within b's time.
  f(["r - 0 24", "a r 2 8", "b r 5 13", "c r 20 22"], { r: 14, c: 2, b: 8 });
  f(["r - 0 10", "a r 0 4", "b r 4 10"], { r: 0, b: 6, a: 4 });
  f(["r - 0 10", "a r 1 9", "b a 2 8", "c b 3 4"], { r: 2, a: 2, b: 5, c: 1 });
  // It goes on after its parent has answered.
  f(["r - 0 10", "a r 5 30"], { r: 5, a: 5 });
  // The root is not here; two spans that are each other's parent.
  f(["a x 0 5", "b a 1 2"], { a: 4, b: 1 });
  f(["a b 0 5", "b a 1 2"], {});
});

test("criticalPath() of a trace ten thousand calls deep", () => {
  const spans = Array.from({ length: 10_000 }, (_, i) => ({
    spanId: String(i),
    parentSpanId: i === 0 ? "" : String(i - 1),
    start: i,
    end: 30_000 - i,
  }));
  assert.equal(criticalPath(spans).size, 10_000);
});
