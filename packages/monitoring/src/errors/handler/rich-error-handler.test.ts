import assert from "node:assert/strict";
import { test } from "node:test";
import { RichErrorHandler, type RichErrorHandlerOptions } from "../index.ts";

function recording(options: RichErrorHandlerOptions = {}): {
  handler: RichErrorHandler;
  out: string[];
} {
  const out: string[] = [];
  const output = { write: (text: string) => out.push(text) };
  return { handler: new RichErrorHandler({ format: "plain", output, ...options }), out };
}

test("errorContext() tells an error once, with the contexts around it, and throws it on", async () => {
  const { handler, out } = recording();
  const error = new Error("inside");
  const work = handler.errorContext("importing", { batch: 7 }, async () => {
    await handler.errorContext("reading", { file: "a.csv" }, async () => {
      await Promise.reject(error);
    });
  });
  await assert.rejects(work, error);
  assert.equal(out.length, 1);
  assert.match(out[0]!, /while importing {2}batch=7\n.*└ reading {2}file='a.csv'/);
});

test("errorContext() gives undefined for the error when it is not to be raised", async () => {
  const { handler, out } = recording();
  const fail = (): number => {
    throw new Error("no");
  };
  assert.equal(handler.errorContext("a", { reRaise: false }, fail), undefined);
  assert.equal(await handler.errorContext("b", { reRaise: false }, async () => fail()), undefined);
  assert.equal(
    handler.errorContext("c", () => 7),
    7,
  );
  assert.equal(out.length, 2);
});

test("errorContext() without work lasts until it is disposed of", () => {
  const { handler } = recording();
  {
    using _ = handler.errorContext("in the block", { id: 1 });
    assert.deepEqual(
      handler.report(new Error("x")).breadcrumbs.map(({ message }) => message),
      ["in the block"],
    );
  }
  assert.deepEqual(handler.report(new Error("x")).breadcrumbs, []);
});

test("withErrorContext() keeps name, length, this, arguments and result", () => {
  const { handler, out } = recording();
  const place = function place(this: { tax: number }, net: number, _country: string): number {
    if (net < 0) throw new RangeError("net");
    return net + this.tax;
  };
  const wrapped = handler.withErrorContext("placing", { shop: 1 }, place);
  assert.deepEqual([wrapped.name, wrapped.length], ["place", 2]);
  assert.equal(Reflect.apply(wrapped, { tax: 2 }, [5, "DE"]), 7);
  assert.throws(() => Reflect.apply(wrapped, { tax: 2 }, [-1, "DE"]), RangeError);
  assert.match(out.join(""), /while placing {2}shop=1/);
});

test("handle() writes the first errors of a fingerprint and counts all", () => {
  const counted: [string, string, boolean][] = [];
  const counter = {
    handled: (kind: string, type: string, isHeld: boolean) =>
      void counted.push([kind, type, isHeld]),
    unhandled: () => undefined,
  };
  const { handler, out } = recording({ counter, limit: { max: 2 } });
  for (let i = 0; i < 5; i++) handler.handle(new TypeError(`order ${i}`));
  assert.equal(out.length, 2);
  assert.deepEqual(
    counted.map(([, , isHeld]) => isHeld),
    [false, false, true, true, true],
  );
});

test("handle() gives a logger's line fields as they are, without secrets", () => {
  const lines: object[] = [];
  const log = (fields: object) => void lines.push(fields);
  const { handler } = recording({ format: "json", logger: { info: log, warn: log, error: log } });
  const fields = {
    id: 7,
    ok: true,
    shop: "berlin's",
    password: "hunter2hunter2",
    card: 4111111111111111,
  };
  handler.handle(new Error("login with hunter2hunter2"), { fields: { ...fields, items: [1, 2] } });
  const { id, ok, shop, password, card, items } = lines[0] as Record<string, unknown>;
  assert.deepEqual(
    [id, ok, shop, password, card, items],
    [7, true, "berlin's", "[redacted]", "[redacted]", "[ 1, 2 ]"],
  );
  assert.ok(!JSON.stringify(lines).includes("hunter2hunter2"));
});

test("handle() says of each kind of error how loud it is", () => {
  const lines: [string, string][] = [];
  const logger = {
    info: (_: object, text: string) => void lines.push(["info", text]),
    warn: (_: object, text: string) => void lines.push(["warn", text]),
    error: (_: object, text: string) => void lines.push(["error", text]),
  };
  class OutOfStock extends Error {}
  const { handler } = recording({ logger, kinds: { expected: [OutOfStock, "ERR_SOLD"] } });
  handler.handle(new OutOfStock("none left"));
  handler.handle(Object.assign(new Error("sold"), { code: "ERR_SOLD" }));
  handler.handle(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
  handler.handle(Object.assign(new Error("not found"), { status: 404 }));
  handler.handle(new TypeError("x is undefined"), { message: "placing" });
  assert.deepEqual(lines, [
    ["info", "OutOfStock: none left"],
    ["info", "Error: sold"],
    ["warn", "Error: refused"],
    ["info", "Error: not found"],
    ["error", "placing: TypeError: x is undefined"],
  ]);
});

test("loggedFields() gives the ids and frames of the report, once for an error, and never throws", () => {
  const { handler } = recording({ limit: { max: 1 } });
  const errors = [
    new TypeError("plain"),
    new Error("outer", { cause: new RangeError("inner") }),
    new AggregateError([new Error("a"), new Error("b")], "both"),
    Object.assign(new Error("with a secret"), { password: "hunter2hunter2" }),
  ];
  for (const error of errors) {
    const text = handler.loggedFields(error)!;
    const fields = JSON.parse(`{${text}}`) as Record<string, unknown>;
    const { fingerprint, errorId, frames } = handler.handle(error).report;
    assert.equal(fields["flx.error.fingerprint"], fingerprint);
    assert.equal(fields["flx.error.id"], errorId);
    const shown = frames.filter((each) => each.kind === "frame");
    assert.deepEqual(
      (fields["flx.error.frames"] as Record<string, unknown>[]).map(
        ({ function: name, file, line, column, own }) => [name, file, line, column, own],
      ),
      shown.map(({ functionName, file, line, column, owner }) => {
        return [functionName, file, line, column, owner === "own"];
      }),
    );
    assert.equal(handler.loggedFields(error), text);
  }
  const hostile = Object.defineProperty(new Error("no"), "stack", {
    get() {
      throw new Error("not to be read");
    },
  });
  assert.match(handler.loggedFields(hostile)!, /"flx\.error\.fingerprint":"[0-9a-f]{16}"/);
  assert.match(handler.loggedFields(new Proxy(hostile, {}))!, /"flx\.error\.id":"[0-9a-f]{16}"/);
});

test("what a line has told is not counted among those that were not written", () => {
  const { handler, out } = recording({ limit: { max: 1, windowMs: 60_000 } });
  const fail = (id: number): Error => new Error(`order ${id}`);
  handler.handle(fail(0));
  const [logged, handled, neither] = [fail(1), fail(2), fail(3)];
  handler.loggedFields(logged);
  handler.handle(logged);
  handler.handle(handled);
  handler.loggedFields(handled);
  handler.handle(neither);
  process.emit("exit", 0);
  assert.equal(out.length, 2);
  assert.match(out[1]!, /Error again: 1 more of group/);
});

test("a logger, an output and a counter that throw do no harm", () => {
  const no = (): never => {
    throw new Error("no");
  };
  const handler = new RichErrorHandler({
    output: { write: no },
    logger: { info: no, warn: no, error: no },
    counter: { handled: no, unhandled: no },
    kindOf: no,
  });
  assert.equal(handler.handle(new Error("x")).kind, "bug");
});

test("format() shows frames, code with a mark, properties, notes, help, docs and causes", () => {
  const { handler } = recording({ width: 100 });
  const cause = new RangeError("rate is missing");
  const error = Object.assign(new Error("cannot price", { cause }), {
    code: "ERR_PRICE",
    orderId: 7,
    notes: ["the rates are of yesterday"],
    help: "load them again",
    docs: "https://example.org/rates",
  });
  const text = handler.format(error);
  assert.match(text, /Error: cannot price {2}\[ERR_PRICE\]\n {4}orderId = 7\n/);
  assert.match(
    text,
    /note: the rates are of yesterday\n.*help: load them again\n.*docs: https:\/\/example.org\/rates/,
  );
  assert.match(
    text,
    /❯ +\d+ │ +const error = Object\.assign\(new Error\("cannot price", \{ cause \}\), \{\n +│ +\^{36}\n/,
  );
  assert.match(text, /caused by {2}RangeError: rate is missing/);
  assert.ok(
    text.split("\n").every((line) => line.length <= 100 || line.includes(".test.ts:")),
    text,
  );
});

test("format() shows of a cause the frames that its error does not have, also where V8 has cut them off", () => {
  const { handler } = recording();
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 8;
  try {
    const read = (): never => {
      throw new RangeError("inside");
    };
    const parse = (): never => {
      try {
        return read();
      } catch (cause) {
        throw new Error("outside", { cause });
      }
    };
    const deep = (n: number): never => (n === 0 ? parse() : ((): never => deep(n - 1))());
    try {
      deep(3);
      assert.fail("it throws");
    } catch (error) {
      const frames = handler.report(error).cause!.frames;
      const shown = frames.map((each) =>
        each.kind === "folded" ? each.reason : each.functionName,
      );
      assert.deepEqual(shown, ["read", "parse", "above"]);
    }
  } finally {
    Error.stackTraceLimit = before;
  }
});

test("format() for production is one line of JSON without source and variables", () => {
  const { handler } = recording({
    format: "json",
    showCode: false,
    showLocals: false,
    maxFrames: 10,
  });
  const text = handler.format(new Error("two\nlines"));
  assert.equal(text.indexOf("\n"), text.length - 1);
  const json = JSON.parse(text) as { type: string; frames: { code?: unknown; locals?: unknown }[] };
  assert.equal(json.type, "Error");
  assert.ok(json.frames.every(({ code, locals }) => code === undefined && locals === undefined));
});

test("format() shows what failed on any width, also at the end of a long line", () => {
  const { handler } = recording();
  const fail = (...given: readonly unknown[]): never => {
    throw new RangeError(`${given.length} are too many`);
  };
  // oxfmt-ignore
  const error = ((): unknown => { try { return [fail("a rather long argument", "and another one of them", "until the line is far too long", new Error("at the end"))]; } catch (thrown) { return thrown; } })();
  for (const width of [40, 60, 80, 200]) {
    handler.configure({ width });
    const lines = handler.format(error).split("\n");
    for (const [i, line] of lines.entries()) {
      assert.ok(line.length <= width || / {2}\S+:\d+:\d+$/.test(line), `${width}: ${line}`);
      if (!/^ +│ +\^+$/.test(line)) continue;
      const marked = lines[i - 1]!.slice(line.indexOf("^"), line.length);
      assert.match(
        marked,
        /^(?:fail\(|new RangeError\(|\()/,
        `${width}:\n${lines[i - 1]!}\n${line}`,
      );
    }
  }
});

test("configure() keeps what was captured", () => {
  const { handler } = recording({ showLocals: true });
  try {
    const fail = (id: number): never => {
      throw new Error(`order ${id}`);
    };
    try {
      fail(7);
    } catch (error) {
      handler.configure({ width: 80 });
      assert.match(handler.format(error), / id = 7/);
    }
  } finally {
    handler.close();
  }
});

test("an error that the debugger was armed for is written, however many of its group were held back", async () => {
  const { handler, out } = recording({ showLocals: "armed", limit: { max: 1 } });
  const fail = (id: number): unknown => {
    try {
      throw new Error(`order ${id}`);
    } catch (error) {
      return error;
    }
  };
  try {
    // Two that were thrown before anybody waited for them.
    const early = [fail(1), fail(2)];
    for (const each of early) handler.handle(each);
    assert.equal(out.length, 1);
    handler.handle(fail(3));
    handler.handle(fail(4));
    assert.equal(out.length, 2);
    assert.match(out[1]!, /Error: order 3[^]* id = 3/);
  } finally {
    handler.close();
  }
});

test("showLocals shows variables of the failing frames, redacted, without an inspector port", () => {
  const { handler } = recording({ showLocals: true });
  try {
    const charge = (order: { id: number; card: string }): never => {
      const password = "hunter2hunter2";
      const early = () => later;
      if (order.id > 0) throw new Error(`no ${typeof early}`);
      const later = password;
      throw new Error(later);
    };
    try {
      charge({ id: 7, card: "4111111111111111" });
      assert.fail("it throws");
    } catch (error) {
      const first = handler.report(error).frames.find((entry) => entry.kind === "frame");
      const values = Object.fromEntries(
        (first?.locals ?? []).map(({ name, value }) => [name, value]),
      );
      assert.equal(values["order"], "{ id: 7, card: '[redacted]' }");
      assert.equal(values["password"], "[redacted]");
      assert.ok(!handler.format(error).includes("hunter2hunter2"));
    }
  } finally {
    handler.close();
  }
});
