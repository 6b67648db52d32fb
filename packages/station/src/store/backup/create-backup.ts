// A backup while the station runs.
//
//   DATA/backup.draft/      second names of all files, given by the stores at one moment each (see freeze-folder.ts)
//        │ link, or copy to another disk; SHA-256 of each
//        ▼
//   BACKUPS/NAME.draft/     ── manifest, all of it durable ──► BACKUPS/NAME/
//
// Why two steps: nothing of a store is held up longer than it takes to give names, however slow the disk of backups is,
// and retention may remove a file while it is being copied.
//
// Everything acknowledged before the beginning is in it. What comes meanwhile may be.

import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FlxError } from "@flx/model";
import { linked } from "../log/freeze-folder.ts";
import { diskError } from "../log/log.ts";
import { syncFolder } from "../log/sync-folder.ts";
import { copyFileDurably } from "./copy-file.ts";
import { type BackedUpFile, type BackupManifest, sumOf, writeManifest } from "./manifest.ts";

/** What a backup is made of. */
export interface BackupSource {
  /** The data folder. */
  readonly folder: string;
  /** The version of the station. */
  readonly version: string;
  /** Give what they have a second name in a folder that is like a data folder. */
  readonly freeze: readonly ((folder: string) => Promise<void>)[];
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The folder in a data folder where files wait to be linked or copied. */
export const STAGING = "backup.draft";

/**
 * Makes a backup; when it resolves it is there, whole and durable.
 *
 * @param to its folder; must not be there
 * @throws {FlxError} `FLX_BACKUP_EXISTS`, `FLX_STORE_DISK`, and what the stores throw; nothing of it is left then
 */
export async function createBackup(source: BackupSource, to: string): Promise<BackupManifest> {
  const startedMs = source.now();
  const staging = join(source.folder, STAGING);
  const draft = `${to}.draft`;
  try {
    if (await exists(to)) throw new FlxError("FLX_BACKUP_EXISTS", `${to} is there already`);
    await rm(staging, { recursive: true, force: true });
    await rm(draft, { recursive: true, force: true });
    await mkdir(dirname(to), { recursive: true, mode: 0o750 });
    await mkdir(draft, { mode: 0o750 });
    await mkdir(staging, { mode: 0o750 });
    for (const freeze of source.freeze) await freeze(staging);
    const files: BackedUpFile[] = [];
    await takeFolder(staging, draft, "", files);
    const name = to.slice(dirname(to).length + 1);
    const manifest = { format: 1, name, version: source.version, startedMs, files } as const;
    await writeManifest(draft, manifest);
    await syncFolder(draft);
    await rename(draft, to);
    await syncFolder(dirname(to));
    return manifest;
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    if (error instanceof FlxError) throw error;
    throw diskError("the backup cannot be written", error);
  } finally {
    await rm(staging, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function exists(folder: string): Promise<boolean> {
  try {
    await readdir(folder);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code === "ENOTDIR") return true;
    throw error;
  }
}

/** Takes what is in a folder over to a backup, and notes each file. */
async function takeFolder(
  from: string,
  to: string,
  path: string,
  files: BackedUpFile[],
): Promise<void> {
  for (const entry of await readdir(join(from, path), { withFileTypes: true })) {
    const name = path === "" ? entry.name : `${path}/${entry.name}`;
    if (entry.isDirectory()) {
      await mkdir(join(to, name), { mode: 0o750 });
      await takeFolder(from, to, name, files);
    } else files.push({ path: name, ...(await takeFile(join(from, name), join(to, name))) });
  }
  await syncFolder(join(to, path));
}

async function takeFile(from: string, to: string): Promise<Omit<BackedUpFile, "path">> {
  if (await linked(from, to)) return await sumOf(to);
  return await copyFileDurably(from, to);
}
