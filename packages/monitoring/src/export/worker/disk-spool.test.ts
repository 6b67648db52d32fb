import assert from "node:assert/strict";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import fc from "fast-check";
import { ExportCounters } from "../export-counters.ts";
import type { Batch } from "./batcher.ts";
import { DiskSpool, SpoolFolder } from "./disk-spool.ts";
import { type ProcessMark, SILENT_MS, thisProcess } from "./process-mark.ts";

const HOUR = 3_600_000;

function open(
  t: TestContext,
  settings: { maxBytes?: number; maxAgeMs?: number; base?: string } = {},
) {
  const base = settings.base ?? mkdtempSync(join(tmpdir(), "flx-spool-"));
  if (settings.base === undefined) t.after(() => rmSync(base, { recursive: true, force: true }));
  const counters = new ExportCounters();
  const { maxBytes = 1_000_000, maxAgeMs = HOUR } = settings;
  const folder = new SpoolFolder(base);
  const spool = new DiskSpool(folder, "traces", { folder: base, maxBytes, maxAgeMs }, counters);
  return { base, folder, spool, counters };
}

const batch = (text: string, records = 1): Batch => ({
  body: new TextEncoder().encode(text),
  records,
});
const textOf = (found: Batch | undefined) =>
  found === undefined ? undefined : new TextDecoder().decode(found.body);

/** Everything that is in it, oldest first; it is empty afterwards. */
function drain(spool: DiskSpool): (string | undefined)[] {
  const texts: (string | undefined)[] = [];
  for (let entry = spool.oldest(); entry !== undefined; entry = spool.oldest()) {
    texts.push(textOf(spool.read(entry)));
    spool.remove(entry);
  }
  return texts;
}

/** As if the process that wrote here were no more, or another one. */
function abandon(folder: SpoolFolder, mark: Partial<ProcessMark> = {}): void {
  writeFileSync(
    join(folder.path, "owner.json"),
    JSON.stringify({ ...thisProcess(), pid: 2 ** 22 - 1, startTicks: 1, ...mark }),
  );
}

test("DiskSpool gives back what it was given, in order, and leaves nothing behind", (t) => {
  const { base, spool } = open(t);
  assert.deepEqual(readdirSync(base), []);
  for (const text of ["a", "b", "c"]) assert.ok(spool.add(batch(text)));
  assert.deepEqual(drain(spool), ["a", "b", "c"]);
  assert.deepEqual(readdirSync(base), []);
});

test("DiskSpool keeps files for their user only", (t) => {
  const { folder, spool } = open(t);
  spool.add(batch("private"));
  assert.equal(statSync(join(folder.path, "traces")).mode & 0o077, 0);
  const [name] = readdirSync(join(folder.path, "traces"));
  assert.equal(statSync(join(folder.path, "traces", name!)).mode & 0o077, 0);
});

test("DiskSpool takes over what a process that is no more has left, and of a running one nothing", (t) => {
  const { base, folder, spool } = open(t);
  spool.add(batch("one", 3));
  spool.add(batch("two", 4));
  const running = open(t, { base });
  assert.equal(running.spool.oldest(), undefined);
  abandon(folder);
  const next = open(t, { base });
  assert.equal(next.counters.get("traces", "adopted"), 7);
  next.spool.add(batch("three"));
  assert.deepEqual(drain(next.spool), ["one", "two", "three"]);
});

test("DiskSpool leaves the files of another machine alone until nobody has touched them for long", (t) => {
  const { base, folder, spool } = open(t);
  spool.add(batch("far away", 3));
  abandon(folder, { space: "another machine" });
  const next = open(t, { base });
  assert.equal(next.counters.get("traces", "adopted"), 0);
  const longAgo = new Date(Date.now() - SILENT_MS - 1_000);
  utimesSync(join(folder.path, "owner.json"), longAgo, longAgo);
  folder.touch();
  next.spool.adopt();
  assert.equal(next.counters.get("traces", "adopted"), 0, "touched a moment ago");
  utimesSync(join(folder.path, "owner.json"), longAgo, longAgo);
  next.spool.adopt();
  assert.equal(next.counters.get("traces", "adopted"), 3);
  assert.deepEqual(drain(next.spool), ["far away"]);
});

test("DiskSpool lets the oldest go when it is full, and what is too old", (t) => {
  const { spool, counters } = open(t, { maxBytes: 3 * (16 + 10) });
  for (const text of ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "dddddddddd"])
    spool.add(batch(text, 2));
  assert.equal(counters.get("traces", "expired"), 2);
  assert.equal(spool.add(batch("x".repeat(100))), undefined);
  assert.deepEqual(drain(spool), ["bbbbbbbbbb", "cccccccccc", "dddddddddd"]);

  const old = open(t, { maxAgeMs: -1 });
  old.spool.add(batch("old", 5));
  assert.equal(old.spool.oldest(), undefined);
  assert.equal(old.counters.get("traces", "expired"), 5);
});

test("DiskSpool gives nothing of a file that was torn or changed anywhere", (t) => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(255), fc.boolean(), (at, change, isTorn) => {
      const { folder, spool, counters } = open(t);
      const entry = spool.add(batch("a body that is long enough to be torn anywhere", 9))!;
      const path = join(folder.path, "traces", entry.name);
      const bytes = readFileSync(path);
      const place = at % bytes.length;
      // The number of records stands in the name as well, and is no part of the body.
      const isRecords = place >= 4 && place < 8;
      if (isTorn) writeFileSync(path, bytes.subarray(0, place));
      else {
        bytes[place]! ^= (change % 255) + 1;
        writeFileSync(path, bytes);
      }
      const found = spool.read(entry);
      assert.equal(found === undefined, isTorn || !isRecords);
      if (found === undefined) assert.equal(counters.get("traces", "expired"), 9);
    }),
    { numRuns: 100 },
  );
});

test("DiskSpool survives foreign files, and a folder that is taken away", (t) => {
  const { base, folder, spool } = open(t);
  spool.add(batch("a"));
  writeFileSync(join(folder.path, "traces", "notes.txt"), "not ours");
  writeFileSync(join(base, "a file"), "not ours");
  abandon(folder);
  const next = open(t, { base });
  assert.deepEqual(drain(next.spool), ["a"]);
  assert.ok(next.spool.add(batch("b")));
  rmSync(base, { recursive: true });
  assert.equal(drain(next.spool)[0], undefined);
  assert.ok(next.spool.add(batch("c")), "it is made anew");
});

test("DiskSpool keeps nothing on a disk that refuses, and goes on when it no longer does", (t) => {
  const { base } = open(t);
  const blocked = join(base, "blocked");
  writeFileSync(blocked, "a file where the folder should be");
  const { spool } = open(t, { base: blocked });
  assert.equal(spool.add(batch("a")), undefined);
  rmSync(blocked);
  assert.ok(spool.add(batch("b")));
  assert.deepEqual(drain(spool), ["b"]);
});
