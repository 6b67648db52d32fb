// Slows down who guesses passwords: each address has a bucket of tries.
//
//   tries left  10 ──wrong──► 9 ──wrong──► 8 ...  0: refused unheard, until a try has come back
//                 ◄── one back every 6 s ──
//
// Only failures cost. Addresses are bounded: the one that failed longest ago goes first, with a full bucket, which
// helps an attacker only who has more addresses than we have room for.

interface Bucket {
  tries: number;
  atMs: number;
}

/** Failed tries by address. */
export class FailureLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #tries: number;
  readonly #refillMs: number;
  readonly #maxAddresses: number;

  /** @param refillMs how long until one try comes back */
  constructor(tries = 10, refillMs = 6_000, maxAddresses = 10_000) {
    this.#tries = tries;
    this.#refillMs = refillMs;
    this.#maxAddresses = maxAddresses;
  }

  /** How long an address must wait before it is heard, ms; 0 when it is heard now. */
  waitMs(address: string, nowMs: number): number {
    const bucket = this.#buckets.get(address);
    if (bucket === undefined) return 0;
    const tries = this.#triesOf(bucket, nowMs);
    return tries >= 1 ? 0 : Math.ceil((1 - tries) * this.#refillMs);
  }

  /** An address has failed. */
  fail(address: string, nowMs: number): void {
    const known = this.#buckets.get(address);
    const tries = known === undefined ? this.#tries : this.#triesOf(known, nowMs);
    this.#buckets.delete(address);
    this.#buckets.set(address, { tries: Math.max(0, tries - 1), atMs: nowMs });
    if (this.#buckets.size > this.#maxAddresses) {
      this.#buckets.delete(this.#buckets.keys().next().value!);
    }
  }

  #triesOf({ tries, atMs }: Bucket, nowMs: number): number {
    const back = Math.max(0, nowMs - atMs) / this.#refillMs;
    return Math.min(this.#tries, tries + back);
  }
}
