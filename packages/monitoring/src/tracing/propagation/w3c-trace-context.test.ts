// Each rule of W3C Trace Context level 2 for those who read and write the headers, by its place in the standard.
//
// https://www.w3.org/TR/trace-context-2/

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT_CONTEXT, defaultTextMapGetter, defaultTextMapSetter } from "@opentelemetry/api";
import fc from "fast-check";
import { collectingTracer, under } from "../../../testdata/tracing/collecting-tracer.ts";
import { EMPTY_CONTEXT, spanOf, SUPPRESS_TRACING_KEY } from "../context.ts";
import { ALWAYS_OFF, ParentBasedSampler } from "../sampler.ts";
import { parseTraceState, TraceStateList } from "../trace-state.ts";
import {
  formatTraceParent,
  parseTraceParent,
  W3CTraceContextPropagator,
} from "./w3c-trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const propagator = new W3CTraceContextPropagator();

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** What a service learns from headers. */
function extracted(headers: Headers) {
  const context = propagator.extract(EMPTY_CONTEXT, headers, defaultTextMapGetter);
  return spanOf(context)?.spanContext();
}

/** What a service that got headers sends on: a span of its own under the caller's. */
function forwarded(headers: Headers): Record<string, string> {
  const { tracer } = collectingTracer();
  const context = propagator.extract(EMPTY_CONTEXT, headers, defaultTextMapGetter);
  const span = tracer.startSpan("server", {}, context);
  const carrier: Record<string, string> = {};
  propagator.inject(under(span), carrier, defaultTextMapSetter);
  return carrier;
}

/** The trace that is passed on, or "restarted". */
function goesOn(headers: Headers): string {
  const [version, traceId] = forwarded(headers)["traceparent"]?.split("-") ?? [];
  assert.equal(version, "00");
  return traceId === TRACE ? "goes on" : "restarted";
}

test("traceparent, 3.2.2: version 00 is exactly four fields of lower-case hexadecimal digits", () => {
  const f = (traceparent: string, want: string) => {
    assert.equal(goesOn({ traceparent }), want, traceparent);
  };

  f(`00-${TRACE}-${SPAN}-01`, "goes on");
  f(`00-${TRACE}-${SPAN}-00`, "goes on");
  f(`00-${TRACE}-${SPAN}-ff`, "goes on");
  f(`00-${TRACE}-${SPAN}-01-`, "restarted");
  f(`00-${TRACE}-${SPAN}-01-extra`, "restarted");
  f(`00-${TRACE}-${SPAN}-01.`, "restarted");
  f(`00-${TRACE}-${SPAN}`, "restarted");
  f(`00-${TRACE}-${SPAN}-`, "restarted");
  f(`00-${TRACE}-${SPAN}-1`, "restarted");
  f(`00-${TRACE}-${SPAN}-001`, "restarted");
  f(`00-${TRACE}-${SPAN}-0G`, "restarted");
  f(`00-${TRACE}-${SPAN}-0A`, "restarted");
  f(`00-${TRACE.toUpperCase()}-${SPAN}-01`, "restarted");
  f(`00-${TRACE}-${SPAN.toUpperCase()}-01`, "restarted");
  f(`00-${TRACE.slice(1)}-${SPAN}-01`, "restarted");
  f(`00-${TRACE}0-${SPAN}-01`, "restarted");
  f(`00-${TRACE}-${SPAN.slice(1)}-01`, "restarted");
  f(`00-${TRACE}-${SPAN}0-01`, "restarted");
  f(`00-${TRACE.replace("0", ".")}-${SPAN}-01`, "restarted");
  f(`00_${TRACE}_${SPAN}_01`, "restarted");
  f(`00${TRACE}${SPAN}01`, "restarted");
  f("", "restarted");
  f("-", "restarted");
  f(`00-${TRACE}-${SPAN}-01\n`, "restarted");
});

test("traceparent, 3.2.2.3 and 3.2.2.4: ids of zeros are invalid", () => {
  const f = (traceparent: string) => assert.equal(goesOn({ traceparent }), "restarted");

  f(`00-${"0".repeat(32)}-${SPAN}-01`);
  f(`00-${TRACE}-${"0".repeat(16)}-01`);
});

test("traceparent, 3.2.2.1 and 3.2.4: ff is forbidden, higher versions are read by these rules and answered with 00", () => {
  const f = (traceparent: string, want: string) => {
    assert.equal(goesOn({ traceparent }), want, traceparent);
  };

  f(`ff-${TRACE}-${SPAN}-01`, "restarted");
  f(`cc-${TRACE}-${SPAN}-01`, "goes on");
  f(`cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, "goes on");
  f(`cc-${TRACE}-${SPAN}-01-`, "goes on");
  f(`cc-${TRACE}-${SPAN}-01.what-the-future-will-be-like`, "restarted");
  f(`cc-${TRACE}-${SPAN}-01what`, "restarted");
  f(`01-${TRACE}-${SPAN}`, "restarted");
  f(`fe-${"0".repeat(32)}-${SPAN}-01`, "restarted");
  f(`0-${TRACE}-${SPAN}-01`, "restarted");
  f(`000-${TRACE}-${SPAN}-01`, "restarted");
  f(`0A-${TRACE}-${SPAN}-01`, "restarted");
  f(`.0-${TRACE}-${SPAN}-01`, "restarted");
  f(`-${TRACE}-${SPAN}-01`, "restarted");
});

test("traceparent: a header that is there twice is none, whether joined or as a list", () => {
  const one = `00-${TRACE}-${SPAN}-01`;
  const f = (traceparent: string | string[], want: string) => {
    assert.equal(goesOn({ traceparent }), want);
  };

  f([one], "goes on");
  f([one, one], "restarted");
  f(`${one}, ${one}`, "restarted");
  f(`${one},${one.replace("b7", "b8")}`, "restarted");
  f(`${one},`, "restarted");
  f([], "restarted");
});

test("traceparent: optional white space around it is no part of it, other characters are", () => {
  const one = `00-${TRACE}-${SPAN}-01`;
  const f = (traceparent: string, want: string) => {
    assert.equal(goesOn({ traceparent }), want, JSON.stringify(traceparent));
  };

  f(` ${one}`, "goes on");
  f(`\t${one}\t `, "goes on");
  f(` ${one} x`, "restarted");
  f(`\u00a0${one}`, "restarted");
  f(`\v${one}`, "restarted");
  f(`00- ${TRACE}-${SPAN}-01`, "restarted");
});

test("trace flags, 3.2.2.5: sampled and random are kept, the others are zero when passed on", () => {
  const f = (flags: string, want: string) => {
    const { traceparent } = forwarded({ traceparent: `00-${TRACE}-${SPAN}-${flags}` });
    assert.equal(traceparent?.split("-")[3], want, flags);
  };

  f("00", "00");
  f("01", "01");
  f("02", "02");
  f("03", "03");
  f("04", "00");
  f("ff", "03");
  f("fd", "01");
  f("80", "00");
});

test("random flag, 3.2.2.5.2: a trace that begins here has it", () => {
  const { traceparent } = forwarded({});
  assert.match(traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-03$/);
  const off = collectingTracer({ sampler: new ParentBasedSampler(ALWAYS_OFF) });
  const carrier: Record<string, string> = {};
  propagator.inject(under(off.tracer.startSpan("root")), carrier, defaultTextMapSetter);
  assert.match(carrier["traceparent"] ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/);
});

test("parent id, 3.4: every span that is sent on has an id of its own", () => {
  const headers = { traceparent: `00-${TRACE}-${SPAN}-01` };
  const ids = [1, 2, 3].map(() => forwarded(headers)["traceparent"]?.split("-")[2]);
  assert.equal(new Set([SPAN, ...ids]).size, 4);
});

test("tracestate, 3.3: it is not read without a valid traceparent, and a wrong one costs only itself", () => {
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  assert.equal(forwarded({ tracestate: "foo=1" })["tracestate"], undefined);
  assert.equal(forwarded({ traceparent: "bad", tracestate: "foo=1" })["tracestate"], undefined);
  assert.equal(
    forwarded({ traceparent: [traceparent, traceparent], tracestate: "foo=1" })["tracestate"],
    undefined,
  );
  const wrong = forwarded({ traceparent, tracestate: "foo=1,foo=2,=,bad key=1" });
  assert.equal(wrong["tracestate"], undefined);
  assert.equal(wrong["traceparent"]?.split("-")[1], TRACE);
});

test("tracestate, 3.3.1: members are passed on in their order", () => {
  const f = (tracestate: string | string[] | undefined, want: string | undefined) => {
    const traceparent = `00-${TRACE}-${SPAN}-00`;
    assert.equal(forwarded({ traceparent, tracestate })["tracestate"], want, String(tracestate));
  };

  f("foo=1", "foo=1");
  f("foo=1,bar=2", "foo=1,bar=2");
  f(["foo=1", "bar=2"], "foo=1,bar=2");
  f(["foo=1,bar=2", "baz=3"], "foo=1,bar=2,baz=3");
  f(["foo=1", "", "bar=2"], "foo=1,bar=2");
  f("", undefined);
  f(undefined, undefined);
  f(" foo=1 , \t bar=2\t", "foo=1,bar=2");
  f("foo=1,,bar=2, ,", "foo=1,bar=2");
  f(",", undefined);
});

test("tracestate, 3.3.1.3.1: keys begin with a lower-case letter or a digit, and have up to 256 of their characters", () => {
  const f = (key: string, want: boolean) => {
    assert.equal(parseTraceState(`${key}=1`) !== undefined, want, JSON.stringify(key));
  };

  for (const key of [
    "foo",
    "f",
    "0",
    "9foo",
    "foo@bar",
    "t1/a",
    "a_-*/@",
    "foo@",
    "a@b@c",
    "z".repeat(256),
    `${"t".repeat(241)}@${"v".repeat(14)}`,
  ])
    f(key, true);
  for (const key of [
    "",
    " foo ",
    "foo ",
    "FOO",
    "fOo",
    "@foo",
    "_foo",
    "-foo",
    "*a",
    "/a",
    "foo.bar",
    "foo bar",
    "foo\tbar",
    "fö",
    "foo!",
    "z".repeat(257),
  ])
    f(key, false);
});

test("tracestate, 3.3.1.3.2: values are up to 256 printable characters without comma and equals sign, and end in no space", () => {
  const f = (value: string, want: string | undefined) => {
    assert.equal(parseTraceState(`foo=${value}`)?.get("foo"), want, JSON.stringify(value));
  };

  f("1", "1");
  f("a b", "a b");
  f("  leading", "  leading");
  f("trailing  ", "trailing");
  f("!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~", "!\"#$%&'()*+-./:;<>?@[\\]^_`{|}~");
  f("v".repeat(256), "v".repeat(256));
  f("v".repeat(257), undefined);
  f("", undefined);
  f("   ", undefined);
  f("a=b", undefined);
  f("a\tb", undefined);
  f("a\u0000b", undefined);
  f("ü", undefined);
  f("\u007f", undefined);
});

test("tracestate, 3.3.1.1: at most 32 members, each key once", () => {
  const members = (count: number) =>
    Array.from({ length: count }, (_, i) => `k${i}=${i}`).join(",");
  assert.equal(parseTraceState(members(32))?.size, 32);
  assert.equal(parseTraceState(members(33)), undefined);
  // Passed on with the newest of each key.
  assert.equal(parseTraceState("foo=1,bar=2,foo=3")?.serialize(), "foo=1,bar=2");
  assert.equal(parseTraceState("foo=1,foo=1")?.serialize(), "foo=1");
  assert.equal(parseTraceState(`${members(32)},k0=1`), undefined);
  assert.equal(parseTraceState("foo"), undefined);
  assert.equal(parseTraceState("foo=1;bar=2")?.get("foo"), undefined);
});

test("tracestate, 3.3.1.5: at least 512 characters are passed on", () => {
  const tracestate = Array.from({ length: 4 }, (_, i) => `k${i}=${"v".repeat(200)}`).join(",");
  assert.ok(tracestate.length > 512);
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  assert.equal(forwarded({ traceparent, tracestate })["tracestate"], tracestate);
});

test("tracestate: the longest that is valid is passed on whole", () => {
  const tracestate = Array.from(
    { length: 32 },
    (_, i) => `${String(i).padStart(2, "0").padEnd(256, "k")}=${"v".repeat(256)}`,
  ).join(",");
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  assert.equal(forwarded({ traceparent, tracestate })["tracestate"], tracestate);
});

test("tracestate, 3.5: a member that is set goes to the front, the order of the others stays", () => {
  const list = parseTraceState("foo=1,bar=2,baz=3")!;
  assert.equal(list.set("bar", "9").serialize(), "bar=9,foo=1,baz=3");
  assert.equal(list.set("new", "0").serialize(), "new=0,foo=1,bar=2,baz=3");
  assert.equal(list.unset("bar").serialize(), "foo=1,baz=3");
  assert.equal(list.set("BAD", "1"), list);
  assert.equal(list.set("ok", "a,b"), list);
  assert.equal(list.serialize(), "foo=1,bar=2,baz=3");
  const full = parseTraceState(Array.from({ length: 32 }, (_, i) => `k${i}=1`).join(","))!;
  const more = full.set("new", "1");
  assert.deepEqual([more.size, more.get("k31"), more.get("k30")], [32, undefined, "1"]);
});

test("what is written is read again, for every id and flag", () => {
  const hex = (length: number) =>
    fc
      .array(fc.constantFrom(...Array.from("0123456789abcdef")), {
        minLength: length,
        maxLength: length,
      })
      .map((all) => all.join(""))
      .filter((text) => !/^0+$/.test(text));
  fc.assert(
    fc.property(hex(32), hex(16), fc.integer({ min: 0, max: 3 }), (traceId, spanId, traceFlags) => {
      const parent = { traceId, spanId, traceFlags };
      assert.deepEqual(parseTraceParent(formatTraceParent(parent)), parent);
    }),
  );
});

test("any text is read without harm, and what is accepted is valid", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: fc.constantFrom(...Array.from("az09=,@-_ \t;")), maxLength: 300 }),
  );
  fc.assert(
    fc.property(text, text, (traceparent, tracestate) => {
      const found = extracted({ traceparent, tracestate });
      if (found !== undefined) assert.match(found.traceId, /^[0-9a-f]{32}$/);
      const list = parseTraceState(tracestate);
      if (list === undefined) return;
      assert.equal(parseTraceState(list.serialize())?.serialize(), list.serialize());
    }),
  );
});

test("headers of megabytes, and carriers that throw, cost nothing and say nothing", () => {
  const long = "a".repeat(4_000_000);
  const traceparent = `00-${TRACE}-${SPAN}-01`;
  assert.equal(extracted({ traceparent: long }), undefined);
  assert.equal(extracted({ traceparent: `cc-${TRACE}-${SPAN}-01-${long}` }), undefined);
  assert.equal(extracted({ traceparent, tracestate: `a=${long}` })?.traceState, undefined);
  assert.equal(
    extracted({ traceparent, tracestate: ",".repeat(4_000_000) })?.traceState,
    undefined,
  );
  assert.equal(
    extracted({ traceparent, tracestate: Array.from({ length: 100_000 }, () => "a=1") })
      ?.traceState,
    undefined,
  );
  assert.equal(parseTraceState(" ".repeat(8000)), undefined);
  const thrower = {
    get: () => {
      throw new Error("no");
    },
    keys: () => [],
  };
  assert.equal(propagator.extract(EMPTY_CONTEXT, {}, thrower), EMPTY_CONTEXT);
  for (const odd of [7, {}, null, [7], [{}]] as never[]) {
    assert.equal(extracted({ traceparent: odd }), undefined);
  }
});

test("inject() writes nothing without a valid span, or where tracing is suppressed", () => {
  const { tracer } = collectingTracer();
  const carrier: Record<string, string> = {};
  propagator.inject(EMPTY_CONTEXT, carrier, defaultTextMapSetter);
  propagator.inject(ROOT_CONTEXT, carrier, defaultTextMapSetter);
  const suppressed = under(tracer.startSpan("a")).setValue(SUPPRESS_TRACING_KEY, true);
  propagator.inject(suppressed, carrier, defaultTextMapSetter);
  assert.deepEqual(carrier, {});
  assert.deepEqual(propagator.fields(), ["traceparent", "tracestate"]);
  assert.equal(new TraceStateList([]).serialize(), "");
});
