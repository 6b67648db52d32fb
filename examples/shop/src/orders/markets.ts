// The countries the shop sells to: their currency and their standard rate of value added (or sales) tax.

import { ShopError } from "../shop-error.ts";

export type Market = {
  readonly country: string;
  readonly currency: string;
  /** Units of this currency for one euro; prices in the catalogue are in euro. */
  readonly perEuro: number;
  /** Part of the net price, 0.19 is 19 %. */
  readonly taxRate: number;
};

export const markets: readonly Market[] = [
  { country: "DE", currency: "EUR", perEuro: 1, taxRate: 0.19 },
  { country: "FR", currency: "EUR", perEuro: 1, taxRate: 0.2 },
  { country: "NL", currency: "EUR", perEuro: 1, taxRate: 0.21 },
  { country: "GB", currency: "GBP", perEuro: 0.86, taxRate: 0.2 },
  { country: "US", currency: "USD", perEuro: 1.1, taxRate: 0.07 },
  { country: "CH", currency: "CHF", perEuro: 0.95, taxRate: 0.081 },
  { country: "DK", currency: "DKK", perEuro: 7.46, taxRate: 0.25 },
];

/** The market of a country; throws a ShopError `unknown_country`. */
export function marketOf(country: string): Market {
  const market = markets.find((known) => known.country === country);
  if (market !== undefined) return market;
  const names = markets.map((known) => known.country).join(", ");
  throw new ShopError("unknown_country", `we do not sell to "${country}"; we sell to ${names}`);
}

/** A catalogue price in the market's smallest unit, rounded to five of them. */
export function localPriceMinor(euroMinor: number, market: Market): number {
  return Math.round((euroMinor * market.perEuro) / 5) * 5;
}
