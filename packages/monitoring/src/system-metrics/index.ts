// The public API of @flx/monitoring/system-metrics, by name.

export {
  collectSystemMetrics,
  type SystemMetrics,
  type SystemMetricsOptions,
} from "./collect-system-metrics.ts";
export type { SnapshotSource } from "./exposure.ts";
