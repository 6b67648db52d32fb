// A Bloom filter of a Parquet column: whether a value may be in a row group.
//
//   header (Thrift: 1 length)   block block ...      a block: 8 words of 32 bits
//
//   hash 64 bits ── upper half ──► which block
//                └─ lower half ──► one bit of each of its words
//
// Source: parquet-format, BloomFilter.md (split block Bloom filter); XXH64 by Yann Collet.

import { number } from "./footer.ts";
import { ThriftReader } from "./thrift-reader.ts";

const BLOCK = 32;
const SALTS = [
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
];

/**
 * Whether a 64-bit value may be in a column; false is sure.
 *
 * @param filter all of its bytes
 * @throws {Error} when they are no filter
 */
export function mayHave(filter: Buffer, value: bigint): boolean {
  const header = new ThriftReader(filter);
  const length = number(header.struct(), 1);
  const hash = hashOf(value);
  const block = Number(((hash >> 32n) * BigInt(Math.floor(length / BLOCK))) >> 32n);
  const low = Number(hash & 0xffffffffn);
  return SALTS.every((salt, i) => {
    const bit = Math.imul(low, salt) >>> 27;
    const word = filter.readUInt32LE(header.at + block * BLOCK + 4 * i);
    return ((word >>> bit) & 1) === 1;
  });
}

const PRIME1 = 0x9e3779b185ebca87n;
const PRIME2 = 0xc2b2ae3d27d4eb4fn;
const PRIME3 = 0x165667b19e3779f9n;
const PRIME4 = 0x85ebca77c2b2ae63n;
const PRIME5 = 0x27d4eb2f165667c5n;

/** XXH64 of eight bytes, little-endian, with seed 0. */
function hashOf(value: bigint): bigint {
  let hash = wrap(PRIME5 + 8n) ^ wrap(rotate(wrap(value * PRIME2), 31n) * PRIME1);
  hash = wrap(rotate(hash, 27n) * PRIME1 + PRIME4);
  hash = wrap((hash ^ (hash >> 33n)) * PRIME2);
  hash = wrap((hash ^ (hash >> 29n)) * PRIME3);
  return hash ^ (hash >> 32n);
}

function rotate(value: bigint, by: bigint): bigint {
  return wrap(value << by) | (value >> (64n - by));
}

function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}
