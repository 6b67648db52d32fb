// Files of the form "key number" or "Key: number kB", of which some keys are wanted: /proc/meminfo,
// /proc/self/status, memory.stat, cpu.stat, memory.events.
//
//   MemTotal:       24682416 kB        -> values[index of "MemTotal"] = 24682416
//   inactive_file 1048576              -> values[index of "inactive_file"] = 1048576
//
// The first byte of a line says which keys it may be; those are compared, and the next line is found by a native
// search. So a line nobody asked for costs a byte or two in JavaScript, which matters most before it is compiled: the
// first sample of a process, and those of a process that samples every 5 s.
//
// The order of lines does not matter; of a key that is there twice the last number counts.

import { ByteScanner, NO_NUMBER } from "./byte-scanner.ts";

const COLON = 58;
const SPACE = 32;
const TAB = 9;

/** The keys that are wanted, and the numbers of the last file read. */
export class KeyedNumbers<Key extends string> {
  readonly #names: readonly Key[];
  readonly #byFirstByte: readonly (readonly number[] | undefined)[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #values: Float64Array;

  /** @param keys as the file writes them, ASCII, not empty, without the colon */
  constructor(keys: readonly Key[]) {
    this.#names = keys;
    this.#positions = new Map(keys.map((key, index) => [key, index]));
    this.#values = new Float64Array(keys.length);
    const byFirstByte: number[][] = [];
    for (const [index, key] of keys.entries()) (byFirstByte[key.charCodeAt(0)] ??= []).push(index);
    this.#byFirstByte = byFirstByte;
  }

  /**
   * Reads a file; {@link get} then answers for it.
   *
   * @returns how many lines of these keys were found with a number
   */
  read(bytes: Uint8Array): number {
    const scanner = new ByteScanner(bytes);
    this.#values.fill(NO_NUMBER);
    let found = 0;
    while (!scanner.done) {
      const index = this.#takeKey(scanner);
      if (index !== -1) {
        if (bytes[scanner.at] === COLON) scanner.at += 1;
        const value = scanner.integer();
        if (value !== NO_NUMBER) {
          found += 1;
          this.#values[index] = value;
        }
      }
      scanner.nextLine();
    }
    return found;
  }

  /** The number of a key in the last file read, or undefined when it was not there or no number. */
  get(key: Key): number | undefined {
    const value = this.#values[this.#positions.get(key)!]!;
    return value === NO_NUMBER ? undefined : value;
  }

  /** The same, times `factor`: 1,024 for what is given in kB. */
  scaled(key: Key, factor: number): number | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : value * factor;
  }

  /** Goes behind the key that the line starts with and gives its index, or -1 when it is none of these. */
  #takeKey(scanner: ByteScanner): number {
    const candidates = this.#byFirstByte[scanner.bytes[scanner.at]!];
    if (candidates === undefined) return -1;
    const start = scanner.at;
    for (const index of candidates) {
      if (scanner.take(this.#names[index]!)) {
        const next = scanner.bytes[scanner.at];
        if (next === COLON || next === SPACE || next === TAB) return index;
        scanner.at = start;
      }
    }
    return -1;
  }
}
