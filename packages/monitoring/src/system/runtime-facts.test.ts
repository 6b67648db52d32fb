// What Node itself tells: heap, versions, handles, the process, and the machine where there is no /proc.

import assert from "node:assert/strict";
import { createServer } from "node:net";
import { cpus, totalmem } from "node:os";
import { test } from "node:test";
import { readActivity } from "./activity.ts";
import { readHeap } from "./heap.ts";
import { readHostFromNode } from "./host.ts";
import { readProcess } from "./process-facts.ts";
import { readVersions } from "./versions.ts";

test("readHeap() gives the heap and its spaces, which add up", () => {
  const heap = readHeap();
  const names = new Set(heap.spaces.map(({ name }) => name));
  for (const name of ["new", "old", "code", "large_object"]) assert.ok(names.has(name), name);
  const used = heap.spaces.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  assert.ok(Math.abs(used - heap.usedBytes) < heap.usedBytes / 2, `${used} of ${heap.usedBytes}`);
  assert.ok(heap.usedBytes <= heap.limitBytes);
});

test("readVersions() names this Node", () => {
  const { node, nodeMajor, nodeMinor, nodePatch, platform } = readVersions();
  assert.equal(`v${nodeMajor}.${nodeMinor}.${nodePatch}`, node);
  assert.equal(node, process.version);
  assert.equal(platform, process.platform);
});

test("readActivity() counts by type", async () => {
  const before = readActivity();
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const during = readActivity();
  await new Promise((resolve) => server.close(resolve));

  assert.equal((during.handles?.["Server"] ?? 0) - (before.handles?.["Server"] ?? 0), 1);
  assert.equal(
    (during.resources["TCPServerWrap"] ?? 0) - (before.resources["TCPServerWrap"] ?? 0),
    1,
  );
});

test("readProcess() gives CPU time and memory without any file, and one start", () => {
  const nobody = {
    status: undefined,
    limits: undefined,
    io: undefined,
    openDescriptors: undefined,
  };
  const first = readProcess(nobody);
  const second = readProcess(nobody);
  assert.equal(first.startTimeSeconds, second.startTimeSeconds);
  assert.ok(Math.abs(first.startTimeSeconds + first.uptimeSeconds - Date.now() / 1000) < 1);
  assert.ok(second.cpuUserSeconds >= first.cpuUserSeconds && first.cpuUserSeconds > 0);
  assert.ok(first.residentBytes > 1e6 && first.residentBytes <= first.residentPeakBytes * 1.1);
  assert.equal(first.virtualBytes, undefined);
});

test("readHostFromNode() gives what the os module knows, and undefined for the rest", () => {
  const f = (platform: string, hasLoad: boolean) => {
    const host = readHostFromNode(platform);
    assert.equal(host.stat?.cpus.length, cpus().length);
    assert.equal(host.memory?.totalBytes, totalmem());
    assert.equal(host.load !== undefined, hasLoad);
    assert.equal(host.network, undefined);
    assert.equal(host.stat?.contextSwitches, undefined);
  };

  f("darwin", true);
  f("win32", false);
});
