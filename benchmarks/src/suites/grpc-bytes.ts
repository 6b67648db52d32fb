// gRPC calls whose messages are bytes and stay bytes: what is measured is the call, not what is in it.

import type { MethodDefinition } from "@grpc/grpc-js";

/** A message as it is. */
export const asTheyAre = (bytes: Buffer): Buffer => bytes;

/** A unary method at a path like "/shop.Orders/Place". */
export function unaryMethod(path: string): MethodDefinition<Buffer, Buffer> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asTheyAre,
    requestDeserialize: asTheyAre,
    responseSerialize: asTheyAre,
    responseDeserialize: asTheyAre,
  };
}
