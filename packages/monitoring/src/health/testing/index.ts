// @flx/monitoring/health/testing: what tests of checks need.

export type { HealthCheck } from "../health-check.ts";
