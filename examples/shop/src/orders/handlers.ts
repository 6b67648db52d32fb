// The rpcs of the orders service.

import type { Handlers } from "../grpc/server.ts";
import { ShopError } from "../shop-error.ts";
import { localPriceMinor, marketOf } from "./markets.ts";
import type { OrdersApi, Product } from "./messages.ts";
import { placeOrder, type OrderDesk } from "./placing.ts";
import { refundOrder } from "./refunding.ts";

const mostOrders = 100;

/** Answers each rpc from the desk's store, and payments where money moves. */
export function ordersHandlers(desk: OrderDesk): Handlers<OrdersApi> {
  const { store } = desk;
  return {
    listProducts: ({ country }) => ({ products: listProducts(desk, country) }),
    placeOrder: (request, call) => placeOrder(desk, request, call),
    refundOrder: (request, call) => refundOrder(desk, request, call),
    getOrder({ id }) {
      const order = store.order(id);
      if (order === undefined) throw new ShopError("unknown_order", `there is no order "${id}"`);
      return order;
    },
    listCustomerOrders({ customerId, limit }) {
      if (store.customer(customerId) === undefined) {
        throw new ShopError("unknown_customer", `there is no customer "${customerId}"`);
      }
      return { orders: store.customerOrders(customerId, clamp(limit)) };
    },
    searchOrders: ({ text, limit }) => ({ orders: store.search(text, clamp(limit)) }),
    streamOrders: ({ sinceMs }) => store.webOrdersSince(sinceMs),
  };
}

function listProducts({ store }: OrderDesk, country: string): Product[] {
  const market = marketOf(country);
  return store.products().map(({ sku, title, category, stock, euroMinor }) => ({
    sku,
    title,
    category,
    stock,
    currency: market.currency,
    priceMinor: localPriceMinor(euroMinor, market),
  }));
}

function clamp(limit: number): number {
  return limit > 0 ? Math.min(limit, mostOrders) : 20;
}
