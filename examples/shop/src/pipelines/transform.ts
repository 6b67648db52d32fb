// From the marketplace's words to our rows: minor units, our ids, the tax that is in the price.

import { marketOf } from "../orders/markets.ts";
import type { OrderLine } from "../orders/messages.ts";
import type { MarketplaceOrder } from "./marketplace-order.ts";

export type ImportedOrder = {
  readonly id: string;
  readonly ref: string;
  readonly customer: { readonly id: string; readonly name: string; readonly email: string };
  readonly country: string;
  readonly currency: string;
  readonly totalMinor: number;
  readonly taxMinor: number;
  readonly placedAtMs: number;
  readonly lines: readonly OrderLine[];
};

/** The rows of one order. */
export function transform(order: MarketplaceOrder): ImportedOrder {
  const placedAt = new Date(order.placedAt);
  const day = placedAt.toISOString().slice(0, 10).replaceAll("-", "");
  const lines = order.items.map(({ sku, quantity, price }) => ({
    sku,
    quantity,
    unitPriceMinor: Math.round(price * 100),
  }));
  const totalMinor = lines.reduce((sum, line) => sum + line.quantity * line.unitPriceMinor, 0);
  const { taxRate } = marketOf(order.country);
  return {
    id: `mkt_${day}_${order.ref.slice(4)}`,
    ref: order.ref,
    customer: { id: `cus_${order.customer.email.toLowerCase()}`, ...order.customer },
    country: order.country,
    currency: order.currency,
    totalMinor,
    taxMinor: Math.round(totalMinor - totalMinor / (1 + taxRate)),
    placedAtMs: placedAt.getTime(),
    lines,
  };
}
