// Histograms reduced to count and sum, for `histogram_count(rate(x[5m]))` and the like, which look at nothing else.
//
// Whether the counter began again is found out before the buckets go, and kept as the hint. Besides being cheaper this
// is what Prometheus does, and it shows: histograms with different custom bounds no longer differ.

import { type FloatHistogram, fieldsOf, noBounds, noBuckets, withHint } from "./float-histogram.ts";
import { detectReset } from "./resets.ts";

/** Count, sum, schema and hint. */
export function statsOf(histogram: FloatHistogram): FloatHistogram {
  return {
    ...fieldsOf(histogram),
    zeroThreshold: 0,
    zeroCount: 0,
    positive: noBuckets,
    negative: noBuckets,
    customBounds: noBounds,
  };
}

/** Consecutive samples of one series without buckets, resets between them told by hints. */
export function statsOfSeries(histograms: readonly FloatHistogram[]): FloatHistogram[] {
  return histograms.map((histogram, i) => {
    const previous = histograms[i - 1];
    const stats = statsOf(histogram);
    if (histogram.counterResetHint !== "unknown" || previous === undefined) return stats;
    return withHint(stats, detectReset(histogram, previous) ? "reset" : "none");
  });
}
