import assert from "node:assert/strict";
import { test } from "node:test";
import { declineReason } from "./decline.ts";

test("declineReason() declines wrong, empty and overdrawn cards", () => {
  const f = (card: string, currency: string, amountMinor: number, want: string | undefined) =>
    assert.equal(declineReason(card, currency, amountMinor), want);

  f("4242424242424242", "EUR", 200_000, undefined);
  f("4242424242424242", "EUR", 200_001, "over_limit");
  f("4242424242424241", "EUR", 100, "invalid_card");
  f("4000000000000002", "EUR", 100, "insufficient_funds");
  f("4242424242424242", "XXX", 100, "unknown_currency");
  f("no number", "EUR", 100, "invalid_card");
});
