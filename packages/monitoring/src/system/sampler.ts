// Samples the system in the background, so that a scrape or a probe reads what is there instead of measuring.
//
//   timer, unref'd     sample()                                            snapshot()
//   every 5 s ──────►  delay of the event loop, when its window is over    the latest, at once
//                      disks (asynchronous, deadline)
//                      then one synchronous reading of everything else
//                      then percentages against an earlier reading
//
// Percentages need two readings; peers sleep between them, here the earlier sample is the first one. Nothing sleeps,
// no child process is started, nothing happens when this file is imported.
//
// The delay of the event loop comes in windows of at least 10 s, for two reasons: all who read see the same window
// instead of taking it from each other, and taking it is the dearest part: 0.6 ms, as much as all files together,
// since Node walks its histogram for each of mean, deviation and percentiles. It has a turn of the loop for itself.
//
// A sample that is asked for while one is under way is that one. None of the methods throws: what cannot be read is
// undefined in the snapshot and counted in its readErrors.

import { platform as platformOfNode } from "node:os";
import type { DurationMs, UnixMs } from "@flx/model/write";
import { DiskWatch, type DiskWatchOptions } from "./disk.ts";
import { type EventLoopDelay, EventLoopMonitor, readEventLoopTime } from "./event-loop.ts";
import { GC_KINDS, GcMonitor, type OnGcPause } from "./gc.ts";
import { readHeap } from "./heap.ts";
import { readHostFromNode } from "./host.ts";
import { LinuxFiles, type LinuxReading } from "./linux-files.ts";
import type { Mount } from "./mounts.ts";
import { readProcess } from "./process-facts.ts";
import { ReadErrors } from "./read-errors.ts";
import type { SystemSnapshot } from "./snapshot.ts";
import { usageOf, type UsageReading } from "./usage.ts";
import { readVersions } from "./versions.ts";

/** Where a sampler has the time from. */
export interface SystemClock {
  now(): UnixMs;
  /** Milliseconds of a clock that never goes back. */
  monotonicMs(): number;
}

/** How to sample. */
export interface SystemSamplerOptions {
  /** How often. Default 5,000 ms; brought into 100..2,147,483,647. */
  readonly intervalMs?: DurationMs;
  /** The folder that proc and sys are in. Default "/". */
  readonly root?: string;
  /** Default: this platform. Any other than "linux" has only what Node itself knows. */
  readonly platform?: string;
  readonly clock?: SystemClock;
  /** How disks are asked; remote ones are not unless `remote: true`, see disk.ts. */
  readonly disks?: Omit<DiskWatchOptions, "prefix">;
  /** Interval of the timer that measures the loop's delay. Default 20 ms. */
  readonly eventLoopResolutionMs?: DurationMs;
  /** Told of each garbage collection. */
  readonly onGcPause?: OnGcPause;
}

/** What of the facts a sampler changes between two samples. */
type Reading = UsageReading & Omit<SystemSnapshot, "usage" | "filesystems">;

/** Percentages are of at least this long, as far as there are readings that old. */
const MIN_WINDOW_MS = 1_000;

/** How long delays of the event loop are gathered before they are told. */
const DELAY_WINDOW_MS = 10_000;

const systemClock: SystemClock = {
  now: () => Date.now() as UnixMs,
  monotonicMs: () => performance.now(),
};

/**
 * The facts of machine, container, process and runtime, sampled in the background.
 *
 *     using sampler = new SystemSampler();
 *     sampler.snapshot().process.residentBytes;
 */
export class SystemSampler implements Disposable {
  readonly #clock: SystemClock;
  readonly #platform: string;
  readonly #errors = new ReadErrors();
  readonly #files: LinuxFiles | undefined;
  readonly #disks: DiskWatch;
  readonly #eventLoop: EventLoopMonitor;
  #delay: EventLoopDelay;
  #delayTakenMs: number;
  readonly #gc: GcMonitor;
  readonly #timer: NodeJS.Timeout;
  /** The last two readings that are at least MIN_WINDOW_MS apart. */
  #newer: UsageReading | undefined;
  #older: UsageReading | undefined;
  #latest: SystemSnapshot | undefined;
  #underWay: Promise<SystemSnapshot> | undefined;
  #closed = false;

  /** Starts the timer. The first reading, some ms because files are opened, is taken when somebody asks. */
  constructor(options: SystemSamplerOptions = {}) {
    const { root = "/", platform = platformOfNode(), clock = systemClock } = options;
    this.#clock = clock;
    this.#platform = platform;
    this.#files = platform === "linux" ? new LinuxFiles(root, this.#errors) : undefined;
    this.#disks = new DiskWatch({ ...options.disks, prefix: root.replace(/\/+$/, "") });
    this.#eventLoop = new EventLoopMonitor({
      resolutionMs: options.eventLoopResolutionMs ?? (20 as DurationMs),
    });
    this.#delay = this.#eventLoop.take();
    this.#delayTakenMs = clock.monotonicMs();
    this.#gc = new GcMonitor(options.onGcPause === undefined ? {} : { onPause: options.onGcPause });
    this.#timer = setInterval(() => void this.sample(), intervalOf(options.intervalMs));
    this.#timer.unref();
  }

  /** The latest sample, at once; the first time it is taken now. */
  snapshot(): SystemSnapshot {
    return (this.#latest ??= this.#publish((this.#newer = this.#read()), undefined));
  }

  /** Takes a sample now. Never rejects; after closing it gives the last one. */
  sample(): Promise<SystemSnapshot> {
    if (this.#closed) return Promise.resolve(this.snapshot());
    this.#underWay ??= this.#takeSample().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Stops the timer and the observers and closes all files. */
  close(): void {
    if (this.#closed) return;
    this.snapshot();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#eventLoop[Symbol.dispose]();
    this.#gc.close();
    this.#files?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #takeSample(): Promise<SystemSnapshot> {
    this.snapshot();
    this.#takeDelay();
    await this.#disks.refresh(this.#files?.mounts ?? mountsElsewhere(this.#platform));
    if (this.#closed) return this.snapshot();
    const reading = this.#read();
    const newer = this.#newer ?? reading;
    const isNewerOldEnough = reading.monotonicMs - newer.monotonicMs >= MIN_WINDOW_MS;
    this.#latest = this.#publish(reading, isNewerOldEnough ? newer : (this.#older ?? newer));
    if (isNewerOldEnough) {
      this.#older = newer;
      this.#newer = reading;
    }
    return this.#latest;
  }

  #takeDelay(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#delayTakenMs < DELAY_WINDOW_MS) return;
    this.#delay = this.#eventLoop.take();
    this.#delayTakenMs = nowMs;
  }

  #read(): Reading {
    const startedMs = performance.now();
    const monotonicMs = this.#clock.monotonicMs();
    const timestampMs = this.#clock.now();
    const { host, cgroup, process } = this.#files?.read() ?? readWithoutFiles(this.#platform);
    const gc = this.#gc.totals();
    const eventLoopTime = readEventLoopTime();
    const runtime = {
      eventLoopTime,
      eventLoopDelay: this.#delay,
      gc,
      heap: readHeap(),
    };
    const gcSeconds = GC_KINDS.reduce((sum, kind) => sum + gc[kind].durationSeconds, 0);
    return {
      timestampMs,
      monotonicMs,
      host,
      cgroup,
      process: readProcess(process),
      runtime,
      eventLoopTime,
      gcSeconds,
      versions: readVersions(),
      readErrors: this.#errors.list(),
      readMs: (performance.now() - startedMs) as DurationMs,
    };
  }

  #publish(reading: Reading, before: UsageReading | undefined): SystemSnapshot {
    const { timestampMs, readMs, host, cgroup, process, runtime, versions, readErrors } = reading;
    return {
      timestampMs,
      readMs,
      host,
      filesystems: this.#disks.facts(),
      cgroup,
      process,
      runtime,
      usage: usageOf(reading, before),
      versions,
      readErrors,
    };
  }
}

function intervalOf(intervalMs: number = 5_000): number {
  return Number.isNaN(intervalMs) ? 5_000 : Math.min(2 ** 31 - 1, Math.max(100, intervalMs));
}

function readWithoutFiles(platform: string): LinuxReading {
  return {
    host: readHostFromNode(platform),
    cgroup: undefined,
    process: { status: undefined, limits: undefined, io: undefined, openDescriptors: undefined },
  };
}

/** Where there is no table of mounts: the file system of the root, or of the working folder's drive. */
function mountsElsewhere(platform: string): readonly Mount[] {
  const mountPoint = platform === "win32" ? `${process.cwd().slice(0, 2)}\\` : "/";
  return [{ mountPoint, device: "", fsType: "", readOnly: false, remote: false }];
}
