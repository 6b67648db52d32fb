// What a customer does: one HTTP request, mostly good, sometimes not.

import { markets } from "../orders/markets.ts";
import { customerCount, customerId } from "../orders/seed.ts";
import { between, pick, pickWeighted, type Random } from "../random.ts";

/** One request to the gateway. */
export type Visit = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
};

/** What the customers know by now. */
export type Memory = {
  readonly skus: readonly string[];
  /** Orders placed lately. */
  readonly orders: readonly string[];
};

type Kind =
  | "products"
  | "place"
  | "order"
  | "customer"
  | "search"
  | "refund"
  | "unknownProduct"
  | "unknownOrder"
  | "invalidBody";

const mix: readonly (readonly [Kind, number])[] = [
  ["products", 28],
  ["place", 26],
  ["order", 20],
  ["customer", 14],
  ["search", 6],
  ["refund", 2],
  ["unknownProduct", 1.5],
  ["unknownOrder", 1.5],
  ["invalidBody", 1],
];

const cards = [
  ["4242424242424242", 94], // pays
  ["4000000000000002", 4], // declined: no money on it
  ["4242424242424241", 2], // declined: a digit is wrong
] as const;

const words = ["assam", "espresso", "grinder", "books", "berg", "denmark", "tea", "cups"];

/** The next customer's request. */
export function nextVisit(random: Random, memory: Memory): Visit {
  const kind = pickWeighted(random, mix);
  const knowsOrder = memory.orders.length > 0;
  if ((kind === "order" || kind === "refund") && !knowsOrder) return placing(random, memory);
  return visitOf(kind, random, memory);
}

// oxlint-disable-next-line consistent-return -- every kind returns; the compiler proves it
function visitOf(kind: Kind, random: Random, memory: Memory): Visit {
  switch (kind) {
    case "products":
      return { method: "GET", path: `/products?country=${pick(random, markets).country}` };
    case "place":
      return placing(random, memory);
    case "order":
      return { method: "GET", path: `/orders/${pick(random, memory.orders)}` };
    case "customer":
      return { method: "GET", path: `/customers/${someCustomer(random)}/orders?limit=10` };
    case "search":
      return { method: "GET", path: `/orders?search=${pick(random, words)}&limit=10` };
    case "refund":
      return refunding(pick(random, memory.orders));
    case "unknownProduct":
      return placing(random, { ...memory, skus: ["tea-no-longer-sold"] });
    case "unknownOrder":
      return { method: "GET", path: `/orders/ord_${between(random, 100_000, 999_999)}` };
    case "invalidBody":
      return {
        method: "POST",
        path: "/orders",
        body: { customerId: someCustomer(random), lines: "none" },
      };
  }
}

function placing(random: Random, { skus }: Memory): Visit {
  const lines = Array.from({ length: between(random, 1, 3) }, () => ({
    sku: pick(random, skus),
    quantity: between(random, 1, 2),
  }));
  const body = { customerId: someCustomer(random), card: pickWeighted(random, cards), lines };
  return { method: "POST", path: "/orders", body };
}

function refunding(orderId: string): Visit {
  return { method: "POST", path: `/orders/${orderId}/refund`, body: { reason: "changed my mind" } };
}

function someCustomer(random: Random): string {
  return customerId(between(random, 1, customerCount));
}
