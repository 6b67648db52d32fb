// Keeps V8's young generation at 16 MB: by itself it grows to 100 MB and more where data comes and goes all the time, all of it
// resident, and shrinks only when nothing happens. Above 16 MB it saves next to nothing.
//
//   1 ─ grow ─► 16 MB ─── stays ─── a large collection makes it 1 MB again ─── grow ─► 16 MB
//
// V8 reads its growth factor at each collection. It is 1 but for the moment of `grow`: a scrape of ten thousand series, in
// which nobody can look, would take the size from 16 to 64 MB. It grows when enough lives on at a small collection, so
// there something that does is made.
//
// --max-semi-space-size says the same to a process that is started; this is for one that runs, whatever started it.

import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { collectGarbage } from "./collect-garbage.ts";

const MIB = 1024 * 1024;
const HOLD_BYTES = 16 * MIB;
const GROW_EVERY_MS = 10_000;
const MAX_STEPS = 10;

/** Holds it; call `look` now and then. */
export class YoungGeneration {
  #grownMs = -Infinity;

  /** Bytes of it. */
  get size(): number {
    const space = getHeapSpaceStatistics().find((each) => each.space_name === "new_space");
    return space?.space_size ?? 0;
  }

  /** Lets it grow when it is small. */
  look(nowMs: number): void {
    if (nowMs - this.#grownMs < GROW_EVERY_MS || this.size > HOLD_BYTES / 2) return;
    this.#grownMs = nowMs;
    this.#grow();
  }

  /** About ten milliseconds. */
  #grow(): void {
    // Copied whole: made one by one they would take ten times as long.
    const row = Array.from({ length: 120 }, (_, i) => i);
    setFlagsFromString("--semi-space-growth-factor=2");
    try {
      for (let step = 0; step < MAX_STEPS && this.size < HOLD_BYTES; step++) {
        const living = Array.from({ length: this.size / 2_000 }, () => row.slice());
        collectGarbage("minor");
        // Until here it lives.
        living.length = 0;
      }
    } finally {
      setFlagsFromString("--semi-space-growth-factor=1");
    }
  }
}
