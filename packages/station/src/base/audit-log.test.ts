import assert from "node:assert/strict";
import { test } from "node:test";
import { AuditLog } from "./audit-log.ts";
import { silentLog } from "./station-log.ts";

function written() {
  const lines: Record<string, unknown>[] = [];
  const keep = (level: string) => (fields: object) => void lines.push({ level, ...fields });
  const log = { ...silentLog, info: keep("info"), warn: keep("warn") };
  return { lines, log };
}

test("AuditLog writes every change, with who, what, from where and how it ended", () => {
  const { lines, log } = written();
  const audit = new AuditLog(log, () => 0);
  for (let i = 0; i < 200; i++) {
    audit.change({ what: "POST /a\u001B[2J", by: "alice", from: "10.0.0.7", status: 200 + i });
  }
  assert.equal(lines.length, 200);
  const { what, by, from, status } = lines[1]!;
  assert.deepEqual([what, by, from, status], ["POST /a [2J", "alice", "10.0.0.7", 201]);
});

test("AuditLog writes a few refusals of an address, and how many were left out", () => {
  const { lines, log } = written();
  let nowMs = 0;
  const audit = new AuditLog(log, () => nowMs);
  const f = (remoteAddress: string, times: number, wantLines: number) => {
    const before = lines.length;
    for (let i = 0; i < times; i++) {
      audit.refused({ user: undefined, remoteAddress, kind: "unauthorized", reason: "no" });
    }
    assert.equal(lines.length - before, wantLines);
  };

  f("10.0.0.1", 1_000, 5);
  f("10.0.0.2", 1, 1);
  assert.equal(lines.at(-1)?.["leftOut"], 995);
  nowMs = 10_000;
  f("10.0.0.1", 10, 1);
  for (let address = 0; address < 1_000; address++) {
    audit.refused({ user: "a", remoteAddress: `x${address}`, kind: "forbidden", reason: "no" });
  }
  assert.ok(lines.length <= 110, `${lines.length} lines`);
});
