// Placing an order, from the basket to the money.
//
//   seen this key? ── yes ──> the first order again
//     │ no
//   price ──> pending, stock taken ──> authorise ──> capture ──> paid
//                                        │  │            │
//                                 declined  failed       failed
//                                        │  │            │
//                                        └──┴── stock returned: declined | payment_failed

import { randomUUID } from "node:crypto";
import type { CallInfo } from "../grpc/server.ts";
import type { Log } from "../log.ts";
import type { ShopMetrics } from "../metrics.ts";
import type { RecentOutcomes } from "../health/recent-outcomes.ts";
import type { Payment, PaymentsClient } from "../payments/messages.ts";
import { ShopError } from "../shop-error.ts";
import { marketOf } from "./markets.ts";
import type { Order, PlaceOrderRequest } from "./messages.ts";
import type { Pricing, Wanted } from "./pricing.ts";
import type { NewOrder, OrdersStore } from "./store.ts";

export type OrderDesk = {
  readonly store: OrdersStore;
  readonly payments: PaymentsClient;
  /** Whether payments could be made; a card that is declined is one. */
  readonly paying: RecentOutcomes;
  readonly price: Pricing;
  readonly log: Log;
  readonly metrics: ShopMetrics;
};

/** Places an order and takes the money; throws a ShopError when the shop or the bank says no. */
export async function placeOrder(
  desk: OrderDesk,
  request: PlaceOrderRequest,
  call: CallInfo,
): Promise<Order> {
  const seen = desk.store.orderByKey(request.idempotencyKey);
  if (seen !== undefined) return seen;

  const order = draft(desk, request);
  desk.store.insertPending(order);
  const payment = await pay(desk, order, request.cardNumber, call);
  desk.store.setPaid(order.id, payment.id);
  const { country, currency, totalMinor } = order;
  const { business } = desk.metrics;
  business.orders_placed_total.inc({ country });
  business.orders_revenue_total.add({ country, currency: currency as "EUR" }, totalMinor);
  desk.log.info("order placed", {
    order: order.id,
    country: order.country,
    total: order.totalMinor,
    currency: order.currency,
    request: call.requestId,
  });
  return desk.store.order(order.id)!;
}

function draft({ store, price }: OrderDesk, request: PlaceOrderRequest): NewOrder {
  const customer = store.customer(request.customerId);
  if (customer === undefined) {
    throw new ShopError("unknown_customer", `there is no customer "${request.customerId}"`);
  }
  if (request.lines.length === 0)
    throw new ShopError("invalid_order", "an order needs at least one line");
  const market = marketOf(request.country || customer.country);
  return {
    ...price(
      request.lines.map((line) => find(store, line)),
      market,
    ),
    id: `ord_${randomUUID().slice(0, 13)}`,
    customerId: customer.id,
    country: market.country,
    channel: "web",
    currency: market.currency,
    idempotencyKey: request.idempotencyKey || randomUUID(),
    placedAtMs: Date.now(),
  };
}

function find(store: OrdersStore, { sku, quantity }: PlaceOrderRequest["lines"][number]): Wanted {
  const product = store.product(sku);
  if (product === undefined) throw new ShopError("unknown_product", `there is no product "${sku}"`);
  if (quantity < 1)
    throw new ShopError("invalid_order", `the quantity of ${sku} must be 1 or more`);
  return { product, quantity };
}

async function pay(
  desk: OrderDesk,
  order: NewOrder,
  cardNumber: string,
  call: CallInfo,
): Promise<Payment> {
  let payment: Payment | undefined;
  try {
    const { id: orderId, currency, totalMinor: amountMinor } = order;
    payment = await desk.payments.authorise({ orderId, currency, amountMinor, cardNumber }, call);
    if (payment.status === "authorised")
      payment = await desk.payments.capture({ paymentId: payment.id }, call);
    desk.paying.note(true);
  } catch (error) {
    desk.paying.note(false);
    desk.store.close(order.id, "payment_failed", payment?.id ?? "");
    desk.metrics.business.orders_failed_total.inc({ reason: "payment_failed" });
    desk.log.warn("payment failed", {
      order: order.id,
      reason: (error as Error).message,
      request: call.requestId,
    });
    throw new ShopError("payment_unavailable", "the payment could not be made; please try again", {
      cause: error,
    });
  }
  if (payment.status === "captured") return payment;
  desk.store.close(order.id, "declined", payment.id);
  desk.metrics.business.orders_failed_total.inc({ reason: "declined" });
  throw new ShopError("payment_declined", `the card was declined: ${payment.declineReason}`);
}
