import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import { afterEach, beforeEach, test } from "node:test";
import type { Span } from "@opentelemetry/api";
import {
  allBaggage,
  baggageLabels,
  baggageToAttributes,
  getBaggage,
  setBaggage,
  withBaggage,
} from "./baggage.ts";
import {
  addSpanAttribute,
  addSpanEvent,
  getCurrentSpan,
  getTracer,
  setSpanError,
} from "./active-span.ts";
import { runInContext } from "./context-manager.ts";
import { EMPTY_CONTEXT } from "./context.ts";
import { type CurrentTracing, currentTracing, setCurrentTracing } from "./current-tracing.ts";
import { ALWAYS_OFF, ALWAYS_ON, ParentBasedSampler, type Sampler } from "./sampler.ts";
import { DEFAULT_SPAN_LIMITS } from "./span-limits.ts";
import type { RecordedSpan } from "./span.ts";
import { trace, traceAsync, traced, traceSync } from "./traced.ts";
import { FlxTracerProvider } from "./tracer-provider.ts";

let ended: RecordedSpan[];
let before: CurrentTracing | undefined;

function use(sampler: Sampler): void {
  ended = [];
  const provider = new FlxTracerProvider({
    sampler,
    sink: { ended: (span) => ended.push(span) },
    limits: DEFAULT_SPAN_LIMITS,
    scopeId: () => 1,
    onStart: baggageToAttributes(["tenant"]),
  });
  setCurrentTracing({ provider, tracer: provider.getTracer("test") });
}

beforeEach(() => {
  before = currentTracing();
  use(new ParentBasedSampler(ALWAYS_ON));
});
afterEach(() => setCurrentTracing(before));

const names = () => ended.map(({ name }) => name);
const attributesOf = ({ attributes }: RecordedSpan) =>
  Object.fromEntries((attributes?.keys ?? []).map((key, i) => [key, attributes?.values[i]]));
const later = () => new Promise((resolve) => setImmediate(resolve));

test("trace() keeps name, length, this, arguments and result of the function", () => {
  const add = trace("add", function sum(this: { base: number }, a: number, b: number): number {
    return this.base + a + b;
  });
  assert.deepEqual([add.name, add.length], ["sum", 2]);
  assert.equal(add.call({ base: 1 }, 2, 3), 6);
  assert.deepEqual(names(), ["add"]);
});

test("trace() has the span active in the function and in what it awaits; calls inside are its children", async () => {
  const inner = trace("inner", async () => {
    await later();
    return getCurrentSpan();
  });
  const outer = trace("outer", async () => {
    await later();
    const span = getCurrentSpan();
    return [span, await inner()];
  });
  const [outerSpan, innerSpan] = (await outer()) as RecordedSpan[];
  assert.deepEqual(names(), ["inner", "outer"]);
  assert.equal(innerSpan?.traceId, outerSpan?.traceId);
  assert.equal(innerSpan?.parent0, outerSpan?.span0);
  assert.equal(getCurrentSpan(), undefined);
});

test("trace() ends the span when the work is over: sync, promise, thenable", async () => {
  const promised = trace("promise", () => later());
  const work = promised();
  assert.deepEqual(names(), []);
  await work;
  assert.deepEqual(names(), ["promise"]);
  // oxlint-disable-next-line unicorn/no-thenable -- drivers give such objects
  const thenable = trace("thenable", () => ({ then: (done: (value: number) => void) => done(7) }));
  assert.equal(await thenable(), 7);
  assert.deepEqual(names(), ["promise", "thenable"]);
});

test("trace() records errors and throws them on", async () => {
  const error = new TypeError("no");
  const sync = trace("sync", () => {
    throw error;
  });
  const async = trace("async", async () => {
    await later();
    throw error;
  });
  assert.throws(sync, (thrown) => thrown === error);
  await assert.rejects(async(), (thrown) => thrown === error);
  for (const span of ended) {
    assert.deepEqual([span.statusCode, span.statusMessage], [2, "no"]);
    assert.equal(span.attributes?.get("error.type"), "TypeError");
    assert.equal(span.events?.[0]?.name, "exception");
  }
  assert.deepEqual(names(), ["sync", "async"]);
});

test("error.type of a span is a code's name, of gRPC the status', else the class", () => {
  const f = (error: unknown, want: string | undefined) => {
    assert.throws(
      trace("work", () => {
        throw error;
      }),
      (thrown) => thrown === error,
    );
    assert.equal(ended.at(-1)!.attributes?.get("error.type"), want);
  };
  f(new RangeError("no"), "RangeError");
  f(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), "ECONNREFUSED");
  const unavailable = { code: 14, details: "no connection", metadata: {} };
  f(Object.assign(new Error("14 UNAVAILABLE: no connection"), unavailable), "UNAVAILABLE");
  f(Object.assign(new Error("x"), { code: 99, details: "x" }), "Error");
  // Its 20 is no status of gRPC.
  f(new DOMException("gone", "AbortError"), "AbortError");
  f("a text", undefined);
});

test("trace() follows generators and async iterators from the first step to the end", async () => {
  const count = trace("count", function* (to: number) {
    for (let i = 0; i < to; i++) {
      addSpanAttribute("last", i);
      yield i;
    }
    return "done";
  });
  const counting = count(3);
  assert.deepEqual(names(), []);
  assert.deepEqual([...counting], [0, 1, 2]);
  assert.deepEqual(names(), ["count"]);
  assert.equal(ended[0]?.attributes?.get("last"), 2);

  const pages = trace("pages", async function* () {
    for (let i = 0; i < 3; i++) {
      await later();
      yield i;
    }
  });
  for await (const page of pages()) if (page === 1) break;
  assert.deepEqual(names(), ["count", "pages"]);
  const failing = trace("failing", function* () {
    yield 1;
    throw new Error("no");
  });
  assert.throws(() => [...failing()], /no/);
  assert.equal(ended[2]?.statusCode, 2);
});

test("trace() follows callbacks and streams where it is told to", async () => {
  const handler = trace(
    "unary",
    { callback: true, kind: "server" },
    (_call: object, done: (error: Error | null, value?: number) => void) => {
      setImmediate(() => done(null, 7));
    },
  );
  const value = await new Promise((resolve) => handler({}, (_error, given) => resolve(given)));
  assert.equal(value, 7);
  assert.deepEqual([names(), ended[0]?.kind], [["unary"], 2]);

  const stream = trace("stream", () => new PassThrough());
  const through = stream();
  assert.equal(ended.length, 1);
  through.resume().end();
  await finished(through);
  await later();
  assert.deepEqual(names(), ["unary", "stream"]);
});

test("trace() makes attributes from the arguments; a mapper that throws costs its attributes only", () => {
  const place = trace(
    "place",
    { attributes: (id: string, count: number) => ({ id, count }) },
    (id: string, _count: number) => id,
  );
  assert.equal(place("o-1", 3), "o-1");
  assert.deepEqual(attributesOf(ended[0]!), { id: "o-1", count: 3 });
  const fixed = trace("fixed", { attributes: { a: 1 } }, () => 1);
  fixed();
  assert.deepEqual(attributesOf(ended[1]!), { a: 1 });
  const broken = trace(
    "broken",
    {
      attributes: () => {
        throw new Error("mapper");
      },
    },
    () => 7,
  );
  assert.equal(broken(), 7);
  assert.deepEqual(attributesOf(ended[2]!), { "flx.attributes_error": "mapper" });
});

test("trace() begins a trace of its own where it is told to, with links", () => {
  const linked = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    traceFlags: 1,
  };
  const inner = trace("inner", { root: true, links: [{ context: linked }] }, () => 1);
  traceSync("outer", () => inner());
  assert.equal(ended[0]?.parent0, 0);
  assert.equal(ended[0]?.links?.length, 1);
  assert.notEqual(ended[0]?.traceId, ended[1]?.traceId);
});

test("trace() costs no span while nothing is recorded, but follows a sampled caller", () => {
  use(new ParentBasedSampler(ALWAYS_OFF));
  let seen: Span | undefined;
  const work = trace("work", () => (seen = getCurrentSpan()));
  work();
  assert.equal(seen, undefined);
  setCurrentTracing(undefined);
  assert.equal(work(), undefined);
  assert.deepEqual(ended, []);
});

test("trace() refuses what is no function", () => {
  assert.throws(() => trace("a", 7 as never), { code: "FLX_TRACK_TARGET" });
  assert.throws(() => trace("a", Map as never), { code: "FLX_TRACK_TARGET" });
});

test("traceSync() and traceAsync() run a function now, with its span", async () => {
  assert.equal(
    traceSync("sync", (span) => span?.setAttribute("a", 1) && 7),
    7,
  );
  assert.equal(
    await traceAsync("async", { kind: "client" }, async (span) => {
      await later();
      span?.setAttribute("b", 2);
      return 8;
    }),
    8,
  );
  assert.deepEqual(ended.map(attributesOf), [{ a: 1 }, { b: 2 }]);
  assert.deepEqual(
    ended.map(({ kind }) => kind),
    [1, 3],
  );
  assert.throws(
    () =>
      traceSync("fails", () => {
        throw new Error("no");
      }),
    /no/,
  );
  await assert.rejects(
    traceAsync("fails", () => Promise.reject(new Error("no"))),
    /no/,
  );
  await assert.rejects(
    traceAsync("throws", () => {
      throw new Error("no");
    }),
    /no/,
  );
  assert.deepEqual(
    ended.slice(2).map(({ statusCode }) => statusCode),
    [2, 2, 2],
  );
});

test("traced() decorates methods of both kinds by hand, named by class and method", () => {
  class Orders {
    place(id: string): string {
      return id;
    }
  }
  // As experimentalDecorators do.
  const descriptor = Object.getOwnPropertyDescriptor(Orders.prototype, "place")!;
  const legacy = traced()(
    Orders.prototype,
    "place",
    descriptor as TypedPropertyDescriptor<unknown>,
  );
  Object.defineProperty(Orders.prototype, "place", legacy);
  assert.equal(new Orders().place("o-1"), "o-1");

  // As standard decorators do.
  const cancel = function cancel(this: Orders, id: string) {
    return id;
  };
  const context = { kind: "method", name: "cancel", static: false } as never;
  const standard = traced()(cancel, context);
  assert.equal(standard.call(new Orders(), "o-2"), "o-2");
  const named = traced("orders.named", { kind: "producer" })(cancel, context);
  named.call(new Orders(), "o-3");
  assert.deepEqual(names(), ["Orders.place", "Orders.cancel", "orders.named"]);
});

test("helpers speak to the active span, and do nothing without one", () => {
  addSpanAttribute("a", 1);
  addSpanEvent("e");
  setSpanError(new Error("no"));
  assert.equal(getCurrentSpan(), undefined);
  traceSync("work", () => {
    addSpanAttribute("a", 1);
    addSpanEvent("e", { b: 2 });
    setSpanError(new RangeError("too far"));
  });
  const [span] = ended;
  assert.deepEqual(attributesOf(span!), { a: 1, "error.type": "RangeError" });
  assert.deepEqual(
    span?.events?.map(({ name }) => name),
    ["e", "exception"],
  );
  assert.deepEqual([span?.statusCode, span?.statusMessage], [2, "too far"]);
});

test("getTracer() gives a tracer; before tracing is set up one whose spans record nothing", () => {
  getTracer("mine").startSpan("span").end();
  assert.deepEqual(names(), ["span"]);
  setCurrentTracing(undefined);
  const idle = getTracer("mine");
  assert.equal(idle.startSpan("span").isRecording(), false);
  assert.equal(
    idle.startActiveSpan("span", (span) => span.isRecording()),
    false,
  );
});

test("baggage travels with the work, and what is allowed becomes attributes and labels", async () => {
  assert.equal(getBaggage("tenant"), undefined);
  await withBaggage({ tenant: "acme", secret: "s" }, async () => {
    await later();
    assert.equal(getBaggage("tenant"), "acme");
    traceSync("work", () => assert.equal(getBaggage("secret"), "s"));
    withBaggage({ tenant: undefined, plan: "gold" }, () => {
      assert.deepEqual(allBaggage(), { secret: "s", plan: "gold" });
    });
    assert.deepEqual(baggageLabels(["tenant", "plan"]), { tenant: "acme", plan: "" });
  });
  assert.deepEqual(allBaggage(), {});
  assert.deepEqual(ended.map(attributesOf), [{ tenant: "acme" }]);
  runInContext(EMPTY_CONTEXT, () => {
    setBaggage("tenant", "x".repeat(1000));
    assert.equal(getBaggage("tenant")?.length, 1000);
    traceSync("long", () => {});
    assert.equal(baggageLabels(["tenant"]).tenant.length, 256);
  });
  assert.equal(String(ended[1]?.attributes?.get("tenant")).length, 256);
});

test("trace() does not disturb emitters, and functions keep their own properties", () => {
  const emitter = new EventEmitter();
  const listener = Object.assign(
    trace("listener", () => addSpanEvent("heard")),
    { tag: 1 },
  );
  emitter.once("event", listener);
  emitter.emit("event");
  assert.equal(ended[0]?.events?.length, 1);
  assert.equal(listener.tag, 1);
});
