// @flx/monitoring/health: how a service is, and telling those who ask.

export type {
  CheckAnswer,
  CheckContext,
  CheckResult,
  HealthCheck,
  Measurement,
} from "./health-check.ts";
export { HealthStatus } from "./health-status.ts";
