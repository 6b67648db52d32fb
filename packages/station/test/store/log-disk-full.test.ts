// The log on a disk that fills up and has room again, and on one that can only be read: real small file systems, which only root can mount.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder } from "@flx/testkit";
import { FolderLock } from "../../src/store/log/folder-lock.ts";
import { Log } from "../../src/store/log/log.ts";

const run = promisify(execFile);

test("Log refuses on a full disk, loses nothing it took, and works again by itself", async (t) => {
  await using folder = await temporaryFolder("disk-full");
  const disk = join(folder.path, "disk");
  await mkdir(disk);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
  } catch {
    if (process.env["CI"] === "true") throw new Error("cannot mount a tmpfs: run as root");
    t.skip("cannot mount a tmpfs: run as root");
    return;
  }
  try {
    const options = { folder: join(disk, "log"), segmentBytes: 100_000 };
    const ballast = join(disk, "ballast");
    await writeFile(ballast, Buffer.alloc(500_000));
    const kept: number[] = [];
    let refused = 0;
    const log = await Log.open(options, () => undefined);
    const payload = Buffer.alloc(5_000);
    for (let i = 0; i < 200; i++) {
      payload.writeUInt32LE(i);
      try {
        await log.append(1, payload);
        kept.push(i);
      } catch (error) {
        assert.equal((error as { code: string }).code, "FLX_STORE_DISK");
        refused++;
        if (refused === 20) await rm(ballast);
      }
    }
    assert.ok(refused >= 20, `${refused} were refused`);
    assert.equal(kept.at(-1), 199, "it went on after the room came back");
    await log[Symbol.asyncDispose]();
    const found: number[] = [];
    const again = await Log.open(options, ({ payload: each }) => {
      found.push(each.readUInt32LE());
    });
    await again[Symbol.asyncDispose]();
    assert.deepEqual(found, kept);
    assert.deepEqual(again.damage, []);
  } finally {
    await run("umount", [disk]);
  }
});

test("FolderLock says that a disk can only be read, and that a file is no folder", async (t) => {
  await using folder = await temporaryFolder("disk-read-only");
  const disk = join(folder.path, "disk");
  await mkdir(disk);
  await writeFile(join(folder.path, "file"), "");
  await assert.rejects(FolderLock.take(join(folder.path, "file")), /something else has this name/);
  await assert.rejects(FolderLock.take(join(folder.path, "file", "a")), /no folder \(ENOTDIR\)/);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", disk]);
  } catch {
    if (process.env["CI"] === "true") throw new Error("cannot mount a tmpfs: run as root");
    t.skip("cannot mount a tmpfs: run as root");
    return;
  }
  try {
    const code = "FLX_STORE_DISK";
    const message = /it can only be read there \(EROFS\)/;
    await assert.rejects(FolderLock.take(disk), { code, message });
    await assert.rejects(FolderLock.take(join(disk, "a", "b")), { code, message });
  } finally {
    await run("umount", [disk]);
  }
});
