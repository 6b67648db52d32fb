// The sender for an endpoint's protocol; what speaks gRPC is loaded only for gRPC.

import type { OtlpEndpoint } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import type { CertificateListener } from "./client-tls.ts";
import { OtlpHttpSender } from "./otlp-http.ts";
import type { Sender } from "./sender.ts";

/** A sender for an endpoint; `tell` hears why renewed certificates are not used. */
export async function openSender(
  endpoint: OtlpEndpoint,
  signal: Signal,
  tell: CertificateListener,
): Promise<Sender> {
  if (endpoint.protocol !== "grpc") return new OtlpHttpSender(endpoint, signal, tell);
  const { OtlpGrpcSender } = await import("./otlp-grpc.ts");
  return new OtlpGrpcSender(endpoint, signal, tell);
}
