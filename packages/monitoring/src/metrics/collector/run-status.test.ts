import assert from "node:assert/strict";
import { test } from "node:test";
import { executionStatus, grpcStatus } from "./run-status.ts";

const abort = new DOMException("gone", "AbortError");
const timeout = new DOMException("late", "TimeoutError");
const withCode = (code: unknown) => Object.assign(new Error("x"), { code });
const hostile = Object.defineProperty(new Error("x"), "code", {
  get() {
    throw new Error("not this one");
  },
});

test("executionStatus() tells success, failure and cancelled apart", () => {
  const f = (error: unknown, want: string) =>
    assert.equal(executionStatus({ kind: "failed", error }), want);

  f(new Error("x"), "failure");
  f(undefined, "failure");
  f("text", "failure");
  f(timeout, "failure");
  f(hostile, "failure");
  f(abort, "cancelled");
  f(withCode("ABORT_ERR"), "cancelled");
  assert.equal(executionStatus({ kind: "finished" }), "success");
  assert.equal(executionStatus({ kind: "stopped" }), "success");
  assert.equal(executionStatus({ kind: "cancelled" }), "cancelled");
});

test("grpcStatus() names the status code of the error", () => {
  const f = (error: unknown, want: string) =>
    assert.equal(grpcStatus({ kind: "failed", error }), want);

  f(withCode(1), "CANCELLED");
  f(withCode(5), "NOT_FOUND");
  f(withCode(14), "UNAVAILABLE");
  f(withCode(16), "UNAUTHENTICATED");
  f(withCode("NOT_FOUND"), "NOT_FOUND");
  f(withCode(0), "UNKNOWN"); // an error is not OK
  f(withCode(17), "UNKNOWN");
  f(withCode(1.5), "UNKNOWN");
  f(withCode("ECONNREFUSED"), "UNKNOWN");
  f(new Error("x"), "UNKNOWN");
  f(null, "UNKNOWN");
  f(hostile, "UNKNOWN");
  f(abort, "CANCELLED");
  f(timeout, "DEADLINE_EXCEEDED");
  f(new DOMException("x", "NotFoundError"), "UNKNOWN"); // its code is 8, which is not gRPC's
  assert.equal(grpcStatus({ kind: "finished" }), "OK");
  assert.equal(grpcStatus({ kind: "stopped" }), "CANCELLED");
  assert.equal(grpcStatus({ kind: "cancelled" }), "CANCELLED");
});
