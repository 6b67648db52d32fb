// How other processes call orders.

import { connect } from "../grpc/client.ts";
import { loadService } from "../grpc/definition.ts";
import type { ShopMetrics } from "../metrics.ts";
import type { Settings } from "../settings.ts";
import type { OrdersApi, OrdersClient } from "./messages.ts";

/** A client of the orders service; every call may take up to `deadlineMs`. */
export function connectOrders(
  settings: Settings,
  deadlineMs: number,
  metrics?: ShopMetrics,
): OrdersClient {
  return connect<OrdersApi>({
    definition: loadService("orders.proto", "shop.orders.v1.Orders"),
    address: settings.ordersAddress,
    tlsFolder: settings.tlsFolder,
    deadlineMs,
    metrics,
  });
}
