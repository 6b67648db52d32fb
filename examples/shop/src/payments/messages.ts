// The messages of proto/payments.proto as proto-loader gives them.

import type { GrpcClient, ServerStream, Unary } from "../grpc/client.ts";

export type PaymentStatus = "authorised" | "captured" | "declined" | "refunded";

export type Payment = {
  readonly id: string;
  readonly orderId: string;
  readonly status: PaymentStatus;
  readonly currency: string;
  readonly amountMinor: number;
  readonly cardLast4: string;
  /** Empty unless declined. */
  readonly declineReason: string;
  readonly createdAtMs: number;
};

export type AuthoriseRequest = {
  readonly orderId: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly cardNumber: string;
};

/** The rpcs of the service. */
export type PaymentsApi = {
  readonly authorise: Unary<AuthoriseRequest, Payment>;
  readonly capture: Unary<{ paymentId: string }, Payment>;
  readonly refund: Unary<{ paymentId: string; reason: string }, Payment>;
  readonly streamPayments: ServerStream<{ sinceMs: number }, Payment>;
};

export type PaymentsClient = GrpcClient<PaymentsApi>;
