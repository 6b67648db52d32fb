// Giving the money back for a paid order.

import type { CallInfo } from "../grpc/server.ts";
import { ShopError } from "../shop-error.ts";
import type { Order } from "./messages.ts";
import type { OrderDesk } from "./placing.ts";

/** Refunds a paid web order and puts its goods back into stock. */
export async function refundOrder(
  { store, payments, log }: OrderDesk,
  request: { id: string; reason: string },
  call: CallInfo,
): Promise<Order> {
  const order = store.order(request.id);
  if (order === undefined)
    throw new ShopError("unknown_order", `there is no order "${request.id}"`);
  if (order.channel !== "web") {
    throw new ShopError(
      "not_refundable",
      `order ${order.id} was paid to the ${order.channel}, which refunds it`,
    );
  }
  if (order.status !== "paid") {
    throw new ShopError(
      "not_refundable",
      `order ${order.id} is ${order.status}, only a paid one can be refunded`,
    );
  }
  await payments.refund({ paymentId: order.paymentId, reason: request.reason }, call);
  store.close(order.id, "refunded", order.paymentId);
  log.info("order refunded", { order: order.id, reason: request.reason, request: call.requestId });
  return store.order(order.id)!;
}
