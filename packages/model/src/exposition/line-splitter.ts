// Cuts chunks of bytes into lines of text, wherever the chunk borders fall.
//
//   chunks   [ # TYPE a g ][ auge\na 1\nb ü|][|ü 2\nc 3 ]         | inside one UTF-8 character
//                          └──────┬──────┘
//            first line: what was left over + up to the first line feed
//            whole lines: up to 64 KiB at once, one decode for all of them
//            rest: kept as bytes (never more than the line limit) until its line feed comes
//
// A line feed byte is never part of another UTF-8 character, so cutting bytes at line feeds cuts no character.
// Decoding a block of lines at once costs about 1 ns a line; a block that is not UTF-8 is decoded again line by
// line, so that only its bad lines are lost.

import { limitCodes, type ExpositionLimits } from "./limits.ts";
import { excerptOf, type ExpositionProblemCode } from "./problem.ts";
import { firstInvalidUtf8 } from "./utf8.ts";

/** Where the lines go. */
export interface LineReceiver {
  /** Whole lines, each ended by a line feed. */
  lines(block: string): void;
  /** A line that could not become text. */
  badLine(code: ExpositionProblemCode, column: number, reason: string, excerpt: string): void;
}

const lineFeed = 0x0a;
const blockBytes = 64 * 1024;
/** Enough bytes for the characters of any excerpt. */
const excerptBytes = 512;

/** Turns chunks into blocks of whole lines. */
export class LineSplitter {
  readonly #receiver: LineReceiver;
  readonly #limits: ExpositionLimits;
  readonly #strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #lenient = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = new Uint8Array(0);
  #restLength = 0;
  /** Inside a line that is already reported as too long. */
  #skipping = false;

  constructor(receiver: LineReceiver, limits: ExpositionLimits) {
    this.#receiver = receiver;
    this.#limits = limits;
  }

  push(chunk: Uint8Array): void {
    let from = 0;
    if (this.#skipping || this.#restLength > 0) {
      const lineEnd = chunk.indexOf(lineFeed);
      if (lineEnd < 0) {
        this.#keep(chunk);
        return;
      }
      from = lineEnd + 1;
      this.#completeRest(chunk.subarray(0, from));
    }
    this.#wholeLines(chunk, from);
  }

  /** The text after the last line feed, if there is any; to be called once, at the end. */
  takeRest(): { readonly text: string | undefined; readonly excerpt: string } | undefined {
    if (this.#skipping || this.#restLength === 0) return undefined;
    const bytes = this.#rest.subarray(0, this.#restLength);
    this.#restLength = 0;
    const valid = firstInvalidUtf8(bytes) < 0;
    return {
      text: valid ? this.#strict.decode(bytes) : undefined,
      excerpt: this.#excerpt(bytes),
    };
  }

  #wholeLines(chunk: Uint8Array, start: number): void {
    let from = start;
    while (from < chunk.length) {
      const window = chunk.subarray(from, Math.min(from + blockBytes, chunk.length));
      let size = window.lastIndexOf(lineFeed) + 1;
      if (size === 0) {
        const lineEnd = chunk.indexOf(lineFeed, from + window.length);
        if (lineEnd < 0) {
          this.#keep(chunk.subarray(from));
          return;
        }
        size = lineEnd + 1 - from;
      }
      this.#decode(chunk.subarray(from, from + size));
      from += size;
    }
  }

  /** Keeps the beginning of a line for the next chunk, up to the line limit. */
  #keep(bytes: Uint8Array): void {
    if (this.#skipping) return;
    const length = this.#restLength + bytes.length;
    const { maxLineBytes } = this.#limits;
    if (length > maxLineBytes) {
      this.#append(bytes.subarray(0, Math.max(0, maxLineBytes - this.#restLength)));
      this.reportLong(this.#rest.subarray(0, this.#restLength));
      this.#restLength = 0;
      this.#skipping = true;
      return;
    }
    this.#append(bytes);
  }

  #append(bytes: Uint8Array): void {
    const length = this.#restLength + bytes.length;
    if (length > this.#rest.length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#rest.length, 1024));
      grown.set(this.#rest.subarray(0, this.#restLength));
      this.#rest = grown;
    }
    this.#rest.set(bytes, this.#restLength);
    this.#restLength = length;
  }

  #completeRest(end: Uint8Array): void {
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    this.#keep(end.subarray(0, -1));
    // `#keep` may have found that the line is too long.
    if (this.#skipping) {
      this.#skipping = false;
      return;
    }
    this.#append(end.subarray(-1));
    const length = this.#restLength;
    this.#restLength = 0;
    this.#decode(this.#rest.subarray(0, length));
  }

  #decode(lines: Uint8Array): void {
    let block: string;
    try {
      block = this.#strict.decode(lines);
    } catch {
      this.#decodeEach(lines);
      return;
    }
    this.#receiver.lines(block);
  }

  #decodeEach(lines: Uint8Array): void {
    let from = 0;
    while (from < lines.length) {
      const end = lines.indexOf(lineFeed, from);
      const line = lines.subarray(from, end);
      const invalid = firstInvalidUtf8(line);
      if (line.length > this.#limits.maxLineBytes) {
        this.reportLong(line);
      } else if (invalid >= 0) {
        const byte = line[invalid]!.toString(16).padStart(2, "0");
        this.#receiver.badLine(
          "FLX_EXPOSITION_UTF8",
          invalid + 1,
          `byte 0x${byte} is not UTF-8 here`,
          this.#excerpt(line),
        );
      } else {
        this.#receiver.lines(this.#strict.decode(lines.subarray(from, end + 1)));
      }
      from = end + 1;
    }
  }

  /**
   * Reports a line as too long, given its beginning. The excerpt comes from the bytes within the limit, so that it is
   * the same wherever chunks end.
   */
  reportLong(line: Uint8Array): void {
    const { maxLineBytes } = this.#limits;
    this.#receiver.badLine(
      limitCodes.maxLineBytes,
      1,
      `the line is longer than ${maxLineBytes} bytes (maxLineBytes)`,
      this.#excerpt(line.subarray(0, maxLineBytes)),
    );
  }

  #excerpt(line: Uint8Array): string {
    const text = this.#lenient.decode(line.subarray(0, excerptBytes));
    return excerptOf(text, 0, text.length);
  }
}
