// Texts that come again and again, by their bytes: making one anew from bytes costs more than everything else that is done for
// a span, and a text that is the same object is found in maps without being hashed again.
//
//   bytes ─ hash ─► slot ─ the same bytes? ─ yes ─► the text that is there
//                                          └ no ──► made, and kept in the slot instead

import type { TextBuffer } from "../store/records/walk-request.ts";

const SLOTS = 1_024;
/** Longer ones are no names: they are made each time. */
const MAX_LENGTH = 64;

const texts: string[] = Array.from({ length: SLOTS }, () => "");
const kept: Uint8Array[] = Array.from({ length: SLOTS }, () => new Uint8Array(0));

/** The text of bytes, UTF-8. */
export function knownText(bytes: TextBuffer, from: number, to: number): string {
  const length = to - from;
  if (length > MAX_LENGTH) return bytes.utf8Slice(from, to);
  let hash = length;
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
  const slot = (hash ^ (hash >>> 10)) & (SLOTS - 1);
  const there = kept[slot]!;
  if (there.length === length) {
    let i = 0;
    while (i < length && there[i] === bytes[from + i]) i++;
    if (i === length) return texts[slot]!;
  }
  kept[slot] = Uint8Array.prototype.slice.call(bytes, from, to);
  return (texts[slot] = bytes.utf8Slice(from, to));
}
