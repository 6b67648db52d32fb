import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FolderLock } from "./folder-lock.ts";

test("FolderLock.take() lets one in, and the next when it is gone or was killed", (t) => {
  const base = mkdtempSync(join(tmpdir(), "flx-lock-"));
  t.after(() => rmSync(base, { recursive: true }));
  const folder = join(base, "a", "b");
  {
    using lock = FolderLock.take(folder);
    assert.ok(lock);
    assert.throws(() => FolderLock.take(folder), {
      code: "FLX_STATION_FOLDER_TAKEN",
      message: new RegExp(`process ${process.pid}, since .*--data`),
    });
    assert.deepEqual(readdirSync(folder), ["station.lock"]);
  }
  const file = join(folder, "station.lock");
  const f = (text: string) => {
    writeFileSync(file, text);
    FolderLock.take(folder)[Symbol.dispose]();
    assert.deepEqual(readdirSync(folder), []);
  };

  f("");
  f("{}");
  f(`{"pid":${process.pid},"started":"1","startedAt":""}`);
  f('{"pid":2147483000,"started":"","startedAt":""}');
  const sleeper = spawn("sleep", ["60"]);
  try {
    writeFileSync(file, JSON.stringify({ pid: sleeper.pid, started: "", startedAt: "x" }));
    assert.throws(() => FolderLock.take(folder), { code: "FLX_STATION_FOLDER_TAKEN" });
    f(`{"pid":${sleeper.pid},"started":"1","startedAt":""}`);
  } finally {
    sleeper.kill();
  }
});

test("FolderLock.take() says when a folder cannot be written", (t) => {
  const base = mkdtempSync(join(tmpdir(), "flx-lock-"));
  t.after(() => rmSync(base, { recursive: true }));
  writeFileSync(join(base, "file"), "");
  assert.throws(() => FolderLock.take(join(base, "file", "data")), {
    code: "FLX_STATION_FOLDER",
    message: /ENOTDIR/,
  });
});
