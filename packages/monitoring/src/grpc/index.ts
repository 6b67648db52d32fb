// @flx/monitoring/grpc: gRPC calls counted, gRPC health asked and answered.

export type { HealthCheck } from "../health/health-check.ts";
