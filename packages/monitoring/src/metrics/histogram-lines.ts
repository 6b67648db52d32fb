// The lines of a classic histogram's series as bytes, written where they go out.
//
//   name_bucket{method="GET",le="0.1"} 17\n
//   └ open     └ labels      └ end    └ counted           open and ends: kept as bytes, per metric
//   └ head: written once a series, copied for each further bucket
//
// Twelve buckets make fifteen lines, a kilobyte a series, of which nothing is kept between scrapes: kept bytes would cost ten
// times what the numbers cost. So what counts is how fast bytes are copied. For 52 bytes a loop over a Uint8Array takes 60 ns,
// `copyWithin` 48, `set` 35, a DataView 22 in steps of four and 13 in steps of eight, as doubles (as BigInts it takes 200 before
// V8 13). Every copy here goes in such steps and may write up to seven bytes too many, which what follows overwrites.
//
// Doubles are safe for that: the only ones an engine may change on the way are NaNs, whose last two bytes (little endian) are
// F0..FF and then 7F or FF. UTF-8 has no FF, and after F0 and more never 7F; and whatever is copied here, the bytes behind it
// included, is UTF-8.

import { canonicalNumber, formatNumber } from "@flx/model/write";
import { MAX_DIGITS, writeNumber } from "./digits.ts";
import { labelStarts, labelsWriter, seriesText } from "./series-text.ts";
import type { TextChunks } from "./text-chunks.ts";

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A copy in steps of eight needs so much room behind it. */
const SLACK = 8;
const encoder = new TextEncoder();

/** Where a constant piece stands in the buffer of all pieces. */
interface Piece {
  readonly start: number;
  readonly length: number;
}

/** What the series of a histogram have in common in one exposition. */
export interface HistogramLinesOptions {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly defaultLabels: ReadonlyMap<string, string>;
  /** Finite, ascending. */
  readonly upperBounds: readonly number[];
  /** Bounds as in OpenMetrics. */
  readonly openMetrics: boolean;
}

/** Writes the lines of one series after the other. */
export class HistogramLines {
  readonly #buckets: number;
  readonly #pieces: Uint8Array;
  readonly #pieceView: DataView;
  readonly #bucketOpen: Piece;
  readonly #sumOpen: Piece;
  readonly #countOpen: Piece;
  /** `,method="` of each label; without the comma for the first one that is written. */
  readonly #labelStarts: readonly Piece[];
  /** The default labels, each with a comma before it. */
  readonly #fixed: Piece;
  /** What ends each bucket's series: `le="0.1"} `. */
  readonly #ends: readonly Piece[];
  /** What all constant pieces of the longest line take. */
  readonly #lineLength: number;
  /** The labels of a series as text, for values that are not plain ASCII. */
  readonly #labelsOf: (values: readonly string[]) => string;

  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  /** The labels of the series being written, in its first line. */
  #labelsAt = 0;
  #labelsEnd = 0;

  constructor({
    name,
    labelNames,
    defaultLabels,
    upperBounds,
    openMetrics,
  }: HistogramLinesOptions) {
    this.#buckets = upperBounds.length + 1;
    this.#labelsOf = labelsWriter(labelNames, defaultLabels);
    const pieces = new Pieces();
    this.#bucketOpen = pieces.add(openText(`${name}_bucket`));
    this.#sumOpen = pieces.add(openText(`${name}_sum`));
    this.#countOpen = pieces.add(openText(`${name}_count`));
    const { starts, fixed } = labelStarts(labelNames, defaultLabels);
    this.#labelStarts = starts.map((start) => pieces.add(`,${start}`));
    this.#fixed = pieces.add(fixed);
    const boundText = openMetrics ? canonicalNumber : formatNumber;
    this.#ends = [...upperBounds, Infinity].map((bound) =>
      pieces.add(`le="${boundText(bound)}"} `),
    );
    const longest = (list: readonly Piece[]) => Math.max(0, ...list.map(({ length }) => length));
    this.#lineLength =
      longest([this.#bucketOpen, this.#sumOpen, this.#countOpen]) +
      this.#labelStarts.reduce((sum, { length }) => sum + length + 1, 0) +
      this.#fixed.length +
      longest(this.#ends) +
      SLACK;
    this.#pieces = pieces.bytes();
    this.#pieceView = new DataView(this.#pieces.buffer);
  }

  /**
   * Writes the lines of a series.
   *
   * @param counts     the counts of single buckets (not cumulative), the last one for +Inf, and then the sum
   * @param start      where they begin
   * @param exemplarOf the text of a bucket's exemplar, when the histogram has some
   */
  write(
    out: TextChunks,
    labelValues: readonly string[],
    counts: Float64Array,
    start: number,
    exemplarOf?: (bucket: number) => string,
  ): void {
    const buckets = this.#buckets;
    const exemplars = exemplarOf === undefined ? undefined : texts(buckets, exemplarOf);
    const bytes = this.#room(out, labelValues, exemplars);
    const view = this.#view;
    const head = out.length;
    let at = this.#head(head, labelValues);
    const headLength = at - head;
    let count = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      count += counts[start + bucket]!;
      if (bucket > 0) {
        copy(view, at, view, head, headLength);
        at += headLength;
      }
      const end = this.#ends[bucket]!;
      copy(view, at, this.#pieceView, end.start, end.length);
      at = writeNumber(bytes, at + end.length, count);
      if (exemplars !== undefined && exemplars[bucket] !== "") {
        at += encoder.encodeInto(exemplars[bucket]!, bytes.subarray(at)).written;
      }
      bytes[at++] = LINE_FEED;
    }
    at = this.#total(at, this.#sumOpen, counts[start + buckets]!);
    out.length = this.#total(at, this.#countOpen, count);
  }

  /** Makes room for all lines of a series. */
  #room(
    out: TextChunks,
    labelValues: readonly string[],
    exemplars: readonly string[] | undefined,
  ): Uint8Array {
    let longest = this.#lineLength + MAX_DIGITS;
    // Escaped, and as UTF-8, a character has at most seven bytes (label-values.ts).
    for (const value of labelValues) longest += value.length * 7;
    let size = (this.#buckets + 2) * longest + SLACK;
    if (exemplars !== undefined) for (const text of exemplars) size += text.length * 3;
    const bytes = out.room(size);
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer);
    }
    return bytes;
  }

  /** What begins the lines of all buckets: the name, the labels, and a comma before `le`. */
  #head(start: number, labelValues: readonly string[]): number {
    const bytes = this.#bytes;
    const labelsAt = start + this.#copyPiece(start, this.#bucketOpen);
    let at = this.#plainLabels(labelsAt, labelValues);
    if (at < 0) {
      const text = this.#labelsOf(labelValues);
      at = labelsAt + encoder.encodeInto(text, bytes.subarray(labelsAt)).written;
    }
    this.#labelsAt = labelsAt;
    this.#labelsEnd = at;
    if (at > labelsAt) bytes[at++] = COMMA;
    return at;
  }

  /** Writes labels whose values are ASCII and need no escapes, and the default labels; -1 when one is not. */
  #plainLabels(start: number, values: readonly string[]): number {
    const bytes = this.#bytes;
    let at = start;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      const { length } = value;
      if (length === 0) continue; // the same as no label
      at += this.#copyLabel(at, this.#labelStarts[i]!, at === start);
      for (let j = 0; j < length; j++) {
        const code = value.charCodeAt(j);
        if (code < SPACE || code > 126 || code === QUOTE || code === BACKSLASH) return -1;
        bytes[at++] = code;
      }
      bytes[at++] = QUOTE;
    }
    return this.#fixed.length === 0 ? at : at + this.#copyLabel(at, this.#fixed, at === start);
  }

  /** Copies a piece that begins with a comma, without it for the first label. */
  #copyLabel(at: number, piece: Piece, isFirst: boolean): number {
    const skip = isFirst ? 1 : 0;
    copy(this.#view, at, this.#pieceView, piece.start + skip, piece.length - skip);
    return piece.length - skip;
  }

  /** The line of the sum or the count, with the labels that stand in the first line. */
  #total(start: number, open: Piece, value: number): number {
    const bytes = this.#bytes;
    let at = start + this.#copyPiece(start, open);
    const length = this.#labelsEnd - this.#labelsAt;
    if (length > 0) {
      copy(this.#view, at, this.#view, this.#labelsAt, length);
      at += length;
      bytes[at++] = CLOSE_BRACE;
    } else if (bytes[start] === OPEN_BRACE) {
      bytes[at - 1] = CLOSE_BRACE; // {"name",  becomes  {"name"}
    } else {
      at--; // name_sum{  becomes  name_sum
    }
    bytes[at++] = SPACE;
    at = writeNumber(bytes, at, value);
    bytes[at++] = LINE_FEED;
    return at;
  }

  #copyPiece(at: number, piece: Piece): number {
    copy(this.#view, at, this.#pieceView, piece.start, piece.length);
    return piece.length;
  }
}

/** Copies `length` bytes of UTF-8, eight at a time. */
function copy(to: DataView, at: number, from: DataView, start: number, length: number): void {
  for (let i = 0; i < length; i += 8) {
    to.setFloat64(at + i, from.getFloat64(start + i, true), true);
  }
}

function texts(buckets: number, textOf: (bucket: number) => string): string[] {
  return Array.from({ length: buckets }, (_, bucket) => textOf(bucket));
}

/** `name{`, or `{"name",` for a name that needs quotes. */
function openText(name: string): string {
  const alone = seriesText(name, "");
  return alone === name ? `${name}{` : `${alone.slice(0, -1)},`;
}

/** Puts pieces into one buffer. */
class Pieces {
  #text = "";
  #length = 0;

  add(text: string): Piece {
    const { length } = encoder.encode(text);
    const piece = { start: this.#length, length };
    this.#text += text;
    this.#length += length;
    return piece;
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.#length + SLACK);
    encoder.encodeInto(this.#text, bytes);
    return bytes;
  }
}
