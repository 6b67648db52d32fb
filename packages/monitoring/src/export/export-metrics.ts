// What became of every record, for whoever watches the service: nothing is lost in silence.
//
//   flx_export_records_total{signal,outcome}      accepted; lost: no_room, not_encodable, rejected, refused, expired, killed
//   flx_export_waiting_records{signal}            in memory or on disk
//   flx_export_spooled_records_total{signal}      written to disk, for later
//   flx_export_adopted_records_total{signal}      found on disk, from a process before this one
//   flx_export_requests_total{signal}             requests that were tried
//   flx_export_retries_total{signal}              of these, again
//   flx_export_sent_bytes_total{signal}
//
// They are read from memory that the worker shares, at each exposition.

import { defaultRegistry } from "../metrics/default-registry.ts";
import { observableCounter, observableGauge } from "../metrics/observable.ts";
import type { Registry } from "../metrics/registry.ts";
import type { ExportCounter, ExportCounters } from "./export-counters.ts";
import type { Signal } from "./signal.ts";

const SIGNALS: readonly Signal[] = ["traces", "logs", "metrics"];

/** Outcomes by the names that metrics have for them. */
const OUTCOMES = {
  accepted: "accepted",
  no_room: "lostRing",
  not_encodable: "lostEncoding",
  rejected: "rejected",
  refused: "refused",
  expired: "expired",
  killed: "killed",
} as const satisfies Readonly<Record<string, ExportCounter>>;

const TOTALS = {
  flx_export_spooled_records_total: ["spooled", "Records that were written to disk, for later"],
  flx_export_adopted_records_total: ["adopted", "Records that an earlier process had left on disk"],
  flx_export_requests_total: ["requests", "Requests to receivers"],
  flx_export_retries_total: ["retries", "Requests that were tried again"],
  flx_export_sent_bytes_total: ["bytesSent", "Bytes of requests, as they were sent"],
} as const satisfies Readonly<Record<string, readonly [ExportCounter, string]>>;

/** Whose records are counted: an Exporter. */
export interface CountedExport {
  readonly counters: ExportCounters;
  exports(signal: Signal): boolean;
}

/**
 * Exposes what becomes of records; disposing takes the families out of the registry.
 *
 * @throws {FlxError} `FLX_METRIC_CLASH` when a name belongs to another metric
 */
export function collectExportMetrics(
  exporter: CountedExport,
  { registry = defaultRegistry }: { readonly registry?: Registry } = {},
): Disposable {
  const { counters } = exporter;
  const registers = [registry];
  const signals = SIGNALS.filter((signal) => exporter.exports(signal));
  const names = [
    observableCounter({
      name: "flx_export_records_total",
      help: "Records by what became of them; all but accepted are lost",
      labelNames: ["signal", "outcome"],
      registers,
      collect: (observe) => {
        for (const signal of signals) {
          for (const [outcome, counter] of Object.entries(OUTCOMES)) {
            observe({ signal, outcome }, counters.get(signal, counter));
          }
        }
      },
    }).name,
    observableGauge({
      name: "flx_export_waiting_records",
      help: "Records that wait in memory or on disk",
      labelNames: ["signal"],
      registers,
      collect: (observe) => {
        for (const signal of signals) observe({ signal }, waiting(counters, signal));
      },
    }).name,
    ...Object.entries(TOTALS).map(
      ([name, [counter, help]]) =>
        observableCounter({
          name,
          help,
          labelNames: ["signal"],
          registers,
          collect: (observe) => {
            for (const signal of signals) observe({ signal }, counters.get(signal, counter));
          },
        }).name,
    ),
  ];
  return {
    [Symbol.dispose]() {
      for (const name of names) registry.unregister(name);
    },
  };
}

/** Records of a signal that are neither accepted nor lost. */
export function waiting(counters: ExportCounters, signal: Signal): number {
  const { offered, adopted, accepted } = counters.of(signal);
  return Math.max(0, offered + adopted - accepted - counters.lost(signal));
}
