// Whether another process of the shop is ready, asked over gRPC with its components.

import type { CheckContext, CheckOptions, CheckResult, HealthCheck } from "@flx/monitoring/health";
import { grpcHealth } from "@flx/monitoring/grpc";
import { join } from "node:path";
import { nearby } from "./process-health.ts";

const slowMs = 250;

/** How a peer is registered that a service cannot do without. */
export const peerOptions: CheckOptions = { ...nearby, critical: true };

/** A check of the peer at an address; slow is degraded. */
export function peerCheck(address: string, tlsFolder: string | undefined): HealthCheck {
  const ask = grpcHealth({
    target: address,
    protocol: "flx.v1",
    service: "readiness",
    tls: tlsFolder === undefined ? false : { caFile: join(tlsFolder, "cert.pem") },
  });
  return async (context: CheckContext): Promise<CheckResult> => {
    const startedMs = performance.now();
    const result = (await ask(context)) as CheckResult;
    const tookMs = Math.round(performance.now() - startedMs);
    const measurements = { latency: { value: tookMs, unit: "ms", limit: slowMs } };
    if (result.status !== "healthy" || tookMs <= slowMs) return { ...result, measurements };
    const message = `it took ${tookMs} ms to answer`;
    return { ...result, measurements, status: "degraded", message };
  };
}
