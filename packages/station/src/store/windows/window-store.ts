// Closed windows: what the head hands over when a window is complete, and what is asked of it afterwards.
//
//      closed windows, on disk                    │ head, in memory and in the log
//   ───┬────────────┬────────────┬────────────────┼──────────────────────────────► time
//      2 h          2 h          2 h              closedUntilMs
//
// `close` is all or nothing: when it resolves the window is durable and answers; when it rejects, or the process dies in
// it, nothing of the window is there and the head, which kept everything, closes it again. A window is closed once, in
// order of time; windows without samples are passed over. `closedUntilMs` moves when `close` resolves, and is read back
// from disk at start: the head takes nothing older, and forgets what it replays of it.
//
// Questions are about closed windows alone; metric-store.ts puts head and windows together. Series come in any order,
// each once, its samples of several windows joined.

import type { Exemplar, Labels } from "@flx/model";
import type { FloatHistogram, Matcher, Queryable, SeriesData, TimeRange } from "@flx/promql";
import type { Limited, SeriesExemplars, SeriesQuestion } from "../metrics-source.ts";

/** The length of a window; windows begin at its multiples since 1970. */
export const WINDOW_MS: number = 2 * 60 * 60 * 1000;

/** One series of a window, with all its samples in it: as `SeriesData` (staleness markers by their bits). */
export interface WindowSeries extends SeriesData {
  readonly histograms?: readonly (FloatHistogram | undefined)[] | undefined;
  readonly exemplars: readonly Exemplar[];
}

/** What is on disk. */
export interface WindowStatistics {
  readonly windows: number;
  readonly bytes: number;
  readonly samples: number;
  /** Of the first and last sample; NaN when there is none. */
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  /** Damaged files that were put aside, with why. */
  readonly quarantined: readonly { readonly file: string; readonly reason: string }[];
}

/** The closed windows. */
export interface WindowStore extends Queryable {
  /** Everything before is closed; -Infinity before the first window. */
  readonly closedUntilMs: number;
  /**
   * Writes a complete window.
   *
   * @param startMs a multiple of WINDOW_MS, not before `closedUntilMs`
   * @param series  pulled as fast as it can be written; each label set once
   * @throws {FlxError} `FLX_STORE_DISK` when it cannot be written (full, read-only): try again later
   */
  close(startMs: number, series: Iterable<WindowSeries>): Promise<void>;
  labelNames(question: SeriesQuestion): Promise<Limited<string>>;
  labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>>;
  series(question: SeriesQuestion): Promise<Limited<Labels>>;
  exemplars(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    options: { readonly limit: number; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly SeriesExemplars[]>;
  statistics(): WindowStatistics;
}
