// The health of the export: degraded while records are lost or a receiver does not take them; never unhealthy, since a
// service does its work without being watched.
//
//   since the last look:   records lost       degraded, how many of which signal
//                          requests repeated and none accepted      degraded, the receiver does not take them
//                          the worker died    degraded, why

import type { CheckResult, HealthCheck } from "../health/health-check.ts";
import type { ExportCounters } from "./export-counters.ts";
import { type CountedExport, waiting } from "./export-metrics.ts";
import type { Signal } from "./signal.ts";

const SIGNALS: readonly Signal[] = ["traces", "logs", "metrics"];

interface Seen {
  readonly lost: number;
  /** Of these, by the receiver. */
  readonly refused: number;
  readonly retries: number;
  readonly accepted: number;
}

const NOTHING: Seen = { lost: 0, refused: 0, retries: 0, accepted: 0 };

/** Whose health is looked at: an Exporter. */
export interface CheckedExport extends CountedExport {
  readonly lastFault: string | undefined;
  deliveryFault(signal: Signal): string | undefined;
  certificateFault(signal: Signal): string | undefined;
}

/** A check of what becomes of spans, logs and metrics. */
export function exportCheck(exporter: CheckedExport): HealthCheck {
  const { counters } = exporter;
  const before = new Map<Signal, Seen>();
  let fault: string | undefined;
  return (): CheckResult => {
    const troubles: string[] = [];
    let waits = 0;
    for (const signal of SIGNALS) {
      const now = seen(counters, signal);
      troubles.push(...troublesOf(signal, before.get(signal), now, exporter.deliveryFault(signal)));
      const certificates = exporter.certificateFault(signal);
      if (certificates !== undefined) {
        troubles.push(`${signal} are sent with certificates that were replaced: ${certificates}`);
      }
      before.set(signal, now);
      waits += waiting(counters, signal);
    }
    if (exporter.lastFault !== fault) {
      fault = exporter.lastFault;
      if (fault !== undefined) troubles.push(`the export worker failed: ${fault}`);
    }
    const measurements = { waiting: { value: waits, unit: "records" } };
    if (troubles.length === 0) return { measurements };
    return { status: "degraded", message: troubles.join("; "), measurements };
  };
}

function seen(counters: ExportCounters, signal: Signal): Seen {
  const { retries, accepted, refused, rejected } = counters.of(signal);
  return { lost: counters.lost(signal), refused: refused + rejected, retries, accepted };
}

function* troublesOf(
  signal: Signal,
  before: Seen | undefined,
  now: Seen,
  fault: string | undefined,
): Generator<string> {
  const why = fault === undefined ? "" : `: ${fault}`;
  const { lost, refused, retries, accepted } = before ?? NOTHING;
  if (now.lost > lost) {
    yield `${now.lost - lost} records of ${signal} lost${now.refused > refused ? why : ""}`;
  }
  if (now.retries > retries && now.accepted === accepted) {
    yield `the receiver of ${signal} does not take them${why}`;
  }
}
