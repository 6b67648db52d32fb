// Errors as HTTP answers: { "error": { "code", "message", "requestId" } }.

import { status as grpc } from "@grpc/grpc-js";
import { ShopError, type ShopErrorCode } from "../shop-error.ts";

/** What a client is told about a failed request. */
export type Problem = { readonly status: number; readonly code: string; readonly message: string };

const statusOf: Readonly<Record<ShopErrorCode, number>> = {
  invalid_order: 422,
  unknown_country: 422,
  unknown_product: 422,
  unknown_customer: 404,
  unknown_order: 404,
  unknown_payment: 404,
  payment_declined: 402,
  out_of_stock: 409,
  not_refundable: 409,
  payment_unavailable: 503,
};

/** The answer for an error: business rules by their code, calls to orders by their gRPC status, bugs as 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ShopError) {
    return { status: statusOf[error.code], code: error.code, message: error.message };
  }
  const { code, statusCode, message } = error as {
    code?: unknown;
    statusCode?: number;
    message?: string;
  };
  if (code === grpc.UNAVAILABLE)
    return problem(503, "orders_unavailable", "please try again in a moment");
  if (code === grpc.DEADLINE_EXCEEDED)
    return problem(504, "orders_timeout", "orders took too long to answer");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return problem(statusCode, "invalid_request", message ?? "the request is not valid");
  }
  return problem(500, "internal_error", "something broke on our side");
}

/** Whether an error is the answer of another process. */
export function isFromGrpc(error: unknown): error is Error {
  return (
    error instanceof ShopError ||
    (error instanceof Error && typeof (error as { code?: unknown }).code === "number")
  );
}

function problem(status: number, code: string, message: string): Problem {
  return { status, code, message };
}
