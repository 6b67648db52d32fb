import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ActiveQueries } from "./active-queries.ts";

test("ActiveQueries says after a crash what ran, and nothing after a proper end", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "flx-active-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "sub", "queries.active");

  const crashed = new ActiveQueries(path);
  const first = crashed.begin("up", 1);
  crashed.begin(`sum(${"x".repeat(5_000)})`, 2);
  crashed.begin("日本".repeat(600), 3);
  crashed.end(first);
  crashed.begin("rate(a[5m])", 4);
  assert.deepEqual(
    crashed.list.map(({ startedMs }) => startedMs),
    [2, 3, 4],
  );
  assert.equal(readFileSync(path).length, 3 * 1_024);

  const next = new ActiveQueries(path);
  assert.equal(next.interrupted.length, 3);
  assert.match(next.interrupted[0]!, /rate\(a\[5m\]\)/);
  assert.match(next.interrupted[1]!, /sum\(xxx/);
  next.end(next.begin("up", 5));
  next[Symbol.dispose]();
  assert.deepEqual(new ActiveQueries(path).interrupted, []);
});

test("ActiveQueries works without a file", () => {
  const active = new ActiveQueries(undefined);
  const id = active.begin("up", 1);
  assert.equal(active.list.length, 1);
  active.end(id);
  active.end(id);
  assert.deepEqual(active.list, []);
});
