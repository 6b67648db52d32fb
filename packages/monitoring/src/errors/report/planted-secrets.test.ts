// 1,000 generated errors with planted secrets, in every place where one could be: none in any form of the report.

import assert from "node:assert/strict";
import { test } from "node:test";
import { exceptionRecord } from "../handler/exception-record.ts";
import { RichErrorHandler, renderTerminal } from "../index.ts";

/** A small generator, so that a failure can be repeated. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

function word(random: () => number, length: number): string {
  return Array.from({ length }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join("");
}

function card(random: () => number): string {
  const digits = [4, ...Array.from({ length: 14 }, () => Math.floor(random() * 10))];
  const sum = digits.reduce((total, digit, i) => {
    const weighed = i % 2 === 0 ? digit * 2 : digit;
    return total + (weighed > 9 ? weighed - 9 : weighed);
  }, 0);
  return [...digits, (10 - (sum % 10)) % 10].join("");
}

type Planted = { readonly secret: string; readonly error: Error };
type Place = (random: () => number) => Planted;

function named(name: string, random: () => number): { secret: string; owner: object } {
  const secret = word(random, 14);
  return { secret, owner: { [name]: secret } };
}

const NAMES = [
  "password",
  "apiKey",
  "authorization",
  "client_secret",
  "DB_PASSWORD",
  "accessToken",
  "connectionString",
  "sessionId",
  "privateKey",
  "cookie",
];

const places: readonly Place[] = [
  (random) => {
    const { secret, owner } = named(NAMES[Math.floor(random() * NAMES.length)]!, random);
    return { secret, error: Object.assign(new Error("failed"), owner) };
  },
  (random) => {
    const { secret, owner } = named("password", random);
    return {
      secret,
      error: Object.assign(new Error("failed"), { config: { db: { login: owner } } }),
    };
  },
  (random) => {
    const secret = word(random, 12);
    return {
      secret,
      error: Object.assign(new Error("failed"), { settings: new Map([["token", secret]]) }),
    };
  },
  (random) => {
    // In the message, known from a field.
    const { secret, owner } = named("password", random);
    return {
      secret,
      error: Object.assign(new Error(`login of app with ${secret} failed`), { config: owner }),
    };
  },
  (random) => {
    const secret = word(random, 16);
    return { secret, error: new Error(`connect postgres://app:${secret}@db:5432/shop failed`) };
  },
  (random) => {
    const secret = card(random);
    return {
      secret,
      error: Object.assign(new Error(`card ${secret} declined`), { pan: secret, list: [secret] }),
    };
  },
  (random) => {
    const secret = `ghp_${word(random, 36)}`;
    return { secret, error: new Error("outer", { cause: new Error(`clone with ${secret}`) }) };
  },
  (random) => {
    const secret = `eyJhbGciOi${word(random, 8)}.eyJzdWIiO${word(random, 12)}.${word(random, 20)}`;
    return { secret, error: new AggregateError([new Error(`bad token ${secret}`)], "all failed") };
  },
  (random) => {
    const secret = word(random, 24);
    return {
      secret,
      error: Object.assign(new Error("sent"), {
        rawHeaders: ["Host", "x", "Authorization", secret],
      }),
    };
  },
  (random) => {
    const secret = word(random, 20);
    return {
      secret,
      error: Object.assign(new Error("sent"), {
        request: `GET / HTTP/1.1\r\nAuthorization: Bearer ${secret}`,
      }),
    };
  },
  (random) => {
    const { secret, owner } = named("secret", random);
    return {
      secret,
      error: new Error(`worker said ${secret}`, {
        cause: Object.assign(new Error("inner"), owner),
      }),
    };
  },
  (random) => {
    const secret = `AKIA${word(random, 16)
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]/g, "X")}`;
    return {
      secret,
      error: Object.assign(new Error("denied"), {
        keys: new Set([secret]),
        code: secret,
        notes: [`with ${secret}`],
        help: `rotate ${secret}`,
      }),
    };
  },
  (random) => {
    const secret = word(random, 18);
    const error = new Error("in the stack");
    error.stack = `Error: password=${secret}\n    at f (/app/x.js:1:1)`;
    return { secret, error };
  },
];

test("no secret of 1,000 generated errors is in any form of a report", () => {
  const handler = new RichErrorHandler({ format: "plain", limit: false });
  const random = numbers(20_261_127);
  for (let i = 0; i < 1_000; i++) {
    const { secret, error } = places[i % places.length]!(random);
    const context = { orderId: i, password: secret };
    using _ = handler.errorContext("placing", i % 7 === 0 ? context : {});
    const report = handler.report(error);
    for (const text of [
      handler.format(error),
      handler.toJson(error),
      handler.toHtml(error),
      renderTerminal(report, { color: true, links: true, width: 400 }),
      JSON.stringify(exceptionRecord(report, { kind: "bug" })),
      JSON.stringify(handler.recordedOnSpan(error)),
    ]) {
      assert.ok(
        !text.includes(secret),
        `case ${i % places.length} (number ${i}) shows ${secret}:\n${text}`,
      );
    }
  }
});

test("the handler takes further names, secrets and patterns", () => {
  const handler = new RichErrorHandler({
    format: "plain",
    redaction: { secrets: ["correct horse"], keys: ["iban"], patterns: [/cust-\d+/] },
  });
  const error = Object.assign(new Error("correct horse of cust-4711"), { iban: "DE00123" });
  const text = handler.format(error);
  for (const secret of ["correct horse", "cust-4711", "DE00123"]) assert.ok(!text.includes(secret));
});
