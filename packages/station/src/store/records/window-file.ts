// A closed window: one Parquet file, whose name says what is in it.
//
//   000012-1790000000000-1790007200000-41231-9f3a01c2.parquet
//   │      │             │             │     └ CRC-32 of the file
//   │      │             │             └ records
//   │      └ time of the first and last record, Unix ms
//   └ which hot file it was
//
// The name is given last, by rename: a file that has it is whole. Its checksum is looked at before the first question
// reads it; one that is damaged is renamed to NAME.damaged, told of, and no part of any answer.

import { createReadStream } from "node:fs";
import { open, readdir, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { syncFolder } from "../log/sync-folder.ts";

/** A window's file. */
export interface WindowFile {
  readonly path: string;
  readonly sequence: number;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly records: number;
  readonly checksum: number;
  readonly bytes: number;
  /** When it was written, for retention. */
  readonly writtenMs: number;
}

const NAME = /^(\d{6,})-(\d+)-(\d+)-(\d+)-([0-9a-f]{8})\.parquet$/;

/** What the name of a window says; undefined: it is none. */
export function readWindowName(
  name: string,
): Omit<WindowFile, "path" | "bytes" | "writtenMs"> | undefined {
  const match = NAME.exec(name);
  if (match === null) return undefined;
  return {
    sequence: Number(match[1]),
    minTimeMs: Number(match[2]),
    maxTimeMs: Number(match[3]),
    records: Number(match[4]),
    checksum: Number.parseInt(match[5]!, 16),
  };
}

/** Whether a file has the name of a window. */
export function isWindowFile(name: string): boolean {
  return NAME.test(name);
}

/** The windows of a folder, oldest first. */
export async function windowFiles(folder: string): Promise<WindowFile[]> {
  const files: WindowFile[] = [];
  for (const name of await readdir(folder)) {
    const about = readWindowName(name);
    if (about === undefined) continue;
    const path = join(folder, name);
    const { size, mtimeMs } = await stat(path);
    files.push({ ...about, path, bytes: size, writtenMs: mtimeMs });
  }
  return files.toSorted((a, b) => a.sequence - b.sequence);
}

/** Gives a file that is written its name, durably. */
export async function nameWindowFile(
  folder: string,
  draft: string,
  about: Pick<WindowFile, "sequence" | "minTimeMs" | "maxTimeMs" | "records">,
): Promise<WindowFile> {
  const checksum = await checksumOf(draft);
  const parts = [
    String(about.sequence).padStart(6, "0"),
    about.minTimeMs,
    about.maxTimeMs,
    about.records,
    checksum.toString(16).padStart(8, "0"),
  ];
  const path = join(folder, `${parts.join("-")}.parquet`);
  await sync(draft);
  await rename(draft, path);
  await syncFolder(folder);
  const { size, mtimeMs } = await stat(path);
  return { ...about, path, checksum, bytes: size, writtenMs: mtimeMs };
}

/** The CRC-32 of a file. */
export async function checksumOf(path: string): Promise<number> {
  let checksum = 0;
  for await (const piece of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    checksum = crc32(piece as Buffer, checksum);
  }
  return checksum;
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
