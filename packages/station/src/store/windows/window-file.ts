// A closed window on disk: one file, written once.
//
//   "FLXWIND1"
//   block  block  block ...       zstd; the samples of many series one behind the other, up to 256 KiB before compression
//   index                         zstd; the blocks (place, length, CRC-32), then the series: labels, block, place in it
//   footer                        place, length and CRC-32 of the index, samples, first and last time, "FLXWEND1"
//
// Series are written in the order of their labels: those of one target are neighbours, and have the same times.
//
// Why not Parquet, which the archive and other tools would read: a question about one series has to find its rows through
// SQL and row groups, which takes ten times as long as reading one block of this, and writing goes through a database.
// See docs/adr/0011-metrics-in-our-own-files.md.
//
// Everything is checked by its sum before it is used. Written under another name, made durable, renamed.

import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { constants, crc32, zstdCompress, zstdDecompress } from "node:zlib";
import { FlxError, type Labels } from "@flx/model";
import { ByteReader, ByteWriter } from "../byte-writer.ts";
import { readLabels, writeLabels } from "../head/batch-record.ts";
import { syncFolder } from "../log/sync-folder.ts";
import { type ThinnedSeries, thinSeries } from "./rollup.ts";
import { countSamples, readSamples, writeSamples } from "./series-block.ts";
import type { WindowSeries } from "./window-store.ts";

const HEAD = Buffer.from("FLXWIND1");
const END = Buffer.from("FLXWEND1");
const BLOCK_BYTES = 256 * 1024;
const FOOTER_BYTES = 8 + 8 + 4 + 8 + 8 + 8 + END.length;
/** What a file claims to hold is not believed beyond this. */
const MAX_PLAIN = 512 * 1024 * 1024;
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 6 } };

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** A series of a window, and where its samples are. */
export interface IndexedSeries {
  readonly ref: number;
  readonly labels: Labels;
  readonly block: number;
  /** In the block, after decompression. */
  readonly from: number;
  readonly to: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly hasExemplars: boolean;
}

interface Block {
  readonly place: number;
  readonly length: number;
  readonly plain: number;
  readonly checksum: number;
}

/** What is in a window. */
export interface WindowContents {
  readonly samples: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/**
 * Writes a window. All or nothing: the file is there when this resolves, and durable.
 *
 * @param pause called between blocks
 */
export async function writeWindowFile(
  path: string,
  series: Iterable<WindowSeries>,
  pause: () => Promise<void>,
): Promise<WindowContents & { readonly bytes: number }> {
  const draft = `${path}.draft`;
  try {
    await using file = await open(draft, "w", 0o640);
    const writer = new WindowWriter(file);
    await writer.begin();
    // By the labels without the name first: the series of one target together.
    const ordered = [...series].toSorted((a, b) => compare(orderOf(a.labels), orderOf(b.labels)));
    for (const each of ordered) {
      if (writer.add(each)) {
        await writer.endBlock();
        await pause();
      }
    }
    const written = await writer.end();
    await file.datasync();
    await file.close();
    await rename(draft, path);
    await syncFolder(dirname(path));
    return written;
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Writes a window anew, without some of its series. The old file stays: the caller puts the new one in its place.
 *
 * @param to    where it is written; not there when this rejects, or when nothing is kept
 * @param pause called between blocks
 * @returns what is in it; undefined when nothing is kept
 * @throws {FlxError} `FLX_STORE_DAMAGED` when the old one is damaged
 */
export async function rewriteWindowFile(
  path: string,
  to: string,
  isKept: (labels: Labels) => boolean,
  pause: () => Promise<void>,
): Promise<(WindowContents & { readonly bytes: number }) | undefined> {
  const index = await WindowIndex.open(path);
  const kept = index.series.filter(({ labels }) => isKept(labels));
  if (kept.length === 0) return undefined;
  try {
    await using file = await open(to, "w", 0o640);
    const writer = new WindowWriter(file);
    await writer.begin();
    let number = -1;
    let block: Buffer = Buffer.alloc(0);
    for (const series of kept) {
      if (series.block !== number) {
        number = series.block;
        block = await index.block(number);
        await pause();
      }
      if (writer.copy(series, block.subarray(series.from, series.to))) await writer.endBlock();
    }
    const written = await writer.end();
    await file.datasync();
    return written;
  } catch (error) {
    await rm(to, { force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Writes the rollup of a window, as a window's file.
 *
 * @param pause called between blocks
 * @throws {FlxError} `FLX_STORE_DAMAGED` when the window is damaged
 */
export async function rollUpWindowFile(
  path: string,
  to: string,
  resolutionMs: number,
  pause: () => Promise<void>,
): Promise<void> {
  const draft = `${to}.draft`;
  const index = await WindowIndex.open(path);
  try {
    await using file = await open(draft, "w", 0o640);
    const writer = new WindowWriter(file);
    await writer.begin();
    let number = -1;
    let block: Buffer = Buffer.alloc(0);
    for (const { labels, block: own, from, to: end } of index.series) {
      if (own !== number) {
        number = own;
        block = await index.block(number);
        await pause();
      }
      const series = { ...readSamples(block.subarray(from, end)), labels };
      if (writer.add(thinSeries(series, resolutionMs))) await writer.endBlock();
    }
    await writer.end();
    await file.datasync();
    await file.close();
    await rename(draft, to);
    await syncFolder(dirname(to));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

function orderOf(labels: Labels): string {
  return `${labels.without("__name__").key}${labels.key}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Writes blocks, index and footer, one behind the other. */
class WindowWriter {
  readonly #file: FileHandle;
  readonly #block = new ByteWriter(2 * BLOCK_BYTES);
  readonly #series = new ByteWriter(BLOCK_BYTES);
  readonly #blocks: Block[] = [];
  #count = 0;
  #size = 0;
  #samples = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async begin(): Promise<void> {
    await this.#write(HEAD);
  }

  /** Whether the block is full. */
  add(series: WindowSeries | ThinnedSeries): boolean {
    const { labels, timestamps, exemplars } = series;
    const from = this.#block.length;
    writeSamples(this.#block, series);
    const firstMs = timestamps[0] ?? 0;
    const lastMs = timestamps.at(-1) ?? 0;
    const entry = { labels, from, firstMs, lastMs, hasExemplars: exemplars.length > 0 };
    return this.#note(entry, timestamps.length);
  }

  /** Takes a series over as it stands in another window; whether the block is full. */
  copy(series: IndexedSeries, bytes: Buffer): boolean {
    const from = this.#block.length;
    this.#block.bytes(bytes);
    return this.#note({ ...series, from }, countSamples(bytes));
  }

  #note(entry: Omit<IndexedSeries, "ref" | "block" | "to">, samples: number): boolean {
    const { labels, from, firstMs: first, lastMs: last, hasExemplars } = entry;
    const out = this.#series;
    writeLabels(out, labels);
    out.uint(this.#blocks.length);
    out.uint(from);
    out.uint(this.#block.length);
    out.int(first);
    out.int(last - first);
    out.byte(hasExemplars ? 1 : 0);
    this.#count++;
    this.#samples += samples;
    this.#min = Math.min(this.#min, first);
    this.#max = Math.max(this.#max, last);
    return this.#block.length >= BLOCK_BYTES;
  }

  async endBlock(): Promise<void> {
    if (this.#block.length === 0) return;
    const plain = this.#block.length;
    const bytes = await compress(Buffer.from(this.#block.written), LEVEL);
    this.#blocks.push({ place: this.#size, length: bytes.length, plain, checksum: crc32(bytes) });
    await this.#write(bytes);
    this.#block.clear();
  }

  async end(): Promise<WindowContents & { readonly bytes: number }> {
    await this.endBlock();
    const index = new ByteWriter(BLOCK_BYTES);
    index.uint(this.#blocks.length);
    for (const { place, length, plain, checksum } of this.#blocks) {
      for (const each of [place, length, plain, checksum]) index.uint(each);
    }
    index.uint(this.#count);
    index.bytes(this.#series.written);
    const bytes = await compress(index.written, LEVEL);
    const place = this.#size;
    await this.#write(bytes);
    const footer = Buffer.alloc(FOOTER_BYTES);
    footer.writeDoubleLE(place, 0);
    footer.writeDoubleLE(bytes.length, 8);
    footer.writeUInt32LE(crc32(bytes), 16);
    footer.writeDoubleLE(this.#samples, 20);
    footer.writeDoubleLE(this.#min, 28);
    footer.writeDoubleLE(this.#max, 36);
    footer.set(END, 44);
    await this.#write(footer);
    const times = { minTimeMs: this.#min, maxTimeMs: this.#max };
    return { samples: this.#samples, ...times, bytes: this.#size };
  }

  async #write(bytes: Buffer): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      const at = this.#size + written;
      const result = await this.#file.write(bytes, written, bytes.length - written, at);
      written += result.bytesWritten;
    }
    this.#size += bytes.length;
  }
}

/** A window's file that is damaged. */
function damaged(path: string, what: string, cause?: unknown): FlxError {
  return new FlxError("FLX_STORE_DAMAGED", `${path}: ${what}`, { cause });
}

/**
 * What a window holds, from its footer.
 *
 * @throws {FlxError} `FLX_STORE_DAMAGED` when the file is not whole
 */
export async function readContents(path: string): Promise<WindowContents & { bytes: number }> {
  await using file = await open(path, "r");
  const { footer, size } = await readFooter(path, file);
  return { ...footer, bytes: size };
}

/**
 * Reads a window whole: everything in it is what was written.
 *
 * @throws {FlxError} `FLX_STORE_DAMAGED`
 */
export async function checkWindowFile(path: string): Promise<WindowContents> {
  const index = await WindowIndex.open(path);
  for (let number = 0; number < index.blocks; number++) await index.block(number);
  return await readContents(path);
}

async function readFooter(path: string, file: FileHandle) {
  const { size } = await file.stat();
  if (size < HEAD.length + FOOTER_BYTES) throw damaged(path, "it is too short");
  const bytes = await readAt(path, file, size - FOOTER_BYTES, FOOTER_BYTES);
  if (!bytes.subarray(44).equals(END)) throw damaged(path, "its end is missing");
  const place = bytes.readDoubleLE(0);
  const length = bytes.readDoubleLE(8);
  if (!(place >= HEAD.length && length >= 0 && place + length === size - FOOTER_BYTES)) {
    throw damaged(path, "its footer is wrong");
  }
  const footer = {
    place,
    length,
    checksum: bytes.readUInt32LE(16),
    samples: bytes.readDoubleLE(20),
    minTimeMs: bytes.readDoubleLE(28),
    maxTimeMs: bytes.readDoubleLE(36),
  };
  return { footer, size };
}

async function readAt(
  path: string,
  file: FileHandle,
  place: number,
  length: number,
): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  const { bytesRead } = await file.read(bytes, 0, length, place);
  if (bytesRead !== length) throw damaged(path, "it ends too early");
  return bytes;
}

/** The index of a window: its series, and blocks on demand. */
export class WindowIndex {
  readonly path: string;
  readonly series: readonly IndexedSeries[];
  readonly #blocks: readonly Block[];
  /** Of what it has in memory, about. */
  readonly bytes: number;

  private constructor(
    path: string,
    blocks: readonly Block[],
    series: IndexedSeries[],
    bytes: number,
  ) {
    this.path = path;
    this.#blocks = blocks;
    this.series = series;
    this.bytes = bytes;
  }

  /**
   * Reads an index.
   *
   * @throws {FlxError} `FLX_STORE_DAMAGED` when it is not what was written
   */
  static async open(path: string): Promise<WindowIndex> {
    await using file = await open(path, "r");
    const { footer } = await readFooter(path, file);
    const bytes = await readAt(path, file, footer.place, footer.length);
    if (crc32(bytes) !== footer.checksum) throw damaged(path, "its index is damaged");
    const plain = await unpacked(path, bytes);
    try {
      const from = new ByteReader(plain);
      const blocks: Block[] = [];
      for (let left = from.uint(); left > 0; left--) {
        const [place, length] = [from.uint(), from.uint()];
        blocks.push({ place, length, plain: from.uint(), checksum: from.uint() });
      }
      const series: IndexedSeries[] = [];
      for (let left = from.uint(); left > 0; left--) series.push(readEntry(from, series.length));
      return new WindowIndex(path, blocks, series, plain.length * 4 + series.length * 300);
    } catch (error) {
      throw damaged(path, "its index is damaged", error);
    }
  }

  /** How many blocks there are. */
  get blocks(): number {
    return this.#blocks.length;
  }

  /**
   * The bytes of a block.
   *
   * @throws {FlxError} `FLX_STORE_DAMAGED` when they are not what was written
   */
  async block(number: number): Promise<Buffer> {
    const block = this.#blocks[number];
    if (block === undefined) throw damaged(this.path, `there is no block ${number}`);
    await using file = await open(this.path, "r");
    const bytes = await readAt(this.path, file, block.place, block.length);
    if (crc32(bytes) !== block.checksum) throw damaged(this.path, `block ${number} is damaged`);
    return unpacked(this.path, bytes);
  }
}

async function unpacked(path: string, bytes: Buffer): Promise<Buffer> {
  try {
    return await decompress(bytes, { maxOutputLength: MAX_PLAIN });
  } catch (error) {
    throw damaged(path, "it cannot be decompressed", error);
  }
}

function readEntry(from: ByteReader, ref: number): IndexedSeries {
  const labels = readLabels(from);
  const [block, start, to] = [from.uint(), from.uint(), from.uint()];
  const firstMs = from.int();
  const lastMs = firstMs + from.int();
  const hasExemplars = from.byte() === 1;
  return { ref, labels, block, from: start, to, firstMs, lastMs, hasExemplars };
}
