// A sketch of many numbers from which quantiles are read, each within 1 % of the true one, in memory that does not grow
// with their count: DDSketch.
//
//   bin i counts the values in (g^(i-1), g^i],  g = (1 + 0.01) / (1 - 0.01) = 1.0202
//
//   value   0.0198   0.0202   0.0206 ...   one bin wider by 2 % than the one before, 116 for a factor of ten
//   bins    [  3   |   17   |   9   ...    a dense array that covers what was seen, at most MAX_BINS (a factor of 10^17)
//
// A bin is answered as the value that is at most 1 % from all it may hold. The smallest and the largest number are kept
// and answered exactly. Zeros have a count of their own, negative numbers a second array by size. When the
// numbers span more than MAX_BINS, the bins nearest to zero are put into one: the large values are those people ask for.
//
// Chosen by measuring, with five age buckets of 40,000 values each (lognormal, Pareto 1.5, uniform, bimodal) and the
// quantiles 0.5 to 0.999, on a shared machine; the t-digest, CKMS and reservoir were simple ones of our own:
//
//                            worst error of value   bytes a series   ns an observation
//   this                          0.9 %                13,000              23
//   64 bins an octave, no log     0.8 %                28,100              22
//   t-digest, 100                  80 % (Pareto)       37,800             111
//   CKMS, targets as in Go          5 %                32,100           1,100 (each value into all age buckets)
//   reservoir of 1,024             15 % (Pareto)       41,800              18 (and its error is luck)
//
// The whole of it, labels and clock included, lognormal: Summary.observe() takes 126 ns, of which 57 read the clock, and a
// series with all five buckets filled 10,400 bytes; the summary of @prometheus-io/client 0.16 (a t-digest an age bucket,
// each value into all of them) 3,300 ns and 65,700 bytes, with an error of 6 % at 0.999.
//
// A t-digest or CKMS bounds the error of rank: near 0.999 of a long tail that may be any value. Sketches add up, bin by
// bin, so a value goes into one age bucket and a scrape adds them; CKMS streams do not add up.
//
// Source: Masson, Rim, Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees",
// PVLDB 12(12), 2019. Mutable on purpose. Used by sliding-quantiles.ts.

/** A quantile is at most this part of itself away from the true one. */
export const RELATIVE_ERROR = 0.01;

/** Most bins for numbers of one sign. */
export const MAX_BINS = 2048;

const GROWTH = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const BINS_PER_LOG = 1 / Math.log(GROWTH);
/** Room for so many bins is made beside a new one. */
const MARGIN = 8;
const MAX_COUNT = 0xffffffff;

/** Counts numbers by size. */
export class LogSketch {
  count = 0;
  zeros = 0;
  smallest: number = Infinity;
  largest: number = -Infinity;
  readonly positive: Bins = new Bins();
  /** By absolute value; made by the first negative number. */
  negative: Bins | undefined;

  /** Counts a finite number. */
  add(value: number): void {
    this.count++;
    if (value < this.smallest) this.smallest = value;
    if (value > this.largest) this.largest = value;
    if (value > 0) this.positive.add(value);
    else if (value === 0) this.zeros++;
    else (this.negative ??= new Bins()).add(-value);
  }

  /** Forgets everything, and keeps the memory for what comes. */
  clear(): void {
    this.count = 0;
    this.zeros = 0;
    this.smallest = Infinity;
    this.largest = -Infinity;
    this.positive.counts.fill(0);
    this.negative?.counts.fill(0);
  }
}

/** The bins of numbers above zero. */
class Bins {
  /** The index of the first bin in `counts`. */
  first = 0;
  counts: Uint32Array = new Uint32Array(0);

  add(value: number): void {
    const index = Math.ceil(Math.log(value) * BINS_PER_LOG);
    let at = index - this.first;
    if (at < 0 || at >= this.counts.length) at = this.#makeRoom(index);
    if (this.counts[at] !== MAX_COUNT) this.counts[at]!++;
  }

  /** Widens the bins to hold an index, as far as may be; where to count it. */
  #makeRoom(index: number): number {
    const { counts, first } = this;
    if (counts.length === 0) {
      this.#move(index - MARGIN, index + MARGIN);
    } else {
      const end = Math.max(first + counts.length, index + 1 + (index >= first ? MARGIN : 0));
      const start = Math.min(first, index - (index < first ? MARGIN : 0));
      this.#move(Math.max(start, end - MAX_BINS), end);
    }
    return Math.max(0, index - this.first);
  }

  /** Bins from `start` to below `end`; what was before `start` goes into its first. */
  #move(start: number, end: number): void {
    const { counts, first } = this;
    if (start === first && end - start === counts.length) return;
    const moved = new Uint32Array(end - start);
    const lost = Math.min(counts.length, Math.max(0, start - first));
    if (lost < counts.length) moved.set(counts.subarray(lost), Math.max(0, first - start));
    let below = moved[0]!;
    for (let i = 0; i < lost; i++) below += counts[i]!;
    moved[0] = Math.min(below, MAX_COUNT);
    this.first = start;
    this.counts = moved;
  }
}

/**
 * Quantiles of all numbers in some sketches together: for each q the value that ceil(q * count) numbers (one at least) do
 * not exceed. NaN when there are no numbers.
 *
 * @param quantiles from 0 to 1, ascending
 */
export function readQuantiles(
  sketches: readonly LogSketch[],
  quantiles: readonly number[],
): number[] {
  const filled = sketches.filter(({ count }) => count > 0);
  const smallest = Math.min(...filled.map((sketch) => sketch.smallest));
  const largest = Math.max(...filled.map((sketch) => sketch.largest));
  const count = sum(filled.map((sketch) => sketch.count));
  const steps = ascending(filled);
  let value = Number.NaN;
  let reached = 0;
  return quantiles.map((quantile) => {
    const wanted = Math.max(1, Math.ceil(quantile * count));
    if (wanted === 1) return count === 0 ? Number.NaN : smallest;
    if (wanted === count) return largest;
    while (reached < wanted) {
      const step = steps.next();
      if (step.done === true) break;
      reached += step.value.count;
      value = step.value.value;
    }
    return Math.min(largest, Math.max(smallest, value));
  });
}

interface Step {
  readonly value: number;
  readonly count: number;
}

/** The values of all bins that are not empty, from the lowest to the highest. */
function* ascending(sketches: readonly LogSketch[]): Generator<Step, void, undefined> {
  const negative = addUp(sketches.flatMap((sketch) => sketch.negative ?? []));
  for (let i = negative.counts.length - 1; i >= 0; i--) {
    const count = negative.counts[i]!;
    if (count > 0) yield { value: -middle(negative.first + i), count };
  }
  const zeros = sum(sketches.map((sketch) => sketch.zeros));
  if (zeros > 0) yield { value: 0, count: zeros };
  const positive = addUp(sketches.map((sketch) => sketch.positive));
  for (let i = 0; i < positive.counts.length; i++) {
    const count = positive.counts[i]!;
    if (count > 0) yield { value: middle(positive.first + i), count };
  }
}

function addUp(list: readonly Bins[]): { first: number; counts: Float64Array } {
  const filled = list.filter(({ counts }) => counts.length > 0);
  if (filled.length === 0) return { first: 0, counts: new Float64Array(0) };
  const first = Math.min(...filled.map((bins) => bins.first));
  const end = Math.max(...filled.map((bins) => bins.first + bins.counts.length));
  const counts = new Float64Array(end - first);
  for (const bins of filled) {
    for (let i = 0; i < bins.counts.length; i++) counts[bins.first - first + i]! += bins.counts[i]!;
  }
  return { first, counts };
}

/** The value that is at most 1 % away from everything in a bin. */
function middle(index: number): number {
  return (2 * GROWTH ** index) / (GROWTH + 1);
}

function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
