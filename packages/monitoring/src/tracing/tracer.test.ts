import assert from "node:assert/strict";
import { test } from "node:test";
import type { Span, SpanContext } from "@opentelemetry/api";
import { collectingTracer, under, underRemote } from "../../testdata/tracing/collecting-tracer.ts";
import { activeContext } from "./context-manager.ts";
import { EMPTY_CONTEXT, spanOf, SUPPRESS_TRACING_KEY } from "./context.ts";
import {
  ALWAYS_OFF,
  ALWAYS_ON,
  ParentBasedSampler,
  RatioSampler,
  type Sampler,
} from "./sampler.ts";
import { DEFAULT_SPAN_LIMITS } from "./span-limits.ts";
import { FLAG_RANDOM, RecordedSpan } from "./span.ts";
import { isSpanId, isTraceId } from "./trace-id.ts";
import { parseTraceState } from "./trace-state.ts";
import { FlxTracerProvider } from "./tracer-provider.ts";
import { UnsampledSpan } from "./unsampled-span.ts";

const KINDS = { internal: 0, server: 1, client: 2, producer: 3, consumer: 4 };

test("startSpan() numbers kinds as the protocol does; internal is the default", () => {
  const { tracer, ended } = collectingTracer();
  tracer.startSpan("default").end();
  for (const kind of Object.values(KINDS)) tracer.startSpan("span", { kind }).end();
  assert.deepEqual(
    ended.map(({ kind }) => kind),
    [1, 1, 2, 3, 4, 5],
  );
});

test("startSpan() goes on with the trace of another process, and says that the parent is there", () => {
  const { tracer, ended } = collectingTracer();
  const traceState = parseTraceState("vendor=1")!;
  const context = underRemote({ traceState, traceFlags: 3 });
  const span = tracer.startSpan("server", {}, context) as RecordedSpan;
  tracer.startSpan("inside", {}, under(span)).end();
  span.end();
  const [inside, server] = ended;
  assert.equal(server?.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(server.hasRemoteParent, true);
  assert.equal(server.flags, 0x303);
  assert.equal(inside?.hasRemoteParent, false);
  assert.equal(inside.flags, 0x103);
  assert.equal(inside.traceState, "vendor=1");
  assert.equal(span.spanContext().traceState?.serialize(), "vendor=1");
  assert.equal(span.spanContext().isRemote, undefined);
});

test("startSpan() begins a new trace where the parent is none", () => {
  const { tracer } = collectingTracer();
  const f = (context: Partial<SpanContext>) => {
    const span = tracer.startSpan("root", {}, underRemote(context)) as RecordedSpan;
    assert.notEqual(span.traceId, context.traceId);
    assert.equal(span.parent0 | span.parent1, 0);
  };

  f({ traceId: "0".repeat(32) });
  f({ traceId: "not an id" });
  f({ spanId: "0".repeat(16) });
  const broken = {
    spanContext: () => {
      throw new Error("no");
    },
  } as unknown as Span;
  assert.ok(tracer.startSpan("root", {}, under(broken)) instanceof RecordedSpan);
});

test("unsampled spans record nothing and are never exported", () => {
  const { tracer, ended } = collectingTracer({ sampler: new ParentBasedSampler(ALWAYS_OFF) });
  const root = tracer.startSpan("root");
  const child = tracer.startSpan("child", {}, under(root));
  for (const span of [child, root]) {
    assert.equal(span.isRecording(), false);
    span
      .setAttribute("a", 1)
      .setAttributes({})
      .addEvent("e")
      .setStatus({ code: 2 })
      .updateName("n");
    span.addLink({ context: root.spanContext() }).addLinks([]);
    span.recordException(new Error("no"));
    span.end();
  }
  assert.deepEqual(ended, []);
});

test("unsampled spans have ids when they are asked for: one trace, a fresh span id each", () => {
  const { tracer } = collectingTracer({ sampler: new ParentBasedSampler(ALWAYS_OFF) });
  const root = tracer.startSpan("root");
  const children = [1, 2, 3].map(() => tracer.startSpan("child", {}, under(root)));
  const contexts = [root, ...children].map((span) => span.spanContext());
  assert.equal(new Set(contexts.map(({ traceId }) => traceId)).size, 1);
  assert.equal(new Set(contexts.map(({ spanId }) => spanId)).size, 4);
  for (const { traceId, spanId, traceFlags } of contexts) {
    assert.ok(isTraceId(traceId) && isSpanId(spanId));
    assert.equal(traceFlags, FLAG_RANDOM);
  }
  assert.deepEqual(root.spanContext(), contexts[0]);
});

test("an unsampled span under a remote parent keeps trace, state and random flag, not the sampled flag", () => {
  const traceState = parseTraceState("vendor=1")!;
  const { tracer } = collectingTracer();
  const {
    traceId,
    spanId,
    traceFlags,
    traceState: state,
  } = tracer.startSpan("server", {}, underRemote({ traceFlags: 2, traceState })).spanContext();
  assert.equal(traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.ok(isSpanId(spanId) && spanId !== "b7ad6b7169203331");
  assert.equal(traceFlags, 2);
  assert.equal(state?.serialize(), "vendor=1");
});

test("startSpan() makes no span where tracing is suppressed", () => {
  const { tracer, ended } = collectingTracer();
  const context = EMPTY_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true);
  tracer.startSpan("export", {}, context).end();
  assert.deepEqual(ended, []);
});

test("startActiveSpan() has the span active in the function, whatever arguments come before it", () => {
  const { tracer } = collectingTracer();
  const remote = underRemote();
  tracer.startActiveSpan("one", (span) => assert.equal(spanOf(activeContext()), span));
  tracer.startActiveSpan("two", { kind: 2 }, (span) => {
    assert.equal(spanOf(activeContext()), span);
    assert.equal((span as RecordedSpan).kind, 3);
  });
  const result = tracer.startActiveSpan("three", {}, remote, (span) => {
    assert.equal(span.spanContext().traceId, "0af7651916cd43dd8448eb211c80319c");
    return 7;
  });
  assert.equal(result, 7);
  assert.equal(spanOf(activeContext()), undefined);
});

test("startActiveSpan() keeps the span active across awaits, and apart from other work", async () => {
  const { tracer, ended } = collectingTracer();
  const work = async (name: string): Promise<void> =>
    await tracer.startActiveSpan(name, async (span) => {
      await new Promise((resolve) => setImmediate(resolve));
      tracer.startSpan(`in ${name}`).end();
      span.end();
    });
  await Promise.all(["a", "b", "c"].map(work));
  for (const name of ["a", "b", "c"]) {
    const outer = ended.find((span) => span.name === name);
    assert.equal(ended.find((span) => span.name === `in ${name}`)?.traceId, outer?.traceId);
  }
});

test("a sampler or a hook that throws costs the span, not the request", () => {
  const sampler: Sampler = {
    description: "broken",
    followsParent: false,
    sample: () => {
      throw new Error("no");
    },
  };
  assert.ok(collectingTracer({ sampler }).tracer.startSpan("work") instanceof UnsampledSpan);
  const onStart = () => {
    throw new Error("no");
  };
  assert.ok(collectingTracer({ onStart }).tracer.startSpan("work") instanceof UnsampledSpan);
});

test("a sampler's attributes are set, and its threshold travels in tracestate", () => {
  const sampler: Sampler = {
    description: "rich",
    followsParent: true,
    sample: () => ({ decision: "sample", attributes: { rule: "a" }, threshold: "8" }),
  };
  const span = collectingTracer({ sampler }).tracer.startSpan("work") as RecordedSpan;
  assert.equal(span.attributes?.get("rule"), "a");
  assert.equal(span.traceState, "ot=th:8");
});

test("a child that a sampler drops under a sampled parent does not pass the parent's threshold on", () => {
  const { tracer } = collectingTracer({ sampler: ALWAYS_OFF });
  const traceState = parseTraceState("ot=th:8;rv:ffffffffffffff,vendor=1")!;
  const { traceFlags, traceState: state } = tracer
    .startSpan("server", {}, underRemote({ traceState }))
    .spanContext();
  assert.deepEqual([traceFlags, state?.serialize()], [0, "ot=rv:ffffffffffffff,vendor=1"]);
});

test("FlxTracerProvider gives one tracer a scope, and all follow new settings", () => {
  const names: (string | undefined)[] = [];
  const base = {
    sampler: new ParentBasedSampler(ALWAYS_OFF),
    sink: { ended: (span: RecordedSpan) => names.push(span.name) },
    limits: DEFAULT_SPAN_LIMITS,
    scopeId: () => 1,
  };
  const provider = new FlxTracerProvider(base);
  const tracer = provider.getTracer("a", "1");
  assert.equal(provider.getTracer("a", "1"), tracer);
  assert.notEqual(provider.getTracer("a", "2"), tracer);
  assert.notEqual(provider.getTracer("a", "1", { schemaUrl: "s" }), tracer);
  assert.equal(tracer.dropsRoots, true);
  tracer.startSpan("before").end();
  provider.configure({ ...base, sampler: new ParentBasedSampler(ALWAYS_ON) });
  assert.equal(tracer.dropsRoots, false);
  tracer.startSpan("while").end();
  const late = tracer.startSpan("late");
  provider.stop();
  tracer.startSpan("after").end();
  late.end();
  assert.deepEqual(names, ["while", "late"]);
  for (let i = 0; i < 5000; i++) provider.getTracer(`loop ${i}`);
  assert.equal(provider.getTracer("a", "1"), tracer);
});

test("RatioSampler at 0 makes a tracer drop roots without asking", () => {
  const { tracer } = collectingTracer({ sampler: new ParentBasedSampler(new RatioSampler(0)) });
  assert.equal(tracer.dropsRoots, true);
  assert.ok(tracer.startSpan("root") instanceof UnsampledSpan);
  assert.ok(tracer.startSpan("server", {}, underRemote()) instanceof RecordedSpan);
});
