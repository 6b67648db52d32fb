// The store of metrics inside the station.
//
//   append ──► check ──► log (durable) ──► head ──► answered            select, series, labels ...
//                          │                │                              │ before closedUntilMs: windows
//                          │                └── window complete ──► windows│ after it: head
//                          └── dropped when a snapshot of the head is on disk
//
// Upkeep, one thing at a time, every few seconds:
//   close      the oldest window, when the newest sample is `lateMs` past its end
//   snapshot   when the log has grown by half more than the last one has, by 16 MiB at least and 64 MiB at most; when a
//              window was closed; at the end. So a start reads a log that is in proportion to what it makes of it
//
// What is acknowledged is in the log; what the log has lost segments of is in a snapshot or in a closed window.

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { FlxError, type Labels } from "@flx/model";
import { Counter, Gauge, Histogram, type Registry } from "@flx/monitoring/metrics";
import type { Matcher, SelectHints, SeriesData, TimeRange } from "@flx/promql";
import { FolderLock } from "./log/folder-lock.ts";
import { freezeFolder } from "./log/freeze-folder.ts";
import { Log } from "./log/log.ts";
import { segmentOf } from "./log/segment-file.ts";
import { BatchWriter, readBatch } from "./head/batch-record.ts";
import { DEFAULT_HEAD_LIMITS, Head, type HeadLimits } from "./head/head.ts";
import type { HeadSeries } from "./head/head-series.ts";
import { windowOf } from "./head/head-memory.ts";
import { isSnapshot, readSnapshot, writeSnapshot } from "./head/snapshot.ts";
import { compareExemplars } from "./head/exemplar-ring.ts";
import { HeadQuestions } from "./head/questions.ts";
import { joinExemplars, joinLimited, joinSeries } from "./join.ts";
import {
  type AppendOutcome,
  type SampleBatch,
  type SeriesRef,
  SinkRefusal,
} from "./metric-sink.ts";
import type { MetricStore, StoreCondition } from "./metric-store.ts";
import type {
  FamilyMetadata,
  Limited,
  SeriesExemplars,
  SeriesQuestion,
  StoreStatistics,
} from "./metrics-source.ts";
import { WINDOW_MS, type WindowStore } from "./windows/window-store.ts";

/** How the store is opened. */
export interface EmbeddedStoreOptions {
  /** The data folder; the store keeps `metrics/` in it to itself. */
  readonly folder: string;
  /** Unix milliseconds. */
  readonly now?: () => number;
  readonly limits?: Partial<HeadLimits>;
  /** Opens the closed windows in a folder of the store. */
  readonly openWindows: (folder: string) => Promise<WindowStore & AsyncDisposable>;
  /** Where the store's own metrics go. */
  readonly registry?: Registry;
  /** Told what people should know: damage, a disk that is full. */
  readonly onProblem?: (error: FlxError) => void;
  /** The log grows by so much between snapshots. Default: by the size of the last one. */
  readonly snapshotBytes?: number;
  /** How often upkeep looks, ms; 0 for never by itself. Default 5,000. */
  readonly upkeepMs?: number;
}

const BATCH = 1;
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Opens the store: what was acknowledged is there.
 *
 * @throws {FlxError} `FLX_STORE_LOCKED` when another process has the folder, `FLX_STORE_DISK` when it cannot be used
 */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  const folder = join(options.folder, "metrics");
  const lock = await FolderLock.take(folder);
  try {
    return await EmbeddedStore.open(options, folder, lock);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** The embedded store. */
export class EmbeddedStore implements MetricStore {
  readonly #options: EmbeddedStoreOptions;
  readonly #now: () => number;
  readonly #lock: FolderLock;
  readonly #log: Log;
  readonly #logFolder: string;
  readonly #head: Head;
  readonly #questions: HeadQuestions;
  readonly #windows: WindowStore & AsyncDisposable;
  readonly #writer = new BatchWriter();
  readonly #metrics: StoreMetrics;
  readonly #reading = new Set<Promise<unknown>>();
  /** Bytes of the log that are in the last snapshot, or were there when it was taken; what a start finds is in none. */
  #snapshotAtBytes = 0;
  #snapshotSize: number;
  #upkeep: Promise<void> = Promise.resolve();
  readonly #timer: NodeJS.Timeout | undefined;
  #problem = "";
  #refusesUntilMs = 0;
  #isClosed = false;

  private constructor(parts: {
    readonly options: EmbeddedStoreOptions;
    readonly lock: FolderLock;
    readonly log: Log;
    readonly logFolder: string;
    readonly head: Head;
    readonly windows: WindowStore & AsyncDisposable;
    readonly metrics: StoreMetrics;
    readonly snapshotSize: number;
  }) {
    this.#options = parts.options;
    this.#now = parts.options.now ?? Date.now;
    this.#lock = parts.lock;
    this.#log = parts.log;
    this.#logFolder = parts.logFolder;
    this.#head = parts.head;
    this.#questions = new HeadQuestions(parts.head);
    this.#windows = parts.windows;
    this.#metrics = parts.metrics;
    this.#snapshotSize = parts.snapshotSize;
    const everyMs = parts.options.upkeepMs ?? 5_000;
    if (everyMs > 0) this.#timer = setInterval(() => void this.maintain(), everyMs).unref();
  }

  /** See `openEmbeddedStore`, which also takes the folder. */
  static async open(
    options: EmbeddedStoreOptions,
    folder: string,
    lock: FolderLock,
  ): Promise<EmbeddedStore> {
    const startedMs = performance.now();
    const metrics = new StoreMetrics(options.registry);
    const windows = await options.openWindows(join(folder, "windows"));
    try {
      const head = new Head({ ...DEFAULT_HEAD_LIMITS, ...options.limits }, options.now ?? Date.now);
      head.floorMs = windows.closedUntilMs;
      const logFolder = join(folder, "log");
      const { log, damaged, snapshotSize } = await replay(head, logFolder, metrics);
      if (damaged > 0) {
        const message = `${damaged} bytes of the log or its snapshot are damaged; the rest is served`;
        options.onProblem?.(new FlxError("FLX_STORE_DAMAGED", message));
      }
      if (head.floorMs > -Infinity) await head.forget(head.floorMs, pause);
      metrics.replaySeconds.set((performance.now() - startedMs) / 1_000);
      const parts = { options, lock, log, logFolder, head, windows, metrics, snapshotSize };
      const store = new EmbeddedStore(parts);
      if (damaged > 0) store.#problem = `${damaged} bytes were damaged`;
      return store;
    } catch (error) {
      await windows[Symbol.asyncDispose]();
      throw error;
    }
  }

  get generation(): number {
    return this.#head.generation;
  }

  get condition(): StoreCondition {
    if (this.#isClosed) return { state: "unavailable", reason: "the store is closed" };
    const { quarantined } = this.#windows.statistics();
    if (this.#now() < this.#refusesUntilMs) {
      return { state: "unavailable", reason: this.#problem };
    }
    if (this.#problem !== "") return { state: "degraded", reason: this.#problem };
    if (quarantined.length > 0) {
      return { state: "degraded", reason: `${quarantined.length} damaged files were put aside` };
    }
    const { refusal } = this.#head;
    if (refusal !== undefined) return { state: "degraded", reason: refusal };
    return { state: "ready", reason: "" };
  }

  /** Brings other limits into force; series that are there stay. */
  limitTo(limits: Partial<HeadLimits>): void {
    this.#head.limits = { ...this.#head.limits, ...limits };
  }

  ref(labels: Labels, source: string): SeriesRef {
    return this.#head.ref(labels, source);
  }

  labelsOf(ref: SeriesRef): Labels | undefined {
    return this.#head.get(ref)?.labels;
  }

  async append(batch: SampleBatch): Promise<AppendOutcome> {
    const head = this.#head;
    const { chosen, rejected } = head.check(batch);
    const floats = chosen.floats === "all" ? batch.count : chosen.floats.length;
    const histograms =
      chosen.histograms === "all" ? batch.histograms.length : chosen.histograms.length;
    dropKnownMetadata(batch, head);
    if (batch.exemplars.length > 1) {
      batch.exemplars.sort((a, b) => compareExemplars(a.exemplar, b.exemplar));
    }
    if (floats + histograms + batch.exemplars.length + batch.metadata.length > 0) {
      const named = this.#name(batch);
      try {
        await this.#log.append(BATCH, this.#writer.write(batch, chosen, named));
      } catch (error) {
        throw this.#refusal(error);
      }
      this.#refusesUntilMs = 0;
      const already = rejected.length;
      head.apply(batch, chosen, rejected);
      this.#metrics.samples.inc(floats + histograms - (rejected.length - already));
    }
    for (const { kind } of rejected) this.#metrics.rejected.inc({ reason: kind });
    return { rejected };
  }

  /** The series of a batch that the log does not know yet; it knows them afterwards, or has failed. */
  #name(batch: SampleBatch): HeadSeries[] {
    const { failures } = this.#log;
    const named: HeadSeries[] = [];
    const name = (ref: number): void => {
      const series = this.#head.get(ref);
      if (series === undefined || series.loggedAt === failures) return;
      series.loggedAt = failures;
      named.push(series);
    };
    for (let i = 0; i < batch.count; i++) name(batch.refs[i]!);
    for (const { ref } of batch.histograms) name(ref);
    for (const { ref } of batch.exemplars) name(ref);
    return named;
  }

  #refusal(cause: unknown): SinkRefusal {
    const error = cause as FlxError;
    if (error.code === "FLX_STORE_BUSY") {
      return new SinkRefusal(error.code, error.message, "overloaded", 1_000);
    }
    this.#note(error);
    this.#refusesUntilMs = this.#now() + 5_000;
    return new SinkRefusal(error.code, error.message, "unavailable", 5_000);
  }

  #note(error: FlxError): void {
    if (this.#problem !== error.message) this.#options.onProblem?.(error);
    this.#problem = error.message;
  }

  async select(
    matchers: readonly Matcher[],
    range: TimeRange,
    hints: SelectHints,
    signal: AbortSignal | undefined,
  ): Promise<readonly SeriesData[]> {
    const split = this.#windows.closedUntilMs;
    return this.#read(async () => {
      const newer = this.#questions.select(matchers, after(range, split), signal);
      if (range.startMs >= split) return newer;
      const older = this.#windows.select(matchers, before(range, split), hints, signal);
      return joinSeries(await older, await newer);
    });
  }

  async labelNames(question: SeriesQuestion): Promise<Limited<string>> {
    return this.#ask(
      question,
      (part) => this.#windows.labelNames(part),
      (part) => this.#questions.labelNames(part),
    );
  }

  async labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>> {
    return this.#ask(
      question,
      (part) => this.#windows.labelValues(name, part),
      (part) => this.#questions.labelValues(name, part),
    );
  }

  async series(question: SeriesQuestion): Promise<Limited<Labels>> {
    const split = this.#windows.closedUntilMs;
    return this.#read(async () => {
      const newer = await this.#questions.series(within(question, after(question.range, split)));
      if (question.range.startMs >= split) return newer;
      const older = within(question, before(question.range, split));
      return joinLimited(
        await this.#windows.series(older),
        newer,
        question.limit,
        ({ key }) => key,
      );
    });
  }

  async #ask(
    question: SeriesQuestion,
    windows: (part: SeriesQuestion) => Promise<Limited<string>>,
    head: (part: SeriesQuestion) => Promise<Limited<string>>,
  ): Promise<Limited<string>> {
    const split = this.#windows.closedUntilMs;
    return this.#read(async () => {
      const newer = await head(within(question, after(question.range, split)));
      if (question.range.startMs >= split) return newer;
      const older = await windows(within(question, before(question.range, split)));
      const { items, isCut } = joinLimited(older, newer, 0, (text) => text);
      const sorted = items.toSorted();
      const { limit } = question;
      if (limit === 0 || sorted.length <= limit) return { items: sorted, isCut };
      return { items: sorted.slice(0, limit), isCut: true };
    });
  }

  async exemplars(
    selectors: readonly (readonly Matcher[])[],
    range: TimeRange,
    options: { readonly limit: number; readonly signal?: AbortSignal | undefined },
  ): Promise<readonly SeriesExemplars[]> {
    const split = this.#windows.closedUntilMs;
    return this.#read(async () => {
      const newer = this.#questions.exemplars(selectors, after(range, split), options.limit);
      if (range.startMs >= split) return newer;
      const older = await this.#windows.exemplars(selectors, before(range, split), options);
      return joinExemplars(older, newer, options.limit);
    });
  }

  metadata(name: string | undefined): Promise<ReadonlyMap<string, readonly FamilyMetadata[]>> {
    return Promise.resolve(this.#head.metadata(name));
  }

  statistics(limit: number): Promise<StoreStatistics> {
    const head = this.#head.statistics(limit);
    const { minTimeMs } = this.#windows.statistics();
    return Promise.resolve(Number.isNaN(minTimeMs) ? head : { ...head, minTimeMs });
  }

  /** What a question reads from stays until it is answered. */
  async #read<T>(read: () => Promise<T>): Promise<T> {
    const answer = read();
    this.#reading.add(answer);
    try {
      return await answer;
    } finally {
      this.#reading.delete(answer);
    }
  }

  /** Closes windows that are complete and takes a snapshot when it is time. Never rejects. */
  maintain(): Promise<void> {
    this.#upkeep = this.#upkeep.then(() => this.#maintain());
    return this.#upkeep;
  }

  async #maintain(): Promise<void> {
    if (this.#isClosed) return;
    try {
      const isClosed = await this.#closeWindows();
      const grown = this.#log.bytes - this.#snapshotAtBytes;
      const limit = this.#options.snapshotBytes ?? growthUntilSnapshot(this.#snapshotSize);
      if (isClosed || grown > limit) await this.#snapshot();
      this.#metrics.observe(this.#head, this.#log, this.#windows);
    } catch (error) {
      const known =
        error instanceof FlxError
          ? error
          : new FlxError("FLX_STORE_UPKEEP", `upkeep failed: ${(error as Error).message}`, {
              cause: error,
            });
      this.#note(known);
    }
  }

  /** Whether one was closed. */
  async #closeWindows(): Promise<boolean> {
    const head = this.#head;
    const { lateMs } = head.limits;
    let isAnyClosed = false;
    for (;;) {
      const oldest = head.oldestMs;
      if (Number.isNaN(oldest)) return isAnyClosed;
      const startMs = windowOf(oldest);
      const endMs = startMs + WINDOW_MS;
      const now = this.#now();
      if (Math.min(head.newestMs, now) < endMs + lateMs) return isAnyClosed;
      // From here on nothing older is taken; what is on its way into the log is waited for.
      head.closingMs = Math.max(head.closingMs, endMs);
      await this.#settled();
      await this.#windows.close(startMs, head.window(startMs, endMs));
      await Promise.allSettled(this.#reading);
      await head.forget(endMs, pause);
      this.#problem = "";
      isAnyClosed = true;
    }
  }

  /** Everything appended so far is in the head, or refused. */
  async #settled(): Promise<void> {
    await this.#log.settled();
    await pause();
  }

  async #snapshot(): Promise<void> {
    const segment = this.#log.rotate();
    await this.#settled();
    const bytes = await writeSnapshot(this.#head, this.#logFolder, segment, pause);
    await this.#log.drop(segment);
    this.#snapshotAtBytes = this.#log.bytes;
    this.#snapshotSize = bytes;
    this.#metrics.snapshotBytes.set(bytes);
  }

  /**
   * Gives everything that was acknowledged before a second name in a folder, as a data folder has it: log, snapshot of
   * the head and windows, between two works of upkeep.
   */
  freeze(folder: string): Promise<void> {
    const frozen = this.#upkeep.then(() => this.#freeze(join(folder, "metrics")));
    this.#upkeep = frozen.catch(() => undefined);
    return frozen;
  }

  async #freeze(to: string): Promise<void> {
    if (this.#isClosed) throw new FlxError("FLX_STORE_CLOSED", "the store is closed");
    const segment = this.#log.rotate();
    await this.#settled();
    // Appends go on in `segment`; what is before it does not change any more.
    await freezeFolder(this.#logFolder, join(to, "log"), (name) => {
      return isSnapshot(name) || (segmentOf(name) ?? segment) < segment;
    });
    const windows = join(this.#logFolder, "..", "windows");
    await freezeFolder(windows, join(to, "windows"), (name) => name.endsWith(".window"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    clearInterval(this.#timer);
    await this.#upkeep;
    this.#isClosed = true;
    await this.#settled();
    // A snapshot makes the next start short; without it nothing is lost.
    if (this.#log.bytes > 1024 * 1024) await this.#snapshot().catch(() => undefined);
    await this.#log[Symbol.asyncDispose]();
    await Promise.allSettled(this.#reading);
    await this.#windows[Symbol.asyncDispose]();
    await this.#lock[Symbol.asyncDispose]();
  }
}

async function replay(
  head: Head,
  folder: string,
  metrics: StoreMetrics,
): Promise<{ log: Log; damaged: number; snapshotSize: number }> {
  await mkdir(folder, { recursive: true });
  const snapshot = await readSnapshot(head, folder);
  const target = {
    series: (ref: number, source: string, labels: Labels) => void head.restore(ref, labels, source),
    float: (ref: number, timeMs: number, low: number, high: number, startMs: number) =>
      void head.applyFloat(ref, timeMs, low, high, startMs),
    histogram: (...given: Parameters<Head["applyHistogram"]>) => void head.applyHistogram(...given),
    exemplar: (...given: Parameters<Head["applyExemplar"]>) => head.applyExemplar(...given),
    metadata: (...given: Parameters<Head["applyMetadata"]>) => head.applyMetadata(...given),
  };
  let damaged = snapshot.damagedBytes;
  const onCommit = (seconds: number): void => metrics.commitSeconds.observe(seconds);
  // What comes goes behind the snapshot, also when the log before it is gone.
  const place = { folder, onCommit, firstSegment: snapshot.segment };
  const log = await Log.open(place, ({ type, payload }, segment) => {
    if (segment < snapshot.segment || type !== BATCH) return;
    readBatch(payload, target);
  });
  for (const { bytes, kind } of log.damage) if (kind === "damaged") damaged += bytes;
  return { log, damaged, snapshotSize: snapshot.bytes };
}

const MIB = 1024 * 1024;

/** Bytes the log may grow by until a snapshot is worth its writing. */
export function growthUntilSnapshot(snapshotSize: number): number {
  return Math.min(64 * MIB, Math.max(16 * MIB, 1.5 * snapshotSize));
}

function dropKnownMetadata({ metadata }: SampleBatch, head: Head): void {
  const fresh = metadata.filter((each) => !head.families.has(each));
  metadata.splice(0, metadata.length, ...fresh);
}

function after({ startMs, endMs }: TimeRange, split: number): TimeRange {
  return { startMs: Math.max(startMs, split), endMs };
}

function before({ startMs, endMs }: TimeRange, split: number): TimeRange {
  return { startMs, endMs: Math.min(endMs, split - 1) };
}

function within(question: SeriesQuestion, range: TimeRange): SeriesQuestion {
  return { ...question, range };
}

/** The store's own metrics. */
class StoreMetrics {
  readonly samples: Counter;
  readonly rejected: Counter<"reason">;
  readonly commitSeconds: Histogram;
  readonly replaySeconds: Gauge;
  readonly snapshotBytes: Gauge;
  readonly #series: Gauge;
  readonly #headBytes: Gauge;
  readonly #logBytes: Gauge;
  readonly #windowBytes: Gauge;
  readonly #windows: Gauge;

  constructor(registry: Registry | undefined) {
    const registers = registry === undefined ? [] : [registry];
    const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers });
    this.samples = new Counter({
      name: "flx_store_samples_appended_total",
      help: "Samples taken and durable",
      registers,
    });
    this.rejected = new Counter({
      name: "flx_store_samples_rejected_total",
      help: "Samples not taken, by reason",
      labelNames: ["reason"],
      registers,
    });
    this.commitSeconds = new Histogram({
      name: "flx_store_commit_seconds",
      help: "How long a group commit takes",
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
      registers,
    });
    this.replaySeconds = gauge("flx_store_replay_seconds", "How long opening the store took");
    this.snapshotBytes = gauge("flx_store_snapshot_bytes", "The last snapshot of the head");
    this.#series = gauge("flx_store_head_series", "Series in the head");
    this.#headBytes = gauge("flx_store_head_bytes", "Memory of the head, about");
    this.#logBytes = gauge("flx_store_log_bytes", "The log on disk");
    this.#windowBytes = gauge("flx_store_window_bytes", "Closed windows on disk");
    this.#windows = gauge("flx_store_windows", "Closed windows");
  }

  observe(head: Head, log: Log, windows: WindowStore): void {
    const { bytes, windows: count } = windows.statistics();
    this.#series.set(head.size);
    this.#headBytes.set(head.memory.bytes);
    this.#logBytes.set(log.bytes);
    this.#windowBytes.set(bytes);
    this.#windows.set(count);
  }
}
