import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "./nearest.ts";

test("nearest() finds the name that was meant, or none", () => {
  const known = ["status", "slow-db", "payment-errors", "up"];
  const f = (typed: string, want: string | undefined) => assert.equal(nearest(typed, known), want);

  f("statsu", "status");
  f("slowdb", "slow-db");
  f("payment-error", "payment-errors");
  f("pu", "up");
  f("something-else", undefined);
});
