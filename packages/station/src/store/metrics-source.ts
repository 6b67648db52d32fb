// What the routes of series, labels and metadata ask for. The store answers it, or an engine elsewhere.

import type { Labels, MetricType } from "@flx/model";
import type { Matcher, TimeRange } from "@flx/promql";

/** Which series: all those that one of the selectors matches and that have samples in the range. No selectors: all. */
export interface SeriesQuestion {
  readonly selectors: readonly (readonly Matcher[])[];
  readonly range: TimeRange;
  /** At most so many; 0 for all. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer, and whether the limit cut it. */
export interface Limited<T> {
  readonly items: readonly T[];
  readonly isCut: boolean;
}

/** What is known of a metric family. */
export interface FamilyMetadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/** Exemplars of one series. */
export interface SeriesExemplars {
  readonly labels: Labels;
  readonly exemplars: readonly {
    readonly labels: Labels;
    readonly value: number;
    readonly timestampMs: number;
  }[];
}

/** Sizes of the store, for `status/tsdb`. */
export interface StoreStatistics {
  readonly series: number;
  readonly chunks: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly labelPairs: number;
  readonly seriesByMetric: readonly NamedCount[];
  readonly valuesByLabel: readonly NamedCount[];
  readonly bytesByLabel: readonly NamedCount[];
  readonly seriesByPair: readonly NamedCount[];
}

export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** Answers questions about series without evaluating PromQL. */
export interface MetricsSource {
  labelNames(question: SeriesQuestion): Promise<Limited<string>>;
  labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>>;
  series(question: SeriesQuestion): Promise<Limited<Labels>>;
  /** @param options `limit`: at most so many exemplars, the newest of each series first; 0 for all */
  exemplars(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    options: { readonly limit: number; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly SeriesExemplars[]>;
  /** By family name; of one family when a name is given. */
  metadata(name: string | undefined): Promise<ReadonlyMap<string, readonly FamilyMetadata[]>>;
  /** @param limit entries of each list */
  statistics(limit: number): Promise<StoreStatistics>;
}
