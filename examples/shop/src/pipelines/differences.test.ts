import assert from "node:assert/strict";
import { test } from "node:test";
import type { Order, OrderStatus } from "../orders/messages.ts";
import type { Payment, PaymentStatus } from "../payments/messages.ts";
import { findDifferences } from "./differences.ts";

const order = (status: OrderStatus, placedAtMs = 0): Order => ({
  id: "o",
  customerId: "c",
  country: "DE",
  channel: "web",
  status,
  currency: "EUR",
  totalMinor: 100,
  taxMinor: 0,
  paymentId: "p",
  placedAtMs,
  lines: [],
});
const payment = (status: PaymentStatus, amountMinor = 100): Payment => ({
  id: "p",
  orderId: "o",
  status,
  currency: "EUR",
  amountMinor,
  cardLast4: "4242",
  declineReason: "",
  createdAtMs: 0,
});

test("findDifferences() finds where the books disagree", () => {
  const f = (orders: Order[], payments: Payment[], want: string[]) => {
    const found = findDifferences(orders, payments, 60_000);
    assert.deepEqual(
      found.map(({ kind }) => kind),
      want,
    );
  };

  f([order("paid")], [payment("captured")], []);
  f([order("paid")], [payment("captured", 99)], ["amount_differs"]);
  f([order("paid")], [payment("authorised")], ["money_missing"]);
  f([order("paid")], [], ["money_missing"]);
  f([order("refunded")], [payment("refunded")], []);
  f([order("refunded")], [payment("captured")], ["not_given_back"]);
  f([order("declined")], [payment("declined")], []);
  f([order("payment_failed")], [payment("captured")], ["money_too_much"]);
  f([order("pending")], [], ["stuck"]);
  f([order("pending", 59_000)], [], []);
  f([], [payment("captured")], ["money_too_much"]);
});
