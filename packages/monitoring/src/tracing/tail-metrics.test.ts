import assert from "node:assert/strict";
import { test } from "node:test";
import { Registry } from "../metrics/registry.ts";
import { collectTailMetrics } from "./tail-metrics.ts";

test("collectTailMetrics() exposes what became of spans, and takes the families away again", async () => {
  const registry = new Registry();
  const counts = { kept: 1, dropped: 2, evicted: 0 };
  const tail = { counts, heldBytes: 700 };
  const exposed = collectTailMetrics(tail, { registry });
  counts.evicted = 3;
  const text = await registry.metrics();
  for (const line of [
    'flx_trace_tail_spans_total{outcome="kept"} 1',
    'flx_trace_tail_spans_total{outcome="dropped"} 2',
    'flx_trace_tail_spans_total{outcome="evicted"} 3',
    "flx_trace_tail_held_bytes 700",
  ]) {
    assert.ok(text.includes(`${line}\n`), `${line} is in\n${text}`);
  }
  exposed[Symbol.dispose]();
  assert.ok(!(await registry.metrics()).includes("flx_trace_tail"));
});
