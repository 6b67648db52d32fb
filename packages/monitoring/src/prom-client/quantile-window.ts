// Quantiles of what was observed lately: a t-digest a time bucket, the oldest one answering.
//
//   maxAgeSeconds 60, ageBuckets 3        every observation goes into all digests; every 20 s the oldest begins anew
//
//   t 0      20     40     60     80
//   A ├──────┤──────────────────►          holds 40 to 60 s, answers until 80
//   B ├─────────────┤───────────►
//   C ├────────────────────┤────►
//
// A t-digest keeps (mean, weight) of neighbouring observations, many small ones at the ends and few large ones in the
// middle: a centroid at quantile q of n observations may weigh 4 * n * COMPRESSION * q * (1 - q). Below 200 observations
// that is under 2, so nothing is merged and quantiles are interpolated between the observations themselves.
// Equal observations are always one centroid.
//
// Source: Dunning and Ertl, "Computing Extremely Accurate Quantiles Using t-Digests" (2019), the merging variant.

const COMPRESSION = 0.01;
/** Observations kept as they come before they are merged in. */
const BUFFER = 512;

/** Quantiles of a stream of numbers. */
export class Digest {
  #means: number[] = [];
  #weights: number[] = [];
  #buffer: number[] = [];

  /** Whether nothing was observed. */
  get isEmpty(): boolean {
    return this.#means.length === 0 && this.#buffer.length === 0;
  }

  push(value: number): void {
    this.#buffer.push(value);
    if (this.#buffer.length >= BUFFER) this.compress();
  }

  /** Merges what was buffered. */
  compress(): void {
    if (this.#buffer.length === 0) return;
    const points: [mean: number, weight: number][] = this.#means.map((mean, i) => [
      mean,
      this.#weights[i]!,
    ]);
    for (const value of this.#buffer) points.push([value, 1]);
    points.sort(([a], [b]) => a - b);
    this.#merge(points);
    this.#buffer = [];
  }

  /** The value at a quantile, 0..1; undefined when nothing was observed. */
  quantile(q: number): number | undefined {
    this.compress();
    const means = this.#means;
    if (means.length === 0) return undefined;
    const total = this.#weights.reduce((sum, weight) => sum + weight, 0);
    const wanted = total * q;
    let before = 0;
    let lastMiddle = 0;
    for (let i = 0; i < means.length; i++) {
      const middle = before + this.#weights[i]! / 2;
      if (middle > wanted) {
        if (i === 0) return means[0]!;
        const share = (wanted - lastMiddle) / (middle - lastMiddle);
        return means[i - 1]! + share * (means[i]! - means[i - 1]!);
      }
      before += this.#weights[i]!;
      lastMiddle = middle;
    }
    return means.at(-1)!;
  }

  clear(): void {
    this.#means = [];
    this.#weights = [];
    this.#buffer = [];
  }

  #merge(points: readonly (readonly [mean: number, weight: number])[]): void {
    const total = points.reduce((sum, [, weight]) => sum + weight, 0);
    const means: number[] = [];
    const weights: number[] = [];
    let before = 0; // weight of all centroids but the last
    for (const [mean, weight] of points) {
      const last = means.length - 1;
      if (last < 0) {
        means.push(mean);
        weights.push(weight);
        continue;
      }
      const merged = weights[last]! + weight;
      const q = (before + merged / 2) / total;
      if (mean === means[last] || merged <= Math.floor(4 * total * COMPRESSION * q * (1 - q))) {
        means[last]! += ((mean - means[last]!) * weight) / merged;
        weights[last] = merged;
      } else {
        before += weights[last]!;
        means.push(mean);
        weights.push(weight);
      }
    }
    this.#means = means;
    this.#weights = weights;
  }
}

/** Digests over a sliding window of time; without a window one digest for ever. */
export class QuantileWindow {
  readonly #digests: Digest[];
  readonly #stepMs: number;
  #current = 0;
  #turnedAtMs: number;

  constructor(maxAgeSeconds: number | undefined, ageBuckets: number | undefined) {
    const turns = Boolean(maxAgeSeconds) && Boolean(ageBuckets);
    this.#digests = Array.from({ length: ageBuckets || 1 }, () => new Digest());
    this.#stepMs = turns ? (maxAgeSeconds! * 1000) / ageBuckets! : Infinity;
    this.#turnedAtMs = Date.now();
  }

  /** Whether nothing was observed lately. */
  get isEmpty(): boolean {
    return this.#turn().isEmpty;
  }

  push(value: number): void {
    this.#turn();
    for (const digest of this.#digests) digest.push(value);
  }

  /** Merges what was buffered. */
  compress(): void {
    for (const digest of this.#digests) digest.compress();
  }

  /** The value at a quantile, 0..1; undefined when nothing was observed lately. */
  quantile(q: number): number | undefined {
    return this.#turn().quantile(q);
  }

  clear(): void {
    for (const digest of this.#digests) digest.clear();
  }

  /** Begins the digests anew whose time is over; gives the one that answers. */
  #turn(): Digest {
    const late = Math.floor((Date.now() - this.#turnedAtMs) / this.#stepMs);
    // After a whole round all are empty: more turns change nothing.
    for (let i = 0; i < Math.min(late, this.#digests.length); i++) {
      this.#digests[this.#current]!.clear();
      this.#current = (this.#current + 1) % this.#digests.length;
    }
    if (late > 0) this.#turnedAtMs += late * this.#stepMs;
    return this.#digests[this.#current]!;
  }
}
