import assert from "node:assert/strict";
import { test } from "node:test";
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  propagation,
  type Span,
  type TextMapPropagator,
} from "@opentelemetry/api";
import fc from "fast-check";
import {
  collectingTracer,
  under,
  underRemote,
} from "../../../testdata/tracing/collecting-tracer.ts";
import { EMPTY_CONTEXT, spanOf } from "../context.ts";
import { UnsampledSpan } from "../unsampled-span.ts";
import { B3Propagator } from "./b3.ts";
import { CompositePropagator } from "./composite.ts";
import { contextFromEnvironment, environmentWithContext } from "./environment.ts";
import { JaegerPropagator } from "./jaeger.ts";
import {
  BAGGAGE_KEY,
  BaggageMap,
  baggageOf,
  formatBaggage,
  parseBaggage,
  W3CBaggagePropagator,
} from "./w3c-baggage.ts";
import { W3CTraceContextPropagator } from "./w3c-trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function extract(propagator: TextMapPropagator, headers: Headers) {
  return propagator.extract(EMPTY_CONTEXT, headers, defaultTextMapGetter);
}

function inject(propagator: TextMapPropagator, context = underRemote()): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagator.inject(context, carrier, defaultTextMapSetter);
  return carrier;
}

/** "trace span flags", or undefined. */
function found(propagator: TextMapPropagator, headers: Headers): string | undefined {
  const span = spanOf(extract(propagator, headers))?.spanContext();
  if (span === undefined) return undefined;
  assert.equal(span.isRemote, true);
  return `${span.traceId} ${span.spanId} ${span.traceFlags}`;
}

test("B3Propagator reads the single header in all its forms", () => {
  const f = (b3: string, want: string | undefined) => {
    assert.equal(found(new B3Propagator(), { b3 }), want, b3);
  };

  f(`${TRACE}-${SPAN}-1`, `${TRACE} ${SPAN} 1`);
  f(`${TRACE}-${SPAN}-0`, `${TRACE} ${SPAN} 0`);
  f(`${TRACE}-${SPAN}-d`, `${TRACE} ${SPAN} 1`);
  f(`${TRACE}-${SPAN}`, `${TRACE} ${SPAN} 1`);
  f(`${TRACE}-${SPAN}-1-${SPAN}`, `${TRACE} ${SPAN} 1`);
  f(`8448eb211c80319c-${SPAN}-1`, `00000000000000008448eb211c80319c ${SPAN} 1`);
  f(`${TRACE.toUpperCase()}-${SPAN}-1`, `${TRACE} ${SPAN} 1`);
  f(`${TRACE}-${SPAN}-2`, undefined);
  f(`${TRACE}-${SPAN}-1-${SPAN}-x`, undefined);
  f(`${"0".repeat(32)}-${SPAN}-1`, undefined);
  f(TRACE, undefined);
  f("1", undefined);
  f("", undefined);
  f("-".repeat(8000), undefined);
});

test("B3Propagator reads the headers of a field each, the single one first", () => {
  const ids = { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN };
  const f = (headers: Headers, want: string | undefined) => {
    assert.equal(found(new B3Propagator("multi"), headers), want);
  };

  f({ ...ids, "x-b3-sampled": "1" }, `${TRACE} ${SPAN} 1`);
  f({ ...ids, "x-b3-sampled": "0" }, `${TRACE} ${SPAN} 0`);
  f({ ...ids, "x-b3-sampled": "true" }, `${TRACE} ${SPAN} 1`);
  f({ ...ids, "x-b3-sampled": "False" }, `${TRACE} ${SPAN} 0`);
  f({ ...ids, "x-b3-sampled": "0", "x-b3-flags": "1" }, `${TRACE} ${SPAN} 1`);
  f(ids, `${TRACE} ${SPAN} 1`);
  f({ ...ids, "x-b3-sampled": "maybe" }, undefined);
  f({ "x-b3-traceid": TRACE }, undefined);
  f({ ...ids, "x-b3-traceid": [TRACE, TRACE] }, undefined);
  f({ ...ids, "x-b3-sampled": "0", b3: `${TRACE}-${SPAN}-1` }, `${TRACE} ${SPAN} 1`);
  f({ ...ids, b3: "nonsense" }, `${TRACE} ${SPAN} 1`);
});

test("B3Propagator takes a decision without a trace: what begins is not sampled", () => {
  for (const headers of [{ b3: "0" }, { "x-b3-sampled": "0" }]) {
    const context = extract(new B3Propagator(), headers);
    assert.ok(spanOf(context) instanceof UnsampledSpan);
    const { tracer, ended } = collectingTracer();
    tracer.startSpan("server", {}, context).end();
    assert.deepEqual(ended, []);
  }
  assert.equal(spanOf(extract(new B3Propagator(), { "x-b3-sampled": "1" })), undefined);
});

test("B3Propagator writes the form that was chosen", () => {
  assert.deepEqual(inject(new B3Propagator()), { b3: `${TRACE}-${SPAN}-1` });
  assert.deepEqual(inject(new B3Propagator("multi"), underRemote({ traceFlags: 2 })), {
    "x-b3-traceid": TRACE,
    "x-b3-spanid": SPAN,
    "x-b3-sampled": "0",
  });
  assert.deepEqual(inject(new B3Propagator(), EMPTY_CONTEXT), {});
  assert.deepEqual(new B3Propagator().fields(), ["b3"]);
  assert.ok(new B3Propagator("multi").fields().includes("x-b3-traceid"));
});

test("JaegerPropagator reads Jaeger's header and writes none", () => {
  const f = (header: string, want: string | undefined) => {
    assert.equal(found(new JaegerPropagator(), { "uber-trace-id": header }), want, header);
  };

  f(`${TRACE}:${SPAN}:0:1`, `${TRACE} ${SPAN} 1`);
  f(`${TRACE}:${SPAN}:${SPAN}:0`, `${TRACE} ${SPAN} 0`);
  f(`${TRACE}:${SPAN}::3`, `${TRACE} ${SPAN} 1`);
  f(`af7:33:0:1`, `00000000000000000000000000000af7 0000000000000033 1`);
  f(`${TRACE}%3A${SPAN}%3A0%3A1`, `${TRACE} ${SPAN} 1`);
  f(`0:0:0:1`, undefined);
  f(`${TRACE}:${SPAN}:0`, undefined);
  f(`${TRACE}:${SPAN}:0:xyz`, undefined);
  f(":".repeat(8000), undefined);
  assert.deepEqual(inject(new JaegerPropagator()), {});
  assert.deepEqual(new JaegerPropagator().fields(), ["uber-trace-id"]);
});

test("parseBaggage() reads members with values and properties, and leaves out those that break the rules", () => {
  const f = (header: string, want: Record<string, string>) => {
    const all = [...parseBaggage(header)].map(([name, { value }]) => [name, value]);
    assert.deepEqual(Object.fromEntries(all), want, header);
  };

  f("tenant=acme", { tenant: "acme" });
  f(" tenant = acme , plan=gold\t", { tenant: "acme", plan: "gold" });
  f("name=Hello%20W%C3%B6rld", { name: "Hello Wörld" });
  f("a=1;internal;ttl=5,b=2", { a: "1", b: "2" });
  f("a=", { a: "" });
  f("a=b=c", { a: "b=c" });
  f("a=1,a=2", { a: "2" });
  f("a=%ff", { a: "\ufffd" });
  f("a=%zz", { a: "%zz" });
  f("a", {});
  f("=1", {});
  f("a b=1", {});
  f('a="q"', {});
  f("a=b c", {});
  f("ü=1,b=2", { b: "2" });
  f("", {});
  f(",,,", {});
  assert.equal(
    String(parseBaggage("a=1; internal ;ttl = 5").get("a")?.metadata),
    "internal;ttl = 5",
  );
});

test("parseBaggage() and formatBaggage() are bounded in entries and bytes", () => {
  const many = Array.from({ length: 1000 }, (_, i) => `k${i}=${i}`).join(",");
  assert.equal(parseBaggage(many).size, 64);
  const entries = new Map(
    Array.from({ length: 100 }, (_, i) => [`k${i}`, { value: "v".repeat(1000) }]),
  );
  const text = formatBaggage(new BaggageMap(entries));
  assert.ok(text.length <= 8192);
  assert.equal(text.split(",").length, 8);
  const long = `a=${"v".repeat(4_000_000)}`;
  assert.equal(extract(new W3CBaggagePropagator(), { baggage: long }), EMPTY_CONTEXT);
});

test("baggage that is written is read again", () => {
  const token = fc.string({
    unit: fc.constantFrom(...Array.from("abz09_-.!*")),
    minLength: 1,
    maxLength: 20,
  });
  const entries = fc.dictionary(token, fc.string({ unit: "grapheme", maxLength: 20 }), {
    maxKeys: 10,
    noNullPrototype: true,
  });
  fc.assert(
    fc.property(entries, (given) => {
      const map = new Map(Object.entries(given).map(([name, value]) => [name, { value }]));
      const again = parseBaggage(formatBaggage(new BaggageMap(map)));
      const all = [...again].map(([name, { value }]) => [name, value]);
      assert.deepEqual(Object.fromEntries(all), given);
    }),
  );
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parseBaggage(text)));
});

test("W3CBaggagePropagator works with the baggage of OpenTelemetry's API", () => {
  const baggage = propagation.createBaggage({ tenant: { value: "acme corp" } });
  const carrier = inject(new W3CBaggagePropagator(), EMPTY_CONTEXT.setValue(BAGGAGE_KEY, baggage));
  assert.deepEqual(carrier, { baggage: "tenant=acme%20corp" });
  const context = extract(new W3CBaggagePropagator(), carrier);
  assert.equal(propagation.getBaggage(context)?.getEntry("tenant")?.value, "acme corp");
  const joined = extract(new W3CBaggagePropagator(), { baggage: ["a=1", "b=2"] });
  assert.deepEqual(
    baggageOf(joined)
      ?.getAllEntries()
      .map(([name]) => name),
    ["a", "b"],
  );
});

test("BaggageMap does not change", () => {
  const one = new BaggageMap(new Map([["a", { value: "1" }]]));
  const two = one.setEntry("b", { value: "2" });
  assert.deepEqual(
    [one, two, two.removeEntry("a"), two.removeEntries("a", "b"), two.clear()].map(
      (each) => each.getAllEntries().length,
    ),
    [1, 2, 1, 0, 0],
  );
  const entry = one.getEntry("a")!;
  entry.value = "changed";
  assert.equal(one.getEntry("a")?.value, "1");
});

test("CompositePropagator uses all its parts; the last that knows a trace wins, one that throws is passed over", () => {
  const broken: TextMapPropagator = {
    inject: () => {
      throw new Error("no");
    },
    extract: () => {
      throw new Error("no");
    },
    fields: () => ["x-broken"],
  };
  const all = new CompositePropagator([
    broken,
    new B3Propagator(),
    new W3CTraceContextPropagator(),
    new JaegerPropagator(),
  ]);
  assert.deepEqual(inject(all), {
    b3: `${TRACE}-${SPAN}-1`,
    traceparent: `00-${TRACE}-${SPAN}-01`,
  });
  const other = TRACE.replace("0a", "0b");
  assert.equal(
    found(all, { b3: `${other}-${SPAN}-1`, traceparent: `00-${TRACE}-${SPAN}-00` }),
    `${TRACE} ${SPAN} 0`,
  );
  assert.equal(found(all, { b3: `${other}-${SPAN}-1`, traceparent: "bad" }), `${other} ${SPAN} 1`);
  assert.deepEqual(all.fields(), ["x-broken", "b3", "traceparent", "tracestate", "uber-trace-id"]);
});

test("contexts travel to child processes in variables", () => {
  const propagator = new CompositePropagator([
    new W3CTraceContextPropagator(),
    new W3CBaggagePropagator(),
    new B3Propagator("multi"),
  ]);
  const { tracer } = collectingTracer();
  const span: Span = tracer.startSpan("parent");
  const context = under(span).setValue(
    BAGGAGE_KEY,
    new BaggageMap(new Map([["tenant", { value: "acme" }]])),
  );
  const given = { PATH: "/bin", TRACESTATE: "old=1" };
  const env = environmentWithContext(propagator, context, given);
  const { traceId, spanId } = span.spanContext();
  assert.deepEqual(env, {
    PATH: "/bin",
    TRACEPARENT: `00-${traceId}-${spanId}-03`,
    BAGGAGE: "tenant=acme",
    X_B3_TRACEID: traceId,
    X_B3_SPANID: spanId,
    X_B3_SAMPLED: "1",
  });
  assert.deepEqual(given, { PATH: "/bin", TRACESTATE: "old=1" });
  const child = contextFromEnvironment(propagator, EMPTY_CONTEXT, env);
  assert.equal(spanOf(child)?.spanContext().spanId, spanId);
  assert.equal(baggageOf(child)?.getEntry("tenant")?.value, "acme");
  assert.equal(contextFromEnvironment(propagator, EMPTY_CONTEXT, {}), EMPTY_CONTEXT);
});
