// The little of BSON that a check of MongoDB needs: writing commands, reading answers.
//
//   document   ┌length i32┐┌elements...┐┌00┐        element   ┌type u8┐┌name, zero-ended┐┌value┐
//
// Read are the types that answers of `hello`, `ping` and logins hold; others are skipped by their length, and one of
// unknown length is an error. Documents in documents are followed ten levels deep.
//
// Source: bsonspec.org, version 1.1.

import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { CheckError } from "./check-error.ts";

const MAX_DEPTH = 10;

/** What a value of ours may be. */
export type BsonValue = string | number | boolean | Buffer | BsonDocument;

/** A document of ours. */
export interface BsonDocument {
  readonly [name: string]: BsonValue;
}

/** What was read: names in a Map, since they come from outside. */
export type BsonMap = ReadonlyMap<string, unknown>;

/** The bytes of a document; numbers are written as 32-bit integers. */
export function writeBson(document: BsonDocument): Buffer {
  const body = new ByteWriter();
  for (const [name, value] of Object.entries(document)) {
    if (typeof value === "string") {
      body
        .u8(0x02)
        .zeroEnded(name)
        .i32le(Buffer.byteLength(value) + 1)
        .zeroEnded(value);
    } else if (typeof value === "number") body.u8(0x10).zeroEnded(name).i32le(value);
    else if (typeof value === "boolean")
      body
        .u8(0x08)
        .zeroEnded(name)
        .u8(value ? 1 : 0);
    else if (Buffer.isBuffer(value)) {
      body.u8(0x05).zeroEnded(name).i32le(value.length).u8(0).bytes(value);
    } else body.u8(0x03).zeroEnded(name).bytes(writeBson(value));
  }
  const elements = body.u8(0).done();
  return new ByteWriter()
    .i32le(elements.length + 4)
    .bytes(elements)
    .done();
}

/**
 * Reads a document.
 *
 * @throws {CheckError} `FLX_CHECK_PROTOCOL`
 */
export function readBson(bytes: Buffer, what: string): BsonMap {
  return readDocument(new ByteReader(bytes, what), what, 0);
}

function readDocument(outer: ByteReader, what: string, depth: number): BsonMap {
  if (depth > MAX_DEPTH) throw notBson(what);
  const reader = new ByteReader(outer.bytes(outer.i32le() - 4), what);
  const fields = new Map<string, unknown>();
  for (;;) {
    const type = reader.u8();
    if (type === 0) return fields;
    const name = reader.zeroEnded();
    fields.set(name, readValue(reader, type, what, depth));
  }
}

function readValue(reader: ByteReader, type: number, what: string, depth: number): unknown {
  switch (type) {
    case 0x01:
      return reader.f64le();
    case 0x02:
    case 0x0d:
    case 0x0e:
      return reader.bytes(reader.i32le()).toString("utf8").replace(/\0$/, "");
    case 0x03:
    case 0x04:
      return readDocument(reader, what, depth + 1);
    case 0x05: {
      const length = reader.i32le();
      reader.skip(1);
      return reader.bytes(length);
    }
    case 0x06:
    case 0x0a:
    case 0x7f:
    case 0xff:
      return null;
    case 0x07:
      return reader.bytes(12).toString("hex");
    case 0x08:
      return reader.u8() === 1;
    case 0x0b:
      return [reader.zeroEnded(), reader.zeroEnded()];
    case 0x10:
      return reader.i32le();
    case 0x09:
    case 0x11:
    case 0x12:
      return Number(reader.bytes(8).readBigInt64LE());
    case 0x13:
      return reader.bytes(16);
    default:
      throw notBson(what);
  }
}

function notBson(what: string): CheckError {
  return new CheckError("FLX_CHECK_PROTOCOL", `${what} is not BSON that a check understands`);
}
