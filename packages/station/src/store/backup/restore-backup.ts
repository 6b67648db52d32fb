// From a backup to a data folder that a station can be started with.
//
//   BACKUP/ ──► DATA/restore.draft/ ── every sum right, all durable ──► DATA/metrics, DATA/records
//
// Files are copied, never linked: a data folder changes, a backup does not. A restore that ends in the middle leaves
// restore.draft, with which no station starts: half a store is not taken for a whole one.

import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FlxError } from "@flx/model";
import { FolderLock } from "../log/folder-lock.ts";
import { diskError } from "../log/log.ts";
import { syncFolder } from "../log/sync-folder.ts";
import { copyFileDurably } from "./copy-file.ts";
import { STAGING } from "./create-backup.ts";
import { type BackupManifest, readManifest } from "./manifest.ts";

const DRAFT = "restore.draft";

/**
 * Restores a backup.
 *
 * @param data a folder that is empty, or not there
 * @throws {FlxError} `FLX_BACKUP_TARGET` when there is something in the folder, `FLX_BACKUP_DAMAGED`, `FLX_BACKUP_NONE`,
 *   `FLX_STORE_DISK`, `FLX_STORE_LOCKED`; the folder is empty then
 */
export async function restoreBackup(backup: string, data: string): Promise<BackupManifest> {
  const manifest = await readManifest(backup);
  await fillDataFolder(data, async (draft) => {
    for (const { path, bytes, sha256 } of manifest.files) {
      const to = join(draft, path);
      await mkdir(dirname(to), { recursive: true, mode: 0o750 });
      const copied = await copyFileDurably(join(backup, path), to).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        throw damaged(path, "it is missing");
      });
      if (copied.bytes !== bytes || copied.sha256 !== sha256) {
        throw damaged(path, "its SHA-256 is another one");
      }
    }
  });
  return manifest;
}

function damaged(path: string, reason: string): FlxError {
  return new FlxError("FLX_BACKUP_DAMAGED", `${path}: ${reason}`);
}

/**
 * Fills a data folder that is empty: all or nothing.
 *
 * @param fill writes into the folder that it is given, as a data folder has it
 * @throws {FlxError} `FLX_BACKUP_TARGET`, `FLX_STORE_DISK`, `FLX_STORE_LOCKED`, and what `fill` throws
 */
export async function fillDataFolder(
  data: string,
  fill: (draft: string) => Promise<void>,
): Promise<void> {
  const lock = await FolderLock.take(data);
  try {
    await fillLocked(data, fill);
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}

async function fillLocked(data: string, fill: (draft: string) => Promise<void>): Promise<void> {
  const draft = join(data, DRAFT);
  try {
    const there = (await readdir(data)).filter((name) => name !== "lock");
    if (there.length > 0) {
      throw new FlxError(
        "FLX_BACKUP_TARGET",
        `${data} is not empty (${there.slice(0, 3).join(", ")}): restore into a new folder`,
      );
    }
    await mkdir(draft, { mode: 0o750 });
    await fill(draft);
    for (const entry of await readdir(draft, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) await syncFolder(join(entry.parentPath, entry.name));
    }
    for (const name of await readdir(draft)) await rename(join(draft, name), join(data, name));
    await syncFolder(data);
    await rm(draft, { recursive: true });
    await syncFolder(data);
  } catch (error) {
    if (error instanceof FlxError && error.code === "FLX_BACKUP_TARGET") throw error;
    for (const name of [DRAFT, "metrics", "records"]) {
      await rm(join(data, name), { recursive: true, force: true }).catch(() => undefined);
    }
    if (error instanceof FlxError) throw error;
    throw diskError("the backup cannot be restored", error);
  }
}

/**
 * Makes a data folder ready for a station: what a backup left that did not end is removed.
 *
 * @throws {FlxError} `FLX_BACKUP_TARGET` when a restore did not end
 */
export async function tidyDataFolder(data: string): Promise<void> {
  if (existsSync(join(data, DRAFT))) {
    throw new FlxError(
      "FLX_BACKUP_TARGET",
      `a restore into ${data} did not end: empty the folder and restore again`,
    );
  }
  await rm(join(data, STAGING), { recursive: true, force: true });
}
