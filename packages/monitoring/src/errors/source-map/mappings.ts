// The mappings of a source map, decoded into columns of numbers.
//
//   "AAAA,IAAI;;AACA"
//    │    │     └ line 2
//    │    └ column +4: source, line, column relative to the one before
//    └ generated column; source; original line; original column; [name]          1, 4 or 5 numbers
//
//   lineStarts   0 2 2 3        first segment of each generated line
//   columns      0 4 0          generated column, ascending within a line
//   sources      0 0 0          -1: this place comes from no source
//   lines, originalColumns, names (-1: none)
//
// One number is 4 bytes, a segment 20: a map of a megabyte is about 4 MB when it is decoded.
//
// Source: ECMA-426, "Mappings structure" and the abstract operation DecodeMappings.

import { SourceMapError } from "./problem.ts";
import { VlqReader } from "./vlq.ts";

/** Decoded mappings. All positions count from 0. */
export interface Mappings {
  readonly lineStarts: Int32Array;
  readonly columns: Int32Array;
  readonly sources: Int32Array;
  readonly lines: Int32Array;
  readonly originalColumns: Int32Array;
  readonly names: Int32Array;
}

const MAX = 2 ** 31 - 1;
const COMMA = 44;
const SEMICOLON = 59;

/** What relative numbers are relative to. */
interface State {
  source: number;
  line: number;
  column: number;
  name: number;
}

/**
 * Decodes mappings.
 *
 * @param sourceCount how many sources there are; an index must be lower
 * @throws {SourceMapError} for anything that is not as ECMA-426 has it
 */
export function decodeMappings(text: string, sourceCount: number, nameCount: number): Mappings {
  const size = countSegments(text);
  const out = new Int32Array(size * 5);
  const lineStarts = new Int32Array(countLines(text) + 1);
  const reader = new VlqReader(text);
  const state: State = { source: 0, line: 0, column: 0, name: 0 };
  let count = 0;
  let line = 0;
  let generated = 0;
  let isSorted = true;
  // Whether a segment must follow: at the beginning of a line none need, after a comma one must.
  let isOwed = false;
  while (reader.at < text.length) {
    const code = text.charCodeAt(reader.at);
    if (code === SEMICOLON) {
      if (isOwed) throw new SourceMapError(`a segment is missing at character ${reader.at}`);
      reader.at++;
      lineStarts[++line] = count;
      generated = 0;
      continue;
    }
    const before = generated;
    generated = bounded(generated + numberAt(reader), "a generated column");
    const isFirst = count === lineStarts[line];
    if (!isFirst && generated < before) isSorted = false;
    readSegment(reader, state, out, count * 5, generated, sourceCount, nameCount);
    count++;
    isOwed = text.charCodeAt(reader.at) === COMMA;
    if (isOwed) reader.at++;
    else if (reader.at < text.length && text.charCodeAt(reader.at) !== SEMICOLON) {
      throw new SourceMapError(`a segment does not end at character ${reader.at}`);
    }
  }
  if (isOwed) throw new SourceMapError("a segment is missing at the end");
  lineStarts[line + 1] = count;
  return columnsOf(out, count, lineStarts.subarray(0, line + 2), isSorted);
}

function readSegment(
  reader: VlqReader,
  state: State,
  out: Int32Array,
  at: number,
  generated: number,
  sourceCount: number,
  nameCount: number,
): void {
  out[at] = generated;
  out[at + 1] = -1;
  out[at + 4] = -1;
  if (ends(reader)) return;
  state.source = bounded(state.source + numberAt(reader), "a source", sourceCount - 1);
  state.line = bounded(state.line + numberAt(reader), "an original line");
  state.column = bounded(state.column + numberAt(reader), "an original column");
  out[at + 1] = state.source;
  out[at + 2] = state.line;
  out[at + 3] = state.column;
  if (ends(reader)) return;
  state.name = bounded(state.name + numberAt(reader), "a name", nameCount - 1);
  out[at + 4] = state.name;
}

function ends({ text, at }: VlqReader): boolean {
  const code = text.charCodeAt(at);
  return at >= text.length || code === COMMA || code === SEMICOLON;
}

function numberAt(reader: VlqReader): number {
  const value = reader.read();
  if (value === undefined) {
    throw new SourceMapError(`there is no number of 32 bits at character ${reader.at}`);
  }
  return value;
}

function bounded(value: number, what: string, max = MAX): number {
  if (value >= 0 && value <= max) return value;
  throw new SourceMapError(`${what} is out of bounds: ${value}`);
}

function countSegments(text: string): number {
  let count = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || code === SEMICOLON) count++;
  }
  return count;
}

function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf(";"); at >= 0; at = text.indexOf(";", at + 1)) count++;
  return count;
}

/** Rows of five turned into columns, sorted within each line. */
function columnsOf(
  rows: Int32Array,
  count: number,
  lineStarts: Int32Array,
  isSorted: boolean,
): Mappings {
  const order = isSorted ? undefined : sortedOrder(rows, count, lineStarts);
  const column = (field: number): Int32Array => {
    const values = new Int32Array(count);
    for (let i = 0; i < count; i++) values[i] = rows[(order?.[i] ?? i) * 5 + field]!;
    return values;
  };
  return {
    lineStarts,
    columns: column(0),
    sources: column(1),
    lines: column(2),
    originalColumns: column(3),
    names: column(4),
  };
}

function sortedOrder(rows: Int32Array, count: number, lineStarts: Int32Array): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let line = 0; line + 1 < lineStarts.length; line++) {
    const part = order.subarray(lineStarts[line], lineStarts[line + 1]);
    part.sort((a, b) => rows[a * 5]! - rows[b * 5]! || a - b);
  }
  return order;
}
