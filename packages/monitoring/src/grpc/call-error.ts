// A gRPC call that gave no message, and why. The code says how far it came:
//
//   FLX_GRPC_UNREACHABLE   no connection: refused, no such host, TLS failed
//   FLX_GRPC_DEADLINE      no answer in time
//   FLX_GRPC_PROTOCOL      an answer that is not gRPC: HTTP/1, a web page, garbage, more than is taken
//   FLX_GRPC_STATUS        an answer of gRPC with another status than OK

import { FlxError } from "@flx/model/errors";
import { GRPC_STATUS } from "../calls/grpc-status-names.ts";

/** Why a call gave no message. */
export type CallErrorCode =
  | "FLX_GRPC_UNREACHABLE"
  | "FLX_GRPC_DEADLINE"
  | "FLX_GRPC_PROTOCOL"
  | "FLX_GRPC_STATUS";

/** A gRPC call that failed. */
export class GrpcCallError extends FlxError {
  override readonly name = "GrpcCallError";
  /** The name of the gRPC status: what the server answered, or what a gRPC client calls this failure. */
  readonly status: string;

  constructor(code: CallErrorCode, status: string, message: string, options?: ErrorOptions) {
    super(code, message, options);
    this.status = status;
  }
}

/** The name of a status code: "NOT_FOUND" for 5; "UNKNOWN" for what gRPC does not have. */
export function grpcStatusName(code: number): string {
  return GRPC_STATUS[code] ?? "UNKNOWN";
}

/** The name of a status of gRPC. */
export type GrpcStatus = (typeof GRPC_STATUS)[number];

/** The number of a status by its name. */
export function grpcStatusCode(name: GrpcStatus): number {
  return GRPC_STATUS.indexOf(name);
}
