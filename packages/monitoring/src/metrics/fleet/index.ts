// The public API of @flx/monitoring/fleet, by name: one set of metrics for many threads and processes.

export { type FleetOptions, FleetRegistry } from "./fleet-registry.ts";
export {
  gatherMetrics,
  type SharedMetrics,
  shareMetrics,
  type ShareOptions,
} from "./share-metrics.ts";
