import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { activeContext, AsyncContextManager } from "./context-manager.ts";
import {
  EMPTY_CONTEXT,
  FlxContext,
  isSuppressed,
  SPAN_KEY,
  spanOf,
  SUPPRESS_TRACING_KEY,
} from "./context.ts";
import { LazyTrace, UnsampledSpan } from "./unsampled-span.ts";

const manager = new AsyncContextManager();
const KEY = Symbol("key");
const named = (value: string) => EMPTY_CONTEXT.setValue(KEY, value);
const active = () => activeContext().getValue(KEY);

test("FlxContext never changes: each set and delete gives a new one", () => {
  const one = EMPTY_CONTEXT.setValue(KEY, 1);
  const two = one.setValue(KEY, 2);
  const none = two.deleteValue(KEY);
  assert.deepEqual(
    [EMPTY_CONTEXT, one, two, none].map((each) => each.getValue(KEY)),
    [undefined, 1, 2, undefined],
  );
  assert.equal(EMPTY_CONTEXT.deleteValue(KEY), EMPTY_CONTEXT);
});

test("FlxContext has the span under the API's own key", () => {
  const span = new UnsampledSpan(new LazyTrace(0));
  const context = named("a").setValue(SPAN_KEY, span);
  assert.equal(context.getValue(SPAN_KEY), span);
  assert.equal(spanOf(context), span);
  assert.equal(context.getValue(KEY), "a");
  assert.equal(spanOf(context.deleteValue(SPAN_KEY)), undefined);
  assert.equal(context.deleteValue(SPAN_KEY).getValue(KEY), "a");
});

test("isSuppressed() reads the key of OpenTelemetry's SDK", () => {
  assert.equal(isSuppressed(EMPTY_CONTEXT), false);
  assert.equal(isSuppressed(EMPTY_CONTEXT.setValue(SUPPRESS_TRACING_KEY, true)), true);
  assert.equal(isSuppressed(EMPTY_CONTEXT.setValue(SUPPRESS_TRACING_KEY, "yes")), false);
});

test("with() runs a function in a context, with this and arguments, and gives its result", () => {
  function add(this: { base: number }, a: number, b: number): number {
    assert.equal(active(), "a");
    return this.base + a + b;
  }
  assert.equal(
    manager.with(named("a"), add as never, { base: 1 } as never, ...([2, 3] as never)),
    6,
  );
  assert.equal(
    manager.with(named("a"), (x: number) => x, undefined, 7),
    7,
  );
  assert.equal(active(), undefined);
  assert.throws(
    () =>
      manager.with(named("a"), () => {
        throw new Error("out");
      }),
    /out/,
  );
  assert.equal(active(), undefined);
});

test("with() holds across awaits, timers and nested contexts", async () => {
  const seen: unknown[] = [];
  await manager.with(named("outer"), async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    seen.push(active());
    await manager.with(named("inner"), async () => {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(active());
    });
    seen.push(active());
  });
  assert.deepEqual([...seen, active()], ["outer", "inner", "outer", undefined]);
});

test("attach() makes a context active until it is disposed of", () => {
  manager.with(named("around"), () => {
    const token = manager.attach(named("a"));
    assert.equal(active(), "a");
    const inner = manager.attach(named("b"));
    token.dispose(); // not in order: the inner one stays
    assert.equal(active(), "b");
    inner.dispose();
    assert.equal(active(), "a");
  });
  assert.equal(active(), undefined);
});

test("bind() gives a function that runs in the context, with name and length", () => {
  const bound = manager.bind(named("a"), function sum(this: { c: number }, a: number, b: number) {
    return [active(), a + b + this.c];
  });
  assert.deepEqual(bound.call({ c: 3 }, 1, 2), ["a", 6]);
  assert.deepEqual([bound.name, bound.length], ["sum", 2]);
  assert.equal(manager.bind(named("a"), 7), 7);
});

test("bind() gives an emitter whose listeners run in the context, and can be taken away", () => {
  const emitter = manager.bind(named("a"), new EventEmitter());
  assert.equal(manager.bind(named("b"), emitter), emitter);
  const seen: unknown[] = [];
  const listener = () => seen.push(active());
  emitter.on("event", listener);
  emitter.once("event", listener);
  emitter.prependListener("event", listener);
  emitter.emit("event");
  assert.deepEqual(seen.splice(0), ["a", "a", "a"]);
  emitter.off("event", listener).removeListener("event", listener);
  emitter.emit("event");
  assert.deepEqual(seen, []);
  assert.equal(emitter.listenerCount("event"), 0);
});

test("activeContext() is the empty one outside of all", () => {
  assert.ok(activeContext() instanceof FlxContext);
  assert.equal(manager.active(), EMPTY_CONTEXT);
  assert.equal(manager.enable(), manager);
  assert.equal(manager.disable(), manager);
});
