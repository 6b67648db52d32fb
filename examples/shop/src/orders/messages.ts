// The messages of proto/orders.proto as proto-loader gives them.

import type { GrpcClient, ServerStream, Unary } from "../grpc/client.ts";

export type OrderStatus = "pending" | "paid" | "declined" | "payment_failed" | "refunded";

export type Product = {
  readonly sku: string;
  readonly title: string;
  readonly category: string;
  readonly stock: number;
  readonly currency: string;
  readonly priceMinor: number;
};

export type OrderLine = {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPriceMinor: number;
};

export type Order = {
  readonly id: string;
  readonly customerId: string;
  readonly country: string;
  readonly channel: "web" | "marketplace";
  readonly status: OrderStatus;
  readonly currency: string;
  readonly totalMinor: number;
  readonly taxMinor: number;
  readonly paymentId: string;
  readonly placedAtMs: number;
  readonly lines: readonly OrderLine[];
};

export type PlaceOrderRequest = {
  readonly customerId: string;
  /** Empty: the customer's own country. */
  readonly country: string;
  readonly cardNumber: string;
  readonly idempotencyKey: string;
  readonly lines: readonly Pick<OrderLine, "sku" | "quantity">[];
};

/** The rpcs of the service. */
export type OrdersApi = {
  readonly listProducts: Unary<{ country: string }, { products: readonly Product[] }>;
  readonly placeOrder: Unary<PlaceOrderRequest, Order>;
  readonly getOrder: Unary<{ id: string }, Order>;
  readonly listCustomerOrders: Unary<
    { customerId: string; limit: number },
    { orders: readonly Order[] }
  >;
  readonly searchOrders: Unary<{ text: string; limit: number }, { orders: readonly Order[] }>;
  readonly refundOrder: Unary<{ id: string; reason: string }, Order>;
  readonly streamOrders: ServerStream<{ sinceMs: number }, Order>;
};

export type OrdersClient = GrpcClient<OrdersApi>;
