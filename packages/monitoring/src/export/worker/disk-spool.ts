// Batches on disk, one file each, while the receiver does not want them.
//
//   <folder>/<owner>/owner.json                          who writes here: pid, and when that process began
//   <folder>/<owner>/unsettled.json                      what it has in memory: unsettled.ts
//   <folder>/<owner>/<signal>/<time>-<number>-<records>.otlp
//
//   a file:  "FLX1" | records | length | CRC-32 of the body | body        16 bytes, then the protobuf of the request
//
// An owner is one process. When a worker starts, it takes over the files of owners that are no more (renaming is atomic:
// of two that want a file, one gets it), so what could not be sent before an end, even a kill, is sent by the next start.
// Names begin with the time, so what was taken over comes before what is new.
//
// Nothing is created until there is something to keep. Files are readable by their user only: spans are nobody's
// business. A torn or changed file is seen by its CRC, removed, and counted.
//
// Not fsynced: data survives the end of the process, not of the machine's power; telemetry is not worth a stall.

import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { ExportCounters } from "../export-counters.ts";
import type { SpoolSettings } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import type { Batch } from "./batcher.ts";
import { isRunning, type ProcessMark, thisProcess } from "./process-mark.ts";
import type { Spool, SpooledBatch } from "./spool.ts";

const MAGIC = 0x31584c46; // "FLX1", little endian
const HEADER_BYTES = 16;
const FILE = /^(\d{13})-\d{6}-(\d{1,9})\.otlp$/;
const OWNER = "owner.json";
/** A folder with more files than this is not ours to read. */
const MAX_FILES = 100_000;

/** Spools that this process has opened: each has a folder of its own. */
let opened = 0;

/** The folder of this process in a spool; shared by its signals. */
export class SpoolFolder {
  readonly path: string;
  readonly #base: string;
  #hasOwner = false;

  /** @param base the spool's folder */
  constructor(base: string) {
    const { pid } = process;
    this.#base = base;
    this.path = join(base, `${pid}-${Date.now().toString(36)}-${opened++}`);
  }

  /** Makes a signal's folder. */
  create(signal: Signal): string {
    const folder = join(this.path, signal);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.claim();
    return folder;
  }

  /** Makes the folder of this process, and says whose it is. */
  claim(): void {
    if (this.#hasOwner) return;
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
    writeFileSync(join(this.path, OWNER), JSON.stringify(thisProcess()), { mode: 0o600 });
    this.#hasOwner = true;
  }

  /** Shows that this process is still there; for those who cannot see it otherwise. */
  touch(): void {
    if (!this.#hasOwner) return;
    const now = new Date();
    attempt(() => utimesSync(join(this.path, OWNER), now, now));
  }

  /** The folders of processes that are no more. */
  abandoned(): string[] {
    return names(this.#base)
      .map((name) => join(this.#base, name))
      .filter((path) => path !== this.path && !hasOwner(path));
  }

  /** Removes what is empty. */
  tidy(path: string): void {
    for (const name of ["traces", "logs", "metrics"]) attempt(() => rmdirSync(join(path, name)));
    const left = names(path);
    if (left.length > 1 || (left.length === 1 && left[0] !== OWNER)) return;
    attempt(() => rmSync(join(path, OWNER), { force: true }));
    attempt(() => rmdirSync(path));
    if (path === this.path) this.#hasOwner = false;
  }
}

/** The batches of one signal. */
export class DiskSpool implements Spool {
  readonly #folder: SpoolFolder;
  readonly #signal: Signal;
  readonly #settings: SpoolSettings;
  readonly #counters: ExportCounters;
  readonly #entries: Entry[] = [];
  #bytes = 0;
  #records = 0;
  #number = 0;
  #path: string | undefined;

  constructor(
    folder: SpoolFolder,
    signal: Signal,
    settings: SpoolSettings,
    counters: ExportCounters,
  ) {
    this.#folder = folder;
    this.#signal = signal;
    this.#settings = settings;
    this.#counters = counters;
    this.adopt();
  }

  /** Takes over what processes that are no more have left. */
  adopt(): void {
    for (const abandoned of this.#folder.abandoned()) this.#adopt(abandoned);
  }

  get records(): number {
    return this.#records;
  }

  add(batch: Batch): SpooledBatch | undefined {
    const size = HEADER_BYTES + batch.body.length;
    if (size > this.#settings.maxBytes) return undefined;
    while (this.#bytes + size > this.#settings.maxBytes) this.#expire(this.#entries[0]!);
    const file = Buffer.allocUnsafe(size);
    file.writeUInt32LE(MAGIC, 0);
    file.writeUInt32LE(batch.records, 4);
    file.writeUInt32LE(batch.body.length, 8);
    file.writeUInt32LE(crc32(batch.body), 12);
    file.set(batch.body, HEADER_BYTES);
    const number = String(this.#number++ % 1_000_000).padStart(6, "0");
    const name = `${String(Date.now()).padStart(13, "0")}-${number}-${batch.records}.otlp`;
    try {
      this.#path ??= this.#folder.create(this.#signal);
      writeFileSync(join(this.#path, name), file, { mode: 0o600, flag: "wx" });
    } catch {
      this.#path = undefined;
      return undefined;
    }
    const entry = { name, records: batch.records, bytes: size };
    this.#entries.push(entry);
    this.#bytes += size;
    this.#records += entry.records;
    return entry;
  }

  oldest(): SpooledBatch | undefined {
    for (let entry = this.#entries[0]; entry !== undefined; entry = this.#entries[0]) {
      const ageMs = Date.now() - Number(FILE.exec(entry.name)![1]);
      if (ageMs <= this.#settings.maxAgeMs) return entry;
      this.#expire(entry);
    }
    return undefined;
  }

  read(entry: SpooledBatch): Batch | undefined {
    const file = attempt(() => readFileSync(this.#pathOf(entry)));
    const body = file === undefined ? undefined : bodyOf(file);
    if (body !== undefined) return { body, records: entry.records };
    this.#expire(entry);
    return undefined;
  }

  remove(entry: SpooledBatch): void {
    attempt(() => {
      rmSync(this.#pathOf(entry), { force: true });
    });
    const at = this.#entries.indexOf(entry);
    if (at < 0) return;
    this.#entries.splice(at, 1);
    this.#bytes -= entry.bytes;
    this.#records -= entry.records;
    if (this.#entries.length > 0) return;
    this.#path = undefined;
    this.#folder.tidy(this.#folder.path);
  }

  #expire(entry: SpooledBatch): void {
    this.remove(entry);
    this.#counters.add(this.#signal, "expired", entry.records);
  }

  #pathOf({ name }: SpooledBatch): string {
    return join(this.#folder.path, this.#signal, name);
  }

  /** Takes over the files of a process that is no more. */
  #adopt(abandoned: string): void {
    const from = join(abandoned, this.#signal);
    for (const name of names(from).toSorted()) {
      const match = FILE.exec(name);
      if (match === null) continue;
      const entry = attempt(() => {
        this.#path ??= this.#folder.create(this.#signal);
        const bytes = statSync(join(from, name)).size;
        renameSync(join(from, name), join(this.#path, name));
        return { name, records: Number(match[2]), bytes };
      });
      if (entry === undefined) continue;
      this.#entries.push(entry);
      this.#bytes += entry.bytes;
      this.#records += entry.records;
      this.#counters.add(this.#signal, "adopted", entry.records);
    }
    this.#folder.tidy(abandoned);
    this.#entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    while (this.#bytes > this.#settings.maxBytes) this.#expire(this.#entries[0]!);
  }
}

type Entry = SpooledBatch;

function bodyOf(file: Buffer): Uint8Array<ArrayBuffer> | undefined {
  if (file.length < HEADER_BYTES || file.readUInt32LE(0) !== MAGIC) return undefined;
  const length = file.readUInt32LE(8);
  if (file.length !== HEADER_BYTES + length) return undefined;
  const body = Uint8Array.prototype.slice.call(file, HEADER_BYTES);
  return crc32(body) === file.readUInt32LE(12) ? body : undefined;
}

function hasOwner(path: string): boolean {
  const owner = join(path, OWNER);
  const mark = attempt(() => JSON.parse(readFileSync(owner, "utf8")) as ProcessMark);
  const touchedMs = attempt(() => statSync(owner).mtimeMs) ?? 0;
  return isRunning(mark, Date.now() - touchedMs);
}

function names(folder: string): string[] {
  return (attempt(() => readdirSync(folder)) ?? []).slice(0, MAX_FILES);
}

/** The disk may refuse anything at any time; that is no reason to stop. */
function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
