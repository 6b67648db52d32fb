// Whether a backup is what was written: every byte of every file is read.

import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type BackupManifest, MANIFEST, MANIFEST_SUM, readManifest, sumOf } from "./manifest.ts";

/** What was found. */
export interface BackupCheck {
  readonly manifest: BackupManifest;
  readonly bytes: number;
  /** Files that are missing or not what was written. */
  readonly damaged: readonly { readonly path: string; readonly reason: string }[];
  /** Files that the manifest does not name: they are not restored. */
  readonly strange: readonly string[];
}

/**
 * Reads a backup whole.
 *
 * @throws {FlxError} `FLX_BACKUP_NONE`, `FLX_BACKUP_DAMAGED` when its manifest cannot be used
 */
export async function verifyBackup(folder: string): Promise<BackupCheck> {
  const manifest = await readManifest(folder);
  const damaged: { path: string; reason: string }[] = [];
  let bytes = 0;
  for (const file of manifest.files) {
    const reason = await faultOf(join(folder, file.path), file);
    if (reason !== undefined) damaged.push({ path: file.path, reason });
    bytes += file.bytes;
  }
  const named = new Set([MANIFEST, MANIFEST_SUM, ...manifest.files.map(({ path }) => path)]);
  const there = await readdir(folder, { recursive: true, withFileTypes: true });
  const strange = there
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length)
        .replace(/^[/\\]+/, ""),
    )
    .filter((path) => !named.has(path.replaceAll("\\", "/")));
  return { manifest, bytes, damaged, strange };
}

async function faultOf(
  path: string,
  want: { readonly bytes: number; readonly sha256: string },
): Promise<string | undefined> {
  try {
    const about = await lstat(path);
    if (!about.isFile()) return "it is no file";
    if (about.size !== want.bytes) return `it has ${about.size} bytes instead of ${want.bytes}`;
    const { sha256 } = await sumOf(path);
    return sha256 === want.sha256 ? undefined : "its SHA-256 is another one";
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? "it is missing" : (code ?? message);
  }
}
