// The protobuf wire format, as much of it as health messages need: a few fields, read from anybody, written small.
//
//   message  =  field field ...        unknown ones are skipped
//   field    =  tag value              tag = varint(number << 3 | kind)
//
//   kind 0   varint    at most ten bytes        kind 1   eight bytes
//   kind 2   varint(length), then the bytes     kind 5   four bytes
//
// Why by hand: the four messages have eleven fields together, and a protobuf library costs more to load than the whole
// check costs to run. Nothing here recurses, copies, or reads beyond its input; nesting is as deep as the caller goes.
//
// Source: https://protobuf.dev/programming-guides/encoding/

import { FlxError } from "@flx/model/errors";

/** A field's value: a number (rounded above 2^53) of kind 0, eight or four bytes or a length-delimited value as bytes. */
export type FieldValue = number | Uint8Array;

const decoder = new TextDecoder("utf-8");

/**
 * Calls `visit` with each field, in the order of the bytes.
 *
 * @throws {FlxError} `FLX_GRPC_MESSAGE` when the bytes are no message
 */
export function readFields(
  bytes: Uint8Array,
  visit: (field: number, value: FieldValue) => void,
): void {
  const reader = new Reader(bytes);
  while (reader.at < bytes.length) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    if (field < 1 || field > 0x1fffffff) fail(`a field with the number ${field}`);
    visit(field, reader.value(tag % 8));
  }
}

/** A length-delimited value as text; what is no UTF-8 shows as U+FFFD. Other kinds are refused. */
export function textOf(value: FieldValue): string {
  return decoder.decode(bytesOf(value));
}

/** A length-delimited value. */
export function bytesOf(value: FieldValue): Uint8Array {
  return typeof value === "number" ? fail("a number where bytes belong") : value;
}

/** A varint. */
export function numberOf(value: FieldValue): number {
  return typeof value === "number" ? value : fail("bytes where a number belongs");
}

/** The eight bytes of a double. */
export function doubleOf(value: FieldValue): number {
  const bytes = bytesOf(value);
  if (bytes.length !== 8) fail("a double that has not eight bytes");
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}

/** A varint field; like all of these, nothing for the value that is the default. */
export function numberField(field: number, value: number): Buffer {
  return value === 0 ? EMPTY : Buffer.from([...varint(field * 8), ...varint(value)]);
}

/** A field of type string. */
export function textField(field: number, text: string): Buffer {
  return text === "" ? EMPTY : bytesField(field, Buffer.from(text));
}

/** A field of type double. */
export function doubleField(field: number, value: number): Buffer {
  if (value === 0) return EMPTY;
  const bytes = Buffer.alloc(9);
  bytes[0] = field * 8 + 1;
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

/** A field that holds a message; an empty message is there, too. */
export function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([...varint(field * 8 + 2), ...varint(bytes.length)]), bytes]);
}

const EMPTY = Buffer.alloc(0);

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}

class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  varint(): number {
    let value = 0;
    for (let i = 0, weight = 1; i < 10; i++, weight *= 128) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) fail("a number that does not end");
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
    }
    return fail("a number of more than ten bytes");
  }

  value(kind: number): FieldValue {
    if (kind === 0) return this.varint();
    if (kind === 1) return this.#take(8);
    if (kind === 2) return this.#take(this.varint());
    if (kind === 5) return this.#take(4);
    return fail(`a value of the unknown kind ${kind}`);
  }

  #take(length: number): Uint8Array {
    const end = this.at + length;
    if (end > this.#bytes.length) fail("a value that is longer than the message");
    const taken = this.#bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

function fail(what: string): never {
  throw new FlxError(
    "FLX_GRPC_MESSAGE",
    `this is no protobuf message of the expected type: ${what}`,
  );
}
