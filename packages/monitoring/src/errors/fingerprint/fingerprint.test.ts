import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fingerprint, type FingerprintInput } from "./fingerprint.ts";
import { hash64 } from "./hash64.ts";
import { isOwnFrame, normalizeFunction, normalizeModule } from "./normalize-frame.ts";
import { parameterizeMessage } from "./parameterize-message.ts";

test("parameterizeMessage() puts placeholders for what differs", () => {
  const f = (message: string, want: string) => assert.equal(parameterizeMessage(message), want);

  f("user 4711 not found", "user <int> not found");
  f("balance is -12.50 EUR", "balance is <float> EUR");
  f("took 12ms, limit 1.5s", "took <duration>, limit <duration>");
  f("order 5f0c6a1e-3d5b-4c1a-9b6f-0a1b2c3d4e5f failed", "order <uuid> failed");
  f("mail to ada.l+x@example.co.uk bounced", "mail to <email> bounced");
  f("GET https://e.org/a?b=c#d failed", "GET <url> failed");
  f("connect ECONNREFUSED 10.0.0.7:5432", "connect ECONNREFUSED <ip>:<int>");
  f("connect to 2001:db8::8a2e:370:7334 failed", "connect to <ip> failed");
  f("at 2026-11-27T13:40:00.123Z it broke", "at <date> it broke");
  f("since 2026-11-27 13:40", "since <date>");
  f("Fri, 27 Nov 2026 13:40:00 GMT was late", "<date> was late");
  f("Nov 27, 2026 was late", "<date> was late");
  f("pointer 0x7ffee4 is bad", "pointer <hex> is bad");
  f("commit da39a3ee5e6b4b0d3255bfef95601890afd80709", "commit <sha1>");
  f("etag d41d8cd98f00b204e9800998ecf8427e", "etag <md5>");
  f("id 5f3a9c01bd is gone", "id <hex> is gone");
  f("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "<traceparent>");
  f(`no column "total" in 'orders'`, "no column <quoted> in <quoted>");
  f("cannot open /var/lib/app/data.db", "cannot open <path>");
  f("cannot open C:\\data\\app.db", "cannot open <path>");
  f('bad body {"id":7,"tags":["a"]} from peer', "bad body <json> from peer");
  f("got [1,2,3]", "got <json>");
  f("reading 'length' of undefined", "reading <quoted> of undefined");
  f("it's what don't matter", "it's what don't matter");
  f("x is not a function", "x is not a function");
  f("v8 and utf8 and h264 stay", "v8 and utf8 and h264 stay");
  f("deadbeef cafe facade stay", "deadbeef cafe facade stay");
  f("a [b] {c} stays", "a [b] {c} stays");
  f("", "");
});

test("parameterizeMessage() gives one text for messages that differ in their values", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.uuid(),
      fc.ipV4(),
      fc.double({ noNaN: true, min: 0.1, max: 1e6 }),
      (n, id, ip, x) => {
        const message = `order ${n} (${id}) of ${ip} costs ${x.toFixed(2)}`;
        assert.equal(parameterizeMessage(message), "order <int> (<uuid>) of <ip> costs <float>");
      },
    ),
  );
});

test("parameterizeMessage() is quick for any text", () => {
  for (const text of [
    "a@".repeat(50_000),
    "1.".repeat(50_000),
    "'".repeat(50_000),
    "/a".repeat(50_000),
    "{".repeat(50_000),
    ":".repeat(50_000),
    "1:".repeat(50_000),
    '{"a":'.repeat(20_000),
  ]) {
    parameterizeMessage(text);
  }
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void parameterizeMessage(text)));
});

test("normalizeModule() takes away what builds put there", () => {
  const f = (file: string, want: string) => assert.equal(normalizeModule(file), want, file);

  f("/srv/shop/dist/orders/place-a1b2c3d4.js", "orders/place");
  f("file:///srv/shop/src/orders/place.ts", "orders/place");
  f("C:\\work\\shop\\src\\orders\\place.ts", "orders/place");
  f("https://cdn.e.org/assets/main.9f86d081.min.js?v=1", "assets/main");
  f("webpack://shop/./src/orders/place.ts", "orders/place");
  f("/app/index.js", "index");
  f("cart.mjs", "cart");
  f("", "");
});

test("normalizeFunction() keeps names that somebody gave", () => {
  const f = (name: string | undefined, want: string) => assert.equal(normalizeFunction(name), want);

  f("charge", "charge");
  f("async Object.charge [as pay]", "charge");
  f("new Order", "Order");
  f("Cart.#total", "total");
  f("get total", "total");
  f("Cart.get total", "total");
  f("Object.<anonymous>", "");
  f("<anonymous>", "");
  f("eval", "");
  f("e", "");
  f("t2", "");
  f(undefined, "");
});

test("isOwnFrame() knows the application's code", () => {
  const f = (file: string | undefined, want: boolean) => assert.equal(isOwnFrame({ file }), want);

  f("/app/src/a.ts", true);
  f("/app/node_modules/express/lib/router.js", false);
  f("C:\\app\\node_modules\\x\\i.js", false);
  f("node:internal/process", false);
  f("<anonymous>", false);
  f(undefined, false);
});

const frames = (...files: readonly (readonly [file: string, functionName?: string])[]) =>
  files.map(([file, functionName]) => ({ file, functionName }));

const error: FingerprintInput = {
  type: "TypeError",
  message: "user 7 not found",
  frames: frames(
    ["/app/src/orders/place.ts", "charge"],
    ["/app/node_modules/x/i.js", "run"],
    ["/app/src/main.ts", "main"],
  ),
};

test("fingerprint() is the same for the same error, whatever else changed", () => {
  const f = (more: Partial<FingerprintInput>) =>
    assert.equal(fingerprint({ ...error, ...more }), fingerprint(error));

  f({ message: "user 8 not found" });
  f({ message: "utilisateur introuvable" });
  f({
    frames: frames(
      ["/srv/dist/orders/place-a1b2c3d4.js", "Object.charge"],
      ["/srv/dist/main.js", "async main"],
    ),
  });
  f({
    frames: frames(
      ["/app/src/orders/place.ts", "charge"],
      ["/app/node_modules/y/other.js", "go"],
      ["/app/src/main.ts", "main"],
    ),
  });
  f({
    frames: frames(
      ["/app/src/orders/place.ts", "charge"],
      ["/app/src/orders/place.ts", "charge"],
      ["/app/src/main.ts", "main"],
    ),
  });
});

test("fingerprint() is another one for another error", () => {
  const f = (more: Partial<FingerprintInput>) =>
    assert.notEqual(fingerprint({ ...error, ...more }), fingerprint(error));

  f({ type: "RangeError" });
  f({ frames: frames(["/app/src/orders/cancel.ts", "charge"], ["/app/src/main.ts", "main"]) });
  f({ frames: frames(["/app/src/orders/place.ts", "refund"], ["/app/src/main.ts", "main"]) });
  f({ cause: { type: "Error", message: "why" } });
  f({ errors: [{ type: "Error", message: "one" }] });
});

test("fingerprint() looks at the message where there is no frame of the application", () => {
  const bare = (message: string, list = frames(["node:net", "connect"])) =>
    fingerprint({ type: "Error", message, frames: list });
  assert.equal(bare("connect ECONNREFUSED 10.0.0.1:80"), bare("connect ECONNREFUSED 10.0.0.2:81"));
  assert.notEqual(bare("connect ECONNREFUSED 10.0.0.1:80"), bare("getaddrinfo ENOTFOUND db"));
  assert.notEqual(bare("a", []), bare("b", []));
});

test("fingerprint() looks at the message where nobody says in which function it was thrown", () => {
  const f = (
    want: "one" | "two",
    ...places: (readonly [file: string, functionName?: string])[]
  ) => {
    const of = (message: string) =>
      fingerprint({ type: "Error", message, frames: frames(...places) });
    assert.equal(of("no stock of 7"), of("no stock of 8"));
    assert.equal(of("no stock of 7") === of("card declined"), want === "one");
  };

  // Routes of one file, as express, fastify and node:http call them.
  f("two", ["/app/routes.js"], ["/app/node_modules/router/lib/layer.js", "handle"]);
  f("two", ["/app/routes.js", "Server.<anonymous>"], ["node:events", "Server.emit"]);
  f("two", ["/app/routes.js"], ["/app/node_modules/x/i.js", "run"], ["/app/main.js", "main"]);
  f("two", ["/app/node_modules/x/i.js", "run"], ["/app/routes.js"]);
  // A callback inside of a function that has a name.
  f("one", ["/app/place.js"], ["<anonymous>", "Array.map"], ["/app/place.js", "place"]);
  f("one", ["/app/place.js"], ["", "Array.map"], ["/app/place.js", "async place"]);
  f("one", ["/app/node_modules/x/i.js", "run"], ["/app/place.js", "place"]);
});

test("fingerprint() of an AggregateError does not depend on order and number", () => {
  const one = { type: "Error", message: "one" };
  const two = { type: "Error", message: "two" };
  const of = (...errors: FingerprintInput[]) => fingerprint({ type: "AggregateError", errors });
  assert.equal(of(one, two), of(two, one, one));
  assert.notEqual(of(one), of(two));
});

test("fingerprint() follows rules", () => {
  const rules = [
    { type: /Timeout/, fingerprint: ["timeouts"] },
    { message: /^quota/, fingerprint: ["{{ default }}", "quota"] },
    { module: /^orders\//, fingerprint: ["orders"] },
  ];
  const f = (input: FingerprintInput) => fingerprint(input, { rules });
  assert.equal(f({ type: "TimeoutError", message: "a" }), f({ type: "HttpTimeout", message: "b" }));
  assert.notEqual(
    f({ type: "E", message: "quota a" }),
    fingerprint({ type: "E", message: "quota a" }),
  );
  assert.notEqual(f({ type: "E", message: "quota a" }), f({ type: "F", message: "quota a" }));
  assert.equal(f(error), f({ ...error, type: "Other" }));
});

test("hash64() is spread and stable", () => {
  assert.match(hash64(""), /^[0-9a-f]{16}$/);
  const seen = new Set(Array.from({ length: 100_000 }, (_, i) => hash64(`error ${i}`)));
  assert.equal(seen.size, 100_000);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      assert.equal(hash64(a) === hash64(b), a === b);
    }),
  );
});
