// The cache of files within its budget, whatever is asked of it in whatever order.

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { FileCache } from "./file-cache.ts";

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "flx-cache-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("FileCache keeps its budget, gives what was asked for, and refuses what does not fit beside it", async () => {
  const step = fc.record({ file: fc.nat(6), passMs: fc.nat(120) });
  await inFolder(async (folder) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        let now = 0;
        const cache = await FileCache.open({ folder, maxBytes: 100, now: () => now, keepMs: 100 });
        const lastUse = new Map<number, number>();
        for (const { file, passMs } of steps) {
          now += passMs;
          const bytes = 10 + 10 * file;
          const bring = (to: string): Promise<void> => writeFile(to, "x".repeat(bytes));
          const inUse = [...lastUse].filter(([each, at]) => each !== file && at > now - 100);
          const used = inUse.reduce((sum, [each]) => sum + 10 + 10 * each, 0);
          const path = await cache
            .need(`spans/${file}`, bytes, bring)
            .catch((error: Error) => error);
          if (typeof path === "string") {
            lastUse.set(file, now);
            assert.equal((await readFile(path, "utf8")).length, bytes);
          } else {
            assert.match(path.message, /do not fit into its cache/);
            assert.ok(used + bytes > 100, "what fits is not refused");
          }
          const names = await readdir(folder);
          const sizes = await Promise.all(
            names.map(async (name) => (await stat(join(folder, name))).size),
          );
          const total = sizes.reduce((sum, size) => sum + size, 0);
          assert.equal(total, cache.bytes);
          assert.ok(total <= 100);
        }
      }),
      { numRuns: 40 },
    );
  });
});

test("FileCache brings a file once for all who wait, and again after it failed", async () => {
  await inFolder(async (folder) => {
    const cache = await FileCache.open({ folder, maxBytes: 100, now: () => 0 });
    let count = 0;
    const bring = async (to: string): Promise<void> => {
      if (++count === 1) throw new Error("not now");
      await writeFile(to, "x");
    };
    const first = await Promise.allSettled([1, 2, 3].map(() => cache.need("a", 1, bring)));
    assert.deepEqual(
      first.map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
    assert.deepEqual([count, cache.bytes, cache.has("a")], [1, 0, false]);
    const paths = await Promise.all([1, 2, 3].map(() => cache.need("a", 1, bring)));
    assert.deepEqual([count, new Set(paths).size, cache.has("a")], [2, 1, true]);
    assert.deepEqual(await readdir(folder), ["a"]);
  });
});
