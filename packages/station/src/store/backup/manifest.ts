// What a backup says of itself.
//
//   BACKUP/manifest.json       what it is, and each file: path, bytes, SHA-256
//          manifest.sha256     the sum of manifest.json, as sha256sum writes it
//          metrics/ records/   the files, as a data folder has them
//
// A backup has its name only when it is whole: it is written as NAME.draft, made durable, then renamed. What a manifest
// says is not believed: paths lead nowhere but into metrics/ and records/.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FlxError } from "@flx/model";

/** A file of a backup. */
export interface BackedUpFile {
  /** Below the backup, with slashes. */
  readonly path: string;
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** A backup's own words. */
export interface BackupManifest {
  readonly format: 1;
  readonly name: string;
  /** The version of the station that wrote it. */
  readonly version: string;
  /** Everything acknowledged before is in it; Unix milliseconds. */
  readonly startedMs: number;
  readonly files: readonly BackedUpFile[];
}

export const MANIFEST = "manifest.json";
export const MANIFEST_SUM = "manifest.sha256";
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
const PATH = /^(?:metrics|records)(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;
const SUM = /^[0-9a-f]{64}$/;

/** Writes a manifest and its sum, durably. */
export async function writeManifest(folder: string, manifest: BackupManifest): Promise<void> {
  const text = `${JSON.stringify(manifest, undefined, 1)}\n`;
  await writeDurably(join(folder, MANIFEST), text);
  const sum = createHash("sha256").update(text).digest("hex");
  await writeDurably(join(folder, MANIFEST_SUM), `${sum}  ${MANIFEST}\n`);
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using file = await open(path, "wx", 0o640);
  await file.writeFile(text);
  await file.sync();
}

/**
 * Reads the manifest of a backup.
 *
 * @throws {FlxError} `FLX_BACKUP_NONE` when there is none, `FLX_BACKUP_DAMAGED` when it is not what was written
 */
export async function readManifest(folder: string): Promise<BackupManifest> {
  let bytes: Buffer;
  let sum: string;
  try {
    const { size } = await stat(join(folder, MANIFEST));
    if (size > MAX_MANIFEST_BYTES) throw damaged("it is too large");
    bytes = await readFile(join(folder, MANIFEST));
    sum = (await readFile(join(folder, MANIFEST_SUM), "latin1")).slice(0, 64);
  } catch (error) {
    if (error instanceof FlxError) throw error;
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new FlxError("FLX_BACKUP_NONE", `${folder} is no backup: ${MANIFEST}: ${code}`, {
      cause: error,
    });
  }
  if (createHash("sha256").update(bytes).digest("hex") !== sum) {
    throw damaged("its SHA-256 is another one");
  }
  try {
    return checked(JSON.parse(bytes.toString()) as Partial<BackupManifest>);
  } catch (error) {
    if (error instanceof FlxError) throw error;
    throw damaged("it is no JSON", error);
  }
}

function damaged(what: string, cause?: unknown): FlxError {
  return new FlxError("FLX_BACKUP_DAMAGED", `${MANIFEST}: ${what}`, { cause });
}

function checked(manifest: Partial<BackupManifest> | null): BackupManifest {
  const { format, name, version, startedMs, files } = manifest ?? {};
  if (format !== 1) throw damaged(`format ${JSON.stringify(format)} is not known`);
  if (typeof name !== "string" || typeof version !== "string" || typeof startedMs !== "number") {
    throw damaged("its name, version or time is missing");
  }
  if (!Array.isArray(files)) throw damaged("it names no files");
  const seen = new Set<string>();
  for (const file of files as Partial<BackedUpFile>[]) {
    const { path, bytes, sha256 } = file ?? {};
    if (typeof path !== "string" || !PATH.test(path) || seen.has(path)) {
      throw damaged(`${JSON.stringify(path)} is no path of a data folder`);
    }
    if (!Number.isSafeInteger(bytes) || bytes! < 0 || !SUM.test(String(sha256))) {
      throw damaged(`size or sum of ${path} is none`);
    }
    seen.add(path);
  }
  return { format, name, version, startedMs, files: files as BackedUpFile[] };
}

/** The SHA-256 of a file, in hex digits, and its length. */
export async function sumOf(
  path: string,
  { start = 0, end = Infinity }: { readonly start?: number; readonly end?: number } = {},
): Promise<Omit<BackedUpFile, "path">> {
  const hash = createHash("sha256");
  let bytes = 0;
  const range = { start, end: end - 1, highWaterMark: 1024 * 1024 };
  for await (const piece of createReadStream(path, range)) {
    hash.update(piece as Buffer);
    bytes += (piece as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
