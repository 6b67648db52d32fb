// Files of the form "key number" or "Key: number kB", of which some keys are wanted: /proc/meminfo,
// /proc/self/status, memory.stat, cpu.stat, memory.events.
//
//   MemTotal:       24682416 kB        -> values[index of "MemTotal"] = 24682416
//   inactive_file 1048576              -> values[index of "inactive_file"] = 1048576
//
// A key is found by a hash of its bytes and then compared, so that a line nobody asked for costs no string.
// The order of lines does not matter; of a key that is there twice the last number counts.

import { ByteScanner, NO_NUMBER } from "./byte-scanner.ts";

const COLON = 58;
const SPACE = 32;
const TAB = 9;
const NEWLINE = 10;

/** The keys that are wanted, and the numbers of the last file read. */
export class KeyedNumbers<Key extends string> {
  readonly #indexes = new Map<number, number[]>();
  readonly #names: readonly Key[];
  readonly #positions: ReadonlyMap<string, number>;
  readonly #values: Float64Array;

  /** @param keys as the file writes them, ASCII, without the colon */
  constructor(keys: readonly Key[]) {
    this.#names = keys;
    this.#positions = new Map(keys.map((key, index) => [key, index]));
    this.#values = new Float64Array(keys.length);
    for (const [index, key] of keys.entries()) {
      const hash = hashOfText(key);
      const same = this.#indexes.get(hash);
      if (same === undefined) this.#indexes.set(hash, [index]);
      else same.push(index);
    }
  }

  /**
   * Reads a file; {@link get} then answers for it.
   *
   * @returns how many of the keys were found with a number
   */
  read(bytes: Uint8Array): number {
    const scanner = new ByteScanner(bytes);
    this.#values.fill(NO_NUMBER);
    let found = 0;
    while (!scanner.done) {
      const start = scanner.at;
      const hash = hashToKeyEnd(scanner);
      const index = this.#find(hash, bytes, start, scanner.at);
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

  #find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const candidates = this.#indexes.get(hash);
    if (candidates === undefined) return -1;
    for (const index of candidates) {
      if (isText(bytes, start, end, this.#names[index]!)) return index;
    }
    return -1;
  }
}

/** Goes to the end of the key that starts here and gives its hash. */
function hashToKeyEnd(scanner: ByteScanner): number {
  let hash = 0;
  while (scanner.at < scanner.end) {
    const byte = scanner.bytes[scanner.at]!;
    if (byte === COLON || byte === SPACE || byte === TAB || byte === NEWLINE) break;
    hash = (Math.imul(hash, 31) + byte) | 0;
    scanner.at += 1;
  }
  return hash;
}

function hashOfText(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) {
    if (bytes[start + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}
