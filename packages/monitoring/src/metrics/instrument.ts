// What every instrument is declared with, and how a declaration meets the registries.

import type { ContextLabels } from "./context-labels.ts";
import { defaultRegistry } from "./default-registry.ts";
import type { ExposedMetric } from "./exposed-metric.ts";
import type { DeclaredValues, OnlyDeclared } from "./label-types.ts";
import type { Misuse } from "./misuse.ts";
import type { Registry } from "./registry.ts";
import type { Aggregator } from "./series-store.ts";

/** What every instrument is declared with. */
export interface InstrumentOptions<Names extends string, Values extends DeclaredValues<Names>> {
  /** As it appears in queries: letters, digits, `_` and `:`, or any text (Prometheus 3). */
  readonly name: string;
  /** One sentence for people. */
  readonly help: string;
  readonly labelNames?: readonly Names[];
  /** The only values a label may have, for those with a list. */
  readonly labelValues?: OnlyDeclared<Names, Values>;
  /** Labels that calls do not give, as baggage has them (counters, histograms, summaries). */
  readonly contextLabels?: ContextLabels | undefined;
  /** Base unit that the name ends with, such as `seconds`. */
  readonly unit?: string;
  /** Where it is exposed; default: the registry of the process. An empty list: nowhere. */
  readonly registers?: readonly Registry[];
  /** Series it may have before new label sets go to the overflow series (default 10,000). */
  readonly maxSeries?: number;
  /** How the values of several threads or processes become one (fleet/); default "sum", of state sets "max". */
  readonly aggregator?: Aggregator;
  /** Milliseconds that a series may stand still before it is taken away, for labels that come and go; default: never. */
  readonly expireAfterMs?: number;
  /** Milliseconds that never go back, for tests; default `performance.now()`. */
  readonly clock?: () => number;
  /** Milliseconds since 1970, for tests; default `Date.now()`. */
  readonly wallClock?: () => number;
}

/** The misuse policy of a declaration: that of its first registry. */
export function misuseOf(registers: readonly Registry[] | undefined): Misuse {
  return (registers?.[0] ?? defaultRegistry).misuse;
}

/**
 * Registers a metric everywhere it is to be exposed.
 *
 * @returns the metric to use: an identical one that is registered already, or this one
 * @throws {FlxError} `FLX_METRIC_CLASH` as `Registry.register`
 */
export function registerEverywhere<Metric extends ExposedMetric>(
  metric: Metric,
  registers: readonly Registry[] = [defaultRegistry],
): Metric {
  let used: ExposedMetric = metric;
  const joined: Registry[] = [];
  try {
    for (const registry of registers) {
      used = registry.register(used);
      joined.push(registry);
    }
  } catch (error) {
    // All or nothing: a clash in one registry leaves no half-declared metric in the others.
    for (const registry of joined) registry.release(metric.name);
    throw error;
  }
  // The newest declaration brings the callback: after a hot reload the old one would work with what is gone.
  if (used !== metric && metric.collect !== undefined) used.collect = metric.collect;
  return used as Metric;
}
