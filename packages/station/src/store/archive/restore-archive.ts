// From an archive to a data folder: the windows of a time, where a station has them.
//
// Each is brought, and its sum looked at, before it is there; one that is damaged stops it all.

import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FlxError } from "@flx/model";
import { fillDataFolder } from "../backup/restore-backup.ts";
import { checksumOf } from "../records/window-file.ts";
import {
  type ArchivedWindow,
  LOCAL_FOLDERS,
  localNameOf,
  readArchiveName,
} from "./archive-name.ts";
import type { ArchivePlace } from "./archive-place.ts";

/** Times, both inclusive; Unix milliseconds. */
export interface ArchiveRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The windows of an archive with something of a range in them, oldest first by signal.
 *
 * @throws {FlxError} `FLX_ARCHIVE_PLACE`
 */
export async function listArchive(
  place: ArchivePlace,
  { fromMs, toMs }: ArchiveRange,
): Promise<readonly ArchivedWindow[]> {
  const found = (await place.list()).map(({ name, bytes }) => readArchiveName(name, bytes));
  return found
    .filter((window) => window !== undefined)
    .filter(({ minTimeMs, maxTimeMs }) => minTimeMs <= toMs && maxTimeMs >= fromMs)
    .toSorted((a, b) => (a.signal < b.signal ? -1 : a.signal > b.signal ? 1 : a.key - b.key));
}

/**
 * Makes a data folder of the windows of a range.
 *
 * @param data a folder that is empty, or not there
 * @throws {FlxError} `FLX_ARCHIVE_PLACE`, `FLX_BACKUP_TARGET`, `FLX_STORE_DAMAGED`, `FLX_STORE_DISK`
 */
export async function restoreArchive(
  place: ArchivePlace,
  range: ArchiveRange,
  data: string,
): Promise<readonly ArchivedWindow[]> {
  const windows = await listArchive(place, range);
  await fillDataFolder(data, async (draft) => {
    for (const window of windows) {
      const to = join(draft, LOCAL_FOLDERS[window.signal], localNameOf(window));
      await mkdir(dirname(to), { recursive: true, mode: 0o750 });
      await place.get(window.name, to, window.bytes);
      if ((await checksumOf(to)) !== window.checksum) {
        throw new FlxError("FLX_STORE_DAMAGED", `${window.name} of ${place.where} is damaged`);
      }
    }
  });
  return windows;
}
