import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ExportCounters } from "../export-counters.ts";
import { DiskSpool, SpoolFolder } from "./disk-spool.ts";
import { thisProcess } from "./process-mark.ts";
import { UnsettledNote } from "./unsettled.ts";

function open(t: TestContext, base = mkdtempSync(join(tmpdir(), "flx-note-"))) {
  t.after(() => rmSync(base, { recursive: true, force: true }));
  const counters = new ExportCounters();
  const folder = new SpoolFolder(base);
  const settings = { folder: base, maxBytes: 1_000_000, maxAgeMs: 3_600_000 };
  const spool = new DiskSpool(folder, "traces", settings, counters);
  const note = new UnsettledNote(folder, counters);
  return { base, counters, folder, spool, spools: new Map([["traces" as const, spool]]), note };
}

/** As if the process that wrote here were no more. */
function abandon(folder: SpoolFolder): void {
  const nobody = JSON.stringify({ ...thisProcess(), pid: 2 ** 22 - 1, startTicks: 1 });
  writeFileSync(join(folder.path, "owner.json"), nobody);
}

test("UnsettledNote.write() notes what is neither settled nor on disk, and leaves nothing when all is", (t) => {
  const { base, counters, folder, spool, spools, note } = open(t);
  assert.equal(note.write(spools), 0);
  assert.deepEqual(readdirSync(base), []);
  counters.add("traces", "offered", 10);
  counters.add("traces", "accepted", 3);
  counters.add("traces", "lostRing", 1);
  const entry = spool.add({ body: new Uint8Array(4), records: 2 })!;
  assert.equal(note.write(spools), 4);
  const path = join(folder.path, "unsettled.json");
  assert.deepEqual(JSON.parse(readFileSync(path, "utf8")), { traces: 4 });
  counters.add("traces", "accepted", 4);
  assert.equal(note.write(spools), 0);
  assert.equal(existsSync(path), false);
  spool.remove(entry);
  assert.deepEqual(readdirSync(base), []);
});

test("UnsettledNote.adopt() counts the notes of processes that are no more, once", (t) => {
  const killed = open(t);
  killed.counters.add("traces", "offered", 7);
  killed.note.write(killed.spools);
  const running = open(t, killed.base);
  running.note.adopt();
  assert.equal(running.counters.get("traces", "killed"), 0, "it runs");
  abandon(killed.folder);
  running.note.adopt();
  running.note.adopt();
  assert.equal(running.counters.get("traces", "killed"), 7);
  assert.equal(running.counters.get("traces", "adopted"), 7);
  assert.equal(running.counters.lost("traces"), 7);
  assert.equal(running.note.write(running.spools), 0, "nothing of it is in our memory");
  assert.deepEqual(readdirSync(killed.base), []);
});

test("UnsettledNote.adopt() counts nothing of a note that is none", (t) => {
  for (const text of [
    "",
    "no json",
    "null",
    "[]",
    '{"traces":-1}',
    '{"traces":1e99,"logs":"7"}',
    `{"traces":1}${" ".repeat(2_000)}`,
  ]) {
    const killed = open(t);
    killed.counters.add("traces", "offered", 1);
    killed.note.write(killed.spools);
    writeFileSync(join(killed.folder.path, "unsettled.json"), text);
    abandon(killed.folder);
    const next = open(t, killed.base);
    next.note.adopt();
    for (const signal of ["traces", "logs", "metrics"] as const) {
      assert.equal(next.counters.lost(signal), 0, text);
    }
    assert.deepEqual(readdirSync(killed.base), []);
  }
});
