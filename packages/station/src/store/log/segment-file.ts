// The segments of a log on disk: their names, and reading one from its beginning to the first record that is none.
//
//   00000000000000000007.log      "FLXLOG01"  record  record  record ...
//
// Read in pieces of a megabyte, so a segment of any size costs little memory.

import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type LogRecord, readRecord } from "./record.ts";

/** What a segment begins with. */
export const SEGMENT_HEAD: Buffer = Buffer.from("FLXLOG01");

const PIECE = 1024 * 1024;
const NAME = /^(\d{20})\.log$/;

/** The path of a segment. */
export function segmentPath(folder: string, segment: number): string {
  return join(folder, `${String(segment).padStart(20, "0")}.log`);
}

/** The number of a segment by its file's name; undefined when it is none. */
export function segmentOf(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** The segments in a folder, oldest first. */
export async function listSegments(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  const found = names.map(segmentOf).filter((each) => each !== undefined);
  return found.toSorted((a, b) => a - b);
}

/** How reading a segment ended. */
export interface SegmentEnd {
  /** Bytes up to the end of the last good record. */
  readonly goodBytes: number;
  /** Bytes after it. */
  readonly restBytes: number;
}

/** Gives the records of a segment in order; the payload is only good during the call. */
export async function readSegment(
  path: string,
  onRecord: (record: LogRecord) => void | Promise<void>,
  head: Buffer = SEGMENT_HEAD,
): Promise<SegmentEnd> {
  await using file = await open(path, "r");
  const { size } = await file.stat();
  let bytes: Buffer = Buffer.alloc(0);
  /** Where `bytes` begins in the file, and how far of it is read. */
  let start = 0;
  let at = 0;
  const fill = async (needs: number): Promise<void> => {
    const rest = bytes.subarray(at);
    start += at;
    at = 0;
    const wanted = Math.min(Math.max(needs, PIECE), size - start);
    const more = Buffer.allocUnsafe(Math.max(wanted, rest.length));
    rest.copy(more);
    let filled = rest.length;
    while (filled < more.length) {
      const { bytesRead } = await file.read(more, filled, more.length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    bytes = more.subarray(0, filled);
  };
  await fill(head.length);
  if (!bytes.subarray(0, head.length).equals(head)) return { goodBytes: 0, restBytes: size };
  at = head.length;
  for (;;) {
    const found = readRecord(bytes, at);
    if (found.kind === "record") {
      await onRecord(found.record);
      at = found.end;
    } else if (found.kind === "cut" && size - (start + at) >= found.needs) {
      await fill(found.needs);
    } else {
      const goodBytes = start + at;
      return { goodBytes, restBytes: size - goodBytes };
    }
  }
}
