import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";
import fc from "fast-check";
import { Registry } from "../metrics/registry.ts";
import { runInContext } from "../tracing/context-manager.ts";
import { withLogContext } from "./log-context.ts";
import { collectLogMetrics } from "./log-metrics.ts";
import { createLogger, type LogSettings, setLogLevel } from "./logger.ts";
import { prettyLine } from "./pretty.ts";

type Line = Readonly<Record<string, unknown>>;

function logged(settings: LogSettings = {}) {
  const lines: Line[] = [];
  const texts: string[] = [];
  const destination = {
    write(text: string) {
      texts.push(text);
      lines.push(JSON.parse(text) as Line);
    },
  };
  return { logger: createLogger({ destination, ...settings }), lines, texts };
}

const span = trace.wrapSpanContext({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  traceFlags: TraceFlags.SAMPLED,
});

test("a line has level, time, message, base and fields", () => {
  const { logger, lines } = logged({ base: { service: "orders" } });
  const before = Date.now();
  logger.info({ orderId: 7 }, "placed");
  const { time, ...rest } = lines[0]!;
  assert.deepEqual(rest, { level: 30, service: "orders", orderId: 7, msg: "placed" });
  assert.ok((time as number) >= before && (time as number) <= Date.now());
});

test("a line has the ids of the active span and the fields of its context; its own fields win", async () => {
  const { logger, lines } = logged();
  await runInContext(trace.setSpan(ROOT_CONTEXT, span), () =>
    withLogContext({ tenant: "t1", job: "outer" }, async () => {
      await Promise.resolve();
      withLogContext({ job: "inner" }, () => logger.info({ tenant: "own" }, "in"));
    }),
  );
  logger.info("out");
  assert.equal(lines[0]!["trace_id"], "0af7651916cd43dd8448eb211c80319c");
  assert.equal(lines[0]!["span_id"], "b7ad6b7169203331");
  assert.equal(lines[0]!["trace_flags"], "01");
  assert.equal(lines[0]!["tenant"], "own");
  assert.equal(lines[0]!["job"], "inner");
  assert.equal(lines[1]!["trace_id"], undefined);
  assert.equal(lines[1]!["tenant"], undefined);
});

test("secrets are taken out by key at any depth, by path, and of children's bindings", () => {
  const redaction = { keys: ["Ssn"], paths: ["user.email", "headers.*", "cards.0.number"] };
  const { logger, texts, lines } = logged({ redaction });
  const fields = {
    password: "planted",
    dbPassword: "planted",
    nested: [{ deep: { api_key: "planted", ssn: "planted" } }],
    user: { email: "planted", name: "Ada" },
    headers: { "x-any": "planted" },
    cards: [{ number: "planted", expires: "12/30" }],
    max_tokens: 100,
    tokenCount: 3,
  };
  logger.child({ authorization: "planted" }).info(fields, "with secrets");
  assert.ok(!texts[0]!.includes("planted"), texts[0]);
  assert.equal(lines[0]!["max_tokens"], 100);
  assert.deepEqual(lines[0]!["user"], { email: "[redacted]", name: "Ada" });
  assert.deepEqual(lines[0]!["cards"], [{ number: "[redacted]", expires: "12/30" }]);
  assert.equal(fields.password, "planted", "the caller's object is left alone");
});

test("an error is told with type, message, stack, code and causes, without cycles", () => {
  const { logger, lines } = logged();
  const root = Object.assign(new RangeError("root"), { code: "E_ROOT" });
  const error = new TypeError("outer", { cause: root });
  (root as { cause?: unknown }).cause = error;
  logger.error(error);
  const err = lines[0]!["err"] as Line;
  assert.equal(err["type"], "TypeError");
  assert.equal(lines[0]!["msg"], "outer");
  assert.match(err["stack"] as string, /logger\.test\.ts/);
  const cause = err["cause"] as Line;
  assert.equal(cause["code"], "E_ROOT");
  assert.deepEqual(cause["cause"], { type: "[circular]" });
  logger.error({ err: new AggregateError([new Error("a"), new Error("b")], "both") }, "failed");
  const { errors } = lines[1]!["err"] as { errors: Line[] };
  assert.deepEqual(
    errors.map(({ message }) => message),
    ["a", "b"],
  );
});

test("hostile values are bounded, and never throw into the service", () => {
  const { logger, texts } = logged();
  const cyclic: Record<string, unknown> = { name: "cyclic" };
  cyclic["self"] = cyclic;
  const getter = {
    get boom(): never {
      throw new Error("no");
    },
    fine: 1,
  };
  const proxy = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no keys");
      },
    },
  );
  const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ inner }), {});
  const cases: unknown[] = [
    cyclic,
    getter,
    { nested: getter },
    proxy,
    { nested: proxy },
    { big: 10n, nested: { big: 10n } },
    { text: "x".repeat(5_000_000) },
    Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, i])),
    deep,
    {
      toJSON() {
        throw new Error("no");
      },
    },
    { symbol: Symbol("s"), fn: () => 1, undefinedValue: undefined },
    JSON.parse('{"__proto__":{"password":"planted"},"constructor":1}'),
    new Map([["password", "planted"]]),
    { date: new Date(Number.NaN) },
    null,
    undefined,
    Object.freeze({ password: "planted" }),
    { lone: "\ud800" },
  ];
  for (const each of cases) {
    logger.info(each as object, "hostile");
    logger.info({ value: each }, "hostile inside");
  }
  logger.info("y".repeat(5_000_000));
  logger.info("%s %o", cyclic, getter);
  assert.ok(texts.length >= 2 * cases.length - 2, `${texts.length} lines`);
  for (const text of texts) {
    assert.ok(text.length < 300_000, `${text.length} characters`);
    assert.ok(text.endsWith("\n") && !text.includes("planted"), text.slice(0, 200));
  }
  assert.ok(
    texts.some((text) => text.includes('"boom":"[unreadable]"') && text.includes('"fine":1')),
  );
});

test("any value is one line of JSON", () => {
  const { logger, texts } = logged();
  fc.assert(
    fc.property(
      fc.anything({ withBigInt: true, withDate: true, withMap: true }),
      fc.string(),
      (value, message) => {
        texts.length = 0;
        logger.info({ value }, message);
        assert.equal(texts.length, 1);
        assert.equal(texts[0]!.trimEnd().includes("\n"), false);
      },
    ),
    { numRuns: 500 },
  );
});

test("repetitions are held back, and told when their window is over", async () => {
  const { logger, lines } = logged({ duplicates: { allow: 3, windowMs: 20 } });
  for (let i = 0; i < 315; i++) logger.warn({ i }, "queue is full");
  for (let i = 0; i < 3; i++) logger.warn("something else");
  assert.equal(lines.length, 6);
  await new Promise((resolve) => void setTimeout(resolve, 60));
  assert.equal(lines.length, 7);
  assert.equal(lines[6]!["repeated"], 312);
  assert.equal(lines[6]!["msg"], "queue is full (repeated 312 times)");
  assert.equal(lines[6]!["level"], 40);
  logger.warn("queue is full");
  assert.equal(lines.length, 8);
});

test("setLogLevel() changes a logger and the children that exist", () => {
  const { logger, lines } = logged({ level: "warn" });
  const child = logger.child({ part: "a" });
  const grandchild = child.child({ part: "b" });
  for (const each of [logger, child, grandchild]) each.info("not yet");
  assert.equal(lines.length, 0);
  setLogLevel(child, "debug");
  for (const each of [logger, child, grandchild]) each.debug("now");
  assert.equal(lines.length, 3);
  assert.throws(() => setLogLevel(logger, "loud"));
});

test("lines are counted by level, held ones too", async () => {
  const registry = new Registry();
  using counter = collectLogMetrics(registry);
  const { logger } = logged({ counter, duplicates: { allow: 2, windowMs: 10_000 } });
  for (let i = 0; i < 5; i++) logger.error("same");
  logger.info("other");
  logger.debug("below the level");
  const text = await registry.metrics();
  assert.ok(text.includes('flx_log_lines_total{level="error"} 5\n'), text);
  assert.ok(text.includes('flx_log_lines_held_total{level="error"} 3\n'));
  assert.ok(text.includes('flx_log_lines_total{level="info"} 1\n'));
  assert.ok(!text.includes("debug"));
});

test("prettyLine() is for people, and no text can forge another line or move the cursor", () => {
  const line = prettyLine(
    JSON.stringify({
      level: 50,
      time: 0,
      msg: "a\nb\u001b[2J\u202e",
      "k\u0007": "v",
      trace_id: "0af7651916cd43dd8448eb211c80319c",
      err: {
        type: "E",
        message: "m",
        stack: "E: m\n    at f (a.ts:1:1)",
        cause: { type: "C", message: "c" },
      },
    }),
    false,
  );
  assert.deepEqual(line.split("\n"), [
    "00:00:00.000  ERROR  a",
    '    b\\u001b[2J\\u202e  k\\u0007="v"  trace=0af76519',
    "    E: m",
    "        at f (a.ts:1:1)",
    "    caused by C: c",
    "",
  ]);
  const error = { type: "E", message: "m", stack: "E: m\n    at f (a.ts:1:1)" };
  const named = prettyLine(JSON.stringify({ level: 50, time: 0, msg: "a", error }), false);
  assert.equal(named, "00:00:00.000  ERROR  a\n    E: m\n        at f (a.ts:1:1)\n");
  assert.match(prettyLine('{"level":50,"msg":"a","error":"m"}', false), /a {2}error="m"\n$/);
  assert.equal(prettyLine("no json\n", false), "no json\n");
  assert.ok(prettyLine('{"level":30,"msg":"x"}', true).includes("\u001b[32m"));
  assert.doesNotThrow(() => prettyLine('{"level":30,"time":"soon","msg":"x"}', false));
});

test("prettyLine() shows frames of the service, and all when there are no others", () => {
  const f = (frames: readonly string[], want: readonly string[]) => {
    const stack = ["E: m", ...frames.map((frame) => `    at ${frame}`)].join("\n");
    const line = prettyLine(JSON.stringify({ level: 50, msg: "a", err: { stack } }), false);
    const shown = line.split("\n").filter((each) => each.includes(" at "));
    assert.deepEqual(
      shown.map((each) => each.trim().slice(3)),
      want,
    );
  };

  const ours = "work (file:///app/node_modules/@flx/monitoring/dist/chunks/metrics.js:177:30)";
  const place = "place (/app/place.js:5:1)";
  const framework = "next (/app/node_modules/router/index.js:1:1)";
  f([place, ours, "Server.emit (node:events:1:1)", framework], [place, framework]);
  f(["C:\\app\\node_modules\\@flx\\monitoring\\a.js:1:1", "/app/a.js:1:2"], ["/app/a.js:1:2"]);
  f(["async node:internal/process:1:1", place], [place]);
  f(["node:net:1:1", "Socket.x (node:net:2:1)"], ["node:net:1:1", "Socket.x (node:net:2:1)"]);
});

test("what turns itself into JSON has its secrets taken out, too; errors and bytes are told anywhere", () => {
  const { logger, texts, lines } = logged();
  const record = { toJSON: () => ({ id: 1, password: "planted", tags: ["a"] }) };
  const itself: Record<string, unknown> = { password: "planted", id: 2 };
  itself["toJSON"] = () => itself;
  logger.info({
    record,
    itself,
    list: [record],
    at: new Date(0),
    url: new URL("https://example.org/x"),
    reason: new RangeError("inside", { cause: new Error("deeper") }),
    body: Buffer.alloc(1_000_000),
    numbers: new Float64Array(4),
  });
  const line = lines[0]!;
  assert.ok(!texts[0]!.includes("planted"), texts[0]);
  assert.deepEqual(line["record"], { id: 1, password: "[redacted]", tags: ["a"] });
  assert.deepEqual(line["itself"], { id: 2, password: "[redacted]" });
  assert.deepEqual(line["list"], [line["record"]]);
  assert.equal(line["at"], "1970-01-01T00:00:00.000Z");
  assert.equal(line["url"], "https://example.org/x");
  const reason = line["reason"] as Line;
  assert.deepEqual([reason["type"], reason["message"]], ["RangeError", "inside"]);
  assert.equal((reason["cause"] as Line)["message"], "deeper");
  assert.equal(line["body"], "[1000000 bytes]");
  assert.equal(line["numbers"], "[32 bytes]");
});

test("a line is bounded as a whole, not only in each of its parts", () => {
  const { logger, texts } = logged();
  // 10^8 ways from the first object to the last, and 30 MB of text; errors in errors in errors.
  let wide: object = { end: 1 };
  for (let depth = 0; depth < 8; depth++) {
    wide = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`k${i}`, wide]));
  }
  const long = Array.from({ length: 1_000 }, () => "x".repeat(30_000));
  let error = new Error("first");
  for (let depth = 0; depth < 8; depth++) {
    error = new AggregateError(
      Array.from({ length: 10 }, () => new Error("each", { cause: error })),
    );
  }
  logger.info({ wide }, "wide");
  logger.info({ long }, "long");
  logger.error(error, "errors");
  assert.equal(texts.length, 3);
  for (const text of texts) assert.ok(text.length < 1_000_000, `${text.length} characters`);
});
