import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Bytes,
  type DurationMs,
  FlxError,
  parseExpositionStrict,
  type UnixMs,
} from "@flx/model";
import { MetricsCollector } from "../metrics/collector/metrics-collector.ts";
import { Gauge } from "../metrics/gauge.ts";
import { Registry } from "../metrics/registry.ts";
import {
  type CgroupFacts,
  type FilesystemFacts,
  GC_KINDS,
  type HostFacts,
  type NetworkInterface,
  SystemSampler,
  type SystemSnapshot,
  type UsageFacts,
} from "../system/index.ts";
import { collectSystemMetrics } from "./collect-system-metrics.ts";
import { familyGroups } from "./families.ts";

const bytes = (value: number) => value as Bytes;

const noPressure = { cpu: undefined, memory: undefined, io: undefined, irq: undefined };

const noHost: HostFacts = {
  stat: undefined,
  memory: undefined,
  load: undefined,
  pressure: noPressure,
  network: undefined,
  blockDevices: undefined,
};

const noUsage: UsageFacts = {
  windowMs: undefined,
  cpuPercent: undefined,
  memoryPercent: undefined,
  hostCpuPercent: undefined,
  hostCpuModePercent: undefined,
  hostMemoryPercent: undefined,
  processCpuPercent: undefined,
  processCpuPercentOfLimit: undefined,
  cgroupCpuPercentOfLimit: undefined,
  cgroupThrottledPercent: undefined,
  cgroupMemoryPercentOfLimit: undefined,
  cpuLimit: undefined,
  memoryLimitBytes: undefined,
  eventLoopPercent: undefined,
  gcPercent: undefined,
};

const noGc = { count: 0, durationSeconds: 0, maxSeconds: 0 };

/** A snapshot that knows only what every platform tells. */
const bare: SystemSnapshot = {
  timestampMs: 1_700_000_000_500 as UnixMs,
  readMs: 0.5 as DurationMs,
  host: noHost,
  filesystems: [],
  cgroup: undefined,
  process: {
    pid: 42,
    startTimeSeconds: 1_699_999_000,
    uptimeSeconds: 1_000.5,
    cpuUserSeconds: 3,
    cpuSystemSeconds: 1.5,
    residentBytes: bytes(50_000),
    residentPeakBytes: bytes(60_000),
    residentAnonymousBytes: undefined,
    virtualBytes: undefined,
    swappedBytes: undefined,
    threads: undefined,
    allowedCpus: undefined,
    openDescriptors: undefined,
    maxDescriptors: undefined,
    minorPageFaults: 7,
    majorPageFaults: 0,
    voluntaryContextSwitches: 8,
    involuntaryContextSwitches: 9,
    io: undefined,
  },
  runtime: {
    eventLoopTime: { activeSeconds: 10, idleSeconds: 30, utilizationRatio: 0.25 },
    eventLoopDelay: {
      count: 0,
      minSeconds: undefined,
      maxSeconds: undefined,
      meanSeconds: undefined,
      stddevSeconds: undefined,
      p50Seconds: undefined,
      p90Seconds: undefined,
      p99Seconds: undefined,
      resolutionSeconds: 0.02,
    },
    gc: { minor: noGc, major: noGc, incremental: noGc, weakcb: noGc },
    heap: {
      totalBytes: bytes(4_000),
      usedBytes: bytes(3_000),
      limitBytes: bytes(9_000),
      physicalBytes: bytes(3_500),
      externalBytes: bytes(100),
      mallocedBytes: bytes(200),
      nativeContexts: 1,
      detachedContexts: 0,
      spaces: [
        {
          name: "new",
          sizeBytes: bytes(1_000),
          usedBytes: bytes(400),
          availableBytes: bytes(600),
          physicalBytes: bytes(900),
        },
      ],
    },
  },
  usage: noUsage,
  versions: {
    node: "v24.21.0",
    nodeMajor: 24,
    nodeMinor: 21,
    nodePatch: 0,
    v8: "13.6",
    uv: "1.52",
    openssl: undefined,
    platform: "linux",
    architecture: "x64",
    machine: "x86_64",
    osType: "Linux",
    osRelease: "6.18",
  },
  readErrors: [],
};

const root: FilesystemFacts = {
  mountPoint: "/",
  device: "/dev/vda1",
  fsType: "ext4",
  readOnly: false,
  remote: false,
  state: "measured",
  room: {
    sizeBytes: bytes(1_000),
    freeBytes: bytes(400),
    availableBytes: bytes(200),
    files: 100,
    filesFree: 90,
  },
};

const time = (user: number, idle: number) => ({
  user,
  nice: 0,
  system: 0,
  idle,
  iowait: 0.5,
  irq: 0,
  softirq: 0,
  steal: 0,
  guest: 0.25,
  guestNice: 0,
});

const stat: NonNullable<HostFacts["stat"]> = {
  total: time(2, 5),
  cpus: [{ cpu: 0, seconds: time(2, 5) }],
  bootTimeSeconds: 1_600_000_000,
  interrupts: undefined,
  contextSwitches: 77,
  forks: undefined,
  processesRunning: undefined,
  processesBlocked: undefined,
};

const eth0: NetworkInterface = {
  name: "eth0",
  receive: {
    bytes: bytes(11),
    packets: 2,
    errors: 0,
    dropped: 0,
    fifoErrors: 0,
    frameErrors: 0,
    compressedPackets: 0,
    multicastPackets: 3,
  },
  transmit: {
    bytes: bytes(12),
    packets: 4,
    errors: 0,
    dropped: 0,
    fifoErrors: 0,
    collisions: 5,
    carrierErrors: 0,
    compressedPackets: 0,
  },
};

const stall = (totalSeconds: number) => ({
  last10SecondsPercent: 0,
  last60SecondsPercent: 0,
  last300SecondsPercent: 0,
  totalSeconds,
});

const cgroup: CgroupFacts = {
  version: "v2",
  cpu: {
    quotaCpus: 1.5,
    cpusetCpus: undefined,
    usageSeconds: 6,
    userSeconds: undefined,
    systemSeconds: undefined,
    periods: 20,
    throttledPeriods: 3,
    throttledSeconds: 0.25,
  },
  memory: {
    limitBytes: bytes(4_096),
    highBytes: undefined,
    usageBytes: bytes(1_024),
    workingSetBytes: bytes(512),
    anonymousBytes: undefined,
    fileBytes: undefined,
    swapLimitBytes: undefined,
    swapUsageBytes: undefined,
    oomKills: 1,
  },
  tasks: { current: 8, limit: undefined },
  pressure: { cpu: { some: stall(1.25), full: undefined }, memory: undefined, io: undefined },
};

const samplesOf = (text: string): string[] =>
  text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));

/** The samples, of families whose name begins so, that a snapshot gives. */
async function samples(snapshot: SystemSnapshot, beginning: string): Promise<string[]> {
  const registry = new Registry();
  using _ = collectSystemMetrics({ registry, sampler: { snapshot: () => snapshot } });
  const lines = samplesOf(await registry.metrics());
  return lines.filter((line) => line.startsWith(beginning));
}

test("collectSystemMetrics() makes series of what a snapshot knows, and none of what it does not", async () => {
  const f = async (changes: Partial<SystemSnapshot>, beginning: string, ...want: string[]) =>
    assert.deepEqual(await samples({ ...bare, ...changes }, beginning), want, beginning);
  const host = (changes: Partial<HostFacts>) => ({ host: { ...noHost, ...changes } });
  const usage = (changes: Partial<UsageFacts>) => ({ usage: { ...noUsage, ...changes } });
  const own = (changes: Partial<SystemSnapshot["process"]>) => ({
    process: { ...bare.process, ...changes },
  });
  const overTime = { cpuPercent: 50, processCpuPercent: 250, eventLoopPercent: 25, gcPercent: 5 };
  const windowMs = 1_000 as DurationMs;

  await f({}, "flx_cpu");
  await f(usage({ ...overTime, windowMs }), "flx_cpu", "flx_cpu_usage_percent 50");
  await f(usage({ ...overTime, windowMs: 999 as DurationMs }), "flx_cpu");
  await f(usage({ memoryPercent: 40 }), "flx_memory", "flx_memory_usage_percent 40");
  await f({ filesystems: [root] }, "flx_disk", 'flx_disk_usage_percent{mountpoint="/"} 75');
  await f({ filesystems: [{ ...root, state: "unavailable" }] }, "flx_disk");

  await f({}, "flx_system_cpu");
  await f(
    host({ stat }),
    "flx_system_cpu",
    'flx_system_cpu_seconds_total{mode="user"} 2',
    'flx_system_cpu_seconds_total{mode="nice"} 0',
    'flx_system_cpu_seconds_total{mode="system"} 0',
    'flx_system_cpu_seconds_total{mode="idle"} 5',
    'flx_system_cpu_seconds_total{mode="iowait"} 0.5',
    'flx_system_cpu_seconds_total{mode="irq"} 0',
    'flx_system_cpu_seconds_total{mode="softirq"} 0',
    'flx_system_cpu_seconds_total{mode="steal"} 0',
    'flx_system_cpu_guest_seconds_total{mode="user"} 0.25',
    'flx_system_cpu_guest_seconds_total{mode="nice"} 0',
    "flx_system_cpus 1",
  );
  await f(
    { ...host({ stat }), versions: { ...bare.versions, platform: "darwin" } },
    "flx_system_cpu_",
    'flx_system_cpu_seconds_total{mode="user"} 2',
    'flx_system_cpu_seconds_total{mode="nice"} 0',
    'flx_system_cpu_seconds_total{mode="system"} 0',
    'flx_system_cpu_seconds_total{mode="idle"} 5',
  );
  await f(
    usage({ hostCpuPercent: 12.5, windowMs }),
    "flx_system_cpu_",
    "flx_system_cpu_usage_ratio 0.125",
  );
  await f(host({ stat }), "flx_system_boot", "flx_system_boot_time_seconds 1600000000");
  await f(host({ stat }), "flx_system_context", "flx_system_context_switches_total 77");
  await f(host({ stat }), "flx_system_interrupts");
  await f(
    host({
      load: {
        oneMinute: 0.5,
        fiveMinutes: 1,
        fifteenMinutes: 2,
        threads: undefined,
        threadsRunnable: 3,
      },
    }),
    "flx_system_load",
    "flx_system_load1 0.5",
    "flx_system_load5 1",
    "flx_system_load15 2",
  );
  await f(
    host({ pressure: { ...noPressure, io: { some: stall(1.5), full: stall(0) } } }),
    "flx_system_pressure",
    'flx_system_pressure_waiting_seconds_total{resource="io"} 1.5',
    'flx_system_pressure_stalled_seconds_total{resource="io"} 0',
  );
  await f(
    { filesystems: [{ ...root, mountPoint: "/far", state: "skipped", room: undefined }] },
    "flx_system_filesystem",
    'flx_system_filesystem_readonly{mountpoint="/far",device="/dev/vda1",fstype="ext4"} 0',
  );
  await f(
    {
      filesystems: [
        { ...root, state: "unavailable" },
        { ...root, mountPoint: "/b", room: { ...root.room!, files: 0, filesFree: 0 } },
      ],
    },
    "flx_system_filesystem_",
    'flx_system_filesystem_size_bytes{mountpoint="/b",device="/dev/vda1",fstype="ext4"} 1000',
    'flx_system_filesystem_free_bytes{mountpoint="/b",device="/dev/vda1",fstype="ext4"} 400',
    'flx_system_filesystem_available_bytes{mountpoint="/b",device="/dev/vda1",fstype="ext4"} 200',
    'flx_system_filesystem_readonly{mountpoint="/",device="/dev/vda1",fstype="ext4"} 0',
    'flx_system_filesystem_readonly{mountpoint="/b",device="/dev/vda1",fstype="ext4"} 0',
    'flx_system_filesystem_measured{mountpoint="/",device="/dev/vda1",fstype="ext4"} 0',
    'flx_system_filesystem_measured{mountpoint="/b",device="/dev/vda1",fstype="ext4"} 1',
  );
  await f(
    host({
      blockDevices: [
        {
          name: "vda",
          reads: 1,
          readBytes: bytes(512),
          readSeconds: 0.25,
          writes: 2,
          writtenBytes: bytes(1_024),
          writeSeconds: 0.5,
          inFlight: 3,
          busySeconds: 0.75,
          weightedSeconds: 1.5,
        },
      ],
    }),
    "flx_system_disk",
    'flx_system_disk_reads_total{device="vda"} 1',
    'flx_system_disk_read_bytes_total{device="vda"} 512',
    'flx_system_disk_read_seconds_total{device="vda"} 0.25',
    'flx_system_disk_writes_total{device="vda"} 2',
    'flx_system_disk_written_bytes_total{device="vda"} 1024',
    'flx_system_disk_write_seconds_total{device="vda"} 0.5',
    'flx_system_disk_requests_in_flight{device="vda"} 3',
    'flx_system_disk_busy_seconds_total{device="vda"} 0.75',
    'flx_system_disk_weighted_seconds_total{device="vda"} 1.5',
  );
  await f(
    host({ network: [eth0] }),
    "flx_system_network_receive_multicast",
    'flx_system_network_receive_multicast_packets_total{device="eth0"} 3',
  );
  await f(
    host({ network: [eth0] }),
    "flx_system_network_transmit_coll",
    'flx_system_network_transmit_collisions_total{device="eth0"} 5',
  );

  await f({}, "flx_system_cgroup");
  await f(
    { cgroup },
    "flx_system_cgroup",
    'flx_system_cgroup_info{version="v2"} 1',
    "flx_system_cgroup_cpu_quota_cpus 1.5",
    "flx_system_cgroup_cpu_usage_seconds_total 6",
    "flx_system_cgroup_cpu_periods_total 20",
    "flx_system_cgroup_cpu_throttled_periods_total 3",
    "flx_system_cgroup_cpu_throttled_seconds_total 0.25",
    "flx_system_cgroup_memory_limit_bytes 4096",
    "flx_system_cgroup_memory_usage_bytes 1024",
    "flx_system_cgroup_memory_working_set_bytes 512",
    "flx_system_cgroup_oom_kills_total 1",
    "flx_system_cgroup_tasks 8",
    'flx_system_cgroup_pressure_waiting_seconds_total{resource="cpu"} 1.25',
  );

  await f({}, "flx_process_max");
  await f(own({ maxDescriptors: Infinity }), "flx_process_max", "flx_process_max_fds +Inf");
  await f(own({ openDescriptors: 12 }), "flx_process_open", "flx_process_open_fds 12");
  await f(
    usage({ ...overTime, windowMs }),
    "flx_process_cpu_usage",
    "flx_process_cpu_usage_ratio 2.5",
  );
  await f(
    {},
    "flx_process_cpu",
    'flx_process_cpu_seconds_total{mode="user"} 3',
    'flx_process_cpu_seconds_total{mode="system"} 1.5',
  );
  await f(
    {},
    "flx_process_page_faults",
    'flx_process_page_faults_total{kind="minor"} 7',
    'flx_process_page_faults_total{kind="major"} 0',
  );

  await f(
    {},
    "flx_runtime_event_loop",
    'flx_runtime_event_loop_seconds_total{state="active"} 10',
    'flx_runtime_event_loop_seconds_total{state="idle"} 30',
    "flx_runtime_event_loop_delay_resolution_seconds 0.02",
  );
  await f(
    usage({ ...overTime, windowMs }),
    "flx_runtime_event_loop_utilization",
    "flx_runtime_event_loop_utilization_ratio 0.25",
  );
  await f(
    usage({ ...overTime, windowMs }),
    "flx_runtime_gc_pause_ratio",
    "flx_runtime_gc_pause_ratio 0.05",
  );
  await f({}, "flx_runtime_heap_limit", "flx_runtime_heap_limit_bytes 9000");
  await f({}, "flx_runtime_heap_space_used", 'flx_runtime_heap_space_used_bytes{space="new"} 400');
  await f(
    {},
    "flx_runtime_info",
    'flx_runtime_info{version="v24.21.0",major="24",minor="21",patch="0",v8="13.6",uv="1.52"} 1',
  );
  await f({}, "flx_system_sample_t", "flx_system_sample_timestamp_seconds 1700000000.5");
  await f(
    { readErrors: [{ path: "/proc/x", kind: "missing", count: 2 }] },
    "flx_system_read",
    'flx_system_read_errors_total{path="/proc/x",kind="missing"} 2',
  );
});

test("flx_runtime_active_* count what keeps the loop alive at the exposition", async () => {
  const registry = new Registry();
  using _ = collectSystemMetrics({ registry, sampler: { snapshot: () => bare } });
  const timers = async () => {
    const text = await registry.metrics({ names: ["flx_runtime_active_resources"] });
    return Number(/\{type="Timeout"\} (\d+)/.exec(text)?.[1] ?? 0);
  };
  const before = await timers();
  const added = [1, 2, 3].map(() => setTimeout(() => undefined, 60_000));
  const during = await timers();
  for (const timer of added) clearTimeout(timer);
  assert.equal(during - before, 3);
});

test("collectSystemMetrics() takes away at the next exposition what is no longer known", async () => {
  const registry = new Registry();
  let snapshot: SystemSnapshot = { ...bare, cgroup, filesystems: [root] };
  using _ = collectSystemMetrics({ registry, sampler: { snapshot: () => snapshot } });
  const names = ["flx_disk_usage_percent", "flx_system_cgroup_tasks", "flx_system_cgroup_info"];
  const f = async (...want: string[]) =>
    assert.deepEqual(samplesOf(await registry.metrics({ names })), want);

  await f(
    'flx_disk_usage_percent{mountpoint="/"} 75',
    "flx_system_cgroup_tasks 8",
    'flx_system_cgroup_info{version="v2"} 1',
  );
  snapshot = bare;
  await f();
});

test("collectSystemMetrics() on this machine gives strict text and OpenMetrics", async () => {
  const registry = new Registry();
  using sampler = new SystemSampler();
  await sampler.sample();
  using _ = collectSystemMetrics({ registry, sampler });
  for (const format of ["text", "openmetrics"] as const) {
    const families = parseExpositionStrict(await registry.metrics({ format }), { format });
    const used = families.find(({ name }) => name === "flx_runtime_heap_used_bytes");
    assert.equal(used?.points[0]?.value, sampler.snapshot().runtime.heap.usedBytes);
    // What this machine does not know is not written, but declared.
    assert.ok(families.every(({ points }) => points.length > 0));
    const declared = familyGroups.flatMap((group) => group.families).length;
    assert.equal(registry.catalogue().length, declared);
  }
});

test("flx_runtime_gc_pause_seconds counts each collection from the start on", async () => {
  const registry = new Registry();
  using _ = collectSystemMetrics({ registry, sampler: { snapshot: () => bare } });
  const counts = async () => {
    const text = await registry.metrics({ names: ["flx_runtime_gc_pause_seconds"] });
    return samplesOf(text).filter((line) => line.includes("_count"));
  };
  const kinds = (await counts()).map((line) => /kind="(\w+)"/.exec(line)?.[1]);
  assert.deepEqual(new Set(kinds), new Set(GC_KINDS));
  const total = async () =>
    (await counts()).reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  // How much must be allocated for a collection depends on what ran before in this process.
  let kept: unknown[] = [];
  for (let round = 0; round < 200 && (await total()) === 0; round++) {
    kept = Array.from({ length: 100_000 }, (_each, i) => ({ i, text: `${i}` }));
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(kept.length > 0 && (await total()) > 0);
});

test("collectSystemMetrics() shares the families of MetricsCollector and leaves them to it", async () => {
  const names = ["flx_cpu_usage_percent", "flx_memory_usage_percent", "flx_disk_usage_percent"];
  const usage = { ...noUsage, memoryPercent: 40 };
  const sampler = { snapshot: () => ({ ...bare, usage, filesystems: [root] }) };
  const registry = new Registry();
  const collector = new MetricsCollector(registry);
  const families = registry.catalogue().length;
  const f = async (...want: string[]) =>
    assert.deepEqual(samplesOf(await registry.metrics({ names })), want);

  const metrics = collectSystemMetrics({ registry, sampler });
  await f("flx_memory_usage_percent 40", 'flx_disk_usage_percent{mountpoint="/"} 75');
  metrics.close();
  assert.equal(registry.catalogue().length, families);
  await f("flx_cpu_usage_percent NaN", "flx_memory_usage_percent NaN");
  collector.setSystemUsage({ cpuPercent: 1, memoryPercent: 2 });
  await f("flx_cpu_usage_percent 1", "flx_memory_usage_percent 2");
});

test("collectSystemMetrics() leaves the families to a MetricsCollector that is made later, too", async () => {
  const names = ["flx_cpu_usage_percent", "flx_memory_usage_percent", "flx_disk_usage_percent"];
  const usage = { ...noUsage, memoryPercent: 40 };
  const registry = new Registry();
  const sampler = { snapshot: () => ({ ...bare, usage, filesystems: [root] }) };
  const f = async (...want: string[]) =>
    assert.deepEqual(samplesOf(await registry.metrics({ names })), want);

  const metrics = collectSystemMetrics({ registry, sampler });
  const collector = new MetricsCollector(registry);
  await f("flx_memory_usage_percent 40", 'flx_disk_usage_percent{mountpoint="/"} 75');
  metrics.close();
  await f("flx_cpu_usage_percent NaN", "flx_memory_usage_percent NaN");
  collector.setSystemUsage({ cpuPercent: 1, memoryPercent: 2 });
  await f("flx_cpu_usage_percent 1", "flx_memory_usage_percent 2");
  assert.equal(registry.get("flx_process_cpu_limit_cpus"), undefined);

  const again = collectSystemMetrics({ registry, sampler });
  await f("flx_memory_usage_percent 40", 'flx_disk_usage_percent{mountpoint="/"} 75');
  again.close();
  await f("flx_cpu_usage_percent NaN", "flx_memory_usage_percent NaN");
});

test("collectSystemMetrics() takes no callback away that was declared after its own", async () => {
  const registry = new Registry();
  const metrics = collectSystemMetrics({ registry, sampler: { snapshot: () => bare } });
  const collect = function (this: Gauge): void {
    this.set(7);
  };
  const { help, unit } = registry.get("flx_cpu_usage_percent")!;
  const about = { help, unit: unit!, registers: [registry], collect };
  const gauge = new Gauge({ name: "flx_cpu_usage_percent", ...about });
  metrics.close();
  assert.equal(gauge.name, "flx_cpu_usage_percent");
  const text = await registry.metrics();
  assert.deepEqual(samplesOf(text), ["flx_cpu_usage_percent 7"]);
});

test("collectSystemMetrics() twice: the newest sampler is asked, the last to close unregisters", async () => {
  const registry = new Registry();
  const cpus = (cpuLimit: number) => ({
    snapshot: () => ({ ...bare, usage: { ...noUsage, cpuLimit } }),
  });
  const f = async (...want: string[]) =>
    assert.deepEqual(
      samplesOf(await registry.metrics({ names: ["flx_process_cpu_limit_cpus"] })),
      want,
    );

  const first = collectSystemMetrics({ registry, sampler: cpus(1) });
  const second = collectSystemMetrics({ registry, sampler: cpus(2) });
  await f("flx_process_cpu_limit_cpus 2");
  second.close();
  second.close();
  await f("flx_process_cpu_limit_cpus 1");
  first.close();
  assert.deepEqual(registry.catalogue(), []);
  await f();
});

test("collectSystemMetrics() registers anew after the registry was cleared", async () => {
  const registry = new Registry();
  const sampler = { snapshot: () => bare };
  const first = collectSystemMetrics({ registry, sampler });
  registry.clear();
  using _ = collectSystemMetrics({ registry, sampler });
  const registered = registry.catalogue().length;
  assert.ok(registered > 100);
  first.close();
  assert.equal(registry.catalogue().length, registered);
});

test("collectSystemMetrics({ prefix }) begins all names with it", () => {
  const registry = new Registry();
  using _ = collectSystemMetrics({ registry, prefix: "shop_", sampler: { snapshot: () => bare } });
  assert.ok(registry.catalogue().every(({ name }) => name.startsWith("shop_")));
});

test("collectSystemMetrics() registers nothing when a name is taken", () => {
  const registry = new Registry();
  const own = new Gauge({ name: "flx_runtime_info", help: "Mine", registers: [registry] });
  assert.throws(
    () => collectSystemMetrics({ registry }),
    (error) => error instanceof FlxError && error.code === "FLX_METRIC_CLASH",
  );
  assert.deepEqual(
    registry.catalogue().map(({ name }) => name),
    [own.name],
  );
});
