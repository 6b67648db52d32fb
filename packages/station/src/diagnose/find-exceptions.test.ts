import assert from "node:assert/strict";
import { test } from "node:test";
import { otlpFromJson } from "@flx/model";
import { fingerprint } from "@flx/monitoring/errors/fingerprint";
import type { ErrorOccurrence } from "../store/errors/error-store.ts";
import { findExceptions } from "./find-exceptions.ts";

/** The occurrences among what a request tells. */
function occurrencesOf(signal: "traces" | "logs", request: Uint8Array): ErrorOccurrence[] {
  return findExceptions(signal, request, NOW).filter(
    (each): each is ErrorOccurrence => !("repeats" in each),
  );
}

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const NOW = 1_767_225_600_000;
const STACK = `TypeError: no price of 17
    at priceOf (/app/src/prices.ts:12:9)
    at Layer.handle (/app/node_modules/express/lib/layer.js:95:5)`;

function attributes(values: Readonly<Record<string, string>>) {
  return Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

const exception = {
  "exception.type": "TypeError",
  "exception.message": "no price of 17",
  "exception.stacktrace": STACK,
};
const resource = {
  attributes: attributes({
    "service.name": "shop",
    "service.version": "1.4.0",
    "deployment.environment.name": "production",
  }),
};

function encoded(signal: "traces" | "logs", request: object): Uint8Array {
  return otlpFromJson(signal, new TextEncoder().encode(JSON.stringify(request)));
}

function logs(...logRecords: readonly object[]): Uint8Array {
  return encoded("logs", { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] });
}

function traces(...spans: readonly object[]): Uint8Array {
  return encoded("traces", { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

const timeUnixNano = `${NOW - 5}000000`;

test("findExceptions() reads log records and span events, and tells when both are one exception", () => {
  const event = { timeUnixNano, name: "exception", attributes: attributes(exception) };
  const span = { traceId: TRACE, spanId: SPAN, name: "GET /", events: [{ name: "retry" }, event] };
  const record = {
    timeUnixNano: `${NOW}000000`,
    traceId: TRACE,
    spanId: SPAN,
    attributes: attributes({ ...exception, "http.route": "/cart" }),
  };
  const [fromSpan, ...noMore] = occurrencesOf("traces", traces(span));
  const [fromLog] = occurrencesOf("logs", logs({ body: { stringValue: "x" } }, record));
  assert.deepEqual(noMore, []);
  assert.equal(fromSpan?.id, fromLog?.id);
  const { frames, fields, id: _, ...rest } = fromLog!;
  assert.deepEqual(rest, {
    fingerprint: fromSpan!.fingerprint,
    timeMs: NOW,
    service: "shop",
    release: "1.4.0",
    environment: "production",
    type: "TypeError",
    message: "no price of 17",
    stack: STACK,
    traceId: TRACE,
    spanId: SPAN,
    isFatal: false,
  });
  assert.equal(fromSpan!.timeMs, NOW - 5);
  assert.deepEqual(
    frames.map(({ function: name, line, isOwn }) => [name, line, isOwn]),
    [
      ["priceOf", 12, true],
      ["Layer.handle", 95, false],
    ],
  );
  assert.deepEqual(fields, [{ name: "http.route", value: "/cart" }]);
});

test("findExceptions() takes the fingerprint that was sent, and else makes the SDK's", () => {
  const f = (values: Readonly<Record<string, string>>): string => {
    return findExceptions("logs", logs({ attributes: attributes(values) }), NOW)[0]!.fingerprint;
  };
  const made = f(exception);
  assert.equal(
    f({ ...exception, "flx.error.fingerprint": "0123456789abcdef" }),
    "0123456789abcdef",
  );
  assert.equal(f({ ...exception, "flx.error.fingerprint": "../../etc/passwd" }), made);
  assert.equal(f({ ...exception, "exception.message": "no price of 99" }), made);
  const frames = [
    { functionName: "priceOf", file: "/app/src/prices.ts", isOwn: true },
    { functionName: "Layer.handle", file: "/app/node_modules/express/lib/layer.js", isOwn: false },
  ];
  assert.equal(made, fingerprint({ type: "TypeError", message: "no price of 17", frames }));
});

test("findExceptions() tells exceptions outside of traces by service and time", () => {
  const record = (time: string) => ({ timeUnixNano: time, attributes: attributes(exception) });
  const [a, b, c] = findExceptions(
    "logs",
    logs(record("1000000"), record("1000000"), record("2000000")),
    NOW,
  );
  assert.equal(a?.id, b?.id);
  assert.notEqual(a?.id, c?.id);
  assert.equal(
    findExceptions("logs", logs({ attributes: attributes(exception) }), NOW)[0]?.timeMs,
    NOW,
  );
});

test("findExceptions() finds none where there is none", () => {
  assert.deepEqual(
    findExceptions("logs", logs({ body: { stringValue: "exception.type" } }), NOW),
    [],
  );
  const other = { name: "message", attributes: attributes(exception) };
  const span = { traceId: TRACE, spanId: SPAN, events: [other], attributes: attributes(exception) };
  assert.deepEqual(findExceptions("traces", traces(span), NOW), []);
  assert.deepEqual(findExceptions("traces", new Uint8Array(0), NOW), []);
});

test("findExceptions() takes frames and values of variables as the SDK sends them, bounded", () => {
  const text = (stringValue: string) => ({ stringValue });
  const pairs = (values: object) => ({
    kvlistValue: { values: Object.entries(values).map(([key, value]) => ({ key, value })) },
  });
  const locals = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`v${i}`, text(`${i}`)]));
  const frame = {
    function: text("priceOf"),
    file: text("/app/src/prices.ts"),
    line: { intValue: "12" },
    column: { intValue: "-9" },
    own: { boolValue: true },
    locals: pairs(locals),
  };
  const sent = (values: readonly object[]) => ({
    timeUnixNano,
    attributes: [
      ...attributes(exception),
      { key: "flx.error.frames", value: { arrayValue: { values } } },
    ],
  });
  const [found] = occurrencesOf("logs", logs(sent([pairs(frame), pairs({})])));
  const [first, second] = found!.frames;
  assert.deepEqual(
    { ...first, locals: first!.locals.length },
    {
      function: "priceOf",
      file: "/app/src/prices.ts",
      line: 12,
      column: undefined,
      isOwn: true,
      locals: 16,
    },
  );
  assert.deepEqual(first!.locals[0], { name: "v0", value: "0" });
  assert.deepEqual(second!.locals, []);
  // What is none: the frames of the stack.
  const [other] = occurrencesOf("logs", logs(sent([text("x")])));
  assert.equal(other!.frames[0]!.line, 12);
  assert.equal(other!.frames.length, 2);
});

test("findExceptions() tells how many more of a group were only counted", () => {
  const f = (repeated: object, group = "0123456789abcdef") =>
    findExceptions(
      "logs",
      logs({
        timeUnixNano,
        attributes: [
          ...attributes({ "flx.error.fingerprint": group, "flx.error.type": "TypeError" }),
          ...attributes({ "flx.error.id": "fedcba9876543210" }),
          { key: "flx.error.repeated", value: repeated },
        ],
      }),
      NOW,
    );
  const [found, ...noMore] = f({ intValue: "7" });
  const { id, ...rest } = found!;
  assert.match(id!, /^[0-9a-f]{32}$/);
  assert.deepEqual(rest, {
    fingerprint: "0123456789abcdef",
    timeMs: NOW - 5,
    service: "shop",
    release: "1.4.0",
    type: "TypeError",
    repeats: 7,
  });
  assert.deepEqual(noMore, []);
  // The same record again is the same.
  assert.equal(f({ intValue: "7" })[0]!.id, id);
  assert.equal(f({ doubleValue: 7 }).length, 1);
  for (const wrong of [
    { intValue: "0" },
    { intValue: "-3" },
    { doubleValue: 1.5 },
    { intValue: "9000000000000000000" },
    { stringValue: "many" },
    { boolValue: false },
  ]) {
    assert.deepEqual(f(wrong), [], JSON.stringify(wrong));
  }
  assert.deepEqual(f({ intValue: "7" }, "../../etc"), []);
});
