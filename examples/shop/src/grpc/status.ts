// Business errors on the wire: a gRPC status for any client, and the shop's own code in the metadata.
//
//   ShopError("out_of_stock")  ->  FAILED_PRECONDITION + shop-error: out_of_stock  ->  ShopError("out_of_stock")
//   any other error            ->  INTERNAL, without details                       ->  ServiceError

import { Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { ShopError, type ShopErrorCode } from "../shop-error.ts";

const codeHeader = "shop-error";

const statusOf: Readonly<Record<ShopErrorCode, status>> = {
  invalid_order: status.INVALID_ARGUMENT,
  not_refundable: status.FAILED_PRECONDITION,
  out_of_stock: status.FAILED_PRECONDITION,
  payment_declined: status.FAILED_PRECONDITION,
  payment_unavailable: status.UNAVAILABLE,
  unknown_country: status.INVALID_ARGUMENT,
  unknown_customer: status.NOT_FOUND,
  unknown_order: status.NOT_FOUND,
  unknown_payment: status.NOT_FOUND,
  unknown_product: status.NOT_FOUND,
};

/** The answer a gRPC server gives for something thrown by a handler. */
export function toServiceError(error: unknown): ServiceError {
  const metadata = new Metadata();
  if (!(error instanceof ShopError)) {
    return serviceError(status.INTERNAL, "internal error", metadata);
  }
  metadata.set(codeHeader, error.code);
  return serviceError(statusOf[error.code], error.message, metadata);
}

function serviceError(code: status, details: string, metadata: Metadata): ServiceError {
  return Object.assign(new Error(details), { code, details, metadata });
}

/** The error a gRPC client throws: a ShopError when the server said so, else the ServiceError itself. */
export function fromServiceError(error: ServiceError): ShopError | ServiceError {
  const code = error.metadata?.get(codeHeader)[0];
  if (typeof code !== "string" || !Object.hasOwn(statusOf, code)) return error;
  return new ShopError(code as ShopErrorCode, error.details, { cause: error });
}
