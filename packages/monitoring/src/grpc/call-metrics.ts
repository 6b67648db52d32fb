// gRPC calls as metrics: flx_grpc_requests_total{method,status} and flx_grpc_request_duration_seconds{method}.
//
// A call is counted by the process that makes it and by the one that serves it, each in its own registry; the job tells
// them apart. A process that calls itself counts the call twice.

import type { MetricsCollector } from "../metrics/collector/metrics-collector.ts";
import { RunMeters } from "../metrics/collector/run-meter.ts";
import { grpcStatus } from "../metrics/collector/run-status.ts";
import type { CallObserver } from "./call-observer.ts";

/** The families that calls are counted in. */
export type GrpcFamilies = Pick<
  MetricsCollector,
  "grpcRequestsTotal" | "grpcRequestDurationSeconds"
>;

/** Counts and times calls in a collector's families. */
export function callMetrics(
  { grpcRequestsTotal, grpcRequestDurationSeconds }: GrpcFamilies,
  clock: () => number = () => performance.now(),
): CallObserver {
  const meters = new RunMeters({
    counterOf: (method, status) => grpcRequestsTotal.labels(method, status),
    durationOf: (method) => grpcRequestDurationSeconds.labels(method),
    statusOf: grpcStatus,
    firstStatuses: ["OK"],
    isCallbackStyle: false,
    clock,
  });
  return {
    started: ({ method }) => {
      const run = meters.meter(method).begin();
      return (code) => {
        if (code === 0) run.end("finished");
        else run.fail({ code });
      };
    },
  };
}
