// @flx/monitoring/health/plugins: checks for what a service depends on.

export type { HealthCheck } from "../health-check.ts";
