// On what a result was measured: without it a figure is not worth keeping. No host name, no paths.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** The machine and the state it was in. */
export interface Machine {
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  /** Load average of the last minute before the run. */
  readonly load1: number;
  readonly node: string;
  readonly v8: string;
}

/** The state of the sources. */
export interface Commit {
  /** The full hash, or undefined outside a checkout. */
  readonly hash: string | undefined;
  /** Whether something but the results differs from that commit. */
  readonly dirty: boolean;
}

export function machine(): Machine {
  return {
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load1: loadNow(),
    node: process.versions.node,
    v8: process.versions.v8,
  };
}

/** The load average of the last minute, to two decimals. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}

/**
 * CPU time, ms since start-up, that other guests of the same host took from this virtual machine's cores;
 * undefined where the system does not tell.
 */
export function stolenMs(): number | undefined {
  try {
    // cpu user nice system idle iowait irq softirq steal ..., in ticks of 10 ms
    const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
    return Number(line.trim().split(/\s+/)[8]) * 10;
  } catch {
    return undefined;
  }
}

export function commit(): Commit {
  const changed = git("status", "--porcelain", "--", ":/", ":(top,exclude)benchmarks/results");
  return { hash: git("rev-parse", "HEAD"), dirty: changed !== "" };
}

/** What git prints, or undefined where there is no git or no checkout. */
function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}

/** The version in a package's package.json, as seen from here; undefined when it is not installed. */
export function packageVersion(name: string): string | undefined {
  let path: string | undefined;
  try {
    path = findPackageJSON(name, import.meta.url);
  } catch {
    return undefined;
  }
  if (path === undefined) return undefined;
  const content: unknown = JSON.parse(readFileSync(path, "utf8"));
  return typeof content === "object" && content !== null && "version" in content
    ? String(content.version)
    : undefined;
}
