import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { MessageWriter } from "@flx/model/write";
import { ExportCounters } from "../export-counters.ts";
import { DEFAULT_BATCH, type ExportSettings } from "../export-settings.ts";
import { RingReader, ringMemory, RingWriter } from "../shared-ring.ts";
import { RECORD } from "../signal.ts";
import { DiskSpool, SpoolFolder } from "./disk-spool.ts";
import { rescue } from "./rescue.ts";

function ended(folder: string, isSpooled = true) {
  const memory = ringMemory(64 * 1024);
  const counters = new ExportCounters();
  const ring = new RingWriter(memory, () => {});
  const endpoint = {
    url: "http://localhost:4318/v1/traces",
    protocol: "http/protobuf",
    headers: {},
    compression: "none",
    timeoutMs: 1_000,
  } as const;
  const spool = { folder, maxBytes: 1_000_000, maxAgeMs: 60_000 };
  const settings: ExportSettings = {
    endpoints: { traces: endpoint, logs: endpoint },
    resource: { "service.name": "short" },
    resourceSchemaUrl: "",
    batch: { ...DEFAULT_BATCH, maxRecords: 10 },
    spool: isSpooled ? spool : undefined,
    ringBytes: 64 * 1024,
    exitTimeoutMs: 1_000,
  };
  const out = new MessageWriter(64);
  out.text(0x12, "a record");
  for (let i = 0; i < 25; i++) ring.write(RECORD.span, 1, out);
  const line = new MessageWriter(64);
  line.raw(new TextEncoder().encode('{"level":30,"msg":"a line"}'));
  ring.write(RECORD.logLine, 1, line);
  const scopes = [['["test",null,null,null]', 1]] as const;
  return { memory, ring, counters, start: { memory, counters: counters.memory, settings, scopes } };
}

test("rescue() puts what is in the ring on disk, signal by signal", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "flx-rescue-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { ring, counters, start } = ended(folder);
  rescue(start);
  assert.equal(ring.used, 0);
  assert.equal(counters.get("traces", "spooled"), 25);
  assert.equal(counters.get("logs", "spooled"), 1);
  // The folder of a process that runs is its own: read what it has through the same path.
  const [owner] = new SpoolFolder(folder).abandoned();
  assert.equal(owner, undefined);
  const { spool } = start.settings;
  assert.ok(spool);
  assert.equal(new DiskSpool(new SpoolFolder(folder), "traces", spool, counters).records, 0);
});

test("rescue() counts what the disk does not take as lost", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "flx-rescue-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const { counters, start } of [
    ended(folder, false),
    ended(join(import.meta.filename, "no folder")),
  ]) {
    rescue(start);
    assert.equal(counters.lost("traces"), 25);
    assert.equal(counters.lost("logs"), 1);
  }
});

test("RingWriter.takeOver() and RingReader.begin() give the ring to one of them", () => {
  const f = (order: readonly ("begin" | "takeOver" | "ended")[], want: readonly boolean[]) => {
    const memory = ringMemory(64 * 1024);
    const [writer, reader] = [new RingWriter(memory, () => {}), new RingReader(memory)];
    const got = order.flatMap((step) => {
      if (step === "begin") return [reader.begin()];
      if (step === "takeOver") return [writer.takeOver()];
      writer.readerEnded();
      return [];
    });
    assert.deepEqual(got, want);
  };

  f(["begin", "takeOver"], [true, false]);
  f(["takeOver", "begin"], [true, false]);
  f(["begin", "ended", "begin"], [true, true]);
  f(["begin", "ended", "takeOver", "begin"], [true, true, false]);
});
