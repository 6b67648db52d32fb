// Snappy blocks, as remote write sends them: read with a bound, and written.
//
//   block    =  varint(length of the text)  element*
//   element  =  literal   tag 00   length 1-60 in the tag, or in 1-4 bytes after it
//            |  copy      tag 01   length 4-11, distance of 11 bits
//            |            tag 10   length 1-64, distance of 16 bits
//            |            tag 11   length 1-64, distance of 32 bits
//
// Why our own: the packages there are either allocate what seven bytes claim (2 GiB) before they look, or are native
// code with an install script. The claimed length is compared with the bound first, and no element writes beyond it.
//
// Source: https://github.com/google/snappy/blob/main/format_description.txt

import { FlxError } from "../errors.ts";

function refuse(reason: string): never {
  throw new FlxError("FLX_SNAPPY_MALFORMED", reason);
}

/**
 * The text of a block.
 *
 * @param maxBytes the longest text that is taken
 * @throws {FlxError} `FLX_SNAPPY_LIMIT` when the block claims more, `FLX_SNAPPY_MALFORMED` when it is none
 */
export function readSnappy(block: Uint8Array, maxBytes: number): Uint8Array {
  let at = 0;
  let size = 0;
  for (let i = 0; ; i++) {
    if (at >= block.length || i === 5) refuse("a block without its length");
    const byte = block[at++]!;
    size += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) break;
  }
  if (size > maxBytes) {
    throw new FlxError(
      "FLX_SNAPPY_LIMIT",
      `the block holds ${size} bytes, at most ${maxBytes} are taken`,
    );
  }
  // No element makes more than 64 bytes out of two: what claims more is refused before memory is spent on it.
  if (size > block.length * 32) refuse(`${block.length} bytes cannot hold ${size}`);
  const out = new Uint8Array(size);
  const end = fill(out, block, at);
  if (end !== size) refuse(`the block holds ${end} bytes and claims ${size}`);
  return out;
}

/** Four bytes at a time where there is room for what that writes too much: it is written over by what follows. */
function fill(out: Uint8Array, block: Uint8Array, start: number): number {
  const length = block.length;
  const size = out.length;
  const to4 = new DataView(out.buffer);
  const from4 = new DataView(block.buffer, block.byteOffset, length);
  let at = start;
  let to = 0;
  while (at < length) {
    const tag = block[at++]!;
    let count: number;
    let distance: number;
    if ((tag & 3) === 0) {
      count = (tag >>> 2) + 1;
      if (count > 60) {
        const extra = count - 60;
        if (at + extra > length) refuse("the block ends inside a length");
        count = 1;
        for (let i = 0; i < extra; i++) count += block[at + i]! * 2 ** (8 * i);
        at += extra;
      }
      if (at + count > length || to + count > size) refuse("a literal beyond the end");
      if (count > 128) out.set(block.subarray(at, at + count), to);
      else if (at + count + 3 <= length && to + count + 3 <= size) {
        for (let i = 0; i < count; i += 4) to4.setInt32(to + i, from4.getInt32(at + i));
      } else for (let i = 0; i < count; i++) out[to + i] = block[at + i]!;
      at += count;
      to += count;
      continue;
    }
    if ((tag & 3) === 1) {
      if (at >= length) refuse("the block ends inside a copy");
      count = ((tag >>> 2) & 7) + 4;
      distance = ((tag >>> 5) << 8) | block[at++]!;
    } else {
      const bytes = (tag & 3) === 2 ? 2 : 4;
      if (at + bytes > length) refuse("the block ends inside a copy");
      count = (tag >>> 2) + 1;
      distance = block[at]! | (block[at + 1]! << 8);
      if (bytes === 4) distance += block[at + 2]! * 65_536 + block[at + 3]! * 16_777_216;
      at += bytes;
    }
    if (distance === 0 || distance > to) refuse("a copy from before the start");
    if (to + count > size) refuse("a copy beyond the end");
    const from = to - distance;
    if (distance >= 4 && to + count + 3 <= size) {
      for (let i = 0; i < count; i += 4) to4.setInt32(to + i, to4.getInt32(from + i));
    } else for (let i = 0; i < count; i++) out[to + i] = out[from + i]!;
    to += count;
  }
  return to;
}

const HASH_BITS = 14;

/** A block that holds the text; repetitions within 64 KiB are found by their first four bytes. */
export function writeSnappy(text: Uint8Array): Uint8Array {
  const out = new Uint8Array(16 + text.length + Math.ceil(text.length / 6));
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  let to = 0;
  for (let rest = text.length; ; rest = Math.floor(rest / 128)) {
    out[to++] = rest > 127 ? (rest % 128) | 128 : rest;
    if (rest <= 127) break;
  }
  let literal = 0;
  let at = 0;
  const flush = (end: number): void => {
    for (let from = literal; from < end;) {
      const count = Math.min(end - from, 65_536);
      if (count <= 60) out[to++] = (count - 1) << 2;
      else {
        out[to++] = 61 << 2;
        out[to++] = (count - 1) & 255;
        out[to++] = (count - 1) >>> 8;
      }
      out.set(text.subarray(from, from + count), to);
      to += count;
      from += count;
    }
  };
  while (at + 4 <= text.length) {
    const four = text[at]! | (text[at + 1]! << 8) | (text[at + 2]! << 16) | (text[at + 3]! << 24);
    const slot = Math.imul(four, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const before = table[slot]!;
    table[slot] = at;
    if (before < 0 || at - before > 65_535 || !sameFour(text, before, at)) {
      at++;
      continue;
    }
    flush(at);
    let count = 4;
    while (at + count < text.length && text[before + count] === text[at + count]) count++;
    const distance = at - before;
    at += count;
    literal = at;
    for (let left = count; left > 0; left -= 64) {
      out[to++] = ((Math.min(left, 64) - 1) << 2) | 2;
      out[to++] = distance & 255;
      out[to++] = distance >>> 8;
    }
  }
  flush(text.length);
  return out.subarray(0, to);
}

function sameFour(text: Uint8Array, a: number, b: number): boolean {
  return (
    text[a] === text[b] &&
    text[a + 1] === text[b + 1] &&
    text[a + 2] === text[b + 2] &&
    text[a + 3] === text[b + 3]
  );
}
