// Checks of this machine, container and process, from the facts of a SystemSampler.
//
//   cpu           percent of what may be used      container's quota, else the machine
//   memory        percent of what may be used      container's limit, else the machine
//   cgroupMemory  percent of the container's limit; no limit: nothing to watch
//   pressure      percent of the last 60 s in which work waited for CPU, memory or I/O
//   disk          percent of one file system, and of its files (inodes)
//   eventLoop     99th percentile of the loop's delay
//   heap          percent of what V8 lets it grow to
//   descriptors   percent of the files that may be open
//
// All have two levels: more than `degraded` and more than `unhealthy`. Which of them there are by default is said at
// each; most have no unhealthy level: a full CPU is no reason to take an instance out. What the platform does not
// tell is unknown, never healthy.

import { isAbsolute, resolve } from "node:path";
import type { FilesystemFacts, SystemSnapshot } from "../../system/index.ts";
import type { CheckResult, HealthCheck } from "../health-check.ts";
import { optionsError } from "./check-error.ts";
import { levelResult, type Levels, levels, notKnown } from "./level.ts";
import { snapshotFor, type SystemCheckOptions } from "./system-source.ts";

/** Levels in percent. */
export interface PercentOptions extends SystemCheckOptions {
  /** More is degraded. */
  readonly degradedPercent?: number;
  /** More is unhealthy. Default: there is no such level, unless said otherwise. */
  readonly unhealthyPercent?: number;
}

const percents = (name: string, options: PercentOptions, degraded: number): Levels =>
  levels(name, {
    degraded: options.degradedPercent ?? Math.min(degraded, options.unhealthyPercent ?? 100),
    unhealthy: options.unhealthyPercent,
  });

/** A check of one percentage. */
function percentCheck(
  options: PercentOptions,
  limits: Levels,
  name: string,
  sentence: string,
  percentOf: (snapshot: SystemSnapshot) => number | undefined,
): HealthCheck {
  return async () => {
    const snapshot = await snapshotFor(options, (seen) => percentOf(seen) !== undefined);
    const value = percentOf(snapshot);
    if (value === undefined) return notKnown(sentence.replace(/ (?:is|are) .*$/, ""));
    return levelResult({ name, value, unit: "percent", sentence }, limits);
  };
}

/**
 * A check of CPU use: of the container's quota where there is one, else of the machine. Default: degraded from 90 % on.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function cpu(options: PercentOptions = {}): HealthCheck {
  const limits = percents("cpu", options, 90);
  return percentCheck(
    options,
    limits,
    "cpu_percent",
    "CPU is used to",
    ({ usage }) => usage.cpuPercent,
  );
}

/**
 * A check of memory: of the container's limit where there is one, else of the machine. Default: degraded from 90 % on.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function memory(options: PercentOptions = {}): HealthCheck {
  const limits = percents("memory", options, 90);
  const of = ({ usage }: SystemSnapshot): number | undefined => usage.memoryPercent;
  return percentCheck(options, limits, "memory_percent", "memory is used to", of);
}

/**
 * A check of the container's memory against its limit. Default: degraded from 90 % on. Without a limit it is healthy and
 * says so.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function cgroupMemory(options: PercentOptions = {}): HealthCheck {
  const limits = percents("cgroupMemory", options, 90);
  return async () => {
    const { cgroup, usage, host } = await snapshotFor(options, () => true);
    const limit = usage.memoryLimitBytes;
    const isLimited =
      cgroup !== undefined && limit !== undefined && limit < (host.memory?.totalBytes ?? 0);
    if (!isLimited) return { message: "the container's memory has no limit" };
    const value = usage.cgroupMemoryPercentOfLimit;
    if (value === undefined) return notKnown("the container's memory");
    const sentence = "the container's memory is used to";
    return levelResult({ name: "memory_percent", value, unit: "percent", sentence }, limits);
  };
}

/** Pressure of which resource, and from where on it is bad. */
export interface PressureOptions extends PercentOptions {
  /** Default "cpu". */
  readonly resource?: "cpu" | "memory" | "io";
  /** "some": at least one task waited (default). "full": all of them. */
  readonly kind?: "some" | "full";
}

/**
 * A check of pressure (PSI): the part of the last 60 s in which work waited for a resource. Default: degraded from 40 %
 * on for CPU, 10 % for memory and I/O. Of the container where it has its own figures, else of the machine.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function pressure(options: PressureOptions = {}): HealthCheck {
  const { resource = "cpu", kind = "some" } = options;
  const limits = percents("pressure", options, resource === "cpu" ? 40 : 10);
  const of = ({ cgroup, host }: SystemSnapshot): number | undefined => {
    const figures = cgroup?.pressure[resource] ?? host.pressure[resource];
    return figures?.[kind]?.last60SecondsPercent;
  };
  const sentence = `waiting for ${resource} is at`;
  return percentCheck(options, limits, `${resource}_pressure_percent`, sentence, of);
}

/** Which disk, and from where on it is bad. */
export interface DiskOptions extends PercentOptions {
  /** Any absolute path on the file system. Default "/". */
  readonly path?: string;
  /** Less room than this for users other than root is unhealthy. */
  readonly minFreeBytes?: number;
}

/**
 * A check of the file system that a path is on: room and files (inodes), whichever is used more. Default: degraded from
 * 85 % on, unhealthy from 97 % on.
 *
 * - unhealthy as well: less room than `minFreeBytes`; it does not answer (a dead remote mount)
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function disk(options: DiskOptions = {}): HealthCheck {
  const { path = "/", minFreeBytes = 0 } = options;
  if (!isAbsolute(path)) throw optionsError(`disk: path must be absolute, got "${path}"`);
  const whole = resolve(path);
  const { unhealthyPercent = 97 } = options;
  const limits = percents("disk", { ...options, unhealthyPercent }, 85);
  return async () => {
    const of = ({ filesystems }: SystemSnapshot): FilesystemFacts | undefined =>
      mountOf(whole, filesystems);
    const snapshot = await snapshotFor(
      options,
      (seen) => (of(seen)?.state ?? "pending") !== "pending",
    );
    return diskState(whole, of(snapshot), limits, minFreeBytes);
  };
}

function mountOf(path: string, all: readonly FilesystemFacts[]): FilesystemFacts | undefined {
  const isOn = ({ mountPoint }: FilesystemFacts): boolean =>
    path === mountPoint ||
    path.startsWith(mountPoint.endsWith("/") ? mountPoint : `${mountPoint}/`);
  return all.filter(isOn).toSorted((a, b) => b.mountPoint.length - a.mountPoint.length)[0];
}

function diskState(
  path: string,
  facts: FilesystemFacts | undefined,
  limits: Levels,
  minFreeBytes: number,
): CheckResult {
  if (facts === undefined || facts.state === "pending" || facts.state === "skipped") {
    return notKnown(`the disk of ${path}`);
  }
  const { state, mountPoint, room } = facts;
  if (state === "unavailable" || room === undefined) {
    return { status: "unhealthy", message: `the disk ${mountPoint} does not answer` };
  }
  const used = room.sizeBytes - room.freeBytes;
  const usable = used + room.availableBytes;
  const roomPercent = usable > 0 ? (100 * used) / usable : 100;
  const filePercent = room.files > 0 ? (100 * (room.files - room.filesFree)) / room.files : 0;
  const [value, what] =
    filePercent > roomPercent ? [filePercent, "the files of disk"] : [roomPercent, "disk"];
  const verb = what === "disk" ? "is" : "are";
  const sentence = `${what} ${mountPoint} ${verb} used to`;
  const result = levelResult({ name: "used_percent", value, unit: "percent", sentence }, limits);
  const free = { value: room.availableBytes, unit: "bytes", limit: minFreeBytes };
  const whole = { ...result, measurements: { ...result.measurements, free_bytes: free } };
  if (room.availableBytes >= minFreeBytes) return whole;
  const message = `disk ${mountPoint} has ${room.availableBytes} bytes left, wanted are ${minFreeBytes}`;
  return { ...whole, status: "unhealthy", message };
}

/** Levels in milliseconds. */
export interface EventLoopOptions extends SystemCheckOptions {
  /** More is degraded. Default 100. */
  readonly degradedDelayMs?: number;
  /** More is unhealthy. Default: there is no such level. */
  readonly unhealthyDelayMs?: number;
}

/**
 * A check of the event loop: how late it is, 99th percentile of the last ten seconds. It takes ten seconds until it is
 * known.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function eventLoop(options: EventLoopOptions = {}): HealthCheck {
  const limits = levels("eventLoop", {
    degraded: options.degradedDelayMs ?? Math.min(100, options.unhealthyDelayMs ?? 100),
    unhealthy: options.unhealthyDelayMs,
  });
  return async () => {
    const { runtime, usage } = await snapshotFor(options, () => true);
    const seconds = runtime.eventLoopDelay.p99Seconds;
    if (seconds === undefined)
      return { ...notKnown("the delay of the event loop"), message: "measuring" };
    const sentence = "the event loop is late by";
    const value = seconds * 1000;
    const result = levelResult({ name: "delay_p99_ms", value, unit: "ms", sentence }, limits);
    const busy = usage.eventLoopPercent;
    if (busy === undefined) return result;
    const busyPercent = { value: Math.round(busy * 10) / 10, unit: "percent" };
    return { ...result, measurements: { ...result.measurements, busy_percent: busyPercent } };
  };
}

/**
 * A check of V8's heap against what it may grow to. Default: degraded from 85 % on.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function heap(options: PercentOptions = {}): HealthCheck {
  const limits = percents("heap", options, 85);
  const of = ({ runtime }: SystemSnapshot): number =>
    (100 * runtime.heap.usedBytes) / runtime.heap.limitBytes;
  return percentCheck(options, limits, "heap_percent", "the heap is used to", of);
}

/**
 * A check of open files and sockets against how many may be open. Default: degraded from 80 % on. Without a limit it is
 * healthy and says so.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function descriptors(options: PercentOptions = {}): HealthCheck {
  const limits = percents("descriptors", options, 80);
  return async () => {
    const isKnown = (seen: SystemSnapshot): boolean => seen.process.openDescriptors !== undefined;
    const { process: own } = await snapshotFor(options, isKnown);
    const [open, max] = [own.openDescriptors, own.maxDescriptors];
    if (open === undefined || max === undefined) return notKnown("the number of open files");
    const openNow = { value: open, limit: Number.isFinite(max) ? max : Number.MAX_SAFE_INTEGER };
    if (!Number.isFinite(max)) {
      return { message: "open files have no limit", measurements: { open: { value: open } } };
    }
    const reading = { name: "descriptors_percent", value: (100 * open) / max, unit: "percent" };
    const result = levelResult({ ...reading, sentence: "open files are at" }, limits);
    return { ...result, measurements: { ...result.measurements, open: openNow } };
  };
}
