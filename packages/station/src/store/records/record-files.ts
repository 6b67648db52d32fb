// All that is kept of one signal: requests that wait, the hot file, closed windows.
//
//   log ─► take(request) ─► waiting ── every second, 10,000 records, or a question ──► hot file
//                                                     window over, or large ──► Parquet ──► hot file dropped
//
//   FOLDER/000013.duckdb     the hot file            FOLDER/000012-...parquet     a window (window-file.ts)
//   FOLDER/*.draft           being written           FOLDER/*.damaged             put aside
//
// A record stands in the window in which it came, whatever its own time says: late ones need no file of their own, and a
// file's name says from when to when its records are. A window closes while the next one takes records already.
//
// Questions need no room on the disk. Where there is none to begin a hot file it is begun with the next record that is kept,
// and records that wait for room stand in a hot file in memory until they are kept.
//
// A crash while a window closes leaves a draft (deleted at start) or both files (the hot one is deleted at start): never
// neither, never both in an answer.

import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { FlxError } from "@flx/model";
import { freezeFolder } from "../log/freeze-folder.ts";
import type { RecordRange, RecordStatistics } from "../stored-record.ts";
import { HotFile, type HotState, type LoggedRequest } from "./hot-file.ts";
import { hotSource, type RecordSource, windowSource } from "./record-source.ts";
import type { RecordTable } from "./record-table.ts";
import { quoted } from "./sql-text.ts";
import {
  checksumOf,
  isWindowFile,
  nameWindowFile,
  readWindowName,
  type WindowFile,
  windowFiles,
} from "./window-file.ts";

/** How records are kept. */
export interface KeepOptions {
  /** Length of a window, ms. */
  readonly windowMs: number;
  /** A window is closed early when it has so many records. */
  readonly maxWindowRecords: number;
  /** Windows are dropped so long after they were written, ms; 0 for never. */
  readonly retentionMs: number;
  /** And the oldest ones when all together have more bytes; 0 for no limit. */
  readonly maxBytes: number;
}

/** Windows that are in the archive, whether or not they are here as well. */
export interface ArchivedFiles {
  /** Undefined: there is no archive. */
  windows: readonly ArchivedFile[] | undefined;
  /** A path to read one at. */
  open(this: void, name: string): Promise<string>;
  /** One that was opened is not what was written. */
  distrust(this: void, name: string): void;
}

/** A window in the archive. */
export interface ArchivedFile {
  /** As in a data folder. */
  readonly name: string;
  /** Whether it can be read without being brought. */
  readonly isNear: boolean;
}

/** No archive. */
export const NO_ARCHIVE: ArchivedFiles = {
  windows: undefined,
  open: () => Promise.reject(new Error("there is no archive")),
  distrust: () => undefined,
};

interface DistantWindow extends ArchivedFile, NonNullable<ReturnType<typeof readWindowName>> {}

const HOT_NAME = /^(\d{6,})\.duckdb$/;
/** Larger ones are read slower, with smaller ones the footer is: 61,440 is fastest for searches. */
const ROW_GROUP = 61_440;
/** DuckDB rounds row groups to it. */
const VECTOR = 2_048;
/** DuckDB makes dictionaries of a column's texts up to this size, when at most one in five is another one. */
const DICTIONARY_BYTES = 1024 * 1024;
const CLOSE_AGAIN_MS = 30_000;
const MAX_TOLD = 1_000;

/** The files of one signal. */
export class RecordFiles {
  readonly folder: string;
  readonly #table: RecordTable;
  readonly #instance: DuckDBInstance;
  readonly #options: KeepOptions;
  readonly #now: () => number;
  readonly #archive: ArchivedFiles;
  #windows: WindowFile[] = [];
  /** Hot files; the last one takes records, those before are being closed. */
  #hot: HotFile[] = [];
  /** What waits for room, in memory. */
  #waiting: HotFile | undefined;
  /** Where the first hot file begins, while there is none. */
  #begin: Pick<HotState, "position" | "next"> = { position: -1, next: 1 };
  #hotSinceMs = 0;
  readonly #verified = new Set<string>();
  readonly #quarantined: { readonly file: string; readonly reason: string }[] = [];
  /** Questions that are being answered: no file goes away under them. */
  readonly #asking = new Set<Promise<unknown>>();
  #closing: Promise<void> = Promise.resolve();

  private constructor(
    instance: DuckDBInstance,
    table: RecordTable,
    folder: string,
    options: KeepOptions,
    now: () => number,
    archive: ArchivedFiles,
  ) {
    this.#archive = archive;
    this.#instance = instance;
    this.#table = table;
    this.folder = folder;
    this.#options = options;
    this.#now = now;
  }

  /** Opens the files of a folder, and puts right what a crash left. */
  static async open(
    instance: DuckDBInstance,
    table: RecordTable,
    folder: string,
    options: KeepOptions,
    now: () => number,
    archive: ArchivedFiles = NO_ARCHIVE,
  ): Promise<RecordFiles> {
    await mkdir(folder, { recursive: true });
    const files = new RecordFiles(instance, table, folder, options, now, archive);
    await files.#open();
    return files;
  }

  async #open(): Promise<void> {
    this.#windows = await windowFiles(this.folder);
    const closed = new Set(this.#windows.map(({ sequence }) => sequence));
    const sequences: number[] = [];
    for (const name of (await readdir(this.folder)).toSorted()) {
      const path = join(this.folder, name);
      const sequence = Number(HOT_NAME.exec(name)?.[1] ?? Number.NaN);
      if (name.endsWith(".draft")) await rm(path, { recursive: true, force: true });
      else if (closed.has(sequence)) await removeHot(path);
      // There was no room for it.
      else if (!Number.isNaN(sequence) && (await sizeOf(path)) === 0) await removeHot(path);
      else if (!Number.isNaN(sequence)) sequences.push(sequence);
    }
    let begin = await this.#lastClosed();
    for (const sequence of sequences) {
      const hot = await this.#openHot(sequence, begin);
      if (hot === undefined) continue;
      this.#hot.push(hot);
      begin = hot.state;
    }
    this.#hotSinceMs = this.#now();
    this.#begin = begin;
    if (this.#hot.length === 0) await this.#beginHot(begin).catch(unlessWithoutRoom);
    // Their closing was under way when the process ended.
    for (const hot of this.#hot.slice(0, -1)) this.#close(hot);
  }

  /** Up to where the newest window has the log. */
  async #lastClosed(): Promise<Pick<HotState, "position" | "next">> {
    const last = this.#windows.at(-1);
    if (last === undefined) return { position: -1, next: 1 };
    const connection = await this.#instance.connect();
    try {
      const found = await connection.runAndReadAll(
        `SELECT decode(key), decode(value) FROM parquet_kv_metadata('${quoted(last.path)}')`,
      );
      const values = new Map(found.getRows().map(([key, value]) => [String(key), Number(value)]));
      return { position: values.get("position") ?? -1, next: values.get("next") ?? 1 };
    } catch (error) {
      await this.#quarantine(last, (error as Error).message);
      return await this.#lastClosed();
    } finally {
      connection.closeSync();
    }
  }

  async #openHot(
    sequence: number,
    begin: Pick<HotState, "position" | "next">,
  ): Promise<HotFile | undefined> {
    const path = this.#hotPath(sequence);
    const connection = await this.#instance.connect();
    try {
      return await HotFile.open(connection, this.#table, { path, sequence }, begin);
    } catch (error) {
      connection.closeSync();
      // That is no damage.
      if (isWithoutRoom(error)) throw error;
      await rename(path, `${path}.damaged`);
      if (existsSync(`${path}.wal`)) await rename(`${path}.wal`, `${path}.wal.damaged`);
      this.#quarantined.push({ file: basename(path), reason: (error as Error).message });
      return undefined;
    }
  }

  #hotPath(sequence: number): string {
    return join(this.folder, `${String(sequence).padStart(6, "0")}.duckdb`);
  }

  async #beginHot(begin: Pick<HotState, "position" | "next">): Promise<void> {
    const taken = [
      ...this.#windows.map(({ sequence }) => sequence),
      ...(this.#archive.windows ?? []).map(({ name }) => readWindowName(name)?.sequence ?? 0),
      ...this.#hot.map(({ sequence }) => sequence),
      ...(await this.#damagedSequences()),
    ];
    const sequence = Math.max(0, ...taken) + 1;
    const hot = await this.#openHot(sequence, begin).catch(async (error: unknown) => {
      await removeHot(this.#hotPath(sequence));
      throw error;
    });
    if (hot === undefined) throw new Error(`cannot begin a window in ${this.folder}`);
    this.#hot.push(hot);
    this.#hotSinceMs = this.#now();
  }

  async #damagedSequences(): Promise<number[]> {
    return (await readdir(this.folder))
      .map((name) => /^(\d{6,})\b.*\.damaged$/.exec(name)?.[1])
      .filter((each) => each !== undefined)
      .map(Number);
  }

  /** Up to where the log is in the files, durably. */
  get position(): number {
    return (this.#current?.state ?? this.#begin).position;
  }

  /** How many records came, ever. */
  get next(): number {
    return ((this.#waiting ?? this.#current)?.state ?? this.#begin).next;
  }

  get #current(): HotFile | undefined {
    return this.#hot.at(-1);
  }

  /** Takes requests, all or none but those that cannot be read. Not while another call is under way. */
  async append(requests: readonly LoggedRequest[]): Promise<void> {
    if (this.#current === undefined) await this.#beginHot(this.#begin);
    for (const position of await this.#current!.append(requests)) {
      const file = `${basename(this.folder)}-log, request ${position}`;
      this.#quarantined.push({ file, reason: "it cannot be read" });
      if (this.#quarantined.length > MAX_TOLD) this.#quarantined.shift();
    }
  }

  /** Questions see these requests, too, which have no room yet. Not while another call is under way. */
  async show(requests: readonly LoggedRequest[]): Promise<void> {
    if (this.#waiting === undefined) {
      const connection = await this.#instance.connect();
      const { position, next } = this;
      const memory = { path: ":memory:", sequence: 0 };
      try {
        const begin = { position, next };
        this.#waiting = await HotFile.open(connection, this.#table, memory, begin);
      } catch (error) {
        connection.closeSync();
        throw error;
      }
    }
    await this.#waiting.append(requests);
  }

  /** Before what was shown is appended: questions from now on see it there. */
  async hide(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) return;
    await this.#settled();
    await waiting.drop();
  }

  /** Closes the window when its time is over or it is large, and drops what is too old. */
  async upkeep(): Promise<void> {
    const { windowMs, maxWindowRecords } = this.#options;
    const rows = this.#current?.rows ?? 0;
    const isOver =
      Math.floor(this.#hotSinceMs / windowMs) !== Math.floor(this.#now() / windowMs) && rows > 0;
    if (isOver || rows >= maxWindowRecords) await this.rotate();
    await this.#retain();
  }

  /** Closes the window: the next one takes records at once. Not while `append` is under way. */
  async rotate(): Promise<void> {
    const old = this.#current;
    if (old === undefined || old.rows === 0) return;
    await this.#beginHot(old.state);
    this.#close(old);
  }

  /**
   * Gives the closed windows a second name in a folder. Not while `append` is under way.
   *
   * @throws {FlxError} `FLX_STORE_FAILED` when a window that is over could not be closed
   */
  async freeze(folder: string): Promise<void> {
    await this.#closing;
    if (this.#hot.length > 1) {
      throw new FlxError("FLX_STORE_FAILED", `a window of ${this.folder} cannot be closed`);
    }
    await freezeFolder(this.folder, folder, isWindowFile);
  }

  /** Resolves when no window is being closed any more. */
  async closed(): Promise<void> {
    await this.#closing;
  }

  #close(hot: HotFile): void {
    this.#closing = this.#closeAfter(this.#closing, hot);
  }

  async #closeAfter(before: Promise<void>, hot: HotFile): Promise<void> {
    await before;
    try {
      await this.#toParquet(hot);
    } catch {
      // The hot file answers as before, and is closed at the next start, or when there is room again.
      setTimeout(() => {
        if (this.#hot.includes(hot)) this.#close(hot);
      }, CLOSE_AGAIN_MS).unref();
    }
  }

  async #toParquet(hot: HotFile): Promise<void> {
    if (hot.rows > 0) {
      const draft = join(this.folder, `${hot.sequence}.draft`);
      const connection = await this.#instance.connect();
      try {
        const { position, next, minTimeMs, maxTimeMs } = hot.state;
        const columns = this.#table.columns.map(({ name }) => `r.${name}`).join(", ");
        const group = await rowsOfGroup(connection, hot.schema, this.#table);
        await connection.run(
          `COPY (SELECT ${columns}, o.service, o.origin
                 FROM ${hot.schema}.main.records r JOIN ${hot.schema}.main.origins o ON r.origin = o.id
                 ORDER BY ${this.#table.order})
           TO '${quoted(draft)}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2,
             ROW_GROUP_SIZE ${group}, KV_METADATA {position: '${position}', next: '${next}'})`,
        );
        const window = await nameWindowFile(this.folder, draft, {
          sequence: hot.sequence,
          minTimeMs: Math.floor(minTimeMs),
          maxTimeMs: Math.ceil(maxTimeMs),
          records: hot.rows,
        });
        this.#verified.add(window.path);
        this.#windows.push(window);
      } finally {
        connection.closeSync();
        await rm(draft, { force: true });
      }
    }
    this.#hot = this.#hot.filter((each) => each !== hot);
    await this.#settled();
    await hot.close();
    await removeHot(hot.path);
  }

  async #retain(): Promise<void> {
    const { retentionMs, maxBytes } = this.#options;
    const nowMs = this.#now();
    let bytes = this.#windows.reduce((sum, each) => sum + each.bytes, 0);
    const dropped: WindowFile[] = [];
    const archived =
      this.#archive.windows && new Set(this.#archive.windows.map(({ name }) => name));
    for (const window of this.#windows) {
      // The oldest are copied first: what is behind one that is not there yet is not there either.
      if (archived?.has(basename(window.path)) === false) break;
      const isOld = retentionMs > 0 && window.writtenMs < nowMs - retentionMs;
      if (!isOld && !(maxBytes > 0 && bytes > maxBytes)) break;
      dropped.push(window);
      bytes -= window.bytes;
    }
    if (dropped.length === 0) return;
    this.#windows = this.#windows.filter((each) => !dropped.includes(each));
    await this.#settled();
    for (const { path } of dropped) await rm(path, { force: true });
  }

  /** Waits for the questions that were asked before. */
  async #settled(): Promise<void> {
    await Promise.allSettled(this.#asking);
  }

  /**
   * Asks the sources whose records may be in a range, the newest first.
   *
   * @param work  is given sources that stay until it ends
   * @param bring windows with something of it are brought from the archive; of others those that are near are asked
   */
  async ask<T>(
    range: RecordRange,
    work: (sources: readonly RecordSource[]) => Promise<T>,
    bring: RecordRange | undefined = range,
  ): Promise<T> {
    const answer = this.#verifiedSources(range, bring).then(work);
    this.#asking.add(answer);
    try {
      return await answer;
    } finally {
      this.#asking.delete(answer);
    }
  }

  async #verifiedSources(
    range: RecordRange,
    bring: RecordRange | undefined,
  ): Promise<RecordSource[]> {
    const all = this.#waiting === undefined ? this.#hot : [...this.#hot, this.#waiting];
    const hot = all.filter(({ rows, state }) => rows > 0 && overlaps(state, range));
    const sources: RecordSource[] = hot.map(({ schema, state, rows, askedOrigins }) =>
      hotSource(schema, state, state.next - rows, askedOrigins),
    );
    const [oldest] = this.#hot;
    let first = oldest === undefined ? this.#begin.next : oldest.state.next - oldest.rows;
    for (const window of this.#allWindows()) {
      first -= window.records;
      if (!overlaps(window, range)) continue;
      const path = await this.#pathOf(window, bring !== undefined && overlaps(window, bring));
      if (path !== undefined) sources.push(windowSource([path], window, first));
    }
    return sources.toSorted((a, b) => b.maxTimeMs - a.maxTimeMs);
  }

  /** The windows here and in the archive, the newest first. */
  #allWindows(): readonly (WindowFile | DistantWindow)[] {
    const here = this.#windows.toReversed();
    if (this.#archive.windows === undefined) return here;
    const names = new Set(here.map(({ path }) => basename(path)));
    const distant: DistantWindow[] = [];
    for (const { name, isNear } of this.#archive.windows) {
      const about = names.has(name) ? undefined : readWindowName(name);
      if (about !== undefined) distant.push({ ...about, name, isNear });
    }
    return [...here, ...distant].toSorted((a, b) => b.sequence - a.sequence);
  }

  /** Where a window can be read; undefined: it is no part of the answer. */
  async #pathOf(
    window: WindowFile | DistantWindow,
    mayBring: boolean,
  ): Promise<string | undefined> {
    if ("path" in window) return (await this.#isSound(window)) ? window.path : undefined;
    if (!mayBring && !window.isNear) return undefined;
    const path = await this.#archive.open(window.name);
    if (this.#verified.has(path)) return path;
    if ((await checksumOf(path)) !== window.checksum) {
      this.#archive.distrust(window.name);
      return undefined;
    }
    this.#verified.add(path);
    return path;
  }

  /** Looks at the checksums again, after a question failed; true when a file was put aside. */
  async recheck(): Promise<boolean> {
    const before = this.#quarantined.length;
    this.#verified.clear();
    for (const window of this.#windows) await this.#isSound(window);
    return this.#quarantined.length > before;
  }

  async #isSound(window: WindowFile): Promise<boolean> {
    if (this.#verified.has(window.path)) return true;
    try {
      if ((await checksumOf(window.path)) === window.checksum) {
        this.#verified.add(window.path);
        return true;
      }
      await this.#quarantine(window, "its checksum is another one");
    } catch (error) {
      await this.#quarantine(window, (error as Error).message);
    }
    return false;
  }

  async #quarantine(window: WindowFile, reason: string): Promise<void> {
    if (!this.#windows.includes(window)) return;
    this.#windows = this.#windows.filter((each) => each !== window);
    this.#quarantined.push({ file: basename(window.path), reason });
    await rename(window.path, `${window.path}.damaged`).catch(() => undefined);
  }

  /** How much there is. */
  async statistics(): Promise<RecordStatistics> {
    let bytes = this.#windows.reduce((sum, each) => sum + each.bytes, 0);
    for (const { path } of this.#hot) bytes += (await sizeOf(path)) + (await sizeOf(`${path}.wal`));
    const parts = [...this.#windows, ...this.#hot.map(({ state }) => state)];
    const minTimeMs = Math.min(...parts.map((each) => each.minTimeMs));
    const maxTimeMs = Math.max(...parts.map((each) => each.maxTimeMs));
    return {
      windows: this.#windows.length,
      records:
        this.#windows.reduce((sum, each) => sum + each.records, 0) +
        this.#hot.reduce((sum, each) => sum + each.rows, 0),
      bytes,
      minTimeMs: Number.isFinite(minTimeMs) ? minTimeMs : Number.NaN,
      maxTimeMs: Number.isFinite(maxTimeMs) ? maxTimeMs : Number.NaN,
      quarantined: [...this.#quarantined],
    };
  }

  /** Lets go of everything without another word to a database that refuses all. */
  async abandon(): Promise<void> {
    await this.#settled();
    for (const hot of this.#hot) hot.abandon();
    this.#waiting?.abandon();
  }

  /** Lets go of everything; the files stay. */
  async close(): Promise<void> {
    await this.#closing;
    await this.hide();
    await this.#settled();
    for (const hot of this.#hot) await hot.close();
    this.#hot = [];
  }
}

/**
 * How many rows a row group has.
 *
 * Texts that differ from row to row stand in no dictionary but one behind the other, in one page that is unpacked for a
 * single one of them: the wider they are, the fewer there should be.
 */
async function rowsOfGroup(
  connection: DuckDBConnection,
  schema: string,
  { columns, groupTextBytes }: RecordTable,
): Promise<number> {
  if (groupTextBytes === undefined) return ROW_GROUP;
  const texts = columns.filter(({ type }) => type === "VARCHAR");
  const about = texts.map(({ name }) => `avg(strlen(${name})), approx_count_distinct(${name})`);
  const answer = await connection.runAndReadAll(
    `SELECT count(*), ${about.join(", ")}
     FROM (SELECT * FROM ${schema}.main.records LIMIT ${ROW_GROUP})`,
  );
  const [rows = 0, ...found] = answer.getRows()[0]!.map(Number);
  let bytes = 0;
  for (const i of texts.keys()) {
    const [width, different] = [found[2 * i]!, found[2 * i + 1]!];
    const inDictionary = different < rows / 5 && different * width < DICTIONARY_BYTES;
    if (!inDictionary) bytes += width;
  }
  const fitting = Math.floor(groupTextBytes / bytes / VECTOR) * VECTOR;
  return Math.min(ROW_GROUP, Math.max(VECTOR, fitting));
}

/** What the database says when the disk is full. */
function isWithoutRoom(error: unknown): boolean {
  return /No space left on device|quota exceeded/i.test((error as Error).message);
}

function unlessWithoutRoom(error: unknown): void {
  if (!isWithoutRoom(error)) throw error;
}

function overlaps(
  part: { readonly minTimeMs: number; readonly maxTimeMs: number },
  { startMs, endMs }: RecordRange,
): boolean {
  return part.minTimeMs <= endMs && part.maxTimeMs >= startMs;
}

async function removeHot(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}.wal`, { force: true });
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
