import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_SPAN_LIMITS } from "./span-limits.ts";
import type { RecordedSpan, SpanSink } from "./span.ts";
import { RecordingSampler, TailSamplingSink, type TailSamplingSettings } from "./tail-sampling.ts";
import { FlxTracer } from "./tracer.ts";
import { EMPTY_CONTEXT, contextWithSpan } from "./context.ts";
import { RemoteSpan } from "./propagation/remote-span.ts";

function tracing(settings: TailSamplingSettings) {
  const out: string[] = [];
  const next: SpanSink = {
    ended: (span) => {
      assert.equal(span.flags & 1, 1, "what goes out counts as sampled");
      out.push(span.name);
    },
  };
  const sink = new TailSamplingSink(next, settings);
  const tracer = new FlxTracer(
    {
      epoch: 0,
      settings: {
        sampler: new RecordingSampler(settings.ratio),
        sink,
        limits: DEFAULT_SPAN_LIMITS,
        scopeId: () => 1,
      },
    },
    { name: "test" },
  );
  const start = (name: string, parent?: RecordedSpan) => {
    const context = parent === undefined ? EMPTY_CONTEXT : contextWithSpan(EMPTY_CONTEXT, parent);
    return tracer.startSpan(name, {}, context) as RecordedSpan;
  };
  return { out, sink, start, tracer };
}

test("TailSamplingSink drops a trace in which nothing happened", () => {
  const { out, sink, start } = tracing({ ratio: 0 });
  const root = start("root");
  start("child", root).end();
  assert.ok(sink.heldBytes > 0);
  root.end();
  assert.deepEqual(out, []);
  assert.equal(sink.heldBytes, 0);
  assert.deepEqual(sink.counts, { kept: 0, dropped: 2, evicted: 0 });
});

test("TailSamplingSink keeps the whole local trace once a span has failed, also what ends later", () => {
  const { out, sink, start } = tracing({ ratio: 0 });
  const root = start("root");
  const late = start("late", root);
  start("before", root).end();
  const failed = start("failed", root);
  failed.setStatus({ code: 2, message: "no" });
  failed.end();
  start("after", root).end();
  root.end();
  late.end();
  assert.deepEqual(out, ["before", "failed", "after", "root", "late"]);
  assert.equal(sink.counts.kept, 5);
  assert.equal(sink.heldBytes, 0);
});

test("TailSamplingSink keeps slow operations, by name or all", () => {
  const f = (slowMs: TailSamplingSettings["slowMs"], want: string[]) => {
    const { out, start } = tracing({ ratio: 0, slowMs });
    const span = start("GET /");
    span.startAt(new Date(Date.now() - 1000));
    span.end();
    assert.deepEqual(out, want);
  };

  f(500, ["GET /"]);
  f(5000, []);
  f({ "GET /": 500 }, ["GET /"]);
  f({ "GET /": 5000, "*": 500 }, []);
  f({ other: 5000, "*": 500 }, ["GET /"]);
  f(undefined, []);
});

test("TailSamplingSink passes what the base rate has chosen, and judges what ends after a dropped root alone", () => {
  const all = tracing({ ratio: 1 });
  all.start("root").end();
  assert.deepEqual(all.out, ["root"]);

  const { out, start } = tracing({ ratio: 0 });
  const root = start("root");
  const fine = start("fine", root);
  const failed = start("failed", root);
  root.end();
  fine.end();
  failed.setStatus({ code: 2 });
  failed.end();
  assert.deepEqual(out, ["failed"]);
});

test("TailSamplingSink takes the span under a remote parent for the local root", () => {
  const { out, sink, tracer } = tracing({ ratio: 0 });
  const remote = new RemoteSpan({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 0,
    isRemote: true,
  });
  tracer.startSpan("server", {}, contextWithSpan(EMPTY_CONTEXT, remote)).end();
  assert.deepEqual(out, []);
  assert.equal(sink.counts.dropped, 1);
});

test("TailSamplingSink never holds more than it may: the oldest traces go, and are counted", () => {
  const { out, sink, start } = tracing({ ratio: 0, maxBytes: 50_000, maxSpansPerTrace: 10 });
  const roots = Array.from({ length: 100 }, (_, i) => start(`root ${i}`));
  for (const root of roots) {
    for (let i = 0; i < 3; i++) start("child", root).setAttribute("text", "x".repeat(1000)).end();
    assert.ok(sink.heldBytes <= 50_000);
  }
  assert.ok(sink.counts.evicted > 200);
  const long = start("long");
  for (let i = 0; i < 20; i++) start("child", long).end();
  const { evicted } = sink.counts;
  for (const root of [...roots, long]) root.end();
  assert.deepEqual(out, []);
  assert.equal(sink.heldBytes, 0);
  assert.equal(sink.counts.evicted, evicted);
  assert.equal(sink.counts.dropped + sink.counts.evicted, 300 + 20 + 101);
});
