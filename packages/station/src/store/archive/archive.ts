// The archive of closed windows: each is copied there once, before retention may remove it, and read back when a question
// needs it.
//
//   DATA/metrics/windows  ─┐                                   ┌─ windows(signal): what is there
//        records/spans    ─┼─ sound? ─ put ─► place ─ list ─► catalogue ─► open(window): a path to read
//        records/logs     ─┘                  folder, S3       └─ has(signal, name): retention may remove it
//
// Names say everything (archive-name.ts), so the catalogue is a list of names: read at start, then again now and then, so
// that what others remove or add is noticed. An archive that cannot be reached is told, and tried again: windows stay here
// until it can, and questions about windows that are only there fail, saying why.

import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FlxError } from "@flx/model";
import { checksumOf } from "../records/window-file.ts";
import { checkWindowFile } from "../windows/window-file.ts";
import {
  ARCHIVED_SIGNALS,
  type ArchivedSignal,
  type ArchivedWindow,
  LOCAL_FOLDERS,
  localNameOf,
  metricsArchiveName,
  readArchiveName,
} from "./archive-name.ts";
import type { ArchivePlace } from "./archive-place.ts";
import { FileCache } from "./file-cache.ts";

/** How an archive is opened. */
export interface ArchiveOptions {
  readonly place: ArchivePlace;
  /** The data folder. */
  readonly data: string;
  /** Bytes of files that were brought here. */
  readonly cacheBytes: number;
  /** Windows whose last record is so old are removed from the archive, ms; 0 for never. */
  readonly retentionMs: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told of an archive that cannot be reached, and of damage; once until it works again. */
  readonly onProblem: (error: FlxError) => void;
  /** How often windows are looked for, ms; 0 for never by itself. Default 10,000. */
  readonly everyMs?: number;
}

const LIST_EVERY_MS = 600_000;
const RETRY_MS = 30_000;
const FIRST_LIST_MS = 5_000;

/** An archive. */
export class Archive implements AsyncDisposable {
  readonly #options: ArchiveOptions;
  readonly #cache: FileCache;
  readonly #timer: NodeJS.Timeout | undefined;
  readonly #listeners: ((signal: ArchivedSignal) => void)[] = [];
  readonly #unsound = new Set<string>();
  /** Windows here that are not what was written, and stay here. */
  readonly #notTaken = new Set<string>();
  #windows: Readonly<Record<ArchivedSignal, ReadonlyMap<string, ArchivedWindow>>> = {
    metrics: new Map(),
    spans: new Map(),
    logs: new Map(),
  };
  #listedMs = -Infinity;
  #triedMs = -Infinity;
  #problem = "";
  #isClosed = false;
  #work: Promise<void> = Promise.resolve();

  private constructor(options: ArchiveOptions, cache: FileCache) {
    this.#options = options;
    this.#cache = cache;
    const everyMs = options.everyMs ?? 10_000;
    if (everyMs > 0) this.#timer = setInterval(() => void this.work(), everyMs).unref();
  }

  /** Opens an archive, whether it can be reached or not. */
  static async open(options: ArchiveOptions): Promise<Archive> {
    const cache = await FileCache.open({
      folder: join(options.data, "archive-cache"),
      maxBytes: options.cacheBytes,
      now: options.now,
    });
    const archive = new Archive(options, cache);
    // A bucket far away that does not answer is no reason not to start; copying begins afterwards.
    await Promise.race([archive.#inTurn(() => archive.#listWhenDue()), sleep(FIRST_LIST_MS)]);
    return archive;
  }

  /** Why it does not work; "" when it does. */
  get problem(): string {
    return this.#problem;
  }

  /** What is there, oldest first. */
  windows(signal: ArchivedSignal): readonly ArchivedWindow[] {
    return [...this.#windows[signal].values()].toSorted((a, b) => a.key - b.key);
  }

  /** Whether a window is there, by its name in the data folder. */
  has(signal: ArchivedSignal, localName: string): boolean {
    return this.#windows[signal].has(localName);
  }

  /** Calls back when other windows are there. */
  onChange(listener: (signal: ArchivedSignal) => void): void {
    this.#listeners.push(listener);
  }

  /** Whether a window can be read without being brought. */
  isNear({ name }: ArchivedWindow): boolean {
    return this.#options.place.pathOf(name) !== undefined || this.#cache.has(name);
  }

  /**
   * Where a window can be read.
   *
   * @throws {FlxError} `FLX_ARCHIVE_PLACE` when the archive cannot be reached, `FLX_ARCHIVE_CACHE`, `FLX_STORE_DAMAGED`
   *   when it is not what was written
   */
  async open(window: ArchivedWindow): Promise<string> {
    const { name, bytes, checksum } = window;
    const { place } = this.#options;
    if (this.#unsound.has(name)) throw this.#damaged(name);
    const here = place.pathOf(name);
    if (here !== undefined) return here;
    return await this.#cache.need(name, bytes, async (to) => {
      await place.get(name, to, bytes);
      if ((await checksumOf(to)) !== checksum) throw this.#damaged(name);
    });
  }

  #damaged(name: string): FlxError {
    this.#unsound.add(name);
    return new FlxError("FLX_STORE_DAMAGED", `${name} of ${this.#options.place.where} is damaged`);
  }

  /** A window that was opened is not what was written: it is no part of any answer any more. */
  distrust({ name, signal }: ArchivedWindow): void {
    if (this.#unsound.has(name)) return;
    this.#options.onProblem(this.#damaged(name));
    this.#tell(signal);
  }

  isSound({ name }: ArchivedWindow): boolean {
    return !this.#unsound.has(name);
  }

  /** Lists what is there when it is time, and copies what is not. Never rejects. */
  work(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#listWhenDue();
      for (const signal of ARCHIVED_SIGNALS) await this.#copyWindows(signal);
      await this.#retain();
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#work = this.#work.then(() => this.#tried(work));
    return this.#work;
  }

  async #tried(work: () => Promise<void>): Promise<void> {
    const { now } = this.#options;
    if (this.#isClosed || (this.#problem !== "" && now() - this.#triedMs < RETRY_MS)) return;
    this.#triedMs = now();
    try {
      await work();
      this.#problem = "";
    } catch (error) {
      const known =
        error instanceof FlxError
          ? error
          : new FlxError("FLX_ARCHIVE_PLACE", (error as Error).message, { cause: error });
      if (this.#problem !== known.message) this.#options.onProblem(known);
      this.#problem = known.message;
    }
  }

  async #listWhenDue(): Promise<void> {
    const isDue = this.#options.now() - this.#listedMs >= LIST_EVERY_MS;
    if (isDue || this.#problem !== "") await this.#list();
  }

  async #list(): Promise<void> {
    const found = {
      metrics: new Map<string, ArchivedWindow>(),
      spans: new Map<string, ArchivedWindow>(),
      logs: new Map<string, ArchivedWindow>(),
    };
    for (const { name, bytes } of await this.#options.place.list()) {
      const window = readArchiveName(name, bytes);
      if (window !== undefined) found[window.signal].set(localNameOf(window), window);
    }
    this.#windows = found;
    this.#listedMs = this.#options.now();
    for (const signal of ARCHIVED_SIGNALS) this.#tell(signal);
  }

  async #copyWindows(signal: ArchivedSignal): Promise<void> {
    const folder = join(this.#options.data, LOCAL_FOLDERS[signal]);
    const names = await readdir(folder).catch(() => []);
    for (const local of names) {
      const path = join(folder, local);
      if (this.has(signal, local) || this.#notTaken.has(path)) continue;
      const window = await this.#about(signal, local, path);
      if (window === undefined) continue;
      if (this.#isClosed) return;
      await this.#options.place.put(window.name, path);
      this.#note(window);
    }
  }

  /** What a window in the data folder is called in the archive; undefined: it is none, gone, or damaged. */
  async #about(
    signal: ArchivedSignal,
    local: string,
    path: string,
  ): Promise<ArchivedWindow | undefined> {
    try {
      const { size } = await stat(path);
      if (signal !== "metrics") {
        const window = readArchiveName(`${signal}/${local}`, size);
        if (window === undefined || (await checksumOf(path)) === window.checksum) return window;
        throw new FlxError("FLX_STORE_DAMAGED", `${path}: its checksum is another one`);
      }
      const key = Number(/^(-?\d{1,16})\.window$/.exec(local)?.[1] ?? Number.NaN);
      if (Number.isNaN(key)) return undefined;
      const { samples, minTimeMs, maxTimeMs } = await checkWindowFile(path);
      const about = {
        key,
        minTimeMs,
        maxTimeMs,
        records: samples,
        checksum: await checksumOf(path),
      };
      return readArchiveName(metricsArchiveName(about), size);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      if (!(error instanceof FlxError)) throw error;
      this.#notTaken.add(path);
      this.#options.onProblem(error);
      return undefined;
    }
  }

  #note(window: ArchivedWindow): void {
    const { signal } = window;
    const windows = new Map(this.#windows[signal]).set(localNameOf(window), window);
    this.#windows = { ...this.#windows, [signal]: windows };
    this.#tell(signal);
  }

  async #retain(): Promise<void> {
    const { retentionMs, now, place } = this.#options;
    if (retentionMs === 0) return;
    const oldestMs = now() - retentionMs;
    for (const signal of ARCHIVED_SIGNALS) {
      for (const [local, window] of this.#windows[signal]) {
        if (window.maxTimeMs >= oldestMs) continue;
        await place.remove(window.name);
        const windows = new Map(this.#windows[signal]);
        windows.delete(local);
        this.#windows = { ...this.#windows, [signal]: windows };
        this.#tell(signal);
      }
    }
  }

  #tell(signal: ArchivedSignal): void {
    for (const listener of this.#listeners) listener(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#work;
  }
}
