// What the gateway accepts, as JSON schema; fastify answers 400 for the rest.

/** POST /orders */
export type PlaceOrderBody = {
  readonly customerId: string;
  readonly country?: string;
  readonly card: string;
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[];
};

export const placeOrderBody = {
  type: "object",
  required: ["customerId", "card", "lines"],
  additionalProperties: false,
  properties: {
    customerId: { type: "string", minLength: 1, maxLength: 64 },
    country: { type: "string", pattern: "^[A-Z]{2}$" },
    card: { type: "string", pattern: "^[0-9]{12,19}$" },
    lines: {
      type: "array",
      minItems: 1,
      maxItems: 20,
      items: {
        type: "object",
        required: ["sku", "quantity"],
        additionalProperties: false,
        properties: {
          sku: { type: "string", minLength: 1, maxLength: 64 },
          quantity: { type: "integer", minimum: 1, maximum: 50 },
        },
      },
    },
  },
} as const;

/** POST /orders/:id/refund */
export type RefundBody = { readonly reason: string };

export const refundBody = {
  type: "object",
  required: ["reason"],
  additionalProperties: false,
  properties: { reason: { type: "string", minLength: 1, maxLength: 200 } },
} as const;

/** GET /products */
export type ProductsQuery = { readonly country: string };

export const productsQuery = {
  type: "object",
  properties: { country: { type: "string", pattern: "^[A-Z]{2}$", default: "DE" } },
} as const;

/** GET /customers/:id/orders */
export type LimitQuery = { readonly limit: number };

export const limitQuery = {
  type: "object",
  properties: { limit: { type: "integer", minimum: 1, maximum: 100, default: 20 } },
} as const;

/** GET /orders */
export type SearchQuery = LimitQuery & { readonly search: string };

export const searchQuery = {
  type: "object",
  required: ["search"],
  properties: {
    search: { type: "string", minLength: 1, maxLength: 100 },
    limit: { type: "integer", minimum: 1, maximum: 100, default: 20 },
  },
} as const;
