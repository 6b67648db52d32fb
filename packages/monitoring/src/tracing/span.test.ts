import assert from "node:assert/strict";
import { test } from "node:test";
import type { Link, Span } from "@opentelemetry/api";
import { collectingTracer, under } from "../../testdata/tracing/collecting-tracer.ts";
import { FLAG_RANDOM, FLAG_SAMPLED, type OnException, type RecordedSpan } from "./span.ts";
import { isSpanId, isTraceId } from "./trace-id.ts";

const LINKED = {
  context: {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
  },
} satisfies Link;

/** A span that records, and ends at once with what was done to it. */
function recorded(
  act: (span: RecordedSpan) => void,
  options?: Parameters<typeof collectingTracer>[0],
) {
  const { tracer, ended } = collectingTracer(options);
  const span = tracer.startSpan("work") as RecordedSpan;
  act(span);
  span.end();
  assert.deepEqual(ended, [span]);
  return span;
}

const attributesOf = ({ attributes }: RecordedSpan) =>
  Object.fromEntries((attributes?.keys ?? []).map((key, i) => [key, attributes?.values[i]]));

test("RecordedSpan has valid ids and flags, the same each time", () => {
  const span = recorded((each) => {
    const { traceId, spanId, traceFlags } = each.spanContext();
    assert.ok(isTraceId(traceId) && isSpanId(spanId));
    assert.equal(traceFlags, FLAG_SAMPLED | FLAG_RANDOM);
    assert.equal(each.spanContext(), each.spanContext());
    assert.equal(each.isRecording(), true);
  });
  assert.equal(span.isRecording(), false);
  assert.equal(span.spanContext().isRemote, undefined);
});

test("RecordedSpan keeps attributes up to the limit, and counts the others", () => {
  const span = recorded(
    (each) => {
      each.setAttribute("a", 1).setAttributes({ b: "two", c: [true], d: 4 });
    },
    { limits: { attributes: 3 } },
  );
  assert.deepEqual(attributesOf(span), { a: 1, b: "two", c: [true] });
  assert.equal(span.attributes?.dropped, 1);
});

test("RecordedSpan keeps events with attributes and times, and counts those over the limit", () => {
  const span = recorded(
    (each) => {
      each.addEvent("plain");
      each.addEvent("attributes", { a: 1 });
      each.addEvent("time", new Date(1_700_000_000_000));
      each.addEvent("both", { b: 2 }, [1_700_000_001, 5]);
      each.addEvent("over");
    },
    { limits: { events: 4 } },
  );
  assert.deepEqual(
    span.events?.map(({ name }) => name),
    ["plain", "attributes", "time", "both"],
  );
  assert.equal(span.droppedEvents, 1);
  const [plain, attributes, time, both] = span.events ?? [];
  assert.ok(plain!.seconds >= span.startSeconds);
  assert.deepEqual(attributes?.attributes?.keys, ["a"]);
  assert.deepEqual([time?.seconds, time?.attributes], [1_700_000_000, undefined]);
  assert.deepEqual([both?.seconds, both?.nanos, both?.attributes?.values], [1_700_000_001, 5, [2]]);
});

test("RecordedSpan keeps links from the start and later, counts those over the limit, and refuses invalid ones", () => {
  const { tracer, ended } = collectingTracer({ limits: { links: 3, attributesPerLink: 1 } });
  const span = tracer.startSpan("work", {
    links: [LINKED, { ...LINKED, attributes: { a: 1, b: 2 } }],
  });
  span.addLink({ context: { traceId: "no", spanId: "no", traceFlags: 0 } });
  span.addLink({ context: { ...LINKED.context, isRemote: true } });
  span.addLinks([LINKED, LINKED]);
  span.end();
  const { links, droppedLinks } = ended[0]!;
  assert.equal(links?.length, 3);
  assert.equal(droppedLinks, 2);
  assert.equal(links[1]?.attributes?.dropped, 1);
  assert.equal(links[0]?.flags, 0x101);
  assert.equal(links[2]?.flags, 0x301);
});

test("setStatus() takes error and ok; ok is the last word; unset says nothing", () => {
  const f = (want: [number, string], ...given: { code: number; message?: string }[]) => {
    const span = recorded((each) => given.forEach((status) => each.setStatus(status)));
    assert.deepEqual([span.statusCode, span.statusMessage], want);
  };

  f([0, ""]);
  f([2, "no"], { code: 2, message: "no" });
  f([2, "second"], { code: 2, message: "first" }, { code: 2, message: "second" });
  f([1, ""], { code: 1, message: "ignored" });
  f([1, ""], { code: 2, message: "no" }, { code: 1 });
  f([1, ""], { code: 1 }, { code: 2, message: "no" });
  f([2, "no"], { code: 2, message: "no" }, { code: 0 });
  f([0, ""], { code: 7 });
});

test("recordException() makes an event of type, message and stack, whatever is thrown", () => {
  const f = (thrown: unknown, type: unknown, message: unknown) => {
    const span = recorded((each) => each.recordException(thrown as Error));
    const [event] = span.events ?? [];
    const attributes = Object.fromEntries(
      (event?.attributes?.keys ?? []).map((key, i) => [key, event?.attributes?.values[i]]),
    );
    assert.equal(event?.name, thrown === undefined ? undefined : "exception");
    assert.equal(attributes["exception.type"], type);
    assert.equal(attributes["exception.message"], message);
  };

  f(new TypeError("no"), "TypeError", "no");
  // The class, whatever code it has.
  f(Object.assign(new Error("gone"), { code: "ENOENT" }), "Error", "gone");
  f(
    new (class ServiceError extends Error {})("14 UNAVAILABLE: x"),
    "ServiceError",
    "14 UNAVAILABLE: x",
  );
  f(
    Object.assign(new Error("13 INTERNAL: x"), { code: 13, details: "x" }),
    "Error",
    "13 INTERNAL: x",
  );
  f(new DOMException("gone", "AbortError"), "AbortError", "gone");
  f("text", undefined, "text");
  f(7n, undefined, "7");
  f(undefined, undefined, undefined);
  f({ message: "plain" }, "Object", "plain");
});

test("recordException() has of an exception what whoever takes exceptions says of it", () => {
  const seen: unknown[] = [];
  const error = new Error("no");
  const f = (answer: ReturnType<OnException>) =>
    recorded((each) => each.recordException(error), {
      onException: (thrown) => (seen.push(thrown), answer),
    }).events;
  assert.equal(f({ message: "no", event: undefined }), undefined);
  const [event] = f({ message: "no", event: { "flx.error.id": "0123456789abcdef" } }) ?? [];
  assert.deepEqual(event?.attributes?.values, ["0123456789abcdef"]);
  assert.deepEqual(seen, [error, error]);
});

test("RecordedSpan has its times, and never ends before it starts", () => {
  const { tracer } = collectingTracer();
  const f = (start: number, end: number, want: number) => {
    const span = tracer.startSpan("work", { startTime: start }) as RecordedSpan;
    span.end(end);
    assert.equal(span.durationMs, want);
  };

  f(1_700_000_000_000, 1_700_000_000_250, 250);
  f(1_700_000_000_000, 1_699_999_999_000, 0);
  const now = tracer.startSpan("now") as RecordedSpan;
  now.end();
  assert.ok(Math.abs(now.endSeconds * 1000 - Date.now()) < 60_000);
  assert.ok(now.durationMs >= 0);
});

test("RecordedSpan changes no more once it has ended, and ends once", () => {
  const { tracer, ended } = collectingTracer();
  const span = tracer.startSpan("work") as RecordedSpan;
  span.end();
  const before = structuredClone(Object.entries(span).filter(([name]) => name !== "family"));
  span
    .setAttribute("a", 1)
    .setAttributes({ b: 2 })
    .addEvent("e")
    .addLink(LINKED)
    .addLinks([LINKED]);
  span.setStatus({ code: 2 }).updateName("other");
  span.recordException(new Error("no"));
  span.end();
  const after = structuredClone(Object.entries(span).filter(([name]) => name !== "family"));
  assert.deepEqual(after, before);
  assert.equal(ended.length, 1);
});

test("updateName() changes the name", () => {
  assert.equal(recorded((span) => span.updateName("other")).name, "other");
});

test("a span takes anything as an argument and never throws into the service", () => {
  const thrower = (): never => {
    throw new Error("hostile");
  };
  const hostile = new Proxy(
    {},
    { get: thrower, ownKeys: thrower, has: thrower, getPrototypeOf: thrower },
  );
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const values: unknown[] = [
    undefined,
    null,
    0,
    NaN,
    7n,
    "x".repeat(5_000_000),
    Symbol("s"),
    thrower,
    hostile,
    cyclic,
    [],
    [hostile],
    new Date(NaN),
    { toString: thrower },
    { [Symbol.toPrimitive]: thrower },
  ];
  const { tracer, ended } = collectingTracer();
  // What JavaScript can hand over, whatever the types say.
  for (const value of values as never[]) {
    const span: Span = tracer.startSpan(value, {
      attributes: value,
      links: value,
      startTime: value,
    });
    span.setAttribute(value, value).setAttribute("key", value);
    span.setAttributes(value).setAttributes({ key: value });
    span.addEvent(value, value, value);
    span.addLink(value).addLinks(value).addLink({ context: value });
    span.setStatus(value).setStatus({ code: 2, message: value });
    span.updateName(value);
    span.recordException(value, value);
    span.end(value);
  }
  assert.equal(ended.length, values.length);
  const options = new Proxy({}, { get: thrower });
  assert.equal(tracer.startSpan("options", options).isRecording(), false);
  assert.equal(tracer.startSpan("context", {}, options as never).isRecording(), false);
  for (const { name } of ended) assert.ok(name.length <= 4096);
  assert.ok(ended.every(({ statusMessage }) => statusMessage.length <= 65_536));
});

test("children share the trace of their parent and name it", () => {
  const { tracer, ended } = collectingTracer();
  const root = tracer.startSpan("root") as RecordedSpan;
  const child = tracer.startSpan("child", {}, under(root)) as RecordedSpan;
  const other = tracer.startSpan("other", { root: true }, under(root)) as RecordedSpan;
  for (const span of [child, other, root]) span.end();
  assert.equal(child.traceId, root.traceId);
  assert.deepEqual([child.parent0, child.parent1], [root.span0, root.span1]);
  assert.notEqual(other.traceId, root.traceId);
  assert.equal(other.parent0 | other.parent1, 0);
  assert.deepEqual(
    ended.map(({ name }) => name),
    ["child", "other", "root"],
  );
});
