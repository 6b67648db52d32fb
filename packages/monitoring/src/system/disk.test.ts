import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurationMs } from "@flx/model/write";
import { DiskWatch, type DiskWatchOptions, type Statfs } from "./disk.ts";
import type { Mount } from "./mounts.ts";

const numbers = { bsize: 4096, blocks: 100, bfree: 50, bavail: 40, files: 10, ffree: 5 };

const mount = (mountPoint: string, remote = false): Mount => ({
  mountPoint,
  device: mountPoint,
  fsType: remote ? "nfs4" : "ext4",
  readOnly: false,
  remote,
});

/** A statfs that answers only for mounts that are not in `dead`, and lets the dead answer late. */
function statfsWith(dead: readonly string[]) {
  const asked: string[] = [];
  const late = new Map<string, () => void>();
  const statfs: Statfs = (path, done) => {
    asked.push(path);
    const answer = () => done(null, numbers);
    if (dead.includes(path)) late.set(path, answer);
    else queueMicrotask(answer);
  };
  return { asked, late, statfs };
}

/** Where some are dead, a busy machine must still answer for the others within it. */
const DEADLINE = 50 as DurationMs;
const PATIENT = 60_000 as DurationMs;

const watch = (options: DiskWatchOptions) =>
  new DiskWatch({ deadlineMs: DEADLINE, remote: true, ...options });

const states = (disks: DiskWatch) =>
  disks.facts().map(({ mountPoint, state }) => `${mountPoint} ${state}`);

test("refresh() measures the room of each mount", async () => {
  const disks = watch({ statfs: statfsWith([]).statfs, deadlineMs: PATIENT });
  await disks.refresh([mount("/"), mount("/data")]);
  assert.deepEqual(states(disks), ["/ measured", "/data measured"]);
  assert.deepEqual(disks.facts()[0]?.room, {
    sizeBytes: 409_600,
    freeBytes: 204_800,
    availableBytes: 163_840,
    files: 10,
    filesFree: 5,
  });
});

test("refresh() leaves remote mounts alone unless told to ask them", async () => {
  const { asked, statfs } = statfsWith([]);
  const disks = new DiskWatch({ statfs });
  await disks.refresh([mount("/"), mount("/nfs", true)]);
  assert.deepEqual(states(disks), ["/ measured", "/nfs skipped"]);
  assert.deepEqual(asked, ["/"]);
});

test("refresh() goes on without a mount that never answers, and does not ask or wait for it again", async () => {
  const { asked, statfs } = statfsWith(["/dead"]);
  const disks = watch({ statfs });
  const mounts = [mount("/"), mount("/dead", true)];
  await disks.refresh(mounts);
  assert.deepEqual(states(disks), ["/ measured", "/dead unavailable"]);
  for (let i = 0; i < 100; i++) await disks.refresh(mounts);
  assert.equal(asked.filter((path) => path === "/dead").length, 1);
  assert.equal(asked.filter((path) => path === "/").length, 101);
});

test("refresh() never has more than two calls out, however many mounts are dead", async () => {
  const dead = Array.from({ length: 50 }, (_, i) => `/dead${i}`);
  const { asked, statfs } = statfsWith(dead);
  const disks = watch({ statfs });
  const mounts = dead.map((path, i) => mount(path, i % 2 === 0));
  for (let i = 0; i < 20; i++) await disks.refresh(mounts);
  assert.equal(disks.inFlight, 2);
  assert.deepEqual(asked.toSorted(), ["/dead0", "/dead1"]);
  assert.ok(disks.facts().every(({ state }) => state === "unavailable"));
});

test("refresh() measures again when the dead mount has answered", async () => {
  const { late, statfs } = statfsWith(["/dead"]);
  const disks = watch({ statfs });
  const mounts = [mount("/dead", true), mount("/other", true)];
  await disks.refresh(mounts);
  assert.deepEqual(states(disks), ["/dead unavailable", "/other unavailable"]);
  late.get("/dead")?.();
  assert.equal(disks.inFlight, 0);
  await disks.refresh([mount("/other", true)]);
  assert.deepEqual(states(disks), ["/other measured"]);
});

test("refresh() keeps the last sizes of a mount that stopped answering", async () => {
  const dead: string[] = [];
  const disks = watch({ statfs: statfsWith(dead).statfs });
  await disks.refresh([mount("/nfs", true)]);
  dead.push("/nfs");
  await disks.refresh([mount("/nfs", true)]);
  assert.deepEqual(states(disks), ["/nfs unavailable"]);
  assert.equal(disks.facts()[0]?.room?.sizeBytes, 409_600);
});

test("refresh() tells what failed and what has no room", async () => {
  const statfs: Statfs = (path, done) =>
    path === "/gone" ? done(new Error("ENOENT")) : done(null, { ...numbers, blocks: 0 });
  const disks = watch({ statfs, deadlineMs: PATIENT });
  await disks.refresh([mount("/gone"), mount("/none")]);
  assert.deepEqual(states(disks), ["/gone failed", "/none failed"]);
  assert.equal(disks.facts()[1]?.room, undefined);
});

test("refresh() forgets mounts that are gone, and sizes of another device at the same place", async () => {
  const dead: string[] = [];
  const disks = watch({ statfs: statfsWith(dead).statfs });
  await disks.refresh([mount("/a"), mount("/b")]);
  dead.push("/b");
  await disks.refresh([{ ...mount("/b"), device: "other" }]);
  assert.deepEqual(states(disks), ["/b unavailable"]);
  assert.equal(disks.facts()[0]?.room, undefined);
});

test("refresh() asks below the prefix", async () => {
  const { asked, statfs } = statfsWith([]);
  await watch({ statfs, prefix: "/host", deadlineMs: PATIENT }).refresh([mount("/data")]);
  assert.deepEqual(asked, ["/host/data"]);
});
