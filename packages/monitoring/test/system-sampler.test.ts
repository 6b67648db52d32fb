// The sampler against this machine, against a tree without anything, and with a clock of its own.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import type { DurationMs, UnixMs } from "@flx/model";
import { type SystemClock, SystemSampler, type SystemSnapshot } from "@flx/monitoring/system";
import { startProcess, temporaryFolder } from "@flx/testkit";

const onLinux = { skip: process.platform !== "linux" };

/** A clock that the test moves. */
function manualClock(): SystemClock & { ms: number } {
  return {
    ms: 0,
    now() {
      return (1_700_000_000_000 + this.ms) as UnixMs;
    },
    monotonicMs() {
      return this.ms;
    },
  };
}

/** A tree with /proc/stat, whose CPU has spent so many seconds. */
function layStat(folder: string, userSeconds: number, idleSeconds: number): void {
  const times = `${userSeconds * 100} 0 0 ${idleSeconds * 100} 0 0 0 0 0 0`;
  mkdirSync(`${folder}/proc`, { recursive: true });
  writeFileSync(`${folder}/proc/stat`, `cpu  ${times}\ncpu0 ${times}\n`);
}

/** Every number in a value. */
function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

test("snapshot() has the facts of this machine at once", onLinux, () => {
  using sampler = new SystemSampler();
  const { host, process: own, runtime, usage, timestampMs } = sampler.snapshot();
  assert.ok(host.stat!.cpus.length > 0);
  assert.ok(host.memory!.availableBytes! < host.memory!.totalBytes);
  assert.ok(host.network!.some(({ name }) => name === "lo"));
  assert.equal(own.pid, process.pid);
  assert.ok(own.openDescriptors === undefined || own.openDescriptors > 3);
  assert.ok(own.maxDescriptors! > 0);
  assert.ok(runtime.heap.usedBytes > 0);
  assert.equal(usage.windowMs, undefined);
  assert.ok(Math.abs(Date.now() - timestampMs) < 5_000);
});

test("sample() adds disks and percentages; no number is NaN", onLinux, async () => {
  using sampler = new SystemSampler();
  const snapshot = await sampler.sample();
  assert.equal(sampler.snapshot(), snapshot);
  const root = snapshot.filesystems.find(({ mountPoint }) => mountPoint === "/");
  assert.equal(root?.state, "measured");
  assert.ok(root.room!.availableBytes <= root.room!.freeBytes);
  assert.ok(snapshot.usage.windowMs! > 0);
  const numbers = numbersIn(snapshot);
  assert.ok(numbers.length > 100);
  assert.ok(!numbers.some(Number.isNaN));
});

test("sample() gives one sample to all who ask while it is under way", async () => {
  using sampler = new SystemSampler();
  const [first, second] = await Promise.all([sampler.sample(), sampler.sample()]);
  assert.equal(first, second);
  assert.notEqual(await sampler.sample(), first);
});

test("sample() counts what a tree without anything lacks, and does not throw", async () => {
  await using folder = await temporaryFolder("empty");
  using sampler = new SystemSampler({ root: folder.path, platform: "linux" });
  const { host, cgroup, filesystems, readErrors, process: own } = await sampler.sample();
  assert.deepEqual(new Set(Object.values({ ...host, pressure: undefined })), new Set([undefined]));
  assert.equal(cgroup, undefined);
  assert.deepEqual(filesystems, []);
  assert.ok(own.residentBytes > 0);
  const kinds = new Set(readErrors.map(({ kind }) => kind));
  assert.deepEqual(kinds, new Set(["missing"]));
  assert.ok(readErrors.some(({ path }) => path === folder.file("proc/stat")));
});

test("sample() compares with a reading that is at least a second old", async () => {
  await using folder = await temporaryFolder("stat");
  const clock = manualClock();
  layStat(folder.path, 0, 0);
  using sampler = new SystemSampler({ root: folder.path, platform: "linux", clock });
  sampler.snapshot(); // the first reading
  const at = async (ms: number, user: number, idle: number) => {
    clock.ms = ms;
    layStat(folder.path, user, idle);
    const { usage } = await sampler.sample();
    return [usage.windowMs, Number(usage.hostCpuPercent?.toFixed(3))];
  };

  assert.deepEqual(await at(400, 0.4, 0), [400, 100]); // nothing older yet
  assert.deepEqual(await at(1_000, 0.5, 0.5), [1_000, 50]);
  assert.deepEqual(await at(1_400, 0.5, 0.9), [1_400, 35.714]); // against 0, not against 1,000
  assert.deepEqual(await at(2_000, 0.5, 1.5), [1_000, 0]); // against 1,000
  assert.deepEqual(await at(12_000, 5.5, 6.5), [10_000, 50]);
});

test("sample() tells the delay of the event loop of windows of 10 s", async () => {
  const clock = manualClock();
  using sampler = new SystemSampler({ clock, eventLoopResolutionMs: 1 as DurationMs });
  sampler.snapshot();
  const at = async (ms: number) => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    clock.ms = ms;
    return (await sampler.sample()).runtime.eventLoopDelay;
  };

  assert.equal((await at(9_999)).count, 0);
  const first = await at(10_000);
  assert.ok(first.count > 0 && first.maxSeconds !== undefined);
  assert.equal(await at(19_999), first);
  assert.notEqual(await at(20_000), first);
});

test("sample() sees a limit that is changed, and a move to another control group", async () => {
  await using folder = await temporaryFolder("moved");
  const lay = (name: string, content: string) => {
    mkdirSync(dirname(folder.file(name)), { recursive: true });
    writeFileSync(folder.file(name), content);
  };
  lay("proc/self/mountinfo", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
  lay("proc/self/cgroup", "0::/one\n");
  lay("sys/fs/cgroup/one/cpu.max", "50000 100000\n");
  lay("sys/fs/cgroup/two/cpu.max", "300000 100000\n");
  using sampler = new SystemSampler({ root: folder.path, platform: "linux" });
  const quota = async () => (await sampler.sample()).cgroup?.cpu.quotaCpus;

  assert.equal(await quota(), 0.5);
  lay("sys/fs/cgroup/one/cpu.max", "200000 100000\n");
  assert.equal(await quota(), 2);
  lay("proc/self/cgroup", "0::/two\n");
  let moved: number | undefined;
  for (let i = 0; i < 12; i++) moved = await quota();
  assert.equal(moved, 3);
});

test("descriptors are counted by listing where the folder does not tell its size", async () => {
  await using folder = await temporaryFolder("descriptors");
  mkdirSync(folder.file("proc/self/fd"), { recursive: true });
  for (const name of ["0", "1", "2"]) writeFileSync(folder.file(`proc/self/fd/${name}`), "");
  using sampler = new SystemSampler({ root: folder.path, platform: "linux" });
  assert.equal(sampler.snapshot().process.openDescriptors, undefined);
  let open: number | undefined;
  for (let i = 0; i < 500 && open === undefined; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    open = (await sampler.sample()).process.openDescriptors;
  }
  assert.equal(open, 3);
});

test("a platform other than Linux gives what Node knows", async () => {
  using sampler = new SystemSampler({ platform: "darwin" });
  const { host, process: own, filesystems, readErrors } = await sampler.sample();
  assert.ok(host.stat!.cpus.length > 0);
  assert.ok(host.memory!.totalBytes > 0);
  assert.deepEqual(
    [host.network, own.virtualBytes, own.openDescriptors],
    [undefined, undefined, undefined],
  );
  assert.deepEqual(
    filesystems.map(({ state }) => state),
    ["measured"],
  );
  assert.deepEqual(readErrors, []);
});

test("the timer samples in the background", async () => {
  using sampler = new SystemSampler({ intervalMs: 100 as DurationMs });
  const first = sampler.snapshot();
  let later: SystemSnapshot = first;
  for (let i = 0; i < 500 && later === first; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    later = sampler.snapshot();
  }
  assert.notEqual(later, first);
});

test("close() stops sampling and gives the descriptors back", onLinux, async () => {
  using other = new SystemSampler();
  const before = (await other.sample()).process.openDescriptors;
  const sampler = new SystemSampler();
  const last = await sampler.sample();
  sampler.close();
  sampler.close();
  assert.equal(await sampler.sample(), last);
  assert.equal((await other.sample()).process.openDescriptors, before);
});

test("close() during a sample ends it with the last one", async () => {
  const sampler = new SystemSampler();
  const first = sampler.snapshot();
  const underWay = sampler.sample();
  sampler.close();
  assert.equal(await underWay, first);
});

test("importing does nothing, and a sampler lets the process end", onLinux, async () => {
  const script = `
    const fs = require("node:fs");
    const open = () => fs.readdirSync("/proc/self/fd").length;
    const before = [open(), process.getActiveResourcesInfo().length];
    import("@flx/monitoring/system").then(({ SystemSampler }) => {
      setImmediate(() => {
        const after = [open(), process.getActiveResourcesInfo().length];
        // The import itself is an active resource of the moment before.
        console.log("opened", after[0] - before[0], "more active", Math.max(0, after[1] - before[1] - 1));
        new SystemSampler();
      });
    });`;
  await using child = await startProcess({
    name: "importer",
    command: process.execPath,
    args: ["--conditions=@flx/source", "-e", script],
    cwd: import.meta.dirname,
  });
  const { code } = await child.exited;
  assert.equal(code, 0);
  assert.match(child.log(), /opened 0 more active 0/);
});
