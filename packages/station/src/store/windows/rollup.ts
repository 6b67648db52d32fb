// Rollups: the samples of a closed window that questions over long times need, and no others.
//
//   all       .  .  .  .  .  .  .  .  .  .  │  .  .  .  .  .  .  .  .        pieces of 5 minutes, or of an hour
//   kept      f  .  .  H  .  .  L  .  .  l  │  f  .  L  .  .  .  H  l        first, last, highest, lowest
//
//   beside    weights   how many samples each stands for: in a piece their sum is the number of all, and the weighted sum
//                       of values the sum of all. Highest and lowest share them: the mean lies between the two
//             lost      what a counter lost to resets since the sample before
//
// From these every question whose windows are whole pieces is answered as from all samples: sums, means and numbers by the
// weights, extremes because they are there, `rate` and `increase` by first, last, number and what was lost, instant
// selectors by the last one. Not an average of averages, and no second kind of series: docs/adr/0014-rollups.md.
//
// Only the number of samples and their sum are stored of a piece that was thinned; weights are found from them.
//
// A piece is (start, end], as PromQL's windows are. Samples that are no finite numbers, and series with native histograms,
// are not thinned. Pure.

import { bitsOf, isStale } from "@flx/model";
import type { SelectHints, TimeRange } from "@flx/promql";
import type { WindowSeries } from "./window-store.ts";

/** A kind of rollup. */
export interface Resolution {
  /** As people write it; the name of its folder. */
  readonly name: string;
  readonly ms: number;
}

/** The coarsest first. */
export const RESOLUTIONS: readonly Resolution[] = [
  { name: "1h", ms: 3_600_000 },
  { name: "5m", ms: 300_000 },
];

/** Questions over less than this read all samples, ms. */
const MIN_RANGE_MS = 86_400_000;

/** Functions of a range whose result is the same. */
const SAME_RESULT: ReadonlySet<string> = new Set([
  "absent_over_time",
  "avg_over_time",
  "count_over_time",
  "delta",
  "first_over_time",
  "increase",
  "last_over_time",
  "max_over_time",
  "min_over_time",
  "present_over_time",
  "rate",
  "sum_over_time",
]);

/** The coarsest rollups that answer a question as all samples do; undefined: none does. */
export function resolutionFor(
  { startMs, endMs }: TimeRange,
  { stepMs, rangeMs, func, firstMs }: SelectHints,
): Resolution | undefined {
  if (firstMs === undefined || endMs - startMs < MIN_RANGE_MS) return undefined;
  if (rangeMs === 0 ? stepMs === 0 : !SAME_RESULT.has(func)) return undefined;
  return RESOLUTIONS.find(
    ({ ms }) => stepMs % ms === 0 && rangeMs % ms === 0 && firstMs % ms === 0,
  );
}

/** What is said of a piece. */
export interface Piece {
  /** Samples that were kept, markers of staleness among them. */
  readonly kept: number;
  /** All samples without markers, and their sum; 0 when none was left out. */
  readonly samples: number;
  readonly sum: number;
}

/** A series of a rollup. */
export interface ThinnedSeries extends WindowSeries {
  readonly pieces: readonly Piece[];
  readonly lost: Float64Array;
}

/** The samples of a series that a rollup keeps. */
export function thinSeries(
  series: WindowSeries,
  resolutionMs: number,
): WindowSeries | ThinnedSeries {
  if (series.histograms !== undefined) return series;
  const { timestamps, values } = series;
  const thinning = new Thinning(values);
  let from = 0;
  while (from < timestamps.length) {
    const endMs = Math.ceil(timestamps[from]! / resolutionMs) * resolutionMs;
    let to = from + 1;
    while (to < timestamps.length && timestamps[to]! <= endMs) to++;
    thinning.piece(from, to);
    from = to;
  }
  const { kept, pieces, lost } = thinning;
  // As words: copying doubles could change the bits of a NaN.
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  const keptWords = new Uint32Array(2 * kept.length);
  for (const [i, at] of kept.entries()) keptWords.set(words.subarray(2 * at, 2 * at + 2), 2 * i);
  return {
    labels: series.labels,
    timestamps: Float64Array.from(kept, (at) => timestamps[at]!),
    values: new Float64Array(keptWords.buffer),
    exemplars: [],
    pieces,
    lost: Float64Array.from(lost),
  };
}

/** What is kept of a series, piece by piece. */
class Thinning {
  readonly kept: number[] = [];
  readonly pieces: Piece[] = [];
  readonly lost: number[] = [];
  readonly #values: Float64Array;
  readonly #bits: BigUint64Array;
  /** The value before, of those that are no markers; and what was lost since the sample that was kept last. */
  #before = Number.NaN;
  #lost = 0;

  constructor(values: Float64Array) {
    this.#values = values;
    this.#bits = bitsOf(values);
  }

  piece(from: number, to: number): void {
    const values = this.#values;
    const own: number[] = [];
    let sum = 0;
    for (let at = from; at < to; at++) {
      if (isStale(this.#bits, at)) continue;
      own.push(at);
      sum += values[at]!;
    }
    const chosen = own.length > 2 && Number.isFinite(sum) ? chosenOf(values, own) : undefined;
    const before = this.kept.length;
    for (let at = from; at < to; at++) {
      const isMarker = isStale(this.#bits, at);
      const value = values[at]!;
      if (!isMarker) {
        if (value < this.#before) this.#lost += this.#before;
        this.#before = value;
      }
      if (isMarker || chosen === undefined || chosen.has(at)) this.#keep(at);
    }
    const kept = this.kept.length - before;
    const isThinned = kept < to - from;
    this.pieces.push({ kept, samples: isThinned ? own.length : 0, sum: isThinned ? sum : 0 });
  }

  #keep(at: number): void {
    this.kept.push(at);
    this.lost.push(this.#lost);
    this.#lost = 0;
  }
}

/** First, last, lowest and highest; undefined when the span between the two is beyond what numbers can say. */
function chosenOf(values: Float64Array, own: readonly number[]): ReadonlySet<number> | undefined {
  const { low, high } = extremesOf(values, own);
  if (!Number.isFinite(values[high]! - values[low]!)) return undefined;
  return new Set([own[0]!, own.at(-1)!, low, high]);
}

function extremesOf(values: Float64Array, own: readonly number[]) {
  let low = own[0]!;
  let high = own[0]!;
  for (const at of own) {
    if (values[at]! < values[low]!) low = at;
    if (values[at]! > values[high]!) high = at;
  }
  return { low, high };
}

/** How many samples each one that was kept stands for. */
export function weightsOf(values: Float64Array, pieces: readonly Piece[]): Float64Array {
  const weights = new Float64Array(values.length);
  const bits = bitsOf(values);
  let from = 0;
  for (const { kept, samples, sum } of pieces) {
    const own: number[] = [];
    for (let at = from; at < from + kept; at++) if (!isStale(bits, at)) own.push(at);
    from += kept;
    if (samples === 0) {
      for (const at of own) weights[at] = 1;
      continue;
    }
    if (own.length === 0) continue;
    // The first of equal ones, as among all samples.
    const { low, high } = extremesOf(values, own);
    const span = values[high]! - values[low]!;
    const above = sum - samples * values[low]!;
    const share = span === 0 ? 0 : Math.min(samples, Math.max(0, above / span));
    weights[high] = share;
    weights[low] = low === high ? samples : samples - share;
  }
  return weights;
}
