// The health of the export: degraded while records are lost or a receiver does not take them; never unhealthy, since a
// service does its work without being watched.
//
//   since the last look:   records lost       degraded, how many of which signal
//                          requests repeated and none accepted      degraded, the receiver does not take them
//                          the worker died    degraded, why
//
// Tries of a receiver that is away are rarer than looks: while records wait and none is accepted, it stays degraded.

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
  /** The receiver does not take them. */
  readonly isAway: boolean;
}

const NOTHING: Seen = { lost: 0, refused: 0, retries: 0, accepted: 0, isAway: false };

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
      const last = before.get(signal) ?? NOTHING;
      const now = seen(counters, signal, last);
      troubles.push(...troublesOf(signal, last, now, exporter.deliveryFault(signal)));
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

function seen(counters: ExportCounters, signal: Signal, last: Seen): Seen {
  const { retries, accepted, refused, rejected } = counters.of(signal);
  const isStillAway = last.isAway && waiting(counters, signal) > 0;
  return {
    lost: counters.lost(signal),
    refused: refused + rejected,
    retries,
    accepted,
    isAway: accepted === last.accepted && (retries > last.retries || isStillAway),
  };
}

function* troublesOf(
  signal: Signal,
  last: Seen,
  now: Seen,
  fault: string | undefined,
): Generator<string> {
  const why = fault === undefined ? "" : `: ${fault}`;
  const { lost, refused } = last;
  if (now.lost > lost) {
    yield `${now.lost - lost} records of ${signal} lost${now.refused > refused ? why : ""}`;
  }
  if (now.isAway) yield `the receiver of ${signal} does not take them${why}`;
}
