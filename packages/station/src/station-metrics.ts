// What the station says of itself as a whole; each part has its own metrics beside its code.
//
//   flx_station_heartbeat_timestamp_seconds     the dead man's switch: alert when it stands still
//   flx_build_info {version, node}
//   flx_config_reload_success, flx_config_reload_timestamp_seconds
//   flx_memory_cap_bytes, flx_memory_shedding, flx_memory_sheddings_total, flx_memory_sweeps_total
//   flx_ingest_in_flight_bytes     flx_store_series     flx_store_ready

import { Gauge, observableCounter, observableGauge, type Registry } from "@flx/monitoring/metrics";
import { type Admission, SHED_ORDER } from "./ingest/admission.ts";
import type { MemoryGovernor } from "./ingest/memory-governor.ts";
import type { MetricStore } from "./store/metric-store.ts";

/** What is counted. */
export interface StationMetricsParts {
  readonly registry: Registry;
  readonly version: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly governor: MemoryGovernor;
  readonly admission: Admission;
  readonly store: MetricStore;
  readonly reloadState: () => { readonly isGood: boolean; readonly atMs: number };
}

/** Registers the station's own families. */
export function stationMetrics(parts: StationMetricsParts): void {
  const { registry, version, now, governor, admission, store, reloadState } = parts;
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    observableGauge({
      name,
      help,
      registers,
      collect: async (observe) => observe(await read()),
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    observableCounter({ name, help, registers, collect: (observe) => observe(read()) });
  };
  new Gauge({
    name: "flx_build_info",
    help: "The version that runs",
    labelNames: ["version", "node"],
    registers,
  }).set({ version, node: process.versions.node }, 1);
  gauge(
    "flx_station_heartbeat_timestamp_seconds",
    "When the station last watched itself: alert when this stands still",
    () => now() / 1_000,
  );
  gauge(
    "flx_config_reload_success",
    "Whether the last reload of the configuration was taken",
    () => (reloadState().isGood ? 1 : 0),
  );
  gauge(
    "flx_config_reload_timestamp_seconds",
    "When the configuration in force was taken",
    () => reloadState().atMs / 1_000,
  );
  gauge("flx_memory_cap_bytes", "What the station may have of memory", () => governor.cap);
  observableGauge({
    name: "flx_memory_shedding",
    help: "Whether data of a signal is refused to stay under the memory cap",
    labelNames: ["signal"],
    registers,
    collect: (observe) => {
      for (const signal of SHED_ORDER) observe({ signal }, governor.shed.has(signal) ? 1 : 0);
    },
  });
  counter(
    "flx_memory_sheddings_total",
    "How often it began to refuse data to stay under the cap",
    () => governor.sheddings,
  );
  counter(
    "flx_memory_sweeps_total",
    "How often garbage was collected because memory was near the cap",
    () => governor.sweeps,
  );
  gauge("flx_ingest_in_flight_bytes", "Bytes of requests under way", () => admission.bytes);
  gauge("flx_store_ready", "Whether the store takes and answers without trouble", () =>
    store.condition.state === "ready" ? 1 : 0,
  );
  gauge(
    "flx_store_series",
    "Series in the store's head",
    async () => (await store.statistics(0)).series,
  );
}
