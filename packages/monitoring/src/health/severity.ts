// How bad a status is. "unknown" stands between: worse than working badly, better than not working.

import type { HealthStatus } from "./health-status.ts";

/** The statuses from good to bad: the place in the list is the severity. */
export const BY_SEVERITY: readonly HealthStatus[] = ["healthy", "degraded", "unknown", "unhealthy"];

const severities: Readonly<Record<HealthStatus, number>> = {
  healthy: 0,
  degraded: 1,
  unknown: 2,
  unhealthy: 3,
};

/** 0 (healthy) to 3 (unhealthy). */
export function severityOf(status: HealthStatus): number {
  return severities[status];
}

/** Whether it is one of the four words. */
export function isHealthStatus(value: unknown): value is HealthStatus {
  return typeof value === "string" && Object.hasOwn(severities, value);
}
