// Lines as metrics: how many of each level, and how many were held back because they repeat.
//
//   flx_log_lines_total{level}         every call, written or held back
//   flx_log_lines_held_total{level}    those that stand behind a "repeated N times"

import { Counter } from "../metrics/counter.ts";
import { defaultRegistry } from "../metrics/default-registry.ts";
import type { Registry } from "../metrics/registry.ts";
import type { LineCounter } from "./logger.ts";

const labelNames = ["level"] as const;

/**
 * Counts lines in a registry; give it to `createLogger` as `counter`. Disposing takes the families out again.
 *
 * @throws {FlxError} `FLX_METRIC_CLASH` when a name belongs to another metric
 */
export function collectLogMetrics(registry: Registry = defaultRegistry): LineCounter & Disposable {
  const registers = [registry];
  const lines = new Counter({
    name: "flx_log_lines_total",
    help: "Lines that were logged, those held back included",
    labelNames,
    registers,
  });
  const held = new Counter({
    name: "flx_log_lines_held_total",
    help: "Lines that were held back because they repeat",
    labelNames,
    registers,
  });
  return {
    counted(level, isHeld) {
      lines.inc({ level });
      if (isHeld) held.inc({ level });
    },
    [Symbol.dispose]() {
      for (const metric of [lines, held]) registry.unregister(metric.name);
    },
  };
}
