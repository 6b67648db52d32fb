// The machine: CPUs, memory, load, pressure, network, block devices. In a container most of it is the host's.
//
// CPU time is that of all CPUs together: every service of a machine exposes it, and by CPU it would be hundreds of series
// in each of them. Whoever needs it by CPU runs one node exporter a machine.

import {
  type BlockDevice,
  CPU_MODES,
  type CpuMode,
  type MemoryInfo,
  type NetworkInterface,
  type Pressure,
  type Stall,
} from "../system/index.ts";
import {
  counter,
  counterBy,
  type FamilyGroup,
  gauge,
  gaugeBy,
  info,
  ratioOf,
  type ReadFamily,
  type SeriesValue,
  type SystemFacts,
} from "./family.ts";
import { usageOverTime } from "./usage-families.ts";

/** The modes that a platform tells; the others are 0 in the snapshot, and no series here. */
function cpuModes(platform: string): readonly CpuMode[] {
  switch (platform) {
    case "linux":
      return CPU_MODES;
    case "darwin":
      return ["user", "nice", "system", "idle"];
    case "win32":
      return ["user", "system", "idle", "irq"];
    default:
      return ["user", "nice", "system", "idle", "irq"];
  }
}

function cpuSeconds({ snapshot: { host, versions } }: SystemFacts): readonly SeriesValue[] {
  const total = host.stat?.total;
  if (total === undefined) return [];
  return cpuModes(versions.platform).map((mode) => [{ mode }, total[mode]]);
}

function guestSeconds({ snapshot: { host, versions } }: SystemFacts): readonly SeriesValue[] {
  const total = host.stat?.total;
  if (total === undefined || versions.platform !== "linux") return [];
  return [
    [{ mode: "user" }, total.guest],
    [{ mode: "nice" }, total.guestNice],
  ];
}

/** CPUs and what the scheduler did. */
export const cpuFamilies: FamilyGroup = {
  title: "CPU and load",
  families: [
    counterBy(
      ["mode"],
      "system_cpu_seconds_total",
      "CPU time of all CPUs of the machine, by what it was spent on",
      cpuSeconds,
    ),
    counterBy(
      ["mode"],
      "system_cpu_guest_seconds_total",
      "CPU time that ran virtual machines; contained in system_cpu_seconds_total",
      guestSeconds,
    ),
    gauge(
      "system_cpu_usage_ratio",
      "CPU of the machine in use between the last two samples, 0 to 1",
      (facts) => ratioOf(usageOverTime(facts).hostCpuPercent),
    ),
    gauge("system_cpus", "CPUs that are online", ({ snapshot }) => snapshot.host.stat?.cpus.length),
    gauge(
      "system_load1",
      "Threads that ran or wanted to, average of 1 minute",
      ({ snapshot }) => snapshot.host.load?.oneMinute,
    ),
    gauge(
      "system_load5",
      "Threads that ran or wanted to, average of 5 minutes",
      ({ snapshot }) => snapshot.host.load?.fiveMinutes,
    ),
    gauge(
      "system_load15",
      "Threads that ran or wanted to, average of 15 minutes",
      ({ snapshot }) => snapshot.host.load?.fifteenMinutes,
    ),
    gauge(
      "system_threads",
      "Threads of the machine",
      ({ snapshot }) => snapshot.host.load?.threads,
    ),
    gauge(
      "system_threads_runnable",
      "Threads that run or wait for a CPU",
      ({ snapshot }) => snapshot.host.load?.threadsRunnable,
    ),
    gauge(
      "system_processes_running",
      "Processes that run or wait for a CPU",
      ({ snapshot }) => snapshot.host.stat?.processesRunning,
    ),
    gauge(
      "system_processes_blocked",
      "Processes that wait for a disk",
      ({ snapshot }) => snapshot.host.stat?.processesBlocked,
    ),
    counter(
      "system_forks_total",
      "Processes and threads started since boot",
      ({ snapshot }) => snapshot.host.stat?.forks,
    ),
    counter(
      "system_context_switches_total",
      "Switches of a CPU from one thread to another",
      ({ snapshot }) => snapshot.host.stat?.contextSwitches,
    ),
    counter(
      "system_interrupts_total",
      "Interrupts served",
      ({ snapshot }) => snapshot.host.stat?.interrupts,
    ),
    gauge(
      "system_boot_time_seconds",
      "When the machine was booted, since 1970",
      ({ snapshot }) => snapshot.host.stat?.bootTimeSeconds,
    ),
    info(
      "system_info",
      "The operating system and the machine's architecture",
      ["platform", "architecture", "machine", "os", "release"],
      ({ versions: { platform, architecture, machine, osType, osRelease } }) => ({
        platform,
        architecture,
        machine,
        os: osType,
        release: osRelease,
      }),
    ),
  ],
};

/** Every size of memory there is, so that a new one cannot be forgotten. */
const MEMORY: Readonly<Record<keyof MemoryInfo, readonly [name: string, help: string]>> = {
  totalBytes: ["memory_total", "Memory of the machine"],
  freeBytes: ["memory_free", "Memory that is used for nothing, not even for caches"],
  availableBytes: ["memory_available", "Memory that new work can get without swapping"],
  buffersBytes: ["memory_buffers", "Buffers of block devices"],
  cachedBytes: ["memory_cached", "Cached file pages"],
  activeBytes: ["memory_active", "Memory used lately"],
  inactiveBytes: ["memory_inactive", "Memory not used lately"],
  anonymousBytes: ["memory_anonymous", "Memory that no file stands behind"],
  mappedBytes: ["memory_mapped", "Files mapped into memory"],
  sharedBytes: ["memory_shared", "Shared memory and tmpfs"],
  dirtyBytes: ["memory_dirty", "Memory waiting to be written to a disk"],
  writebackBytes: ["memory_writeback", "Memory being written to a disk"],
  slabBytes: ["memory_slab", "Structures of the kernel"],
  slabReclaimableBytes: ["memory_slab_reclaimable", "Structures of the kernel that can be dropped"],
  slabUnreclaimableBytes: [
    "memory_slab_unreclaimable",
    "Structures of the kernel that cannot be dropped",
  ],
  kernelStackBytes: ["memory_kernel_stack", "Stacks of the kernel"],
  pageTablesBytes: ["memory_page_tables", "Tables of pages"],
  commitLimitBytes: ["memory_commit_limit", "Memory that may be promised, with strict accounting"],
  committedBytes: ["memory_committed", "Memory promised to processes"],
  swapTotalBytes: ["swap_total", "Swap space of the machine"],
  swapFreeBytes: ["swap_free", "Swap space that is free"],
  swapCachedBytes: ["swap_cached", "Memory that is also in swap space"],
};

/** Memory and swap space. */
export const memoryFamilies: FamilyGroup = {
  title: "Memory",
  families: [
    gauge(
      "system_memory_usage_ratio",
      "Memory of the machine that is not available, 0 to 1",
      ({ snapshot }) => ratioOf(snapshot.usage.hostMemoryPercent),
    ),
    ...Object.entries(MEMORY).map(([field, [name, help]]) =>
      gauge(
        `system_${name}_bytes`,
        help,
        ({ snapshot }) => snapshot.host.memory?.[field as keyof MemoryInfo],
      ),
    ),
  ],
};

/** Seconds of one kind of stall, by resource. */
export function stallSeconds(
  pressure: Readonly<Record<string, Pressure | undefined>> | undefined,
  kind: keyof Pressure,
): readonly SeriesValue[] {
  const seconds = (stall: Stall | undefined) => stall?.totalSeconds;
  return Object.entries(pressure ?? {}).map(([resource, stalls]) => [
    { resource },
    seconds(stalls?.[kind]),
  ]);
}

/** Pressure stall information. */
export const pressureFamilies: FamilyGroup = {
  title: "Pressure",
  families: [
    counterBy(
      ["resource"],
      "system_pressure_waiting_seconds_total",
      "Time in which at least one task waited for a resource (PSI some)",
      ({ snapshot }) => stallSeconds(snapshot.host.pressure, "some"),
    ),
    counterBy(
      ["resource"],
      "system_pressure_stalled_seconds_total",
      "Time in which all tasks waited for a resource (PSI full)",
      ({ snapshot }) => stallSeconds(snapshot.host.pressure, "full"),
    ),
  ],
};

function received(
  field: keyof NetworkInterface["receive"],
  name: string,
  help: string,
): ReadFamily {
  return counterBy(["device"], `system_network_receive_${name}_total`, help, ({ snapshot }) =>
    (snapshot.host.network ?? []).map((each) => [{ device: each.name }, each.receive[field]]),
  );
}

function transmitted(
  field: keyof NetworkInterface["transmit"],
  name: string,
  help: string,
): ReadFamily {
  return counterBy(["device"], `system_network_transmit_${name}_total`, help, ({ snapshot }) =>
    (snapshot.host.network ?? []).map((each) => [{ device: each.name }, each.transmit[field]]),
  );
}

/** Network interfaces of this process' network namespace. */
export const networkFamilies: FamilyGroup = {
  title: "Network",
  families: [
    received("bytes", "bytes", "Bytes received"),
    received("packets", "packets", "Packets received"),
    received("errors", "errors", "Packets that arrived damaged or could not be taken"),
    received("dropped", "dropped", "Packets received and dropped"),
    received("fifoErrors", "fifo_errors", "Packets lost to a full receive queue"),
    received("frameErrors", "frame_errors", "Packets received with a wrong frame"),
    received("compressedPackets", "compressed_packets", "Compressed packets received"),
    received("multicastPackets", "multicast_packets", "Multicast packets received"),
    transmitted("bytes", "bytes", "Bytes sent"),
    transmitted("packets", "packets", "Packets sent"),
    transmitted("errors", "errors", "Packets that could not be sent"),
    transmitted("dropped", "dropped", "Packets dropped before they were sent"),
    transmitted("fifoErrors", "fifo_errors", "Packets lost to a full send queue"),
    transmitted("collisions", "collisions", "Collisions while sending"),
    transmitted("carrierErrors", "carrier_errors", "Packets lost to a lost carrier"),
    transmitted("compressedPackets", "compressed_packets", "Compressed packets sent"),
  ],
};

type DeviceField = Exclude<keyof BlockDevice, "name">;

function device(
  type: typeof counterBy,
  field: DeviceField,
  name: string,
  help: string,
): ReadFamily {
  return type(["device"], `system_disk_${name}`, help, ({ snapshot }) =>
    (snapshot.host.blockDevices ?? []).map((each) => [{ device: each.name }, each[field]]),
  );
}

/** Disks, partitions, mapped devices. */
export const diskFamilies: FamilyGroup = {
  title: "Block devices",
  families: [
    device(counterBy, "reads", "reads_total", "Reads that were completed"),
    device(counterBy, "readBytes", "read_bytes_total", "Bytes read from a device"),
    device(counterBy, "readSeconds", "read_seconds_total", "Time that reads took, added up"),
    device(counterBy, "writes", "writes_total", "Writes that were completed"),
    device(counterBy, "writtenBytes", "written_bytes_total", "Bytes written to a device"),
    device(counterBy, "writeSeconds", "write_seconds_total", "Time that writes took, added up"),
    device(gaugeBy, "inFlight", "requests_in_flight", "Requests being served now"),
    device(
      counterBy,
      "busySeconds",
      "busy_seconds_total",
      "Time with at least one request; its rate is the utilisation",
    ),
    device(
      counterBy,
      "weightedSeconds",
      "weighted_seconds_total",
      "Time times requests in flight; its rate is the mean queue length",
    ),
  ],
};
