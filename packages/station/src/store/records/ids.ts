// Ids of traces and spans: hex digits outside, 64-bit numbers in the store.

import type { WireReader } from "@flx/model";

/** Sixteen hex digits. */
export function idText(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}

/** Thirty-two hex digits. */
export function traceIdText(high: bigint, low: bigint): string {
  return idText(high) + idText(low);
}

/** The halves of a trace id. */
export function traceIdWords(traceId: string): readonly [high: bigint, low: bigint] {
  return [BigInt(`0x${traceId.slice(0, 16)}`), BigInt(`0x${traceId.slice(16)}`)];
}

/** A number of 64 bits in a column of words. */
export function setWords(column: Uint32Array, row: number, low: number, high: number): void {
  column[2 * row] = low;
  column[2 * row + 1] = high;
}

/** Reads an id of 8 bytes into a column; of another length it is none. */
export function readId(reader: WireReader, outer: number, column: Uint32Array, row: number): void {
  const end = reader.length(outer);
  const { view, at } = reader;
  if (end - at === 8) setWords(column, row, view.getUint32(at + 4), view.getUint32(at));
  else setWords(column, row, 0, 0);
  reader.at = end;
}

/** Reads an id of 16 bytes into two columns; of another length it is none. */
export function readTraceId(
  reader: WireReader,
  outer: number,
  high: Uint32Array,
  low: Uint32Array,
  row: number,
): void {
  const end = reader.length(outer);
  const { view, at } = reader;
  const is = end - at === 16;
  setWords(high, row, is ? view.getUint32(at + 4) : 0, is ? view.getUint32(at) : 0);
  setWords(low, row, is ? view.getUint32(at + 12) : 0, is ? view.getUint32(at + 8) : 0);
  reader.at = end;
}
