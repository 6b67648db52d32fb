// The id under which one customer's request appears in the logs of every process it passes.

import { Metadata } from "@grpc/grpc-js";

const header = "x-request-id";

/** Metadata that carries the request id to the next service. */
export function withRequestId(requestId: string | undefined): Metadata {
  const metadata = new Metadata();
  if (requestId !== undefined) metadata.set(header, requestId);
  return metadata;
}

/** The request id a caller sent, or undefined. */
export function requestIdOf(metadata: Metadata): string | undefined {
  const [value] = metadata.get(header);
  return value === undefined ? undefined : String(value);
}
