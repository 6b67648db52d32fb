// What can go wrong in the business of the shop. The code travels: orders and payments throw it, grpc/status.ts
// puts it on the wire, the gateway turns it into an HTTP status. Anything else that is thrown is a bug.

/** The stable names of what can go wrong. */
export type ShopErrorCode =
  | "invalid_order"
  | "not_refundable"
  | "out_of_stock"
  | "payment_declined"
  | "payment_unavailable"
  | "unknown_country"
  | "unknown_customer"
  | "unknown_order"
  | "unknown_payment"
  | "unknown_product";

/** A business rule said no; `message` is meant for the caller. */
export class ShopError extends Error {
  override readonly name = "ShopError";
  readonly code: ShopErrorCode;

  constructor(code: ShopErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
