// What a sender is told when its request is not taken, in the words of HTTP and of gRPC. The one table of all receivers.
//
//                              HTTP      gRPC
//   the sink has too much      429       8  RESOURCE_EXHAUSTED    with when to come again
//   the sink is broken, full   503       14 UNAVAILABLE           with when to come again
//   who are you                401       16 UNAUTHENTICATED
//   you may not                403       7  PERMISSION_DENIED
//   too large                  413       8  RESOURCE_EXHAUSTED
//   no such thing, form        404, 415  12 UNIMPLEMENTED
//   too slow                   408       4  DEADLINE_EXCEEDED
//   broken                     400       3  INVALID_ARGUMENT
//   our fault                  500       13 INTERNAL              without a word of the inside

import { FlxError } from "@flx/model";
import { AccessRefusal, type AccessRefusalKind } from "../base/access/access-refusal.ts";
import { SinkRefusal } from "../store/metric-sink.ts";
import { RequestRefusal } from "./body.ts";

/** The statuses of gRPC that receivers give. */
export const GrpcStatus = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** What a sender is told. */
export interface Refused {
  readonly httpStatus: number;
  /** Also the code of a google.rpc.Status. */
  readonly grpcStatus: number;
  readonly message: string;
  readonly retryAfterMs?: number;
  /** For WWW-Authenticate. */
  readonly challenges?: readonly string[];
}

const byStatus: ReadonlyMap<number, number> = new Map([
  [404, GrpcStatus.unimplemented],
  [408, GrpcStatus.deadlineExceeded],
  [413, GrpcStatus.resourceExhausted],
  [415, GrpcStatus.unimplemented],
]);

const byAccess: Readonly<Record<AccessRefusalKind, readonly [http: number, grpc: number]>> = {
  unauthorized: [401, GrpcStatus.unauthenticated],
  forbidden: [403, GrpcStatus.permissionDenied],
  limited: [429, GrpcStatus.resourceExhausted],
};

/** What the sender is told of an error. */
export function refused(error: unknown): Refused {
  if (!(error instanceof FlxError)) {
    return { httpStatus: 500, grpcStatus: GrpcStatus.internal, message: "internal error" };
  }
  const { message } = error;
  if (error instanceof SinkRefusal) {
    const { retryAfterMs } = error;
    return error.refusal === "overloaded"
      ? { httpStatus: 429, grpcStatus: GrpcStatus.resourceExhausted, message, retryAfterMs }
      : { httpStatus: 503, grpcStatus: GrpcStatus.unavailable, message, retryAfterMs };
  }
  if (error instanceof AccessRefusal) {
    const [httpStatus, grpcStatus] = byAccess[error.kind];
    const { challenges, retryAfterMs } = error;
    return {
      httpStatus,
      grpcStatus,
      message,
      challenges,
      ...(retryAfterMs > 0 && { retryAfterMs }),
    };
  }
  const httpStatus = error instanceof RequestRefusal ? error.status : 400;
  const grpcStatus = byStatus.get(httpStatus) ?? GrpcStatus.invalidArgument;
  return { httpStatus, grpcStatus, message };
}
