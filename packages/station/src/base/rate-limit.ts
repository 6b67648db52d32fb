// Bounds how often: each key (an address, a client) has a bucket of tries.
//
//   tries left  10 ──take──► 9 ──take──► 8 ...  0: must wait until a try has come back
//                ◄── one back every refill ──
//
// Used for wrong passwords, for requests and for lines of the audit log. Keys are bounded: the one that took longest ago
// goes first, with a full bucket, which helps an attacker only who has more addresses than there is room for.

interface Bucket {
  tries: number;
  atMs: number;
}

/** How often a limit lets a key try. */
export interface RateLimitOptions {
  /** At once. */
  readonly tries: number;
  /** How long until one comes back, ms. */
  readonly refillMs: number;
  /** Default 10,000. */
  readonly maxKeys?: number;
}

/** Tries by key. Times are milliseconds of a clock that never goes back. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #tries: number;
  readonly #refillMs: number;
  readonly #maxKeys: number;

  constructor({ tries, refillMs, maxKeys = 10_000 }: RateLimitOptions) {
    this.#tries = tries;
    this.#refillMs = refillMs;
    this.#maxKeys = maxKeys;
  }

  /** How long a key must wait for its next try, ms; 0 when it may now. */
  waitMs(key: string, nowMs: number): number {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return 0;
    const tries = this.#triesOf(bucket, nowMs);
    return tries >= 1 ? 0 : Math.ceil((1 - tries) * this.#refillMs);
  }

  /** A key has tried. */
  take(key: string, nowMs: number): void {
    const known = this.#buckets.get(key);
    const tries = known === undefined ? this.#tries : this.#triesOf(known, nowMs);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tries: Math.max(0, tries - 1), atMs: nowMs });
    if (this.#buckets.size > this.#maxKeys) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
  }

  #triesOf({ tries, atMs }: Bucket, nowMs: number): number {
    const back = Math.max(0, nowMs - atMs) / this.#refillMs;
    return Math.min(this.#tries, tries + back);
  }
}
