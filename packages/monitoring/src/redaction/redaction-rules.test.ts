import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { RichErrorHandler } from "../errors/handler/rich-error-handler.ts";
import { HealthChecker } from "../health/health-checker.ts";
import { createLogger } from "../logging/logger.ts";
import { exceptionAttributes } from "../tracing/exception-attributes.ts";
import { redact, redactValue } from "./redact.ts";
import {
  ownRedaction,
  processRedaction,
  RedactionRules,
  type RedactionSettings,
  useRedaction,
} from "./redaction-rules.ts";
import { isUsualSecretName } from "./secret-names.ts";

/** Whatever it does not tell: secrets of each kind of rule, where only that rule finds them. */
const RULES: RedactionSettings = {
  keys: ["iban"],
  paths: ["user.email", "*.floor"],
  patterns: [/cust-\d+/, "[0-9]{11}"],
  secrets: ["correct horse"],
};
const DATA = {
  iban: "DE00PLANTED",
  password: "PLANTED",
  user: { email: "ada@planted.example", floor: "PLANTED", name: "Ada" },
  list: ["cust-4711", { IBAN: "PLANTED" }],
  taxId: 12_345_678_901,
};
const MESSAGE = "correct horse of cust-4711 with 12345678901";
const PLANTED = /planted|cust-4711|12345678901|correct horse/i;

let undo: (() => void) | undefined;
afterEach(() => {
  undo?.();
  undo = undefined;
});

async function everything(): Promise<Record<string, string>> {
  const lines: string[] = [];
  const error = () => Object.assign(new Error(MESSAGE), DATA);
  const logger = createLogger({ destination: { write: (line) => lines.push(line) } });
  logger.info(DATA, MESSAGE);
  logger.child(DATA).error(error(), "failed");
  logger.info("said %s", MESSAGE);
  const handler = new RichErrorHandler({ format: "plain", showCode: false });
  using _ = handler.errorContext("placing", DATA);
  await using health = new HealthChecker();
  health.register("a", () => ({ status: "degraded", message: MESSAGE, details: DATA }));
  health.register("b", () => {
    throw error();
  });
  const { components } = await health.check();
  return {
    lines: lines.join(""),
    errors: handler.format(error()) + handler.toJson(error()),
    health: JSON.stringify(components),
    exceptions: JSON.stringify(exceptionAttributes(error())),
    texts: redact(MESSAGE) + JSON.stringify(redactValue(DATA)),
  };
}

test("useRedaction() counts for lines, errors, health and exceptions alike, and can be taken back", async () => {
  undo = useRedaction(RULES);
  for (const [part, text] of Object.entries(await everything())) {
    assert.doesNotMatch(text, PLANTED, part);
    if (part !== "texts" && part !== "exceptions") assert.match(text, /Ada/, part);
  }
  undo();
  for (const [part, text] of Object.entries(await everything())) {
    assert.match(text, /cust-4711/, part);
    assert.doesNotMatch(text, /"password":"PLANTED/, part);
  }
});

test("a part that is there already follows the rules of the process; its own are beside them", () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const follows = createLogger({ destination });
  undo = useRedaction({ keys: ["iban"] });
  const own = createLogger({ destination, redaction: { keys: ["floor"] } });
  follows.info({ iban: "1", floor: "2" });
  own.info({ iban: "1", floor: "2" });
  const shown = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    shown.map(({ iban, floor }) => [iban, floor]),
    [
      ["[redacted]", "2"],
      ["[redacted]", "[redacted]"],
    ],
  );
  assert.equal(ownRedaction(undefined), undefined);
  assert.deepEqual(ownRedaction({ secrets: ["abcd"] })?.settings.keys, ["iban"]);
});

test("useRedaction() that is taken back late leaves newer rules alone", () => {
  const first = useRedaction({ keys: ["a"] });
  undo = useRedaction({ keys: ["b"] });
  first();
  assert.deepEqual(processRedaction().settings, { keys: ["b"] });
});

test("isUsualSecretName() tells secrets from names that end like them", () => {
  const f = (want: boolean, ...names: readonly string[]) => {
    for (const name of names) assert.equal(isUsualSecretName(name), want, name);
  };
  f(true, "password", "dbPassword", "DB_PASSWORD", "passwords", "pass", "passphrase", "pwd");
  f(true, "token", "tokens", "access_token", "csrfToken", "apiKey", "api-keys", "x-api-key");
  f(true, "AWS_SECRET_ACCESS_KEY", "clientSecret", "credentials", "sessionId", "password_hash");
  f(true, "Authorization", "proxy-authorization", "cookie", "set-cookie", "connectionString");
  f(true, `${"x".repeat(100_000)}password`);
  f(false, "max_tokens", "inputTokens", "tokenCount", "token_type", "hasPassword", "is_secret");
  f(false, "bypass", "compass", "passed", "passenger", "secretary", "keyboard", "key", "id");
  f(false, "authorizationServer", "cookieConsent", `${"password".repeat(10_000)}x`);
});

test("RedactionRules follow all paths, also where a name and * lead to the same place", () => {
  const clean = (paths: readonly string[], data: unknown) => {
    undo = useRedaction({ paths });
    try {
      return redactValue(data);
    } finally {
      undo();
    }
  };
  const data = () => ({ user: { email: "e", card: "c", deep: { x: 1 } }, other: { card: "c" } });
  const cut = "[redacted]";
  assert.deepEqual(clean(["user.email", "*.card"], data()), {
    user: { email: cut, card: cut, deep: { x: 1 } },
    other: { card: cut },
  });
  assert.deepEqual(clean(["user", "user.email"], data()), { user: cut, other: { card: "c" } });
  assert.deepEqual(clean(["*.*.x", "user.deep.y"], data()), {
    user: { email: "e", card: "c", deep: { x: cut } },
    other: { card: "c" },
  });
  assert.deepEqual(
    clean(["a.0.b", "l.*.b"], { a: [{ b: 1 }, { b: 2 }], l: [{ b: 1 }, { c: 2 }] }),
    {
      a: [{ b: cut }, { b: 2 }],
      l: [{ b: cut }, { c: 2 }],
    },
  );
});

test("RedactionRules refuse what would take everything away, or is no pattern", () => {
  const f = (settings: RedactionSettings, code: string) =>
    assert.throws(() => new RedactionRules(settings), { code });
  f({ secrets: ["abc"] }, "FLX_REDACTION_SECRET");
  f({ patterns: [/x*/] }, "FLX_REDACTION_PATTERN");
  f({ patterns: ["("] }, "FLX_REDACTION_PATTERN");
  // Where a pattern stands in a text is not remembered from one to the next.
  const rules = new RedactionRules({ patterns: [/ab/gy] });
  for (let i = 0; i < 3; i++) {
    assert.equal(rules.withoutTold("xabab"), "x[redacted][redacted]");
    assert.ok(rules.knows("xab"));
  }
});
