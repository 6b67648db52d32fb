// Errors as metrics.
//
//   flx_errors_total{kind, type}     every error that was handled, written or held back
//   flx_errors_held_total            those that were not written because their fingerprint had its share
//   flx_errors_unhandled_total{origin}   crashes: uncaught_exception, unhandled_rejection, warning

import { Counter } from "../../metrics/counter.ts";
import { defaultRegistry } from "../../metrics/default-registry.ts";
import type { Registry } from "../../metrics/registry.ts";
import type { ErrorKind } from "./error-kinds.ts";

/** Counts errors. */
export interface ErrorCounter {
  handled(kind: ErrorKind, type: string, isHeld: boolean): void;
  unhandled(origin: string): void;
}

/** Types beyond this many are counted as "other": a type's name is a text from outside. */
const MAX_TYPES = 200;

/**
 * Counts errors in a registry. Disposing takes the families out again.
 *
 * @throws {FlxError} `FLX_METRIC_CLASH` when a name belongs to another metric
 */
export function collectErrorMetrics(
  registry: Registry = defaultRegistry,
): ErrorCounter & Disposable {
  const registers = [registry];
  const errors = new Counter({
    name: "flx_errors_total",
    help: "Errors that were handled, those held back included",
    labelNames: ["kind", "type"] as const,
    registers,
  });
  const held = new Counter({
    name: "flx_errors_held_total",
    help: "Errors that were not written because others of their fingerprint were",
    registers,
  });
  const unhandled = new Counter({
    name: "flx_errors_unhandled_total",
    help: "Exceptions and rejections that nobody handled, and warnings",
    labelNames: ["origin"] as const,
    registers,
  });
  const types = new Set<string>();
  return {
    handled(kind, type, isHeld) {
      const short = type.slice(0, 80);
      if (types.size < MAX_TYPES) types.add(short);
      errors.inc({ kind, type: types.has(short) ? short : "other" });
      if (isHeld) held.inc();
    },
    unhandled(origin) {
      unhandled.inc({ origin });
    },
    [Symbol.dispose]() {
      for (const metric of [errors, held, unhandled]) registry.unregister(metric.name);
    },
  };
}
