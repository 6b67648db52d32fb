// /proc/meminfo: what the machine's memory is used for.
//
// "Free" is not what can be had: the kernel gives back caches on demand. MemAvailable is its own estimate of what
// new work can get without swapping, and what "memory used" should be computed from: 1 - available / total.
//
// Source: the kernel's Documentation/filesystems/proc.rst, "meminfo". Its kB are KiB.

import type { Bytes } from "@flx/model/write";
import { KeyedNumbers } from "./keyed-numbers.ts";

/** The machine's memory; undefined is what this kernel does not tell. */
export interface MemoryInfo {
  readonly totalBytes: Bytes;
  readonly freeBytes: Bytes | undefined;
  /** What new work can get without swapping. */
  readonly availableBytes: Bytes | undefined;
  readonly buffersBytes: Bytes | undefined;
  readonly cachedBytes: Bytes | undefined;
  readonly activeBytes: Bytes | undefined;
  readonly inactiveBytes: Bytes | undefined;
  readonly anonymousBytes: Bytes | undefined;
  readonly mappedBytes: Bytes | undefined;
  readonly sharedBytes: Bytes | undefined;
  readonly dirtyBytes: Bytes | undefined;
  readonly writebackBytes: Bytes | undefined;
  readonly slabBytes: Bytes | undefined;
  readonly slabReclaimableBytes: Bytes | undefined;
  readonly slabUnreclaimableBytes: Bytes | undefined;
  readonly kernelStackBytes: Bytes | undefined;
  readonly pageTablesBytes: Bytes | undefined;
  readonly commitLimitBytes: Bytes | undefined;
  readonly committedBytes: Bytes | undefined;
  readonly swapTotalBytes: Bytes | undefined;
  readonly swapFreeBytes: Bytes | undefined;
  readonly swapCachedBytes: Bytes | undefined;
}

const lines = new KeyedNumbers([
  "MemTotal",
  "MemFree",
  "MemAvailable",
  "Buffers",
  "Cached",
  "SwapCached",
  "Active",
  "Inactive",
  "SwapTotal",
  "SwapFree",
  "Dirty",
  "Writeback",
  "AnonPages",
  "Mapped",
  "Shmem",
  "Slab",
  "SReclaimable",
  "SUnreclaim",
  "KernelStack",
  "PageTables",
  "CommitLimit",
  "Committed_AS",
]);

type Line = Parameters<typeof lines.get>[0];

const bytesOf = (line: Line) => lines.scaled(line, 1024) as Bytes | undefined;

/** @returns undefined when the total is missing */
export function parseMeminfo(bytes: Uint8Array): MemoryInfo | undefined {
  lines.read(bytes);
  const totalBytes = bytesOf("MemTotal");
  if (totalBytes === undefined) return undefined;
  return {
    totalBytes,
    freeBytes: bytesOf("MemFree"),
    availableBytes: bytesOf("MemAvailable"),
    buffersBytes: bytesOf("Buffers"),
    cachedBytes: bytesOf("Cached"),
    activeBytes: bytesOf("Active"),
    inactiveBytes: bytesOf("Inactive"),
    anonymousBytes: bytesOf("AnonPages"),
    mappedBytes: bytesOf("Mapped"),
    sharedBytes: bytesOf("Shmem"),
    dirtyBytes: bytesOf("Dirty"),
    writebackBytes: bytesOf("Writeback"),
    slabBytes: bytesOf("Slab"),
    slabReclaimableBytes: bytesOf("SReclaimable"),
    slabUnreclaimableBytes: bytesOf("SUnreclaim"),
    kernelStackBytes: bytesOf("KernelStack"),
    pageTablesBytes: bytesOf("PageTables"),
    commitLimitBytes: bytesOf("CommitLimit"),
    committedBytes: bytesOf("Committed_AS"),
    swapTotalBytes: bytesOf("SwapTotal"),
    swapFreeBytes: bytesOf("SwapFree"),
    swapCachedBytes: bytesOf("SwapCached"),
  };
}
