// The newest exemplars of all series: a ring, so that they cost the same whatever comes.
//
// Those of a series come in order: what is not after its last one was there before. So a request that is sent again, and a
// log that is read again behind a snapshot, change nothing. A batch is put in order first (`compareExemplars`).

import type { Exemplar } from "@flx/model";

/** An exemplar and its series. */
export interface KeptExemplar {
  readonly ref: number;
  readonly exemplar: Exemplar;
}

/** A ring of exemplars. */
export class ExemplarRing {
  readonly #size: number;
  readonly #ring: KeptExemplar[] = [];
  #next = 0;
  /** The last one of each series: senders repeat it until there is a newer one, and requests. */
  readonly #last = new Map<number, Exemplar>();

  constructor(size: number) {
    this.#size = size;
  }

  add(ref: number, exemplar: Exemplar): void {
    const last = this.#last.get(ref);
    if (last !== undefined && compareExemplars(last, exemplar) >= 0) return;
    this.#last.set(ref, exemplar);
    if (this.#size === 0) return;
    const gone = this.#ring[this.#next];
    if (gone !== undefined && this.#last.get(gone.ref) === gone.exemplar)
      this.#last.delete(gone.ref);
    this.#ring[this.#next] = { ref, exemplar };
    this.#next = (this.#next + 1) % this.#size;
  }

  /** All of them, oldest first. */
  *all(): Generator<KeptExemplar> {
    const ring = this.#ring;
    if (ring.length < this.#size) yield* ring;
    else {
      yield* ring.slice(this.#next);
      yield* ring.slice(0, this.#next);
    }
  }

  /** Forgets those of series that are gone. */
  forget(isGone: (ref: number) => boolean): void {
    const kept = [...this.all()].filter(({ ref }) => !isGone(ref));
    for (const ref of this.#last.keys()) if (isGone(ref)) this.#last.delete(ref);
    this.#ring.length = 0;
    this.#ring.push(...kept);
    this.#next = kept.length % Math.max(1, this.#size);
  }
}

/** The order of a series' exemplars: by time, and at the same time by value and labels. */
export function compareExemplars(a: Exemplar, b: Exemplar): number {
  const byTime = (a.timestampMs ?? 0) - (b.timestampMs ?? 0);
  if (byTime !== 0) return byTime;
  if (a.value < b.value || (Number.isNaN(a.value) && !Number.isNaN(b.value))) return -1;
  if (a.value > b.value || (Number.isNaN(b.value) && !Number.isNaN(a.value))) return 1;
  if (a.labels.key === b.labels.key) return 0;
  return a.labels.key < b.labels.key ? -1 : 1;
}
