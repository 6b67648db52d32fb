// Kept descriptors against real files that change, grow, go away and come back.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import { KeptFile, ReadBuffer } from "../src/system/kept-file.ts";
import { ReadErrors } from "../src/system/read-errors.ts";

function context(retryEvery = 1) {
  return { buffer: new ReadBuffer(), errors: new ReadErrors(), retryEvery };
}

const textOf = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes);

test("read() gives the file as it is now, however long", async () => {
  await using folder = await temporaryFolder("kept");
  const path = folder.file("f");
  using file = new KeptFile(path, context());
  for (const length of [0, 1, 2_047, 2_048, 4_096, 16_384, 16_385, 1_000_000]) {
    writeFileSync(path, "x".repeat(length));
    assert.equal(file.read()?.length, length);
  }
});

test("read() of a file longer than 4 MiB gives undefined and is counted", async () => {
  await using folder = await temporaryFolder("kept");
  const path = folder.file("f");
  writeFileSync(path, "x".repeat(4 * 1024 * 1024 + 1));
  const given = context();
  using file = new KeptFile(path, given);
  assert.equal(file.read(), undefined);
  assert.deepEqual(given.errors.list(), [{ path, kind: "oversized", count: 1 }]);
});

test("read() of a missing file looks again at each retryEvery-th time", async () => {
  await using folder = await temporaryFolder("kept");
  const path = folder.file("f");
  const given = context(3);
  using file = new KeptFile(path, given);
  assert.equal(file.read(), undefined);
  writeFileSync(path, "there");
  assert.deepEqual([file.read(), file.read()], [undefined, undefined]);
  assert.equal(textOf(file.read()), "there");
  assert.deepEqual(given.errors.list(), [{ path, kind: "missing", count: 1 }]);
});

test("read() of what is no file gives undefined and is counted", async () => {
  await using folder = await temporaryFolder("kept");
  const given = context();
  using file = new KeptFile(folder.path, given);
  assert.equal(file.read(), undefined);
  assert.deepEqual(given.errors.list(), [{ path: folder.path, kind: "unreadable", count: 1 }]);
});

test(
  "read() opens anew when its descriptor stopped working",
  { skip: process.platform !== "linux" },
  async () => {
    // A status file of a process that has ended fails with ESRCH, though its descriptor is open; by then the
    // path, a link, leads to another file.
    await using folder = await temporaryFolder("kept");
    const path = folder.file("f");
    const child = spawn(process.execPath, ["-e", "process.stdin.resume()"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const exited = once(child, "exit");
    symlinkSync(`/proc/${child.pid}/status`, path);
    const given = context();
    using file = new KeptFile(path, given);
    assert.match(textOf(file.read()) ?? "", /^Name:/);
    child.stdin.end();
    await exited;
    assert.equal(file.read(), undefined);

    rmSync(path);
    writeFileSync(path, "another");
    assert.equal(textOf(file.read()), "another");
    assert.deepEqual(
      given.errors.list().map(({ kind }) => kind),
      ["missing"],
    );
  },
);

test("parse() counts what the parser does not understand", async () => {
  await using folder = await temporaryFolder("kept");
  const path = folder.file("f");
  writeFileSync(path, "nonsense");
  const given = context();
  using file = new KeptFile(path, given);
  const nothing = () => undefined;
  assert.equal(file.parse(nothing), undefined);
  assert.equal(file.parse(nothing), undefined);
  assert.deepEqual(given.errors.list(), [{ path, kind: "malformed", count: 2 }]);
});

test("close() gives the descriptor back", { skip: process.platform !== "linux" }, async () => {
  await using folder = await temporaryFolder("kept");
  const path = folder.file("f");
  writeFileSync(path, "x");
  const before = readdirSync("/proc/self/fd").length;
  const files = Array.from({ length: 20 }, () => new KeptFile(path, context()));
  for (const file of files) file.read();
  assert.equal(readdirSync("/proc/self/fd").length, before + 20);
  for (const file of files) file.close();
  assert.equal(readdirSync("/proc/self/fd").length, before);
  rmSync(path);
});
