// Series that a sender has sent before, known again by the bytes of their labels: nothing is decoded, and mostly nothing hashed.
//
//   entries   0  1  2  3  4 ...        in the order they came first: bytes of the labels, reference
//             └►└►└►└►└►               a sender has the same order each time, so after one comes the next
//   table     hash ──► entry           for the first one of a request, and wherever the order changes
//
// Entries lie in columns and their bytes side by side, so going through them in order reads memory in order: looked up one by
// one, ten thousand series cost more than all else that is done with their samples.

import type { LabelSource } from "@flx/model";
import { ByteArena } from "../../store/head/byte-arena.ts";
import type { SeriesRef } from "../../store/metric-sink.ts";

const MAX_ENTRIES = 4_000_000;
const FIRST_ENTRIES = 256;
/** Series whose hashes a sender makes collide are not remembered, and cost it the decoding of their labels. */
const MAX_PROBES = 64;

/** What is known of the senders of one version of remote write. */
export class KnownSeries {
  #count = 0;
  /** The entry that is expected next. */
  #next = 0;
  #bytes = new ByteArena();
  #places = new Float64Array(FIRST_ENTRIES);
  #lengths = new Uint32Array(FIRST_ENTRIES);
  #hashes = new Int32Array(FIRST_ENTRIES);
  #refs = new Float64Array(FIRST_ENTRIES);
  /** Entries plus one, by hash; 0 is free. A power of two, at most half full. */
  #table = new Int32Array(2 * FIRST_ENTRIES);

  /** How many series are known. */
  get size(): number {
    return this.#count;
  }

  /** The reference of a series of a request. */
  find(source: LabelSource, series: number): SeriesRef | undefined {
    const next = this.#next;
    if (next < this.#count && this.#is(next, source, series)) {
      this.#next = next + 1;
      return this.#refs[next];
    }
    const hash = source.hash(series);
    const mask = this.#table.length - 1;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const entry = this.#table[(hash + probe) & mask]! - 1;
      if (entry < 0) return undefined;
      if (this.#hashes[entry] === hash && this.#is(entry, source, series)) {
        this.#next = entry + 1;
        return this.#refs[entry];
      }
    }
    return undefined;
  }

  #is(entry: number, source: LabelSource, series: number): boolean {
    const place = this.#places[entry]!;
    const from = ByteArena.offset(place);
    return source.same(series, this.#bytes.view(place), from, from + this.#lengths[entry]!);
  }

  /** Remembers a series that `find` did not find; it has labels. */
  add(source: LabelSource, series: number, ref: SeriesRef): void {
    if (this.#count === MAX_ENTRIES) this.clear();
    if (this.#count === this.#refs.length) this.#grow();
    const hash = source.hash(series);
    if (!this.#put(hash, this.#count)) return;
    const identity = source.identity(series);
    const entry = this.#count++;
    this.#places[entry] = this.#bytes.add(identity);
    this.#lengths[entry] = identity.length;
    this.#hashes[entry] = hash;
    this.#refs[entry] = ref;
    this.#next = entry + 1;
  }

  #put(hash: number, entry: number): boolean {
    const mask = this.#table.length - 1;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const slot = (hash + probe) & mask;
      if (this.#table[slot] !== 0) continue;
      this.#table[slot] = entry + 1;
      return true;
    }
    return false;
  }

  #grow(): void {
    const size = 2 * this.#count;
    this.#places = grown(new Float64Array(size), this.#places);
    this.#lengths = grown(new Uint32Array(size), this.#lengths);
    this.#hashes = grown(new Int32Array(size), this.#hashes);
    this.#refs = grown(new Float64Array(size), this.#refs);
    this.#table = new Int32Array(2 * size);
    // One that finds no slot now is found by its order only.
    for (let entry = 0; entry < this.#count; entry++) this.#put(this.#hashes[entry]!, entry);
  }

  /** Forgets everything. */
  clear(): void {
    this.#count = 0;
    this.#next = 0;
    this.#bytes = new ByteArena();
    this.#places = new Float64Array(FIRST_ENTRIES);
    this.#lengths = new Uint32Array(FIRST_ENTRIES);
    this.#hashes = new Int32Array(FIRST_ENTRIES);
    this.#refs = new Float64Array(FIRST_ENTRIES);
    this.#table = new Int32Array(2 * FIRST_ENTRIES);
  }
}

function grown<Column extends Float64Array | Uint32Array | Int32Array>(
  into: Column,
  from: Column,
): Column {
  into.set(from);
  return into;
}
