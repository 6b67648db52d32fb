// This process, all threads together.

import type { ProcessFacts } from "../system/index.ts";
import {
  counter,
  counterBy,
  type FamilyGroup,
  gauge,
  ratioOf,
  type ReadFamily,
  type SeriesValue,
} from "./family.ts";
import { usageOverTime } from "./usage-families.ts";

function of(
  type: typeof counter,
  name: string,
  help: string,
  read: (process: ProcessFacts) => number | undefined,
): ReadFamily {
  return type(`process_${name}`, help, ({ snapshot }) => read(snapshot.process));
}

function ofBy(
  label: string,
  name: string,
  help: string,
  read: (process: ProcessFacts) => Readonly<Record<string, number>>,
): ReadFamily {
  return counterBy([label], `process_${name}`, help, ({ snapshot }) =>
    Object.entries(read(snapshot.process)).map(([value, count]): SeriesValue => [
      { [label]: value },
      count,
    ]),
  );
}

/** The process as the operating system sees it. */
export const processFamilies: FamilyGroup = {
  title: "Process",
  families: [
    ofBy("mode", "cpu_seconds_total", "CPU time of the process", (own) => ({
      user: own.cpuUserSeconds,
      system: own.cpuSystemSeconds,
    })),
    gauge(
      "process_cpu_usage_ratio",
      "CPU in use between the last two samples, of one CPU: 2.5 is two and a half CPUs",
      (facts) => ratioOf(usageOverTime(facts).processCpuPercent),
    ),
    gauge(
      "process_cpu_limit_usage_ratio",
      "CPU in use between the last two samples, of what the process may use, 0 to 1",
      (facts) => ratioOf(usageOverTime(facts).processCpuPercentOfLimit),
    ),
    gauge(
      "process_cpu_limit_cpus",
      "CPUs' worth of time that the process may use: the smallest of quota, CPU set, affinity and machine",
      ({ snapshot }) => snapshot.usage.cpuLimit,
    ),
    of(gauge, "allowed_cpus", "CPUs that the process may run on", (own) => own.allowedCpus),
    of(gauge, "resident_memory_bytes", "Resident memory", (own) => own.residentBytes),
    of(
      gauge,
      "resident_memory_peak_bytes",
      "The most resident memory so far",
      (own) => own.residentPeakBytes,
    ),
    of(
      gauge,
      "resident_anonymous_memory_bytes",
      "Resident memory that no file stands behind",
      (own) => own.residentAnonymousBytes,
    ),
    of(gauge, "virtual_memory_bytes", "Address space in use", (own) => own.virtualBytes),
    of(gauge, "swapped_memory_bytes", "Memory that is in swap space", (own) => own.swappedBytes),
    gauge(
      "process_memory_limit_bytes",
      "Memory that the process may use: the smaller of the container's limit and the machine's memory",
      ({ snapshot }) => snapshot.usage.memoryLimitBytes,
    ),
    of(gauge, "open_fds", "Open file descriptors", (own) => own.openDescriptors),
    of(
      gauge,
      "max_fds",
      "File descriptors the process may have open; +Inf when unlimited",
      (own) => own.maxDescriptors,
    ),
    of(gauge, "threads", "Threads of the process", (own) => own.threads),
    ofBy("kind", "page_faults_total", "Page faults: minor needed no disk, major did", (own) => ({
      minor: own.minorPageFaults,
      major: own.majorPageFaults,
    })),
    ofBy(
      "kind",
      "context_switches_total",
      "Times that a thread gave its CPU away, or had it taken away",
      (own) => ({
        voluntary: own.voluntaryContextSwitches,
        involuntary: own.involuntaryContextSwitches,
      }),
    ),
    of(
      counter,
      "read_bytes_total",
      "Bytes read, from caches and sockets too",
      (own) => own.io?.readBytes,
    ),
    of(
      counter,
      "written_bytes_total",
      "Bytes written, to caches and sockets too",
      (own) => own.io?.writtenBytes,
    ),
    of(counter, "disk_read_bytes_total", "Bytes read from disks", (own) => own.io?.diskReadBytes),
    of(
      counter,
      "disk_written_bytes_total",
      "Bytes that reached, or will reach, a disk",
      (own) => own.io?.diskWrittenBytes,
    ),
    of(
      gauge,
      "start_time_seconds",
      "When the process started, since 1970",
      (own) => own.startTimeSeconds,
    ),
    of(
      gauge,
      "uptime_seconds",
      "How long the process has been running",
      (own) => own.uptimeSeconds,
    ),
  ],
};
