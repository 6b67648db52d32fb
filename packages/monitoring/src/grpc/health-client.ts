// @flx/monitoring/grpc/health-client: asking health over gRPC, and nothing else. For programs that start often (`flx check`).

export type { CheckContext, CheckResult } from "../health/health-check.ts";
export type { HealthStatus } from "../health/health-status.ts";
export { GrpcCallError, type CallErrorCode } from "./call-error.ts";
export {
  askGrpcHealth,
  grpcHealth,
  type GrpcHealthOptions,
  type GrpcHealthTls,
} from "./grpc-health.ts";
