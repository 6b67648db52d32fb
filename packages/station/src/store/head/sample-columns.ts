// Samples of one series in columns while they are gathered: times and values side by side, grown as needed.

/** Times and values; values also as words, so that every NaN keeps its bits. */
export class SampleColumns {
  count = 0;
  times: Float64Array;
  values: Float64Array;
  words: Uint32Array;

  constructor(capacity: number) {
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.words = new Uint32Array(this.values.buffer);
  }

  /** Makes room for more. */
  reserve(more: number): void {
    const needed = this.count + more;
    if (needed <= this.times.length) return;
    const capacity = Math.max(needed, this.times.length * 2);
    const times = new Float64Array(capacity);
    times.set(this.times);
    const words = new Uint32Array(capacity * 2);
    words.set(this.words);
    this.times = times;
    this.words = words;
    this.values = new Float64Array(words.buffer);
  }

  add(time: number, low: number, high: number): void {
    this.reserve(1);
    const at = this.count++;
    this.times[at] = time;
    this.words[2 * at] = low;
    this.words[2 * at + 1] = high;
  }

  /** Copies samples from memory as raw samples lie in it. */
  copy(
    times: Float64Array,
    timesFrom: number,
    words: Uint32Array,
    wordsFrom: number,
    count: number,
  ): void {
    this.reserve(count);
    this.times.set(times.subarray(timesFrom, timesFrom + count), this.count);
    this.words.set(words.subarray(wordsFrom, wordsFrom + 2 * count), 2 * this.count);
    this.count += count;
  }

  /** Keeps the samples whose times are from one to another, both included; times must be ascending. */
  trim(startMs: number, endMs: number): void {
    let from = 0;
    while (from < this.count && this.times[from]! < startMs) from++;
    let to = this.count;
    while (to > from && this.times[to - 1]! > endMs) to--;
    if (from > 0) {
      this.times.copyWithin(0, from, to);
      this.words.copyWithin(0, 2 * from, 2 * to);
    }
    this.count = to - from;
  }

  /** Puts other samples between these, by time; no time may be in both. */
  merge(other: Pick<SampleColumns, "times" | "words" | "count">): void {
    if (other.count === 0) return;
    this.reserve(other.count);
    let a = this.count - 1;
    let b = other.count - 1;
    for (let to = this.count + other.count - 1; b >= 0; to--) {
      const takesOther = a < 0 || other.times[b]! > this.times[a]!;
      const from = takesOther ? other : this;
      const at = takesOther ? b-- : a--;
      this.times[to] = from.times[at]!;
      this.words[2 * to] = from.words[2 * at]!;
      this.words[2 * to + 1] = from.words[2 * at + 1]!;
    }
    this.count += other.count;
  }
}
