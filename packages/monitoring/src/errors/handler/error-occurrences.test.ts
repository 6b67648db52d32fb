import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { trace, type Span } from "@opentelemetry/api";
import { runInContext } from "../../tracing/context-manager.ts";
import { contextWithSpan, EMPTY_CONTEXT } from "../../tracing/context.ts";
import { RichErrorHandler } from "../index.ts";

/** A handler and the ids of what it told. */
function telling(): { handler: RichErrorHandler; ids: string[] } {
  const ids: string[] = [];
  const output = {
    write: (text: string) => ids.push((JSON.parse(text) as { errorId: string }).errorId),
  };
  return { handler: new RichErrorHandler({ format: "json", limit: false, output }), ids };
}

const kept = (): Error => Object.freeze(new Error("not found"));

const spanOf = (traceDigit: string, spanDigit = "1"): Span =>
  trace.wrapSpanContext({
    traceId: traceDigit.repeat(32),
    spanId: spanDigit.repeat(16),
    traceFlags: 1,
  });

const within = <Result>(span: Span, fn: () => Result): Result =>
  runInContext(contextWithSpan(EMPTY_CONTEXT, span), fn);

function isTold(handler: RichErrorHandler, error: unknown): boolean {
  return handler.handle(error).isWritten;
}

test("one throw is one occurrence, however many handlers it passes and however long that takes", async () => {
  const { handler, ids } = telling();
  const error = kept();
  const inner = handler.errorContext("outer", async () => {
    try {
      await handler.errorContext("middle", async () => {
        try {
          await handler.errorContext("inner", async () => {
            await nextTurn();
            throw error;
          });
        } finally {
          await nextTurn();
        }
      });
    } catch (caught) {
      await nextTurn();
      handler.handle(caught);
      await nextTurn();
      throw caught;
    }
  });
  await assert.rejects(inner);
  handler.handle(error);
  await nextTurn();
  handler.handle(error, { request: {} });
  handler.loggedFields(error);
  assert.equal(ids.length, 1);

  const told = ids.length;
  const spanned = new Error("in spans");
  within(spanOf("a", "1"), () => handler.handle(spanned));
  await nextTurn();
  within(spanOf("a", "2"), () => handler.handle(spanned));
  await nextTurn();
  // Outside of the trace, where a crash is seen.
  handler.handle(spanned, { origin: "uncaught_exception" });
  assert.equal(ids.length, told + 1);
});

test("a call of handle() that the error came through before means that it was thrown again", async () => {
  const { handler, ids } = telling();
  const error = kept();
  const poll = (): void => {
    try {
      throw error;
    } catch (caught) {
      handler.handle(caught);
      handler.handle(caught);
    }
  };
  for (let i = 0; i < 4; i++) {
    setImmediate(poll);
    // oxlint-disable-next-line no-await-in-loop -- a turn between them
    await nextTurn();
    // oxlint-disable-next-line no-await-in-loop -- a turn between them
    await nextTurn();
  }
  assert.equal(new Set(ids).size, 4);
  assert.equal(ids.length, 4);
});

test("another trace, another request and another context are other occurrences", async () => {
  const { handler, ids } = telling();
  const error = kept();
  within(spanOf("a"), () => handler.handle(error));
  within(spanOf("b"), () => handler.handle(error));
  assert.equal(ids.length, 2, "traces, in one turn");

  const [one, two] = [{}, {}];
  const answered = kept();
  for (const request of [one, one, two]) handler.handle(answered, { request });
  assert.equal(ids.length, 4, "requests, in one turn");

  const inContexts = kept();
  for (let i = 0; i < 3; i++) {
    const work = (): Promise<never> => Promise.reject(inContexts);
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await assert.rejects(handler.errorContext("a", () => handler.errorContext(`b${i}`, work)));
    const [breadcrumb] = handler.report(inContexts).breadcrumbs.slice(-1);
    assert.equal(breadcrumb!.message, `b${i}`);
    // oxlint-disable-next-line no-await-in-loop -- a turn between them
    await nextTurn();
  }
  assert.equal(ids.length, 7, "contexts");

  for (let i = 0; i < 3; i++) {
    const fail = (): never => {
      throw inContexts;
    };
    handler.errorContext("c", { reRaise: false }, fail);
    // oxlint-disable-next-line no-await-in-loop -- a turn between them
    await nextTurn();
  }
  assert.equal(ids.length, 10, "what was swallowed");
  assert.equal(new Set(ids).size, 10);
});

test("lines and spans of an error have the id of its occurrence", async () => {
  const { handler } = telling();
  const error = kept();
  const idOfLine = (): string => /"flx\.error\.id":"(\w+)"/.exec(handler.loggedFields(error)!)![1]!;
  const idOfSpan = (span: Span): string =>
    within(span, () => handler.recordedOnSpan(error, span)).event!["flx.error.id"]!;
  const first = within(spanOf("a"), idOfLine);
  assert.equal(idOfSpan(spanOf("a")), first);
  await nextTurn();
  assert.equal(within(spanOf("a", "2"), idOfLine), first);
  assert.equal(idOfSpan(spanOf("a", "2")), first);
  const second = idOfSpan(spanOf("b"));
  assert.notEqual(second, first);
  assert.equal(within(spanOf("b"), () => handler.handle(error)).report.errorId, second);

  // Lines alone, outside of traces.
  const other = Object.freeze(new RangeError("kept"));
  const idOf = (): string => /"flx\.error\.id":"(\w+)"/.exec(handler.loggedFields(other)!)![1]!;
  const ids = [idOf(), idOf()];
  await nextTurn();
  ids.push(idOf());
  assert.equal(ids[0], ids[1]);
  assert.notEqual(ids[1], ids[2]);
});

test("handle() knows what is thrown by where errors say nothing, too: frozen ones, and what prepares stacks otherwise", async () => {
  const { handler, ids } = telling();
  const before = Reflect.get(Error, "prepareStackTrace");
  Error.prepareStackTrace = () => "never";
  try {
    for (let i = 0; i < 2; i++) {
      assert.ok(isTold(handler, kept()));
      // oxlint-disable-next-line no-await-in-loop -- a turn between them
      await nextTurn();
    }
    assert.equal(new Error("x").stack, "never");
  } finally {
    Error.prepareStackTrace = before;
  }
  assert.equal(ids.length, 2);
  for (const value of [null, "text", 7])
    assert.ok(isTold(handler, value) && isTold(handler, value));
});
