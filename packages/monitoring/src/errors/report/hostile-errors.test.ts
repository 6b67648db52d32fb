// Whatever is thrown: always a report, in every form, in bounded time, and nothing of it reaches a terminal raw.

import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { Worker } from "node:worker_threads";
import { once } from "node:events";
import { RichErrorHandler } from "../index.ts";

const handler = new RichErrorHandler({ format: "plain", limit: false });

function forms(thrown: unknown): string[] {
  return [handler.format(thrown), handler.toJson(thrown), handler.toHtml(thrown)];
}

function withGetter(name: string): Error {
  return Object.defineProperty(new Error("x"), name, {
    get() {
      throw new Error("from a getter");
    },
  });
}

function cyclic(): Error {
  const a = new Error("a");
  a.cause = new Error("b", { cause: new Error("c", { cause: a }) });
  return a;
}

const throwing = new Proxy(
  {},
  {
    get() {
      throw new Error("no");
    },
    ownKeys() {
      throw new Error("no");
    },
    getPrototypeOf() {
      throw new Error("no");
    },
    getOwnPropertyDescriptor() {
      throw new Error("no");
    },
  },
);

const revoked = Proxy.revocable({}, {});
revoked.revoke();

class Broken {
  toString(): string {
    throw new Error("no text");
  }
  get [Symbol.toStringTag](): string {
    throw new Error("no tag");
  }
}

const cases: Readonly<Record<string, unknown>> = {
  null: null,
  undefined: undefined,
  text: "just a text",
  number: 7,
  bigint: 7n,
  symbol: Symbol("s"),
  function: () => 1,
  "frozen object": Object.freeze({ a: 1 }),
  "object without prototype": Object.assign(Object.create(null), { a: 1 }),
  "stack getter": withGetter("stack"),
  "message getter": withGetter("message"),
  "name getter": withGetter("name"),
  "cause getter": withGetter("cause"),
  "own getter": withGetter("details"),
  "cyclic cause": cyclic(),
  "its own cause": Object.assign(new Error("self"), {
    get cause() {
      return this;
    },
  }),
  "aggregate of itself": (() => {
    const all = new AggregateError([], "all");
    all.errors.push(all, all);
    return all;
  })(),
  "throwing proxy": throwing,
  "revoked proxy": revoked.proxy,
  "proxy of an error": new Proxy(new Error("inside"), {}),
  "broken toString": new Broken(),
  "broken message": Object.assign(new Error("x"), { message: new Broken() }),
  "error of another realm": vm.runInNewContext("new TypeError('elsewhere')"),
  "10 MB message": new Error("m".repeat(10_000_000)),
  "10 MB stack": Object.assign(new Error("s"), {
    stack: `Error: s\n${"    at f (/x.js:1:1)\n".repeat(500_000)}`,
  }),
  "stack that is no text": Object.assign(new Error("s"), { stack: 7 }),
  "lone surrogates": new Error("\ud800 and \udc00"),
  "brackets in names": new Error("[red]not a colour[/red] {curly} <angle>"),
  "many fields": Object.assign(
    new Error("f"),
    Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`f${i}`, i])),
  ),
  "deep causes": Array.from({ length: 1_000 }).reduce<Error>(
    (cause, _, i) => new Error(`c${i}`, { cause }),
    new Error("end"),
  ),
};

for (const [name, thrown] of Object.entries(cases)) {
  test(`RichErrorHandler reports ${name}`, () => {
    for (const text of forms(thrown)) {
      assert.ok(text.length > 20, text);
      assert.ok(text.length < 200_000, `${text.length}`);
    }
  });
}

test("renderTerminal() lets no control character of an error through", () => {
  const evil = "\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u009b31m\r\b\u202egnp.exe";
  const error = Object.assign(new Error(evil), {
    [evil]: evil,
    code: evil,
    help: evil,
    notes: [evil],
  });
  error.name = evil;
  error.stack = `Error: x\n    at ${evil} (/tmp/${evil}.js:1:1)`;
  const text = handler.format(error);
  // oxlint-disable-next-line no-control-regex -- that is what must not be there
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  assert.match(text, /\\x1b\]0;owned\\x07/);
  const html = handler.toHtml(
    Object.assign(new Error("<script>alert(1)</script>"), { docs: "javascript:alert(1)" }),
  );
  assert.doesNotMatch(html, /<script|href="javascript/);
});

test("report() of an error from a worker has its type, message and frames", async () => {
  const worker = new Worker("throw new RangeError('in the worker')", { eval: true });
  const [error] = (await once(worker, "error")) as [unknown];
  const { type, message } = handler.report(error);
  assert.deepEqual([type, message], ["RangeError", "in the worker"]);
});

test("report() folds recursion", () => {
  function down(n: number): number {
    if (n === 0) throw new Error("bottom");
    return down(n - 1) + 1;
  }
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  try {
    down(30);
    assert.fail("it throws");
  } catch (error) {
    assert.match(handler.format(error), /\d+ frames more of the same \(recursion\)/);
  } finally {
    Error.stackTraceLimit = limit;
  }
});

test("a message of megabytes, and one that looks like frames, leave the frames as they are", () => {
  const long = handler.report(new Error("x".repeat(5_000_000)));
  assert.equal(long.frames.length > 0, true);
  const lines = "no\n    at evil (/etc/passwd:1:1)\n".repeat(1_000);
  const { frames } = handler.report(new Error(lines));
  const files = frames.map((each) => (each.kind === "frame" ? each.file : ""));
  assert.ok(files.every((file) => file !== "/etc/passwd"));
  assert.equal(files[0], import.meta.filename);
  const changed = new Error("before");
  changed.message = "after";
  assert.equal(handler.report(changed).frames.length > 0, true);
});
