// Version 1.5: food and books have a reduced tax rate in most countries.
//
// This is the release behind the fault `bad-deploy`, and its bug is left in on purpose: the table has no line for
// Denmark and the United States, which have no reduced rate.

import { priceWithRates, type Priced, type Wanted } from "./pricing.ts";
import type { Market } from "./markets.ts";
import type { StoredProduct } from "./store.ts";

type ReducedRates = { readonly food: number; readonly books: number };

const reducedRates: Readonly<Record<string, ReducedRates>> = {
  DE: { food: 0.07, books: 0.07 },
  FR: { food: 0.055, books: 0.055 },
  NL: { food: 0.09, books: 0.09 },
  GB: { food: 0, books: 0 },
  CH: { food: 0.026, books: 0.026 },
};

/** Prices an order with the reduced rates of its country. */
export function priceWithReducedTax(wanted: readonly Wanted[], market: Market): Priced {
  return priceWithRates(wanted, market, (product) => taxRate(product, market));
}

function taxRate({ category }: StoredProduct, market: Market): number {
  const reduced = reducedRates[market.country]!;
  if (category === "tea" || category === "coffee") return reduced.food;
  if (category === "books") return reduced.books;
  return market.taxRate;
}
