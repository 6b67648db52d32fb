import assert from "node:assert/strict";
import { test } from "node:test";
import { grpcErrorStatus, RichErrorHandler } from "../index.ts";

test("grpcErrorStatus() gives the status an error stands for, and keeps bugs to itself", () => {
  const handler = new RichErrorHandler({ format: "plain", output: { write: () => true } });
  const f = (error: unknown, code: number, details: RegExp) => {
    const got = grpcErrorStatus(error, { handler });
    assert.equal(got.code, code);
    assert.match(got.details, details);
  };
  f(Object.assign(new Error("x"), { code: 5, details: "no such order" }), 5, /^no such order$/);
  f(Object.assign(new Error("not yours"), { status: 403 }), 7, /^not yours$/);
  f(Object.assign(new Error("who are you"), { statusCode: 401 }), 16, /^who are you$/);
  f(
    Object.assign(new Error("refused 10.0.0.7"), { code: "ECONNREFUSED" }),
    14,
    /^unavailable \(error [0-9a-f]{16}\)$/,
  );
  f(new TypeError("x is undefined"), 13, /^internal error \(error [0-9a-f]{16}\)$/);
  f("a text", 13, /^internal error/);
  f(null, 13, /^internal error/);
});
