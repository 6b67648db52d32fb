import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnixMs } from "@flx/model/write";
import { SystemSampler, type SystemSnapshot } from "../system/index.ts";
import { HealthChecker } from "./health-checker.ts";
import { type HealthSettings, healthSettings } from "./health-settings.ts";
import { judged, SystemResources } from "./system-resources.ts";

/** This machine's facts, with some of them made up. */
function snapshotWith(change: (facts: SystemSnapshot) => Partial<SystemSnapshot>): SystemSnapshot {
  using sampler = new SystemSampler();
  const facts = sampler.snapshot();
  const calm: SystemSnapshot = {
    ...facts,
    filesystems: [],
    cgroup: undefined,
    usage: { ...facts.usage, windowMs: 5_000 as never, cpuPercent: 1, memoryPercent: 2 },
    host: {
      ...facts.host,
      pressure: { cpu: undefined, memory: undefined, io: undefined } as never,
    },
    runtime: {
      ...facts.runtime,
      eventLoopDelay: { ...facts.runtime.eventLoopDelay, p99Seconds: 0.01 },
    },
  };
  return { ...calm, ...change(calm) };
}

const filesystem = (mountPoint: string, state: string, usedPercent: number, readOnly = false) =>
  ({
    mountPoint,
    device: "x",
    fsType: "ext4",
    readOnly,
    remote: false,
    state,
    room: {
      sizeBytes: 100,
      freeBytes: 100 - usedPercent,
      availableBytes: 100 - usedPercent,
      files: 0,
      filesFree: 0,
    },
  }) as unknown as SystemSnapshot["filesystems"][number];

const stall = (percent: number) => ({
  some: {
    last10SecondsPercent: 0,
    last60SecondsPercent: percent,
    last300SecondsPercent: 0,
    totalSeconds: 0,
  },
  full: undefined,
});

test("judged() is degraded above a limit, and says which", () => {
  const f = (
    change: (facts: SystemSnapshot) => Partial<SystemSnapshot>,
    message: string | undefined,
    settings: Partial<HealthSettings> = {},
  ) => {
    const got = judged(snapshotWith(change), healthSettings({ options: settings }));
    assert.deepEqual(
      [got.status, got.message],
      [message === undefined ? "healthy" : "degraded", message],
    );
  };

  f(() => ({}), undefined);
  f(({ usage }) => ({ usage: { ...usage, cpuPercent: 97.26 } }), "CPU 97.3 %, limit 90 %");
  f(({ usage }) => ({ usage: { ...usage, cpuPercent: 90 } }), undefined); // not above
  f(({ usage }) => ({ usage: { ...usage, cpuPercent: 97, windowMs: 20 as never } }), undefined); // too short to tell
  f(
    ({ usage }) => ({ usage: { ...usage, cpuPercent: undefined, memoryPercent: undefined } }),
    undefined,
  );
  f(({ usage }) => ({ usage: { ...usage, memoryPercent: 95 } }), "memory 95 %, limit 90 %");
  f(() => ({}), "memory 2 %, limit 1 %", { maxMemoryUsagePercent: 1 });
  f(
    () => ({ filesystems: [filesystem("/", "measured", 91), filesystem("/data", "measured", 99)] }),
    "disk /data 99 %, limit 90 %; disk / 91 %, limit 90 %",
  );
  f(() => ({ filesystems: [filesystem("/snap", "measured", 100, true)] }), undefined);
  f(() => ({ filesystems: [filesystem("/nfs", "skipped", 100)] }), undefined);
  f(
    () => ({ filesystems: [filesystem("/mnt", "unavailable", 10)] }),
    "the disk /mnt does not answer",
  );
  f(
    ({ runtime }) => ({
      runtime: { ...runtime, eventLoopDelay: { ...runtime.eventLoopDelay, p99Seconds: 0.75 } },
    }),
    "delay of the event loop 750 ms, limit 500 ms",
  );
  f(
    ({ host }) => ({ host: { ...host, pressure: { ...host.pressure, memory: stall(40) } } }),
    "waiting for memory 40 %, limit 20 %",
  );
  f(
    ({ host }) => ({
      // What the container's own file says goes before the machine's.
      host: { ...host, pressure: { ...host.pressure, cpu: stall(99) } },
      cgroup: { pressure: { cpu: stall(5), memory: undefined, io: undefined } } as never,
    }),
    undefined,
  );
});

test("SystemResources is unknown when nobody has sampled for long", () => {
  const snapshot = snapshotWith(() => ({ timestampMs: 1_000_000 as UnixMs }));
  let nowMs = 1_000_000;
  const resources = new SystemResources(healthSettings(), () => nowMs, {
    snapshot: () => snapshot,
  });
  assert.equal(resources.check().status, "healthy");
  nowMs += 31_000;
  assert.deepEqual(resources.check(), {
    status: "unknown",
    message: "the system has not been sampled lately",
  });
});

test("HealthChecker.checkSystemResources() tells of this machine, registered or not", async () => {
  const health = new HealthChecker();
  const lenient = {
    maxCpuUsagePercent: 100,
    maxMemoryUsagePercent: 100,
    maxDiskUsagePercent: 100,
    maxEventLoopDelayMs: 3_600_000,
    maxCpuPressurePercent: 100,
    maxMemoryPressurePercent: 100,
    maxIoPressurePercent: 100,
  };
  const alone = await health.checkSystemResources({ settings: lenient });
  assert.equal(alone.name, "system_resources");
  assert.equal(alone.status, "healthy");
  assert.equal(typeof alone.measurements["memory"]?.value, "number");
  assert.equal(health.component("system_resources"), undefined);

  health.registerDefaultChecks({ settings: { ...lenient, maxMemoryUsagePercent: 0.001 }, env: {} });
  const registered = await health.checkSystemResources();
  assert.equal(registered.status, "degraded");
  assert.match(registered.message ?? "", /^memory [0-9.]+ %, limit 0\.001 %$/);
  assert.deepEqual([health.state()?.status, health.state()?.serving], ["degraded", true]);
  assert.throws(() => health.registerDefaultChecks(), { code: "FLX_HEALTH_NAME" });
  assert.throws(
    () => new HealthChecker().registerDefaultChecks({ env: { FLX_MAX_CPU_USAGE_PERCENT: "x" } }),
    {
      code: "FLX_HEALTH_SETTING",
    },
  );
  await health.stop();
});

test("HealthChecker.checkGrpcService() asks the service that is named, and says why there is no answer", async () => {
  const health = new HealthChecker();
  await assert.rejects(health.checkGrpcService(), { code: "FLX_HEALTH_UNKNOWN" });
  // Nobody listens on the port 1 of this machine.
  const { status, error } = await health.checkGrpcService({
    target: "127.0.0.1:1",
    timeoutMs: 2_000,
  });
  assert.equal(status, "unhealthy");
  assert.match(error ?? "", /127\.0\.0\.1:1/);
  await health.stop();
});
