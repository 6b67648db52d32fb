// The place of a label set between 0 and 1, by a hash: for `limit_ratio`, which takes the series below the ratio.
//
//   bytes   length name length value ...     lengths below 255 are one byte, others 255 and three bytes
//   hash    XXH64, seed 0                    the same as Prometheus computes, so the same series are taken
//   place   hash / 2^64
//
// Source: the xxHash specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md ; the layout of the
// bytes is Prometheus' default in-memory form of labels (3.x).

import type { Labels } from "@flx/model";

const encoder = new TextEncoder();
const places = new WeakMap<Labels, number>();

/** 0 <= place < 1 (or 1 by rounding), the same for equal labels. */
export function labelsRatio(labels: Labels): number {
  let place = places.get(labels);
  if (place === undefined) {
    place = Number(xxh64(bytesOf(labels))) / 2 ** 64;
    places.set(labels, place);
  }
  return place;
}

function bytesOf({ pairs }: Labels): Uint8Array {
  const bytes: number[] = [];
  for (const text of pairs) {
    const encoded = encoder.encode(text);
    const { length } = encoded;
    if (length < 255) bytes.push(length);
    else bytes.push(255, length & 0xff, (length >> 8) & 0xff, (length >> 16) & 0xff);
    bytes.push(...encoded);
  }
  return Uint8Array.from(bytes);
}

const MASK = (1n << 64n) - 1n;
const PRIME_1 = 0x9e37_79b1_85eb_ca87n;
const PRIME_2 = 0xc2b2_ae3d_27d4_eb4fn;
const PRIME_3 = 0x1656_67b1_9e37_79f9n;
const PRIME_4 = 0x85eb_ca77_c2b2_ae63n;
const PRIME_5 = 0x27d4_eb2f_1656_67c5n;

/**
 * XXH64 with seed 0.
 *
 * @example xxh64(new Uint8Array(0)).toString(16) // "ef46db3751d8e999"
 */
export function xxh64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const lanes = [wrap(PRIME_1 + PRIME_2), PRIME_2, 0n, wrap(-PRIME_1)];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let lane = 0; lane < 4; lane++) {
        lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + 8 * lane, true));
      }
    }
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
    hash = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n));
    for (const lane of lanes) hash = wrap((hash ^ round(0n, lane)) * PRIME_1 + PRIME_4);
  } else hash = PRIME_5;
  hash = wrap(hash + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    hash ^= round(0n, view.getBigUint64(at, true));
    hash = wrap(rotate(hash, 27n) * PRIME_1 + PRIME_4);
  }
  if (at + 4 <= bytes.length) {
    hash ^= wrap(BigInt(view.getUint32(at, true)) * PRIME_1);
    hash = wrap(rotate(hash, 23n) * PRIME_2 + PRIME_3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    hash ^= wrap(BigInt(bytes[at]!) * PRIME_5);
    hash = wrap(rotate(hash, 11n) * PRIME_1);
  }
  hash = wrap((hash ^ (hash >> 33n)) * PRIME_2);
  hash = wrap((hash ^ (hash >> 29n)) * PRIME_3);
  return hash ^ (hash >> 32n);
}

function round(lane: bigint, input: bigint): bigint {
  return wrap(rotate(wrap(lane + input * PRIME_2), 31n) * PRIME_1);
}

function rotate(value: bigint, by: bigint): bigint {
  return wrap((value << by) | (value >> (64n - by)));
}

function wrap(value: bigint): bigint {
  return value & MASK;
}
