// A small file of the kernel that is read again and again: opened once, read at position 0 each time.
//
//                               /proc/stat   /proc/self/statm      µs per reading, 2-core virtual machine, Node 24.21
//   kept descriptor, one buffer     14.3            1.7
//   open, read, close               22.7            7.5
//   readFileSync                    39.4           12.0
//
// The price is one descriptor per file, about 25 for everything, closed on exec like all of Node's.
//
//   - The kernel hands out files of many records (mountinfo, net/dev) a page of 4 KiB at a time, so a reading that is
//     shorter than the buffer need not be all. It is all when it leaves room for another record: half a page, or
//     for records that may be longer (mountinfo: overlays) when the next reading says 0. The short cut saves a
//     system call for most files.
//   - The bytes stand in one buffer that all files share: parse them before reading the next file.
//   - A descriptor whose file went away (a removed cgroup, a restarted lxcfs) fails once and is opened anew.
//   - A file that is missing is not looked for at each reading but at each `retryEvery`th, and not by opening it: an
//     exception costs more than a reading.
//
// Only for /proc and /sys: reading those does not wait for a disk or a network, so reading them synchronously
// holds the loop for microseconds. Anything else goes through disk.ts.

import { closeSync, existsSync, openSync, readSync } from "node:fs";
import type { ReadErrors } from "./read-errors.ts";

/** No file that is read here is longer: /proc/stat of a machine with 4,096 CPUs has some 400 KiB. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Half a page: what is shorter was not cut at a page's end, unless a record is longer than this. */
const SURELY_ALL_BELOW = 2_048;

/** The buffer that kept files share; grows when a file needs it. */
export class ReadBuffer {
  bytes: Uint8Array = new Uint8Array(16 * 1024);

  /** Makes it twice as long, or returns false when it is as long as it may get. */
  grow(): boolean {
    if (this.bytes.length >= MAX_BYTES) return false;
    const longer = new Uint8Array(this.bytes.length * 2);
    longer.set(this.bytes);
    this.bytes = longer;
    return true;
  }
}

/** What kept files share. */
export interface KeptFileContext {
  readonly buffer: ReadBuffer;
  readonly errors: ReadErrors;
  /** A missing file is looked for again at each so many readings. */
  readonly retryEvery: number;
}

/** One file that is kept open. */
export class KeptFile implements Disposable {
  readonly path: string;
  readonly #context: KeptFileContext;
  readonly #longRecords: boolean;
  #descriptor: number | undefined;
  #skip = 0;

  /**
   * Opens nothing yet.
   *
   * @param longRecords whether a line of it may be longer than 2 KiB
   */
  constructor(
    path: string,
    context: KeptFileContext,
    { longRecords = false }: { readonly longRecords?: boolean } = {},
  ) {
    this.path = path;
    this.#context = context;
    this.#longRecords = longRecords;
  }

  /**
   * The file as it is now, or undefined (counted) when it cannot be read. The bytes are valid until the next
   * file of the same context is read.
   */
  read(): Uint8Array | undefined {
    if (this.#skip > 0) {
      this.#skip -= 1;
      return undefined;
    }
    const wasOpen = this.#descriptor !== undefined;
    try {
      return this.#readOnce();
    } catch {
      this.close();
      if (!wasOpen) return this.#giveUp("unreadable");
    }
    // The descriptor was of a file that went away; perhaps there is a new one at the same path.
    try {
      return this.#readOnce();
    } catch {
      return this.#giveUp("unreadable");
    }
  }

  /** Reads and parses; a parser that finds nothing is counted as malformed. */
  parse<Facts>(parser: (bytes: Uint8Array) => Facts | undefined): Facts | undefined {
    const bytes = this.read();
    if (bytes === undefined) return undefined;
    const facts = parser(bytes);
    if (facts === undefined) this.#context.errors.add(this.path, "malformed");
    return facts;
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      closeSync(descriptor);
    } catch {
      // Somebody else closed it; there is nothing left to do.
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #readOnce(): Uint8Array | undefined {
    if (this.#descriptor === undefined) {
      if (!existsSync(this.path)) return this.#giveUp("missing");
      this.#descriptor = openSync(this.path, "r");
    }
    const { buffer } = this.#context;
    let length = 0;
    for (;;) {
      if (length === buffer.bytes.length && !buffer.grow()) return this.#giveUp("oversized");
      const room = buffer.bytes.length - length;
      const read = readSync(this.#descriptor, buffer.bytes, length, room, length);
      length += read;
      const isAll = read === 0 || (length < SURELY_ALL_BELOW && !this.#longRecords);
      if (isAll) return buffer.bytes.subarray(0, length);
    }
  }

  #giveUp(kind: "missing" | "unreadable" | "oversized"): undefined {
    this.close();
    this.#context.errors.add(this.path, kind);
    this.#skip = this.#context.retryEvery - 1;
    return undefined;
  }
}
