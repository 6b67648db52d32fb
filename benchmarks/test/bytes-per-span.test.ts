// What a span of the shop takes at rest: no time in it, so it is judged here and not in a benchmark.

import assert from "node:assert/strict";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import { EmbeddedRecords } from "../../packages/station/src/store/records/embedded-records.ts";
import { shopLogs, shopSpans } from "../src/suites/shop-traces.ts";

test("a span of the shop takes at most 40 bytes at rest, a log record 80", async (t) => {
  await using folder = await temporaryFolder("bytes");
  const keep = { windowMs: 1e12, maxWindowRecords: 1e9, retentionMs: 0, maxBytes: 1e12 };
  await using records = await EmbeddedRecords.open({
    folder: folder.path,
    keep: { spans: keep, logs: keep },
    memoryBytes: 256 * 1024 * 1024,
    threads: 2,
  });
  const f = async (signal: "spans" | "logs", atMost: number): Promise<void> => {
    for (let i = 0; i < 20; i++) {
      const startMs = 1_790_000_000_000 + i * 60_000;
      const requests =
        signal === "spans" ? shopSpans(200, startMs, 60_000) : [shopLogs(2_000, startMs, 60_000)];
      for (const { request, records: count } of requests) {
        await records.append(signal, request, count);
      }
    }
    const before = await records.statistics(signal);
    await records.closeWindow(signal);
    const { bytes, records: count, windows } = await records.statistics(signal);
    assert.equal(windows, 1);
    assert.equal(count, 40_000);
    // The hot file that was begun anew is in it: a few kilobytes.
    const each = bytes / count;
    t.diagnostic(
      `${signal}: ${each.toFixed(1)} bytes each, ${before.bytes} in the hot file before`,
    );
    assert.ok(each <= atMost, `${each} bytes`);
  };

  await f("spans", 40);
  await f("logs", 80);
});
