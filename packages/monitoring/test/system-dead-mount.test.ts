// A mount that never answers, for real: a FUSE file system without anybody behind it.
//
//   this test ── opens /dev/fuse, mounts it, never reads a request: a statfs of it does not return
//   child     ── samples with that mount in its table, and tells how it went
//
// Needs root and /dev/fuse; where there are none it is skipped, and disk.test.ts shows the same with a statfs that
// never settles.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { startProcess, temporaryFolder } from "@flx/testkit";

/** A dead mount; unmounting aborts the connection, so whoever waits in it comes back with an error. */
function mountDead(path: string): Disposable | undefined {
  if (process.getuid?.() !== 0 || !existsSync("/dev/fuse")) return undefined;
  mkdirSync(path);
  const descriptor = openSync("/dev/fuse", "r+");
  const options = "fd=3,rootmode=40000,user_id=0,group_id=0";
  const { status } = spawnSync("mount", ["-i", "-t", "fuse.dead", "-o", options, "dead", path], {
    stdio: ["ignore", "ignore", "ignore", descriptor],
  });
  if (status !== 0) {
    closeSync(descriptor);
    return undefined;
  }
  return {
    [Symbol.dispose]: () => {
      closeSync(descriptor);
      spawnSync("umount", ["-l", path], { stdio: "ignore" });
    },
  };
}

/** If each sample waited for the deadline, the child would not be ready in time: 40 s. */
const DEADLINE_MS = 1_000;
const SAMPLES = 40;

/** Samples many times beside the dead mount and writes what it saw as JSON. */
const sampling = (remote: boolean, path: string) => `
  import { stat } from "node:fs/promises";
  import { SystemSampler } from "@flx/monitoring/system";
  using sampler = new SystemSampler({ disks: { remote: ${remote}, deadlineMs: ${DEADLINE_MS} } });
  for (let i = 0; i < ${SAMPLES}; i++) await sampler.sample();
  await Promise.all(Array.from({ length: 20 }, () => stat("/")));
  const states = Object.fromEntries(sampler.snapshot().filesystems.map((one) => [one.mountPoint, one.state]));
  console.log(JSON.stringify({ dead: states[${JSON.stringify(path)}], root: states["/"] }));
`;

type Seen = { dead: string; root: string };

/** Runs the child and gives what it saw, and with remote mounts left alone whether it came to its end by itself. */
async function run(remote: boolean, path: string): Promise<Seen & { ended: boolean }> {
  await using child = await startProcess({
    name: "sampling",
    command: process.execPath,
    args: ["--conditions=@flx/source", "--input-type=module", "-e", sampling(remote, path)],
    cwd: import.meta.dirname,
    ready: { line: /"dead"/ },
    readyTimeoutMs: 20_000,
  });
  const line = /\{.*\}/.exec(child.log())?.[0] ?? "{}";
  const late = new Promise<false>((resolve) => setTimeout(resolve, 10_000, false).unref());
  const ended = !remote && (await Promise.race([child.exited.then(() => true), late]));
  return { ...(JSON.parse(line) as Seen), ended };
}

function deadMount(t: TestContext, path: string): Disposable | undefined {
  const mounted = mountDead(path);
  if (mounted === undefined) t.skip("needs root and /dev/fuse");
  return mounted;
}

test("a dead mount is not touched unless remote mounts are asked for, and the process ends", async (t) => {
  await using folder = await temporaryFolder("dead");
  using mounted = deadMount(t, folder.file("mount"));
  if (mounted === undefined) return;
  const { dead, root, ended } = await run(false, folder.file("mount"));
  assert.deepEqual([dead, root, ended], ["skipped", "measured", true]);
});

test("a dead mount that is asked costs one deadline, once; other disks and the pool go on", async (t) => {
  await using folder = await temporaryFolder("dead");
  using mounted = deadMount(t, folder.file("mount"));
  if (mounted === undefined) return;
  const { dead, root } = await run(true, folder.file("mount"));
  assert.deepEqual([dead, root], ["unavailable", "measured"]);
});
