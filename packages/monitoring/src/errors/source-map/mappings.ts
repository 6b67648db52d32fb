// The mappings of a source map, decoded into rows of numbers.
//
//   "AAAA,IAAI;;AACA"
//    │    │     └ line 2
//    │    └ column +4: source, line, column relative to the one before
//    └ generated column; source; original line; original column; [name]          1, 4 or 5 numbers
//
//   lineStarts   0 2 2 3                          first row of each generated line
//   rows         0  0 0 0 -1   4  0 0 4 -1   ...    of each segment: generated column, ascending within a line;
//                                                 source, -1: from none; original line; column; name, -1: none
//
// One number is 4 bytes, a row 20: a map of a megabyte is about 5 MB when it is decoded. One pass, one array: the first
// error of a service waits for it.
//
// Source: ECMA-426, "Mappings structure" and the abstract operation DecodeMappings.

import { SourceMapError } from "./problem.ts";
import { CONTINUES, DIGITS, NO_DIGIT, NO_NUMBER, NUMBERS, VlqReader } from "./vlq.ts";

/** Numbers of a row. */
export const ROW = 5;

/** Decoded mappings. All positions count from 0. */
export interface Mappings {
  readonly lineStarts: Int32Array;
  /** `ROW` numbers for each segment. */
  readonly rows: Int32Array;
}

const MAX = 2 ** 31 - 1;
const COMMA = 44;
const SEMICOLON = 59;

const encoder = new TextEncoder();

/**
 * Decodes mappings. One tight loop over all characters that never looks beyond the end, since the first error of a service
 * waits for it: taken apart it is half as fast.
 *
 * @param sourceCount how many sources there are; an index must be lower
 * @throws {SourceMapError} for anything that is not as ECMA-426 has it
 */
export function decodeMappings(text: string, sourceCount: number, nameCount: number): Mappings {
  const { length } = text;
  // Bytes are read with less work than characters. One that is not of ASCII is several, none of them a digit.
  const bytes = encoder.encode(`${text};`);
  // A segment has five characters and more; where they are shorter, there is more room in time.
  let rows = new Int32Array(Math.max(16, length >> 2) * ROW);
  const lineStarts = new Int32Array(countLines(text) + 1);
  // What the next numbers are relative to, and the most they may be.
  const sums = [0, 0, 0, 0, 0];
  const most = [MAX, sourceCount - 1, MAX, MAX, nameCount - 1];
  const last = bytes.length - 1;
  let at = 0;
  let row = 0;
  let line = 0;
  let isSorted = true;
  // Whether a segment must follow: at the beginning of a line none need, after a comma one must.
  let isOwed = false;
  while (at < last) {
    if (bytes[at] === SEMICOLON) {
      if (isOwed) throw new SourceMapError(`a segment is missing at character ${at}`);
      at++;
      sums[0] = 0;
      lineStarts[++line] = row / ROW;
      continue;
    }
    if (row === rows.length) rows = withRoom(rows);
    rows[row + 1] = -1;
    rows[row + 4] = -1;
    const before = sums[0]!;
    let part = 0;
    let end = 0;
    do {
      if (part === ROW) throw new SourceMapError(`a segment does not end at character ${at}`);
      let value = NUMBERS[bytes[at]!]!;
      if (value === NO_NUMBER) {
        const from = at;
        let digit = DIGITS[bytes[at++]!]!;
        let bits = digit & 31;
        for (let shift = 5; digit >= CONTINUES && digit < NO_DIGIT && shift < 30; shift += 5) {
          digit = DIGITS[bytes[at++]!]!;
          bits |= (digit & 31) << shift;
        }
        value = (bits & 1) === 0 ? bits >> 1 : -(bits >> 1);
        // No digit, more than 30 bits, or minus zero.
        if (digit >= CONTINUES || bits === 1) [value, at] = seldomNumber(text, from);
      } else at++;
      const sum = sums[part]! + value;
      if (sum < 0 || sum > most[part]!) throw outOfBounds(part, sum);
      sums[part] = sum;
      rows[row + part] = sum;
      part++;
      end = bytes[at]!;
    } while (end !== COMMA && end !== SEMICOLON);
    if (part === 2 || part === 3) throw noNumber(at);
    if (sums[0]! < before && row > lineStarts[line]! * ROW) isSorted = false;
    row += ROW;
    isOwed = end === COMMA;
    if (isOwed) at++;
  }
  if (isOwed) throw new SourceMapError("a segment is missing at the end");
  lineStarts[line + 1] = row / ROW;
  const known = rows.subarray(0, row);
  return {
    lineStarts: lineStarts.subarray(0, line + 2),
    rows: isSorted ? known : sorted(known, lineStarts),
  };
}

/** A number that is seldom, and the place behind it. */
function seldomNumber(text: string, at: number): [value: number, at: number] {
  const reader = new VlqReader(text);
  reader.at = at;
  const value = reader.read();
  if (value === undefined) throw noNumber(reader.at);
  return [value, reader.at];
}

const PARTS = [
  "a generated column",
  "a source",
  "an original line",
  "an original column",
  "a name",
] as const;

function outOfBounds(part: number, value: number): SourceMapError {
  return new SourceMapError(`${PARTS[part]} is out of bounds: ${value}`);
}

function noNumber(at: number): SourceMapError {
  return new SourceMapError(`there is no number of 32 bits at character ${at}`);
}

function withRoom(rows: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const more = new Int32Array(rows.length * 2);
  more.set(rows);
  return more;
}

function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf(";"); at >= 0; at = text.indexOf(";", at + 1)) count++;
  return count;
}

/** Rows in order within each line. */
function sorted(rows: Int32Array, lineStarts: Int32Array): Int32Array {
  const order = Int32Array.from({ length: rows.length / ROW }, (_, i) => i);
  for (let line = 0; line + 1 < lineStarts.length; line++) {
    const part = order.subarray(lineStarts[line], lineStarts[line + 1]);
    part.sort((a, b) => rows[a * ROW]! - rows[b * ROW]! || a - b);
  }
  const out = new Int32Array(rows.length);
  for (const [i, from] of order.entries()) {
    out.set(rows.subarray(from * ROW, (from + 1) * ROW), i * ROW);
  }
  return out;
}
