// The memory that all series of the head share: slots for raw samples, arenas for full chunks, one encoder and decoder.

import { WINDOW_MS } from "../windows/window-store.ts";
import { ByteArena } from "./byte-arena.ts";
import { ChunkDecoder, ChunkEncoder } from "./gorilla.ts";
import { SampleSlots } from "./sample-slots.ts";

/** Samples of a full chunk. */
export const CHUNK_SAMPLES = 128;

/** The window a time belongs to: its beginning. */
export function windowOf(timeMs: number): number {
  return Math.floor(timeMs / WINDOW_MS) * WINDOW_MS;
}

/** What series stand on. */
export class HeadMemory {
  /** A series begins small: most of what a mistake brings has one sample. */
  readonly slots: readonly SampleSlots[] = [8, 32, CHUNK_SAMPLES].map(
    (size) => new SampleSlots(size),
  );
  readonly encoder: ChunkEncoder = new ChunkEncoder();
  readonly decoder: ChunkDecoder = new ChunkDecoder();
  readonly #arenas = new Map<number, ByteArena>();
  /** An estimate of what is on the garbage collector's side: objects, labels, index. */
  objectBytes = 0;

  /** The chunks of a window. */
  arena(window: number): ByteArena {
    let arena = this.#arenas.get(window);
    if (arena === undefined) this.#arenas.set(window, (arena = new ByteArena()));
    return arena;
  }

  /** Forgets the chunks of the windows that end by a time. */
  freeUntil(endMs: number): void {
    for (const window of this.#arenas.keys()) {
      if (window + WINDOW_MS <= endMs) this.#arenas.delete(window);
    }
  }

  /** All of it, about. */
  get bytes(): number {
    let bytes = this.objectBytes;
    for (const slots of this.slots) bytes += slots.bytes;
    for (const arena of this.#arenas.values()) bytes += arena.bytes;
    return bytes;
  }
}
