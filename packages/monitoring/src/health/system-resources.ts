// The check `system_resources`: is the machine, or the container, at its limits?
//
//   sampler, every 5 s ──► snapshot ──► this check: compares numbers, 0.02 ms, no file is read, nothing is waited for
//
//   degraded   CPU, memory, a disk, the loop's delay or a pressure is above its limit; or a disk does not answer
//   unknown    the last sample is old: nobody has measured
//   never      unhealthy: a full machine still answers, and taking it out of traffic makes the next one full
//
// What is not known here (no PSI in the kernel, no second sample for CPU yet) is not judged. Read-only file systems are
// full by nature and left out.

import type { SharedSampler } from "../system-metrics/shared-sampler.ts";
import { shareSampler } from "../system-metrics/shared-sampler.ts";
import type { FilesystemFacts, Pressure, SystemSnapshot } from "../system/index.ts";
import type { DurationMs } from "@flx/model/write";
import type { CheckResult, Measurement } from "./health-check.ts";
import type { HealthSettings } from "./health-settings.ts";

/** A percentage of less time than this says nothing: the kernel counts CPU time in ticks of 10 ms. */
const MIN_WINDOW_MS = 1_000;

/** Of so many disks at most a figure is told: the fullest ones. */
const MAX_DISKS = 10;

/** Who has the facts: a SystemSampler. */
export interface SnapshotSource {
  snapshot(): SystemSnapshot;
}

/** The check, and the sampler it reads: a given one, or one that is shared with others in this process. */
export class SystemResources implements Disposable {
  readonly #settings: HealthSettings;
  readonly #given: SnapshotSource | undefined;
  readonly #now: () => number;
  #shared: SharedSampler | undefined;

  constructor(settings: HealthSettings, now: () => number, sampler?: SnapshotSource) {
    this.#settings = settings;
    this.#now = now;
    this.#given = sampler;
  }

  /** What the latest sample says. */
  check(): CheckResult {
    const snapshot = this.#source().snapshot();
    const { cpuSampleIntervalSeconds } = this.#settings;
    const ageMs = this.#now() - snapshot.timestampMs;
    if (ageMs > Math.max(30_000, 4_000 * cpuSampleIntervalSeconds)) {
      return { status: "unknown", message: "the system has not been sampled lately" };
    }
    return judged(snapshot, this.#settings);
  }

  /** Gives the sampler back. The next check takes one again. */
  [Symbol.dispose](): void {
    this.#shared?.[Symbol.dispose]();
    this.#shared = undefined;
  }

  #source(): SnapshotSource {
    if (this.#given !== undefined) return this.#given;
    const intervalMs = (this.#settings.cpuSampleIntervalSeconds * 1_000) as DurationMs;
    this.#shared ??= shareSampler(intervalMs);
    return this.#shared.sampler;
  }
}

/** One reading and its limit. */
interface Reading {
  readonly name: string;
  /** What a person calls it. */
  readonly words: string;
  readonly value: number | undefined;
  readonly unit: string;
  readonly limit: number;
}

/** What a snapshot says about these limits. */
export function judged(snapshot: SystemSnapshot, settings: HealthSettings): CheckResult {
  const known = readings(snapshot, settings).filter(({ value }) => value !== undefined);
  const measurements: Record<string, Measurement> = {};
  const complaints: string[] = [];
  for (const { name, words, value = 0, unit, limit } of known) {
    const rounded = Math.round(value * 10) / 10;
    measurements[name] = { value: rounded, unit, limit };
    const sign = unit === "percent" ? "%" : unit;
    if (value > limit) complaints.push(`${words} ${rounded} ${sign}, limit ${limit} ${sign}`);
  }
  for (const { mountPoint, state } of snapshot.filesystems) {
    if (state === "unavailable") complaints.push(`the disk ${mountPoint} does not answer`);
  }
  if (complaints.length === 0) return { status: "healthy", measurements };
  return { status: "degraded", message: complaints.join("; "), measurements };
}

function readings(snapshot: SystemSnapshot, settings: HealthSettings): readonly Reading[] {
  const { usage, runtime, host, cgroup, filesystems } = snapshot;
  const { eventLoopDelay } = runtime;
  const hasWindow = usage.windowMs !== undefined && usage.windowMs >= MIN_WINDOW_MS;
  const pressure = (what: "cpu" | "memory" | "io"): number | undefined =>
    stalled(cgroup?.pressure[what] ?? host.pressure[what]);
  const percent = (
    name: string,
    words: string,
    value: number | undefined,
    limit: number,
  ): Reading => {
    return { name, words, value, unit: "percent", limit };
  };
  return [
    percent("cpu", "CPU", hasWindow ? usage.cpuPercent : undefined, settings.maxCpuUsagePercent),
    percent("memory", "memory", usage.memoryPercent, settings.maxMemoryUsagePercent),
    ...fullest(filesystems).map(({ mountPoint, usedPercent }) =>
      percent(
        `disk ${mountPoint}`,
        `disk ${mountPoint}`,
        usedPercent,
        settings.maxDiskUsagePercent,
      ),
    ),
    {
      name: "eventLoopDelay",
      words: "delay of the event loop",
      value: inMs(eventLoopDelay.p99Seconds),
      unit: "ms",
      limit: settings.maxEventLoopDelayMs,
    },
    percent("cpuPressure", "waiting for CPU", pressure("cpu"), settings.maxCpuPressurePercent),
    percent(
      "memoryPressure",
      "waiting for memory",
      pressure("memory"),
      settings.maxMemoryPressurePercent,
    ),
    percent("ioPressure", "waiting for disks", pressure("io"), settings.maxIoPressurePercent),
  ];
}

/** The part of the last minute in which something waited. */
function stalled(pressure: Pressure | undefined): number | undefined {
  return pressure?.some?.last60SecondsPercent;
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000;
}

interface UsedDisk {
  readonly mountPoint: string;
  readonly usedPercent: number;
}

/** The fullest disks, as full as df says: what is kept for root is neither used nor free. */
function fullest(filesystems: readonly FilesystemFacts[]): readonly UsedDisk[] {
  return filesystems
    .flatMap(({ mountPoint, state, room, readOnly }): UsedDisk[] => {
      if (state !== "measured" || room === undefined || readOnly) return [];
      const used = room.sizeBytes - room.freeBytes;
      const usable = used + room.availableBytes;
      return usable > 0 ? [{ mountPoint, usedPercent: (100 * used) / usable }] : [];
    })
    .toSorted((a, b) => b.usedPercent - a.usedPercent)
    .slice(0, MAX_DISKS);
}
