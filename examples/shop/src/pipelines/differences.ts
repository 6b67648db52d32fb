// Where the books of orders and payments disagree. Pure.
//
//   order \ payment   none            captured          refunded
//   paid              money missing   amounts equal?    money missing
//   refunded          (fine)          not given back    (fine)
//   anything else     (fine)          money too much    (fine)
//   pending for long  stuck, whatever the payment says

import type { Order } from "../orders/messages.ts";
import type { Payment } from "../payments/messages.ts";

export type DifferenceKind =
  | "amount_differs"
  | "money_missing"
  | "money_too_much"
  | "not_given_back"
  | "stuck";

export type Difference = {
  readonly kind: DifferenceKind;
  readonly orderId: string;
  readonly paymentId: string;
  readonly text: string;
};

/** An order younger than this may still be on its way. */
const settledAfterMs = 5000;

/** All differences between the two books as of `nowMs`. */
export function findDifferences(
  orders: readonly Order[],
  payments: readonly Payment[],
  nowMs: number,
): Difference[] {
  const orderById = new Map(orders.map((order) => [order.id, order]));
  const captured = new Map(
    payments
      .filter((payment) => payment.status === "captured")
      .map((payment) => [payment.orderId, payment]),
  );
  const settled = orders.filter((order) => order.placedAtMs <= nowMs - settledAfterMs);
  const ofOrders = settled.flatMap((order) => compare(order, captured.get(order.id)) ?? []);
  const ofStrangers = [...captured.values()].flatMap((payment) =>
    orderById.has(payment.orderId) || payment.createdAtMs > nowMs - settledAfterMs
      ? []
      : difference("money_too_much", payment.orderId, payment, "a captured payment has no order"),
  );
  return [...ofOrders, ...ofStrangers];
}

function compare(order: Order, payment: Payment | undefined): Difference | undefined {
  if (order.status === "pending")
    return difference("stuck", order.id, payment, "the order is still pending");
  if (order.status === "paid") {
    if (payment === undefined) {
      return difference("money_missing", order.id, payment, "a paid order has no captured payment");
    }
    if (payment.amountMinor === order.totalMinor) return undefined;
    const text = `the order costs ${order.totalMinor}, the payment is ${payment.amountMinor}`;
    return difference("amount_differs", order.id, payment, text);
  }
  if (payment === undefined) return undefined;
  return order.status === "refunded"
    ? difference("not_given_back", order.id, payment, "a refunded order has a captured payment")
    : difference(
        "money_too_much",
        order.id,
        payment,
        `the order is ${order.status}, the payment is captured`,
      );
}

function difference(
  kind: DifferenceKind,
  orderId: string,
  payment: Payment | undefined,
  text: string,
): Difference {
  return { kind, orderId, paymentId: payment?.id ?? "", text };
}
