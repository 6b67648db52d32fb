// Where the engine gets its samples from: one interface, one method.
//
//   engine ── select(matchers, range, hints, signal) ──> Queryable      a store, a remote server, memory
//          <── series: labels, timestamps, values, histograms ──
//
//   timestamps   1000  2000  3000  4000        strictly ascending, Unix milliseconds
//   values         1     2    NaN  stale       the staleness marker by its bits (see @flx/model, staleness.ts)
//   histograms     .     .    {..}   .         side column, only when the series has native histograms
//
// A sample is a histogram where the side column holds one, else a float. The arrays stay the Queryable's: the engine
// reads them, keeps none after the query, and a store may hand out views of its own memory.
//
// The range is what the query can need; more samples than that do no harm, they are skipped. Series may come in any
// order; no two may have the same labels.

import type { Labels } from "@flx/model";
import type { FloatHistogram } from "../histogram/float-histogram.ts";
import type { Matcher } from "../matcher/matcher.ts";

/** The times whose samples can matter, both inclusive, Unix milliseconds. */
export interface TimeRange {
  readonly startMs: number;
  readonly endMs: number;
}

/** What the samples are for; a store may use it to read less, or ignore it. */
export interface SelectHints {
  /** Distance of the evaluation times; 0 when there is one. */
  readonly stepMs: number;
  /** Length of the range selector around the selector; 0 for an instant selector. */
  readonly rangeMs: number;
  /** The function or aggregation nearest around the selector, or "". */
  readonly func: string;
  /** The labels an aggregation directly around the selector groups by, or leaves out. */
  readonly grouping: readonly string[];
  /** Whether `grouping` is of `by`. */
  readonly by: boolean;
  /**
   * The first time that is evaluated, less the offset: the others are whole steps later. Undefined when that does not
   * tell all times, as in a subquery.
   */
  readonly firstMs?: number | undefined;
  /** Tells whoever asked something about the answer; a text that is told again is told once. */
  readonly note?: ((this: void, text: string) => void) | undefined;
}

/** One series with its samples, in time order. */
export interface SeriesData {
  readonly labels: Labels;
  /** Unix milliseconds, strictly ascending. */
  readonly timestamps: Float64Array;
  /** As many as timestamps; anything where `histograms` has one. */
  readonly values: Float64Array;
  /** As many as timestamps, or absent when all samples are floats. */
  readonly histograms?: readonly (FloatHistogram | undefined)[] | undefined;
  /** When what each sample counts began, Unix milliseconds, 0 unknown; only with the feature `startTimestamps`. */
  readonly startTimestamps?: Float64Array | undefined;
  /** When some samples stand for others that were left out. */
  readonly thinned?: ThinnedColumns | undefined;
}

/**
 * What samples say about others that were left out, as columns beside them. The first and last, the lowest and highest
 * sample of a piece of time are there; together the columns say the rest.
 *
 *   all samples   3    5    1    4    4          what is left   3       5       1       4
 *                                                 weights        w(5) + w(1) = 5, so that the weighted sum is 17
 *                                                 lost           0       0       5       0      before a counter's resets
 */
export interface ThinnedColumns {
  /** How many samples each stands for, not always whole; in a piece their sum is the number of its samples. */
  readonly weights: Float64Array;
  /** What a counter had lost to resets since the sample before. */
  readonly lost: Float64Array;
}

/** Where series come from. */
export interface Queryable {
  /**
   * The series that satisfy all matchers, with their samples in the range.
   *
   * @param signal aborted when nobody waits for the answer any more
   */
  select(
    matchers: readonly Matcher[],
    range: TimeRange,
    hints: SelectHints,
    signal: AbortSignal | undefined,
  ): readonly SeriesData[] | Promise<readonly SeriesData[]>;
}
