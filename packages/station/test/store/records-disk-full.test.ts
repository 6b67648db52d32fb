// Spans on a disk that fills up and has room again: a real small file system, which only root can mount.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "@flx/testkit";
import { EmbeddedRecords } from "../../src/store/records/embedded-records.ts";
import { EmbeddedSpanStore } from "../../src/store/spans/embedded-span-store.ts";
import { madeSpans } from "./made-records.ts";

const run = promisify(execFile);

/** Runs on a small file system, or skips. */
async function onSmallDisk(
  t: TestContext,
  megabytes: number,
  work: (disk: string) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder("disk-full");
  const disk = join(folder.path, "disk");
  await mkdir(disk);
  try {
    await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", disk]);
  } catch {
    if (process.env["CI"] === "true") throw new Error("cannot mount a tmpfs: run as root");
    t.skip("cannot mount a tmpfs: run as root");
    return;
  }
  try {
    await work(disk);
  } finally {
    await run("umount", [disk]);
  }
}

test("EmbeddedRecords refuses on a full disk, goes on answering, loses nothing it took, and recovers", (t) =>
  onSmallDisk(t, 64, (disk) => fillAndFree(disk, 32, undefined)));

test("EmbeddedRecords opens its database anew when a commit failed for want of room", (t) =>
  // Without looking for room before, as when others fill the disk in that moment.
  onSmallDisk(t, 24, (disk) => fillAndFree(disk, 14, -1e12)));

/** Spans of a request. */
const EACH = 400;

async function fillAndFree(
  disk: string,
  ballastMegabytes: number,
  spareBytes: number | undefined,
): Promise<void> {
  const keep = { windowMs: 7_200_000, maxWindowRecords: 4_000_000, retentionMs: 0, maxBytes: 0 };
  const given = {
    folder: join(disk, "store"),
    keep: { spans: keep, logs: keep },
    memoryBytes: 128 * 1024 * 1024,
    threads: 1,
    ...(spareBytes !== undefined && { spareBytes }),
  };
  const ballast = join(disk, "ballast");
  await writeFile(ballast, Buffer.alloc(ballastMegabytes * 1024 * 1024));
  const made = (seed: number) =>
    madeSpans(seed, { count: EACH, startMs: 1_700_000_000_000, traces: 1e6 });
  let kept = 0;
  let last = "";
  let refused = 0;
  const any = { range: { startMs: 0, endMs: 4e12 }, attributes: [], limit: 1 };
  {
    await using records = await EmbeddedRecords.open(given);
    const store = new EmbeddedSpanStore(records);
    let keptAfter = 0;
    for (let i = 0; i < 2_000 && keptAfter < 5; i++) {
      const { request, records: spans } = made(i);
      try {
        await records.append("spans", request, EACH);
        kept += EACH;
        last = spans[0]!.traceId;
        if (i === 5) await records.flush("spans");
        if (refused >= 10) keptAfter++;
      } catch (error) {
        assert.equal((error as { code: string }).code, "FLX_STORE_DISK");
        assert.equal((error as { refusal: string }).refusal, "unavailable");
        assert.equal((await store.spans(any)).items.length, 1, "questions are answered");
        assert.notEqual(
          await store.trace(last, { limit: 10 }),
          undefined,
          "also the last one taken",
        );
        if (++refused === 10) await rm(ballast);
      }
    }
    assert.ok(refused >= 10, `${refused} were refused`);
    assert.ok(keptAfter >= 5, `${keptAfter} were taken when there was room again`);
    await recovered(records);
    assert.equal((await store.statistics()).records, kept);
  }
  await using again = await EmbeddedRecords.open(given);
  const store = new EmbeddedSpanStore(again);
  assert.equal((await store.statistics()).records, kept);
  assert.deepEqual((await store.statistics()).quarantined, []);
}

/** Flushes until the database has found out that there is room. */
async function recovered(records: EmbeddedRecords): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await records.flush("spans");
      return;
    } catch (error) {
      if (attempt === 40) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
