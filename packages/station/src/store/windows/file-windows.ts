// The closed windows of a folder.
//
//   FOLDER/1767225600000.window       one file a window; the number is when it begins, Unix milliseconds
//          1767232800000.window.draft     being written; removed at start
//          1767218400000.window.damaged   put aside: its reason is told, and it is no part of any answer
//
// Retention is removing files: those that are too old, then the oldest ones while all together are too large. With an
// archive none goes before it is there, and windows that are only there are part of every answer.
//
// A window with series whose policy says less is written anew without them when their time is over.
//
// Indexes and blocks that were read stay in memory within a budget.

import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FlxError, type Labels } from "@flx/model";
import {
  type FloatHistogram,
  hintWhenRead,
  type Matcher,
  type SelectHints,
  type SeriesData,
  type TimeRange,
} from "@flx/promql";
import type { Archive } from "../archive/archive.ts";
import type { ArchivedWindow } from "../archive/archive-name.ts";
import { SeriesIndex } from "../head/series-index.ts";
import { joinExemplars, joinLimited, joinSeries } from "../join.ts";
import { diskError } from "../log/log.ts";
import { syncFolder } from "../log/sync-folder.ts";
import type { Limited, SeriesExemplars, SeriesQuestion } from "../metrics-source.ts";
import { ByteCache } from "./byte-cache.ts";
import { RetentionPolicies, type RetentionPolicy } from "./retention-policies.ts";
import { type Resolution, resolutionFor } from "./rollup.ts";
import { Rollups } from "./rollups.ts";
import { type ReadSamples, readSamples } from "./series-block.ts";
import {
  type IndexedSeries,
  readContents,
  rewriteWindowFile,
  type WindowContents,
  WindowIndex,
  writeWindowFile,
} from "./window-file.ts";
import {
  WINDOW_MS,
  type WindowSeries,
  type WindowStatistics,
  type WindowStore,
} from "./window-store.ts";

/** How windows are kept. */
export interface FileWindowsOptions {
  readonly folder: string;
  /** Windows that ended so long ago are removed, ms; 0 for never. */
  readonly retentionMs: number;
  /** Of series that are kept for another time; the first one that matches. */
  readonly policies?: readonly RetentionPolicy[] | undefined;
  /** And the oldest ones while all together are larger, bytes; 0 for no limit. */
  readonly maxBytes?: number;
  /** Of indexes and blocks that were read, bytes. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Whether rollups are made and read. Default false. */
  readonly hasRollups?: boolean | undefined;
  /** Where windows are copied to before they are removed. */
  readonly archive?: Archive | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Told of damage, and of files that cannot be removed. */
  readonly onProblem?: (error: FlxError) => void;
}

interface Window extends WindowContents {
  readonly startMs: number;
  readonly path: string;
  readonly bytes: number;
}

interface OpenIndex {
  readonly file: WindowIndex;
  readonly index: SeriesIndex<IndexedSeries>;
}

const NAME = /^(-?\d{1,16})\.window$/;
const RETAIN_EVERY_MS = 60_000;
/** How long questions may be held up while a file changes. */
const MAX_HOLD_MS = 1_000;
/** What a file says whose bytes are not what was written. */
const DAMAGE: ReadonlySet<string> = new Set(["FLX_STORE_DAMAGED", "FLX_STORE_RECORD"]);

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Windows in files. */
export class FileWindows implements WindowStore, AsyncDisposable {
  readonly #options: FileWindowsOptions;
  readonly #indexes: ByteCache<OpenIndex>;
  readonly #blocks: ByteCache<Buffer>;
  readonly #quarantined: { readonly file: string; readonly reason: string }[] = [];
  readonly #timer: NodeJS.Timeout;
  #windows: Window[] = [];
  #policies: RetentionPolicies;
  /** Which lengths of time a window was written anew for, by path. */
  readonly #compacted = new Map<string, string>();
  /** Questions that are being answered: no file changes under them. */
  readonly #asking = new Set<Promise<number>>();
  /** New questions wait for it. */
  #held: Promise<void> | undefined;
  #closedUntilMs = -Infinity;
  #rollups: Rollups | undefined;
  #isClosed = false;
  #retaining: Promise<void> = Promise.resolve();

  private constructor(options: FileWindowsOptions) {
    this.#options = options;
    this.#policies = new RetentionPolicies(options.retentionMs, options.policies);
    const cacheBytes = options.cacheBytes ?? 64 * 1024 * 1024;
    this.#indexes = new ByteCache(cacheBytes / 2);
    this.#blocks = new ByteCache(cacheBytes / 2);
    this.#timer = setInterval(() => void this.retain(), RETAIN_EVERY_MS).unref();
  }

  /**
   * Opens the windows of a folder.
   *
   * @throws {FlxError} `FLX_STORE_DISK` when it cannot be read
   */
  static async open(options: FileWindowsOptions): Promise<FileWindows> {
    const { folder } = options;
    const windows = new FileWindows(options);
    try {
      await mkdir(folder, { recursive: true });
      for (const name of await readdir(folder)) await windows.#found(name);
      windows.#windows.sort((a, b) => a.startMs - b.startMs);
      for (const { key } of options.archive?.windows("metrics") ?? []) windows.#closedUpTo(key);
      if (options.hasRollups === true) {
        windows.#rollups = await Rollups.open(join(folder, "..", "rollups"), windows.#windows);
      }
      // Old windows go before the start, rollups are made after it.
      await windows.#removeOld();
      options.archive?.onChange((signal) => {
        if (signal === "metrics") void windows.retain();
      });
      return windows;
    } catch (error) {
      await windows[Symbol.asyncDispose]();
      throw diskError(`cannot open the windows in ${folder}`, error);
    }
  }

  async #found(name: string): Promise<void> {
    const path = join(this.#options.folder, name);
    if (name.endsWith(".draft")) await rm(path, { force: true });
    if (name.endsWith(".damaged")) {
      this.#quarantined.push({ file: path, reason: "put aside before" });
      this.#closedUpTo(Number.parseInt(name, 10));
    }
    const match = NAME.exec(name);
    if (match === null) return;
    const startMs = Number(match[1]);
    this.#closedUpTo(startMs);
    try {
      this.#windows.push({ startMs, path, ...(await readContents(path)) });
    } catch (error) {
      await this.#putAside(path, error);
    }
  }

  /** A window that was closed stays closed, whatever becomes of its file. */
  #closedUpTo(startMs: number): void {
    if (Number.isFinite(startMs)) {
      this.#closedUntilMs = Math.max(this.#closedUntilMs, startMs + WINDOW_MS);
    }
  }

  get closedUntilMs(): number {
    return this.#closedUntilMs;
  }

  async close(startMs: number, series: Iterable<WindowSeries>): Promise<void> {
    const path = join(this.#options.folder, `${startMs}.window`);
    try {
      const contents = await writeWindowFile(path, series, pause);
      this.#windows.push({ startMs, path, ...contents });
      this.#closedUpTo(startMs);
    } catch (error) {
      if (error instanceof FlxError) throw error;
      throw diskError("a window cannot be closed", error);
    }
  }

  /** Other ages from now on. */
  retainFor(retentionMs: number, policies: readonly RetentionPolicy[] = []): void {
    this.#policies = new RetentionPolicies(retentionMs, policies);
    this.#compacted.clear();
    void this.retain();
  }

  /** Removes what is to be kept no longer. Never rejects. */
  retain(): Promise<void> {
    this.#retaining = this.#retaining.then(() => this.#retain());
    return this.#retaining;
  }

  async #retain(): Promise<void> {
    await this.#removeOld();
    if (this.#policies.areSeveral) await this.#compact();
    await this.#rollUp();
  }

  async #removeOld(): Promise<void> {
    const { maxBytes = 0, now, archive } = this.#options;
    const oldestMs = now() - this.#policies.longestMs;
    let bytes = this.#windows.reduce((sum, window) => sum + window.bytes, 0);
    for (const window of this.#windows) {
      const isTooOld = window.startMs + WINDOW_MS <= oldestMs;
      if (!isTooOld && (maxBytes === 0 || bytes <= maxBytes)) continue;
      if (archive?.has("metrics", basename(window.path)) === false) continue;
      bytes -= window.bytes;
      this.#drop(window.path);
      try {
        await this.#dropRollups(window.startMs);
        await rm(window.path, { force: true });
      } catch (error) {
        this.#options.onProblem?.(diskError(`cannot remove ${window.path}`, error));
      }
    }
  }

  /** Writes windows anew without the series whose time is over. */
  async #compact(): Promise<void> {
    const { archive, onProblem, now } = this.#options;
    for (const window of this.#windows) {
      const endMs = window.startMs + WINDOW_MS;
      const over = this.#policies.lengthsMs.filter((lengthMs) => endMs <= now() - lengthMs);
      const state = over.join();
      if (over.length === 0 || this.#compacted.get(window.path) === state) continue;
      if (archive?.has("metrics", basename(window.path)) === false) continue;
      try {
        const isKept = (labels: Labels): boolean => !over.includes(this.#policies.lengthOf(labels));
        if (await this.#compactOne(window, isKept)) this.#compacted.set(window.path, state);
      } catch (error) {
        if (error instanceof FlxError && DAMAGE.has(error.code)) {
          await this.#putAside(window.path, error);
        } else onProblem?.(diskError(`cannot write ${window.path} anew`, error));
      }
    }
  }

  /** Whether it is done; false: try again later. */
  async #compactOne(window: Window, isKept: (labels: Labels) => boolean): Promise<boolean> {
    const { path, startMs } = window;
    const { series } = await WindowIndex.open(path);
    if (series.every(({ labels }) => isKept(labels))) return true;
    const draft = `${path}.draft`;
    const contents = await rewriteWindowFile(path, draft, isKept, pause);
    const swap = async (): Promise<void> => {
      if (contents === undefined) await rm(path, { force: true });
      else await rename(draft, path);
      await syncFolder(this.#options.folder);
      this.#drop(path);
      await this.#dropRollups(startMs);
      if (contents === undefined) return;
      const windows = [...this.#windows, { startMs, path, ...contents }];
      this.#windows = windows.toSorted((a, b) => a.startMs - b.startMs);
    };
    const isDone = this.#windows.includes(window) && (await this.#undisturbed(swap));
    if (!isDone) await rm(draft, { force: true });
    return isDone;
  }

  /** Does something while no question is being answered; false: they took too long, and it is not done. */
  async #undisturbed(work: () => Promise<void>): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    const waiting = new AbortController();
    try {
      const late = sleep(MAX_HOLD_MS, undefined, { signal: waiting.signal }).catch(() => undefined);
      await Promise.race([Promise.allSettled(this.#asking), late]);
      if (this.#asking.size > 0) return false;
      await work();
      return true;
    } finally {
      waiting.abort();
      this.#held = undefined;
      resolve();
    }
  }

  #drop(path: string): void {
    this.#windows = this.#windows.filter((window) => window.path !== path);
    this.#forget(path);
  }

  #forget(path: string): void {
    this.#indexes.forget(path);
    this.#blocks.forget(path);
  }

  async #putAside(path: string, cause: unknown): Promise<void> {
    const reason = (cause as Error).message;
    this.#drop(path);
    this.#quarantined.push({ file: `${path}.damaged`, reason });
    await rename(path, `${path}.damaged`).catch(() => undefined);
    this.#options.onProblem?.(
      new FlxError("FLX_STORE_DAMAGED", `a window was put aside: ${reason}`, { cause }),
    );
  }

  async select(
    matchers: readonly Matcher[],
    range: TimeRange,
    hints: SelectHints,
    signal: AbortSignal | undefined,
  ): Promise<readonly SeriesData[]> {
    let joined: readonly SeriesData[] = [];
    const resolution = this.#rollups === undefined ? undefined : resolutionFor(range, hints);
    const askOne = async (open: OpenIndex): Promise<void> => {
      const found: SeriesData[] = [];
      await this.#samples(
        open,
        open.index.findByTurns(matchers),
        range,
        signal,
        (labels, samples) => {
          const startMs = Math.max(range.startMs, this.#startOf(labels));
          const data = cut(labels, samples, { ...range, startMs });
          if (data !== undefined) found.push(data);
        },
      );
      joined = joinSeries(joined, found);
    };
    const used = await this.#each(range, askOne, resolution);
    if (used > 0) {
      hints.note?.(
        `${used} windows of two hours were read as rollups of ${resolution!.name}; the answer is that of all samples`,
      );
    }
    return joined;
  }

  /** The first time of a series that is answered: a policy may say less than there is. */
  #startOf(labels: Labels): number {
    return this.#policies.areSeveral
      ? this.#policies.startOf(labels, this.#options.now())
      : -Infinity;
  }

  #isWanted({ labels, firstMs, lastMs }: IndexedSeries, { startMs, endMs }: TimeRange): boolean {
    return firstMs <= endMs && lastMs >= startMs && lastMs >= this.#startOf(labels);
  }

  /** Gives the samples of series, block by block. */
  async #samples(
    { file }: OpenIndex,
    series: Iterable<IndexedSeries | undefined>,
    range: TimeRange,
    signal: AbortSignal | undefined,
    onSamples: (labels: Labels, samples: ReadSamples) => void,
  ): Promise<void> {
    const byBlock = new Map<number, IndexedSeries[]>();
    for (const each of series) {
      if (each === undefined) {
        await pause();
        giveUp(signal);
        continue;
      }
      if (!this.#isWanted(each, range)) continue;
      const list = byBlock.get(each.block);
      if (list === undefined) byBlock.set(each.block, [each]);
      else list.push(each);
    }
    for (const [number, list] of byBlock) {
      giveUp(signal);
      const read = (): Promise<Buffer> => file.block(number);
      const block = await this.#blocks.get(`${file.path}#${number}`, read, ({ length }) => length);
      for (const { labels, from, to } of list)
        onSamples(labels, readSamples(block.subarray(from, to)));
      await pause();
    }
  }

  /** Asks each window that a range touches, oldest first; one that is damaged, or gone by now, has no part in it. */
  async #each(
    range: TimeRange,
    ask: (open: OpenIndex) => Promise<void>,
    resolution?: Resolution,
  ): Promise<number> {
    while (this.#held !== undefined) await this.#held;
    const asking = this.#askEach(range, ask, resolution);
    this.#asking.add(asking);
    try {
      return await asking;
    } finally {
      this.#asking.delete(asking);
    }
  }

  /** @returns how many rollups were asked instead of windows */
  async #askEach(
    range: TimeRange,
    ask: (open: OpenIndex) => Promise<void>,
    resolution: Resolution | undefined,
  ): Promise<number> {
    let rollups = 0;
    for (const window of this.#touched(range)) {
      try {
        if (resolution !== undefined && (await this.#askRollup(window, ask, resolution))) {
          rollups++;
          continue;
        }
        const path = "path" in window ? window.path : await this.#options.archive!.open(window);
        const read = (): Promise<OpenIndex> => openIndex(path);
        await ask(await this.#indexes.get(path, read, ({ file }) => file.bytes));
      } catch (error) {
        if (!("path" in window)) this.#archiveFault(window, error);
        else if ((error as NodeJS.ErrnoException).code === "ENOENT") this.#drop(window.path);
        else if (error instanceof FlxError && DAMAGE.has(error.code)) {
          await this.#putAside(window.path, error);
        } else throw error;
      }
    }
    return rollups;
  }

  /** Whether a window's rollup was asked; false: there is none that is whole. */
  async #askRollup(
    window: Window | ArchivedWindow,
    ask: (open: OpenIndex) => Promise<void>,
    resolution: Resolution,
  ): Promise<boolean> {
    if (!("path" in window)) return false;
    const path = this.#rollups?.pathOf(window, resolution);
    if (path === undefined) return false;
    try {
      const read = (): Promise<OpenIndex> => openIndex(path);
      await ask(await this.#indexes.get(path, read, ({ file }) => file.bytes));
      return true;
    } catch (error) {
      const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
      if (!isGone && !(error instanceof FlxError && DAMAGE.has(error.code))) throw error;
      await this.#dropRollups(window.startMs);
      return false;
    }
  }

  async #dropRollups(startMs: number): Promise<void> {
    for (const path of (await this.#rollups?.remove(startMs)) ?? []) this.#forget(path);
  }

  /** Makes the rollups that are missing. */
  async #rollUp(): Promise<void> {
    for (const window of this.#windows) {
      if (this.#isClosed || !this.#windows.includes(window)) continue;
      try {
        await this.#rollups?.make(window, pause);
      } catch (error) {
        if (error instanceof FlxError && DAMAGE.has(error.code)) {
          await this.#putAside(window.path, error);
        } else this.#options.onProblem?.(diskError(`cannot roll up ${window.path}`, error));
      }
    }
  }

  /** The windows that a range touches, here and in the archive, oldest first. */
  #touched({ startMs, endMs }: TimeRange): (Window | ArchivedWindow)[] {
    const overlaps = (window: Window | ArchivedWindow): boolean =>
      window.minTimeMs <= endMs && window.maxTimeMs >= startMs;
    const here = this.#windows.filter(overlaps);
    const { archive } = this.#options;
    if (archive === undefined) return here;
    const starts = new Set(this.#windows.map((window) => window.startMs));
    const there = archive
      .windows("metrics")
      .filter((each) => !starts.has(each.key) && overlaps(each) && archive.isSound(each));
    return [...there, ...here].toSorted((a, b) => startOf(a) - startOf(b));
  }

  /** One of the archive that is damaged, or gone, is no part of the answer; one that cannot be reached fails the question. */
  #archiveFault(window: ArchivedWindow, error: unknown): void {
    const isGone = (error as NodeJS.ErrnoException).code === "ENOENT";
    if (!isGone && !(error instanceof FlxError && DAMAGE.has(error.code))) throw error;
    this.#options.archive!.distrust(window);
  }

  async #matching(
    { selectors, range, signal }: SeriesQuestion,
    onSeries: (series: IndexedSeries) => void,
  ): Promise<void> {
    await this.#each(range, async ({ index }) => {
      giveUp(signal);
      for (const matchers of selectors.length === 0 ? [[]] : selectors) {
        for (const series of index.findByTurns(matchers)) {
          if (series === undefined) {
            await pause();
            giveUp(signal);
          } else if (this.#isWanted(series, range)) onSeries(series);
        }
      }
      await pause();
    });
  }

  async series(question: SeriesQuestion): Promise<Limited<Labels>> {
    const found = new Map<string, Labels>();
    await this.#matching(question, ({ labels }) => void found.set(labels.key, labels));
    const items = [...found.values()];
    return joinLimited({ items, isCut: false }, NOTHING, question.limit, ({ key }) => key);
  }

  async labelNames(question: SeriesQuestion): Promise<Limited<string>> {
    const names = new Set<string>();
    await this.#matching(question, ({ labels }) => {
      for (const [name] of labels) names.add(name);
    });
    return sorted(names, question.limit);
  }

  async labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>> {
    const values = new Set<string>();
    await this.#matching(question, ({ labels }) => {
      const value = labels.get(name);
      if (value !== undefined) values.add(value);
    });
    return sorted(values, question.limit);
  }

  async exemplars(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    { limit, signal }: { readonly limit: number; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly SeriesExemplars[]> {
    let joined: readonly SeriesExemplars[] = [];
    await this.#each(range, async (open) => {
      const series = new Set(selectors.flatMap((matchers) => [...open.index.find(matchers)]));
      const withSome = [...series].filter(({ hasExemplars }) => hasExemplars);
      const found: SeriesExemplars[] = [];
      await this.#samples(open, withSome, range, signal, (labels, samples) => {
        const exemplars = samples.exemplars
          .map(({ labels: own, value, timestampMs = 0 }) => ({ labels: own, value, timestampMs }))
          .filter(({ timestampMs: at }) => at >= range.startMs && at <= range.endMs);
        if (exemplars.length > 0) found.push({ labels, exemplars });
      });
      joined = joinExemplars(joined, found, limit);
    });
    return joined;
  }

  statistics(): WindowStatistics {
    const windows = this.#windows;
    const firstOfArchive = this.#options.archive?.windows("metrics")[0]?.minTimeMs;
    const sum = (of: (window: Window) => number): number =>
      windows.reduce((total, window) => total + of(window), 0);
    return {
      windows: windows.length,
      bytes: sum(({ bytes }) => bytes),
      samples: sum(({ samples }) => samples),
      minTimeMs: Math.min(windows[0]?.minTimeMs ?? Number.NaN, firstOfArchive ?? Infinity),
      maxTimeMs: windows.at(-1)?.maxTimeMs ?? Number.NaN,
      quarantined: [...this.#quarantined],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#retaining;
  }
}

function startOf(window: Window | ArchivedWindow): number {
  return "path" in window ? window.startMs : window.key;
}

const NOTHING: Limited<never> = { items: [], isCut: false };

async function openIndex(path: string): Promise<OpenIndex> {
  const file = await WindowIndex.open(path);
  const index = new SeriesIndex<IndexedSeries>([...file.series]);
  for (const series of file.series) index.add(series);
  return { file, index };
}

function sorted(texts: Iterable<string>, limit: number): Limited<string> {
  return joinLimited(
    { items: [...texts].toSorted(), isCut: false },
    NOTHING,
    limit,
    (text) => text,
  );
}

function giveUp(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new FlxError("FLX_PROMQL_ABORTED", "the question was given up", { cause: signal.reason });
}

/** The samples of a range, with the hints a store gives histograms. */
function cut(
  labels: Labels,
  { timestamps, values, histograms, startTimestamps, thinned }: ReadSamples,
  { startMs, endMs }: TimeRange,
): SeriesData | undefined {
  let from = 0;
  let to = timestamps.length;
  while (from < to && timestamps[from]! < startMs) from++;
  while (to > from && timestamps[to - 1]! > endMs) to--;
  if (from === to) return undefined;
  return {
    labels,
    timestamps: timestamps.subarray(from, to),
    values: values.subarray(from, to),
    histograms: histograms === undefined ? undefined : withHints(histograms.slice(from, to)),
    startTimestamps: startTimestamps?.subarray(from, to),
    thinned: thinned && {
      weights: thinned.weights.subarray(from, to),
      lost: thinned.lost.subarray(from, to),
    },
  };
}

function withHints(
  histograms: readonly (FloatHistogram | undefined)[],
): readonly (FloatHistogram | undefined)[] {
  let before: FloatHistogram | undefined;
  return histograms.map((each) => {
    const read = each === undefined ? undefined : hintWhenRead(each, before);
    before = each;
    return read;
  });
}
