import assert from "node:assert/strict";
import { test } from "node:test";
import { Redactor } from "../redaction/redact.ts";
import { errorFinding, findingOf } from "./finding.ts";

const redactor = new Redactor();

test("findingOf() takes what a check may answer", () => {
  const f = (answer: unknown, status: string, message?: string) => {
    const found = findingOf(answer, redactor);
    assert.deepEqual([found.status, found.message], [status, message]);
  };

  f(undefined, "healthy");
  f(true, "healthy");
  f(false, "unhealthy");
  f("degraded", "degraded");
  f("unknown", "unknown");
  f({}, "healthy");
  f({ status: "degraded", message: "slow, token=abc" }, "degraded", "slow, token=[redacted]");
});

test("findingOf() calls nonsense unhealthy, and says what came", () => {
  const broken = {
    get status(): never {
      throw new Error("no");
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  for (const answer of [
    null,
    1,
    Number.NaN,
    "fine",
    10n,
    Symbol("x"),
    () => true,
    { status: "up" },
    { status: 1 },
    broken,
    revoked.proxy,
  ]) {
    const found = findingOf(answer, redactor);
    assert.equal(found.status, "unhealthy");
    assert.match(found.message ?? "", /^the check('s answer cannot be read| answered )/);
  }
  assert.equal(
    findingOf("fine", redactor).message,
    'the check answered string "fine"; it may give back nothing, true, false, a status, or an object with one',
  );
});

test("findingOf() keeps of measurements, details and components what makes sense", () => {
  const found = findingOf(
    {
      measurements: {
        a: { value: 1, unit: "ms", limit: 5 },
        b: { value: Number.NaN },
        c: 7,
        d: { value: "x", unit: 3 },
      },
      details: { role: "primary", password: "hunter2" },
      components: {
        x: { status: "healthy" },
        y: { status: "odd" },
        z: { status: "degraded", message: "m" },
      },
    },
    redactor,
  );
  assert.deepEqual(found.measurements, {
    a: { value: 1, unit: "ms", limit: 5 },
    d: { value: "x" },
  });
  assert.deepEqual(found.details, { role: "primary", password: "[redacted]" });
  assert.deepEqual(found.components, {
    x: { status: "healthy" },
    z: { status: "degraded", message: "m" },
  });
});

test("errorFinding() tells an error and its causes, without secrets", () => {
  const f = (error: unknown, want: string) =>
    assert.equal(errorFinding(error, redactor).error, want);
  const refused = Object.assign(new Error(""), { code: "ECONNREFUSED" });
  const endless = new Error("again");
  endless.cause = endless;

  f(new Error("no route"), "no route");
  f(
    new Error("cannot connect", { cause: new Error("redis://u:p@h refused") }),
    "cannot connect: redis://[redacted]@h refused",
  );
  f(new AggregateError([new Error("a"), new Error("b")]), "a, b");
  f(refused, "ECONNREFUSED");
  f(endless, "again");
  f("just text", "just text");
  f({}, "an object was thrown");
  f(undefined, "the check failed without saying why");
  f(null, "the check failed without saying why");
  f(
    {
      get message(): never {
        throw new Error("no");
      },
    },
    "the check failed with an error that cannot be read",
  );
});
