// The footer of a Parquet file: where the columns of each row group are, and what is the smallest and largest in them.
//
//   row group  row group  ...  footer (Thrift)  length u32  "PAR1"
//   └ chunk of each column: [dictionary page] data page ...
//
// Only what is needed to read a few rows. Source: parquet.thrift of apache/parquet-format.

import type { FileHandle } from "node:fs/promises";
import { ThriftReader, type ThriftStruct, type ThriftValue } from "./thrift-reader.ts";

/** Parquet's physical types that are read here. */
export type PhysicalType = "int32" | "int64" | "bytes";

/** The values of a column in a row group. */
export interface Chunk {
  readonly name: string;
  readonly type: PhysicalType;
  /** Values may be absent, so that pages say which are. */
  readonly isOptional: boolean;
  /** Parquet's number: 0 for none, 6 for zstd. */
  readonly codec: number;
  readonly offset: number;
  readonly length: number;
  /** Of 64-bit columns, unsigned; undefined: not known. */
  readonly min: bigint | undefined;
  readonly max: bigint | undefined;
  /** Where its Bloom filter is; undefined: it has none, or nobody knows how long it is. */
  readonly filter: { readonly offset: number; readonly length: number } | undefined;
}

/** Some rows. */
export interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly Chunk[];
}

/** A file's row groups. */
export type Footer = readonly RowGroup[];

const TYPES: Readonly<Record<number, PhysicalType>> = { 1: "int32", 2: "int64", 6: "bytes" };
const MAX_FOOTER = 64 * 1024 * 1024;

/**
 * Reads the footer of a file.
 *
 * @throws {Error} when it is none, or has columns that are not read here
 */
export async function readFooter(file: FileHandle): Promise<Footer> {
  const { size } = await file.stat();
  const tail = await readAt(file, Math.max(0, size - 8), Math.min(8, size));
  if (tail.length < 8 || tail.toString("latin1", 4) !== "PAR1") throw new Error("no Parquet file");
  const length = tail.readUInt32LE(0);
  if (length > size - 8 || length > MAX_FOOTER)
    throw new Error("the footer is longer than it can be");
  const metadata = new ThriftReader(await readAt(file, size - 8 - length, length)).struct();
  // The first element is the root.
  const columns = structs(metadata.get(2)).slice(1).map(columnOf);
  return structs(metadata.get(4)).map((group) => ({
    rows: number(group, 3),
    chunks: structs(group.get(1)).map((chunk, i) => chunkOf(chunk, columns[i])),
  }));
}

/** Reads so many bytes; fewer are an error. */
export async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  await readInto(file, offset, bytes);
  return bytes;
}

/** Fills bytes; fewer are an error. */
export async function readInto(file: FileHandle, offset: number, bytes: Buffer): Promise<void> {
  const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
  if (bytesRead !== bytes.length) throw new Error("the file is shorter than its footer says");
}

function columnOf(element: ThriftStruct): Pick<Chunk, "name" | "isOptional"> {
  const [repetition, name] = [element.get(3), element.get(4)];
  const isFlat = !element.has(5) && (repetition === 0 || repetition === 1);
  if (!isFlat || !(name instanceof Uint8Array)) throw new Error("a column of another kind");
  return { name: Buffer.from(name).toString("utf8"), isOptional: repetition === 1 };
}

function chunkOf(
  fields: ThriftStruct,
  column: Pick<Chunk, "name" | "isOptional"> | undefined,
): Chunk {
  const about = struct(fields, 3);
  const type = TYPES[number(about, 1)];
  if (type === undefined || column === undefined) throw new Error("a column of another kind");
  const isLong = type === "int64" && about.has(12);
  const statistics = isLong ? struct(about, 12) : undefined;
  const hasFilter = about.has(14) && about.has(15);
  return {
    ...column,
    type,
    codec: number(about, 4),
    offset: about.has(11) ? number(about, 11) : number(about, 9),
    length: number(about, 7),
    min: long(statistics?.get(6)),
    max: long(statistics?.get(5)),
    filter: hasFilter ? { offset: number(about, 14), length: number(about, 15) } : undefined,
  };
}

/** A field that is a number from 0 on. */
export function number(fields: ThriftStruct, id: number): number {
  const value = fields.get(id);
  if (typeof value === "number" && value >= 0) return value;
  throw new Error(`field ${id} is no number`);
}

/** A field that is a struct. */
export function struct(fields: ThriftStruct, id: number): ThriftStruct {
  const value = fields.get(id);
  if (value instanceof Map) return value as ThriftStruct;
  throw new Error(`field ${id} is no struct`);
}

function structs(list: ThriftValue | undefined): readonly ThriftStruct[] {
  if (Array.isArray(list) && list.every((each) => each instanceof Map)) {
    return list as readonly ThriftStruct[];
  }
  throw new Error("a list of structs is missing");
}

function long(bytes: ThriftValue | undefined): bigint | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length !== 8) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}
