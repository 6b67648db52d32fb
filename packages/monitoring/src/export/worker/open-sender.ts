// The sender for an endpoint's protocol; what speaks gRPC is loaded only for gRPC.

import type { OtlpEndpoint } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import { OtlpHttpSender } from "./otlp-http.ts";
import type { Sender } from "./sender.ts";

/** A sender for an endpoint. */
export async function openSender(endpoint: OtlpEndpoint, signal: Signal): Promise<Sender> {
  if (endpoint.protocol !== "grpc") return new OtlpHttpSender(endpoint, signal);
  const { OtlpGrpcSender } = await import("./otlp-grpc.ts");
  return new OtlpGrpcSender(endpoint, signal);
}
