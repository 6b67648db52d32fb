import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model/write";
import { Registry } from "../registry.ts";
import { MetricsCollector } from "./metrics-collector.ts";

function collecting() {
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  const runs = async (): Promise<number> => {
    const text = await registry.metrics();
    return Number(/status="success"\} (\d+)/.exec(text)?.[1]);
  };
  return { collector, runs, track: collector.trackPipelineExecution("p") };
}

class Importer {
  rows = 0;
}

function refused(call: () => unknown, message: RegExp): void {
  assert.throws(call, (error) => {
    assert.ok(error instanceof FlxError);
    assert.equal(error.code, "FLX_TRACK_TARGET");
    assert.match(error.message, message);
    return true;
  });
}

test("Tracker wraps a function: same type, name, length and properties; `this` and arguments pass", async () => {
  const { track, runs } = collecting();
  function greet(this: { word: string }, name: string, _times: number, more = ""): string {
    return `${this.word} ${name}${more}`;
  }
  const tracked = track(Object.assign(greet, { note: "kept" }));
  assert.equal(tracked.name, "greet");
  assert.equal(tracked.length, 2);
  assert.equal(tracked.note, "kept");
  assert.equal(tracked.call({ word: "hello" }, "Ada", 1), "hello Ada");
  assert.equal(await runs(), 1);

  // @ts-expect-error a number is no name; the type came through
  tracked.call({ word: "hello" }, 1, 1);
  const asynchronous: () => Promise<number> = track(async () => 1);
  assert.equal(await asynchronous(), 1);
});

test("Tracker decorates in the standard shape", async () => {
  const { track, runs } = collecting();
  const standard = track as unknown as (value: unknown, context: object) => unknown;
  const self = { n: 2 };
  const times = function (this: typeof self, by: number): number {
    return this.n * by;
  };
  const f = (tracked: unknown, want: unknown, ...args: unknown[]) =>
    assert.equal(Reflect.apply(tracked as () => unknown, self, args), want);

  f(standard(times, { kind: "method", name: "times" }), 6, 3);
  f(
    standard(() => 1, { kind: "getter", name: "one" }),
    1,
  );
  f((standard(undefined, { kind: "field", name: "f" }) as (fn: unknown) => unknown)(times), 8, 4);
  const accessor = standard({}, { kind: "accessor", name: "a" }) as {
    init: (fn: unknown) => unknown;
  };
  f(accessor.init(times), 10, 5);
  assert.equal(await runs(), 4);

  refused(() => standard(Importer, { kind: "class", name: "Importer" }), /on class Importer/);
  refused(() => standard(() => {}, { kind: "setter", name: "s" }), /on setter s/);
  const field = standard(undefined, { kind: "field", name: "f" }) as (initial: unknown) => unknown;
  refused(() => field(7), /on field f got number/);
});

test("Tracker decorates in the legacy shape", async () => {
  const { track, runs } = collecting();
  const key = Symbol("run");
  const method = track({}, key, { value: () => 5, writable: true, enumerable: false });
  assert.equal((method.value as () => unknown)(), 5);
  assert.equal(method.writable, true);
  assert.equal(method.enumerable, false);
  const set = () => {};
  const getter = track({}, "size", { get: () => 6, set, configurable: true });
  assert.equal(getter.get?.(), 6);
  assert.equal(getter.set, set);
  assert.equal(await runs(), 2);

  const legacy = track as unknown as (...args: unknown[]) => unknown;
  refused(() => legacy({}, "field"), /on field found neither a method nor a getter/);
  refused(() => legacy({}, "field", undefined), /on field found neither/);
  refused(() => legacy({}, "setter", { set }), /on setter found neither/);
  refused(() => legacy(Importer), /got the class Importer/);
});

test("Tracker refuses what it cannot track", () => {
  const { track } = collecting();
  // @ts-expect-error undefined is no function
  refused(() => track(), /a tracker got undefined/);
  // @ts-expect-error null is no function
  refused(() => track(null), /a tracker got null/);
  // @ts-expect-error a promise is no function
  refused(() => track(Promise.resolve()), /a tracker got object/);
  refused(() => track(Map as never), /got the class Map/);
});

test("a tracker goes on counting after its series were reset", async () => {
  const { collector, runs, track } = collecting();
  const tracked = track(() => 1);
  tracked();
  collector.registry.resetMetrics();
  tracked();
  assert.equal(await runs(), 1);
});

test("names beyond the cardinality limit are counted in the overflow series", async () => {
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  for (let i = 0; i < 10_100; i++) collector.trackGrpc(`/m/${i}`, () => 0);
  const text = await registry.metrics({ names: ["flx_grpc_requests_total"] });
  assert.match(text, /\{method="__overflow__",status="__overflow__"\} 100\n/);
});
