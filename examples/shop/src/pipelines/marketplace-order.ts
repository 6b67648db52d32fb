// One order as the marketplace sends it, one JSON object a line:
//
//   {"ref":"MKT-20260105-0001","placedAt":"2026-01-05T10:12:00Z","customer":{"name":"…","email":"…"},
//    "country":"DE","currency":"EUR","items":[{"sku":"tea-sencha-100","quantity":2,"price":11.9}]}

import { catalogue } from "../orders/catalogue.ts";
import { markets } from "../orders/markets.ts";

export type MarketplaceOrder = {
  readonly ref: string;
  readonly placedAt: string;
  readonly customer: { readonly name: string; readonly email: string };
  readonly country: string;
  readonly currency: string;
  readonly items: readonly {
    readonly sku: string;
    readonly quantity: number;
    readonly price: number;
  }[];
};

/** A valid order, or why the line is refused. */
export type Checked =
  | { readonly kind: "order"; readonly order: MarketplaceOrder }
  | { readonly kind: "rejected"; readonly reason: string };

const skus = new Set(catalogue.map((product) => product.sku));

/** Checks one line of a marketplace file. */
export function checkLine(line: string): Checked {
  const order = parse(line);
  if (order === undefined) return rejected("not a JSON object");
  const reason = wrongHead(order) ?? wrongItems(order.items);
  return reason === undefined
    ? { kind: "order", order: order as MarketplaceOrder }
    : rejected(reason);
}

/** The shape of an order in which nothing is known to be there. */
type Loose = { readonly [Key in keyof MarketplaceOrder]?: unknown };

function parse(line: string): Loose | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function wrongHead({ ref, placedAt, customer, country, currency }: Loose): string | undefined {
  if (typeof ref !== "string" || !/^MKT-\w+-\d+$/.test(ref)) return `"ref" is ${show(ref)}`;
  if (typeof placedAt !== "string" || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(placedAt)) {
    return `"placedAt" is ${show(placedAt)}`;
  }
  const { name, email } = (customer ?? {}) as { name?: unknown; email?: unknown };
  if (typeof name !== "string" || name === "") return '"customer.name" is missing';
  if (typeof email !== "string" || !email.includes("@"))
    return `"customer.email" is ${show(email)}`;
  const market = markets.find((known) => known.country === country);
  if (market === undefined) return `we do not sell to ${show(country)}`;
  if (market.currency !== currency)
    return `"currency" is ${show(currency)}, not ${market.currency}`;
  return undefined;
}

function wrongItems(items: unknown): string | undefined {
  if (!Array.isArray(items) || items.length === 0) return '"items" is empty';
  for (const item of items as unknown[]) {
    const { sku, quantity, price } = (item ?? {}) as Record<"sku" | "quantity" | "price", unknown>;
    if (typeof sku !== "string" || !skus.has(sku)) return `there is no product ${show(sku)}`;
    if (!Number.isInteger(quantity) || Number(quantity) < 1)
      return `"quantity" is ${show(quantity)}`;
    if (typeof price !== "number" || !(price > 0)) return `"price" is ${show(price)}`;
  }
  return undefined;
}

function show(value: unknown): string {
  return value === undefined ? "missing" : JSON.stringify(value);
}

function rejected(reason: string): Checked {
  return { kind: "rejected", reason };
}
