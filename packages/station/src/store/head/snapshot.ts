// The head on disk, so that a start need not read the whole log: chunks as they are in memory.
//
//   snapshot-<segment>.snap      everything that the segments before <segment> say; replaying goes on with that one
//
//   "FLXSNAP1"  record  record ...     framed as in the log: type 1 some series, 2 exemplars, 3 metadata, 4 the end
//
// It is written while samples go on coming, a few series at a time. A sample that came meanwhile may be in it and in the
// log: replaying it finds the same sample there, and does nothing. That is why a snapshot needs no standstill.
//
// Written under another name, made durable, then renamed; older snapshots and the log before it go afterwards.

import { open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { ByteReader, ByteWriter } from "../byte-writer.ts";
import { RECORD_HEAD, writeRecord } from "../log/record.ts";
import { readSegment } from "../log/segment-file.ts";
import { syncFolder } from "../log/sync-folder.ts";
import {
  encodeHistogram,
  readExemplar,
  readLabels,
  readMetadata,
  writeExemplar,
  writeLabels,
  writeMetadata,
} from "./batch-record.ts";
import type { Head } from "./head.ts";
import { ChunkDecoder, ChunkEncoder } from "./gorilla.ts";
import type { HeadSeries } from "./head-series.ts";
import { readHistogram, writeHistogram } from "./histogram-codec.ts";
import { SampleColumns } from "./sample-columns.ts";

const HEAD = Buffer.from("FLXSNAP1");
const NAME = /^snapshot-(\d{20})\.snap$/;
const SERIES = 1;
const EXEMPLARS = 2;
const METADATA = 3;
const END = 4;
/** A record is begun anew when it is larger. */
const RECORD_BYTES = 256 * 1024;

/** What a snapshot was. */
export interface SnapshotFound {
  /** Replaying the log begins with this segment; 0 when there is no snapshot. */
  readonly segment: number;
  readonly bytes: number;
  /** Bytes that could not be read. */
  readonly damagedBytes: number;
}

/** Whether a file has the name of a snapshot. */
export function isSnapshot(name: string): boolean {
  return NAME.test(name);
}

function pathOf(folder: string, segment: number): string {
  return join(folder, `snapshot-${String(segment).padStart(20, "0")}.snap`);
}

async function list(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  const found = names.flatMap((name) => NAME.exec(name)?.[1] ?? []);
  return found.map(Number).toSorted((a, b) => a - b);
}

/**
 * Writes the head; the segments before `segment` are not needed afterwards.
 *
 * @param pause called between a few series
 * @returns bytes written
 */
export async function writeSnapshot(
  head: Head,
  folder: string,
  segment: number,
  pause: () => Promise<void>,
): Promise<number> {
  const path = pathOf(folder, segment);
  const draft = `${path}.draft`;
  const out = new ByteWriter(2 * RECORD_BYTES);
  let size = 0;
  try {
    await using file = await open(draft, "w", 0o640);
    const put = async (type: number): Promise<void> => {
      const record = Buffer.allocUnsafe(RECORD_HEAD + out.length);
      writeRecord(record, 0, type, out.written);
      out.clear();
      await file.write(record, 0, record.length, size);
      size += record.length;
    };
    await file.write(HEAD, 0, HEAD.length, 0);
    size = HEAD.length;
    const saver = new SeriesSaver(head, out);
    let count = 0;
    for (const series of head.all()) {
      saver.save(series);
      if (++count % 200 === 0) await pause();
      if (out.length > RECORD_BYTES) await put(SERIES);
    }
    if (out.length > 0) await put(SERIES);
    for (const { ref, exemplar } of head.exemplars.all()) {
      writeExemplar(out, ref, exemplar);
      if (out.length > RECORD_BYTES) await put(EXEMPLARS);
    }
    if (out.length > 0) await put(EXEMPLARS);
    for (const each of head.families.all()) {
      writeMetadata(out, each);
      if (out.length > RECORD_BYTES) await put(METADATA);
    }
    if (out.length > 0) await put(METADATA);
    await put(END);
    await file.datasync();
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  await rename(draft, path);
  await syncFolder(folder);
  for (const older of await list(folder)) {
    if (older < segment) await rm(pathOf(folder, older), { force: true });
  }
  return size;
}

/** Writes series, one after the other. */
class SeriesSaver {
  readonly #head: Head;
  readonly #out: ByteWriter;
  readonly #encoder = new ChunkEncoder();

  constructor(head: Head, out: ByteWriter) {
    this.#head = head;
    this.#out = out;
  }

  save(series: HeadSeries): void {
    const out = this.#out;
    const { chunks, raw, late, histograms, starts } = series.save(this.#head.memory);
    out.uint(series.ref);
    out.text(series.source.name);
    writeLabels(out, series.labels);
    out.uint(chunks.length);
    for (const { bytes, count, firstMs, lastMs } of chunks) {
      out.uint(count);
      out.int(firstMs);
      out.int(lastMs);
      out.block(bytes);
    }
    this.#columns(raw);
    this.#columns(late ?? new SampleColumns(0));
    out.uint(histograms.length);
    for (const { timeMs, startMs, bytes } of histograms) {
      out.int(timeMs);
      out.int(startMs);
      writeHistogram(out, readHistogram(new ByteReader(bytes)));
    }
    out.uint(starts.length);
    for (const each of starts) out.int(each);
  }

  #columns({ times, words, count }: SampleColumns): void {
    this.#out.uint(count);
    if (count > 0) this.#out.block(this.#encoder.encode(times, words, 0, 0, count));
  }
}

/** Puts the newest snapshot of a folder into an empty head; samples before the head's floor stay out. */
export async function readSnapshot(head: Head, folder: string): Promise<SnapshotFound> {
  for (const name of await readdir(folder)) {
    if (name.endsWith(".draft")) await rm(join(folder, name), { force: true });
  }
  const segment = (await list(folder)).at(-1);
  if (segment === undefined) return { segment: 0, bytes: 0, damagedBytes: 0 };
  const loader = new SeriesLoader(head);
  const end = await readSegment(
    pathOf(folder, segment),
    ({ type, payload }) => {
      const from = new ByteReader(payload);
      while (!from.isAtEnd) {
        if (type === SERIES) loader.load(from);
        else if (type === EXEMPLARS) {
          const { ref, exemplar } = readExemplar(from);
          head.applyExemplar(ref, exemplar);
        } else head.applyMetadata(readMetadata(from));
      }
    },
    HEAD,
  );
  return { segment, bytes: end.goodBytes, damagedBytes: end.restBytes };
}

/** Reads series, one after the other. */
class SeriesLoader {
  readonly #head: Head;
  readonly #decoder = new ChunkDecoder();

  constructor(head: Head) {
    this.#head = head;
  }

  load(from: ByteReader): void {
    const head = this.#head;
    const ref = from.uint();
    const source = from.text();
    const series = head.restore(ref, readLabels(from), source);
    for (let left = from.uint(); left > 0; left--) {
      const count = from.uint();
      const firstMs = from.int();
      const lastMs = from.int();
      const bytes = from.block();
      if (firstMs < head.floorMs) continue;
      series.addChunk(head.memory, bytes, count, firstMs, lastMs);
      head.noteTimes(firstMs, lastMs);
    }
    this.#raw(from, series);
    this.#late(from, ref);
    for (let left = from.uint(); left > 0; left--) {
      const timeMs = from.int();
      const startMs = from.int();
      const bytes = encodeHistogram(readHistogram(from));
      head.applyHistogram(ref, { timeMs, startMs, bytes });
    }
    const starts = Array.from({ length: from.uint() }, () => from.int());
    series.restoreStarts(starts);
  }

  #raw(from: ByteReader, series: HeadSeries): void {
    const count = from.uint();
    if (count === 0) return;
    const head = this.#head;
    const bytes = from.block();
    if (!series.restoreRaw(head.memory, bytes, count, head.floorMs)) {
      this.#apply(bytes, count, series.ref);
    } else if (!series.isEmpty) head.noteTimes(series.firstMs, series.lastMs);
  }

  #late(from: ByteReader, ref: number): void {
    const count = from.uint();
    if (count > 0) this.#apply(from.block(), count, ref);
  }

  #apply(bytes: Uint8Array, count: number, ref: number): void {
    const columns = new SampleColumns(count);
    this.#decoder.decode(bytes, 0, count, columns.times, columns.words, 0);
    for (let i = 0; i < count; i++) {
      const time = columns.times[i]!;
      this.#head.applyFloat(ref, time, columns.words[2 * i]!, columns.words[2 * i + 1]!, 0);
    }
  }
}
