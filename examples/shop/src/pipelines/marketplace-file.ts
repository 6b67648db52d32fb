// Invents what the marketplace delivers: a file of orders, some of them bad. The same seed gives the same file;
// data/marketplace-sample.ndjson is `marketplaceFile(seededRandom(1), "SAMPLE", …, 250)`.

import { catalogue } from "../orders/catalogue.ts";
import { localPriceMinor, markets } from "../orders/markets.ts";
import { between, pick, pickWeighted, type Random } from "../random.ts";
import type { MarketplaceOrder } from "./marketplace-order.ts";

const names = [
  "Noor Bakker",
  "Emma Laurent",
  "Oskar Holm",
  "Lucia Romano",
  "Tom Whitfield",
  "Mia Sommer",
];

/** A day of orders, one JSON object a line; `stamp` makes the references unique, `endMs` is when the day ends. */
export function marketplaceFile(
  random: Random,
  stamp: string,
  endMs: number,
  rows: number,
): string {
  const lines = Array.from({ length: rows }, (_, index) => line(random, stamp, endMs, index + 1));
  return `${lines.join("\n")}\n`;
}

function line(random: Random, stamp: string, endMs: number, number: number): string {
  const order = goodOrder(random, stamp, endMs, number);
  const [first] = order.items;
  const spoilt = pickWeighted<() => string>(random, [
    [() => JSON.stringify(order), 95],
    [() => JSON.stringify({ ...order, country: "XX" }), 1],
    [() => JSON.stringify({ ...order, currency: "JPY" }), 1],
    [() => JSON.stringify({ ...order, items: [{ ...first, sku: "tea-gone" }] }), 1],
    [() => JSON.stringify({ ...order, items: [{ ...first, quantity: 0 }] }), 1],
    [() => JSON.stringify(order).slice(0, -9), 1],
  ]);
  return spoilt();
}

function goodOrder(random: Random, stamp: string, endMs: number, number: number): MarketplaceOrder {
  const market = pick(random, markets);
  const name = pick(random, names);
  const placedAt = new Date(endMs - between(random, 0, 86_399) * 1000).toISOString();
  return {
    ref: `MKT-${stamp}-${String(number).padStart(4, "0")}`,
    placedAt: placedAt.replace(/\.\d+Z$/, "Z"),
    customer: {
      name,
      email: `${name.toLowerCase().replace(" ", ".")}.${between(random, 1, 40)}@example.net`,
    },
    country: market.country,
    currency: market.currency,
    items: Array.from({ length: between(random, 1, 3) }, () => {
      const { sku, euroMinor } = pick(random, catalogue);
      return {
        sku,
        quantity: between(random, 1, 3),
        price: localPriceMinor(euroMinor, market) / 100,
      };
    }),
  };
}
