// One record of the log.
//
//   ┌─────────┬──────────┬────────┬───────────────┐
//   │ length  │ CRC-32   │ type   │ payload       │      little-endian; length counts the payload alone
//   │ u32     │ u32      │ u8     │ length bytes  │      CRC-32 of type and payload
//   └─────────┴──────────┴────────┴───────────────┘
//
// A record of which the end is missing, or whose sum is wrong, ends what can be read of a segment: nothing behind it can
// be told from noise.

import { crc32 } from "node:zlib";

/** Bytes before the payload. */
export const RECORD_HEAD = 9;

/** A payload that claims to be longer is no payload. */
export const MAX_PAYLOAD: number = 1024 * 1024 * 1024;

/** A record that was read; the payload is a view. */
export interface LogRecord {
  readonly type: number;
  readonly payload: Buffer;
}

/** Writes a record; returns where the next one begins. */
export function writeRecord(to: Buffer, at: number, type: number, payload: Uint8Array): number {
  to.writeUInt32LE(payload.length, at);
  to[at + 8] = type;
  to.set(payload, at + RECORD_HEAD);
  const end = at + RECORD_HEAD + payload.length;
  to.writeUInt32LE(crc32(to.subarray(at + 8, end)), at + 4);
  return end;
}

/** How a record stands at a place: whole, cut off by the end of the bytes, or damaged. */
export type RecordFound =
  | { readonly kind: "record"; readonly record: LogRecord; readonly end: number }
  | { readonly kind: "cut"; readonly needs: number }
  | { readonly kind: "damaged" };

/** The record that begins at a place. */
export function readRecord(from: Buffer, at: number): RecordFound {
  if (from.length - at < RECORD_HEAD) return { kind: "cut", needs: RECORD_HEAD };
  const length = from.readUInt32LE(at);
  if (length > MAX_PAYLOAD) return { kind: "damaged" };
  const end = at + RECORD_HEAD + length;
  if (end > from.length) return { kind: "cut", needs: end - at };
  if (crc32(from.subarray(at + 8, end)) !== from.readUInt32LE(at + 4)) return { kind: "damaged" };
  const payload = from.subarray(at + RECORD_HEAD, end);
  return { kind: "record", record: { type: from[at + 8]!, payload }, end };
}
