// Why a request of health is not answered, in gRPC's words. Plain data of grpc-js' shape: `code` and `details`.

import { type GrpcStatus, grpcStatusCode } from "./call-error.ts";

/** A request that is refused. */
export class GrpcRefusal extends Error {
  /** The number of the status. */
  readonly code: number;
  /** Shown to the caller. */
  readonly details: string;

  constructor(status: GrpcStatus, details: string) {
    super(`${status}: ${details}`);
    this.code = grpcStatusCode(status);
    this.details = details;
  }
}
