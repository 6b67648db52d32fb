// What an order costs: local prices, and the tax that is already in them.

import type { OrderLine } from "./messages.ts";
import { localPriceMinor, type Market } from "./markets.ts";
import type { StoredProduct } from "./store.ts";

/** A product and how many of it. */
export type Wanted = { readonly product: StoredProduct; readonly quantity: number };

export type Priced = {
  readonly lines: readonly OrderLine[];
  readonly totalMinor: number;
  readonly taxMinor: number;
};

/** Prices an order for a market. */
export type Pricing = (wanted: readonly Wanted[], market: Market) => Priced;

/** Version 1.4: the country's standard tax rate for everything. */
export function priceOrder(wanted: readonly Wanted[], market: Market): Priced {
  return priceWithRates(wanted, market, () => market.taxRate);
}

/** Prices lines whose tax rate depends on the product. */
export function priceWithRates(
  wanted: readonly Wanted[],
  market: Market,
  taxRateOf: (product: StoredProduct) => number,
): Priced {
  let totalMinor = 0;
  let taxMinor = 0;
  const lines = wanted.map(({ product, quantity }) => {
    const unitPriceMinor = localPriceMinor(product.euroMinor, market);
    const gross = unitPriceMinor * quantity;
    const rate = taxRateOf(product);
    totalMinor += gross;
    taxMinor += Math.round(gross - gross / (1 + rate));
    return { sku: product.sku, quantity, unitPriceMinor };
  });
  return { lines, totalMinor, taxMinor };
}
