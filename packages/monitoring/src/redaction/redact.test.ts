import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { redact, Redactor, redactValue } from "./redact.ts";
import { RedactionRules } from "./redaction-rules.ts";

const f = (text: string, want: string) => assert.equal(redact(text), want);

test("redact() takes credentials out of addresses", () => {
  f("postgres://app:hunter2@db:5432/shop", "postgres://[redacted]@db:5432/shop");
  f("refused: amqps://u:p%40ss@mq/vhost, again", "refused: amqps://[redacted]@mq/vhost, again");
  f("postgres://app:p/w#1@x@db/shop", "postgres://[redacted]@db/shop");
  f("redis://:hunter2@cache:6379/0", "redis://[redacted]@cache:6379/0");
  f("https://ghost@host/x", "https://[redacted]@host/x");
  f("mongodb://a:b@h1,h2:27017/?x=1", "mongodb://[redacted]@h1,h2:27017/?x=1");
  f("a://u:p@h,b://v:q@i", "a://[redacted]@i");
  f('"mysql://root:x y@h"', '"mysql://root:x y@h"'); // a blank ends an address
  f("app:hunter2@tcp(db:3306)/shop", "[redacted]@tcp(db:3306)/shop");
  f("https://host:8080/@scope/name", "https://host:8080/@scope/name");
  f("see https://host/a@b", "see https://host/a@b");
  f("mail joe@example.com", "mail joe@example.com");
  f("connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED 127.0.0.1:5432");
});

test("redact() takes the values of known names", () => {
  f("password=hunter2", "password=[redacted]");
  f("host=db PGPASSWORD=hunter2 port=1", "host=db PGPASSWORD=[redacted] port=1");
  f('{"user":"a","password":"hun\\"ter 2","x":1}', '{"user":"a","password":[redacted],"x":1}');
  f('{\\"apiKey\\":\\"abc def\\"}', '{\\"apiKey\\":[redacted]}');
  f("{ clientSecret: 'a b' }", "{ clientSecret: [redacted] }");
  f("Server=x;Pwd=a,b&c;Database=y", "Server=x;Pwd=[redacted];Database=y");
  f("?sig=1&token=ab%2Fc&x=2", "?sig=1&token=[redacted]&x=2");
  f("AccountKey=ab+/c==;Endpoint=z", "AccountKey=[redacted];Endpoint=z");
  f("run --password hunter2 --verbose", "run --password [redacted] --verbose");
  f("ALTER USER a PASSWORD 'hunter2'", "ALTER USER a PASSWORD [redacted]");
  f("GRANT x IDENTIFIED BY 'hunter2'", "GRANT x IDENTIFIED BY [redacted]");
  f("password authentication failed for user", "password authentication failed for user");
  f("token expired", "token expired");
});

test("redact() takes what stands in headers", () => {
  f("Authorization: Bearer abc.def", "Authorization: [redacted]");
  f("authorization=Digest a=1, b=2\nnext", "authorization=[redacted]\nnext");
  f("Cookie: a=b; c=d", "Cookie: [redacted]");
  f("sent Bearer abcdef123456", "sent Bearer [redacted]");
  f("sent Basic dXNlcjpwYXNz", "sent Basic [redacted]");
  f("Basic authentication failed", "Basic authentication failed");
});

/** Made up here, and put together here, so that no scanner takes this file for a leak. */
const shapedSecrets: readonly string[] = [
  ["AKIA", "IOSFODNN7EXAMPLE"],
  ["ASIA", "ABCDEFGH12345678"],
  ["wJalrXUtnFEMI/K7MDENG", "/bPxRfiCYEXAMPLEKEY"],
  ["ghp_", "a1B2".repeat(9)],
  ["github_pat_", "a1B2_".repeat(8)],
  ["glpat-", "a1B2-".repeat(5)],
  ["npm_", "a1B2".repeat(9)],
  ["xoxb-", "123456789012-abcdefABCDEF"],
  ["sk_live_", "a1B2".repeat(6)],
  ["sk-", "proj-a1B2".repeat(4)],
  ["AIza", "a1B2-".repeat(7)],
  ["SG.", "a1B2".repeat(5), ".", "c3D4".repeat(10)],
  ["eyJhbGciOiJIUzI1NiJ9.", "eyJzdWIiOiIxIn0.", "c2lnbmF0dXJl"],
  ["hvs.", "a1B2".repeat(8)],
  ["SK", "0a1b2c3d".repeat(4)],
].map((parts) => parts.join(""));

test("redact() takes keys and tokens by their shape", () => {
  for (const secret of shapedSecrets) {
    assert.equal(redact(`got ${secret}, sorry`), "got [redacted], sorry", secret);
    assert.equal(redact(`"${secret}"`), '"[redacted]"', secret);
  }
  const key = (end: string) => `before -----BEGIN RSA PRIVATE KEY-----\nMIIabc\n${end}`;
  f(key("-----END RSA PRIVATE KEY----- after"), "before [redacted] after");
  f(key("and it is cut"), "before [redacted]");
  f(
    "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
    "commit 2fd4e1c67a2d28fced849ee1bb76e7391b93eb12",
  );
  f("id 123e4567-e89b-12d3-a456-426614174000", "id 123e4567-e89b-12d3-a456-426614174000");
});

test("redact() takes keys and tokens whatever stands around them", () => {
  const parts = fc.constantFrom(
    "password=",
    "://",
    "@",
    '"',
    "'",
    "\\",
    " ",
    "a:b",
    "Bearer ",
    "cookie: ",
    "-----BEGIN PRIVATE KEY-----",
    "[redacted]",
    "x",
  );
  const around = fc.array(parts, { maxLength: 8 }).map((texts) => texts.join(""));
  const secrets = fc.constantFrom(...shapedSecrets);
  fc.assert(
    fc.property(around, secrets, around, (before, secret, after) => {
      assert.ok(!redact(`${before} ${secret} ${after}`).includes(secret));
    }),
  );
});

test("redact() is bounded: long texts are cut where no secret is halved", () => {
  assert.equal(redact("x".repeat(2_000)).length, 1_024);
  const secret = `ghp_${"a1B2".repeat(9)}`;
  for (let before = 16_330; before < 16_390; before += 1) {
    const text = new Redactor({ maxLength: 20_000 }).text(`${"x ".repeat(before / 2)}${secret}`);
    assert.ok(!text.includes("ghp_"), String(before));
  }
});

test("redact() takes time in the order of the text's length, whatever stands in it", () => {
  // Run to an end within the bounds of the runner; each of these takes minutes in a pattern that goes back and forth.
  const worst = [
    "://",
    "a.",
    "@",
    "a:b",
    "password=",
    '"',
    "\\",
    "eyJ",
    "eyJa.",
    "-----BEGIN PRIVATE KEY-----",
    "AKIA",
    "a;",
    "cookie:",
    "=",
    "--",
    " ",
    "xoxb-",
    "Aa0",
  ];
  for (const part of worst) {
    for (const head of ["", "password=", 'password="', "https://", "cookie: ", "eyJ"]) {
      const text = head + part.repeat(16_000 / part.length);
      assert.ok(redact(text).length <= 1_024);
      assert.ok(redact(`${text} `).length <= 1_024);
    }
  }
});

test("Redactor knows the secrets and names it is told of", () => {
  const redactor = new Redactor({
    rules: new RedactionRules({ secrets: ["open", "open sesame"], keys: ["PIN"] }),
  });
  assert.equal(redactor.text("say open sesame, then open"), "say [redacted], then [redacted]");
  assert.deepEqual(redactor.value({ pin: 1234, pins: 1 }), { pin: "[redacted]", pins: 1 });
  assert.throws(() => new RedactionRules({ secrets: ["abc"] }), { code: "FLX_REDACTION_SECRET" });
});

test("redactValue() copies plain data, without secrets and within bounds", () => {
  const cyclic: Record<string, unknown> = { name: "a" };
  cyclic["self"] = cyclic;
  const f2 = (value: unknown, want: unknown) => assert.deepEqual(redactValue(value), want);
  f2(
    { user: "a", password: "x", dbPassword: 5 },
    { user: "a", password: "[redacted]", dbPassword: "[redacted]" },
  );
  f2(
    { headers: { authorization: "x", Cookie: "y" } },
    { headers: { authorization: "[redacted]", Cookie: "[redacted]" } },
  );
  f2(["password=x", 1, true, null, undefined], ["password=[redacted]", 1, true, null, null]);
  f2([10n, Number.NaN, () => 1, new Error("token=x")], ["10", "NaN", null, "token=[redacted]"]);
  f2(new Date(0), "1970-01-01T00:00:00.000Z");
  f2(cyclic, {
    name: "a",
    self: { name: "a", self: { name: "a", self: { name: "a", self: "[object]" } } },
  });
  f2(
    {
      get broken() {
        throw new Error("no");
      },
    },
    { broken: "[unreadable]" },
  );
  f2(
    new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("no");
        },
      },
    ),
    "[unreadable]",
  );
  assert.equal((redactValue(Array.from({ length: 99 }, (_, i) => i)) as unknown[]).length, 50);
  const polluting = redactValue(JSON.parse('{"__proto__":{"a":1}}')) as object;
  assert.equal(Object.getPrototypeOf(polluting), Object.prototype);
  assert.equal(({} as { a?: number }).a, undefined);
});
