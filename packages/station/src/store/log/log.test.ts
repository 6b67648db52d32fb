import assert from "node:assert/strict";
import { appendFile, open, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import fc from "fast-check";
import { FolderLock } from "./folder-lock.ts";
import { Log, type LogOptions } from "./log.ts";
import { RECORD_HEAD } from "./record.ts";
import { listSegments, segmentPath } from "./segment-file.ts";

/** The log, and what was in it. */
async function opened(options: LogOptions): Promise<{ log: Log; records: string[] }> {
  const records: string[] = [];
  const log = await Log.open(options, ({ type, payload }) => {
    records.push(`${type} ${payload.toString("latin1")}`);
  });
  return { log, records };
}

test("Log gives back every record in order, over segments and openings", async () => {
  const entry = fc.tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.string({ maxLength: 40, unit: "grapheme-ascii" }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(entry, { maxLength: 20 }), { maxLength: 4 }),
      async (runs) => {
        await using folder = await temporaryFolder("log");
        const options = { folder: folder.path, segmentBytes: 100 };
        const want: string[] = [];
        for (const run of runs) {
          const { log, records } = await opened(options);
          assert.deepEqual(records, want);
          await Promise.all(
            run.map(([type, text]) => log.append(type, Buffer.from(text, "latin1"))),
          );
          await log[Symbol.asyncDispose]();
          for (const [type, text] of run) want.push(`${type} ${text}`);
        }
        const { log, records } = await opened(options);
        await using _ = log;
        assert.deepEqual(records, want);
        assert.deepEqual(log.damage, []);
      },
    ),
    { numRuns: 25 },
  );
});

test("Log cuts off a record that was being written when the process died, and says so", async () => {
  for (const cut of [1, RECORD_HEAD, RECORD_HEAD + 3]) {
    await using folder = await temporaryFolder("log");
    const options = { folder: folder.path };
    {
      await using log = (await opened(options)).log;
      await log.append(1, Buffer.from("kept"));
      await log.append(1, Buffer.from("lost"));
    }
    const path = segmentPath(folder.path, 1);
    await truncate(path, (await stat(path)).size - cut);
    {
      const { log, records } = await opened(options);
      await using _ = log;
      assert.deepEqual(records, ["1 kept"]);
      const bytes = RECORD_HEAD + 4 - cut;
      assert.deepEqual(log.damage, bytes === 0 ? [] : [{ file: path, bytes, kind: "cut" }]);
      await log.append(1, Buffer.from("next"));
    }
    const { log, records } = await opened(options);
    await using _ = log;
    assert.deepEqual(records, ["1 kept", "1 next"]);
    assert.deepEqual(log.damage, []);
  }
});

test("Log puts damage aside, tells it, and goes on behind it", async () => {
  await using folder = await temporaryFolder("log");
  const options = { folder: folder.path };
  {
    await using log = (await opened(options)).log;
    for (const text of ["a", "b", "c"]) await log.append(1, Buffer.from(text));
    log.rotate();
    await log.append(1, Buffer.from("d"));
  }
  const path = segmentPath(folder.path, 1);
  await using file = await open(path, "r+");
  const at = 8 + RECORD_HEAD + 1 + RECORD_HEAD;
  await file.write(Buffer.from("X"), 0, 1, at);
  const { log, records } = await opened(options);
  await using _ = log;
  assert.deepEqual(records, ["1 a", "1 d"]);
  assert.deepEqual(log.damage, [{ file: path, bytes: 2 * (RECORD_HEAD + 1), kind: "damaged" }]);
  const kept = await readFile(join(folder.path, "damaged", `1-from-${8 + RECORD_HEAD + 1}.bin`));
  assert.equal(kept.length, 2 * (RECORD_HEAD + 1));
  assert.equal(kept.at(-1), "c".charCodeAt(0));
});

test("Log takes a file that is no segment, and lengths that lie, for damage", async () => {
  await using folder = await temporaryFolder("log");
  await appendFile(segmentPath(folder.path, 1), "not a segment");
  const lie = Buffer.alloc(RECORD_HEAD);
  lie.writeUInt32LE(0xffffffff, 0);
  await appendFile(segmentPath(folder.path, 2), Buffer.concat([Buffer.from("FLXLOG01"), lie]));
  const { log, records } = await opened({ folder: folder.path });
  await using _ = log;
  assert.deepEqual(records, []);
  assert.deepEqual(
    log.damage.map(({ kind }) => kind),
    ["damaged", "cut"],
  );
  await log.append(1, Buffer.from("x"));
  assert.deepEqual(await listSegments(folder.path), [3]);
});

test("Log.drop() removes what was before, and nothing else", async () => {
  await using folder = await temporaryFolder("log");
  {
    await using log = (await opened({ folder: folder.path })).log;
    await log.append(1, Buffer.from("old"));
    const current = log.rotate();
    assert.equal(log.segment, current);
    await log.append(1, Buffer.from("new"));
    await log.drop(current);
    await log.append(1, Buffer.from("newer"));
    assert.deepEqual(log.segments, []);
  }
  const { log, records } = await opened({ folder: folder.path });
  await using _ = log;
  assert.deepEqual(records, ["1 new", "1 newer"]);
});

test("Log refuses when too much waits, and when it is closed", async () => {
  await using folder = await temporaryFolder("log");
  const { log } = await opened({ folder: folder.path, maxPendingBytes: 100 });
  const first = log.append(1, Buffer.alloc(1_000));
  await assert.rejects(log.append(1, Buffer.alloc(10)), { code: "FLX_STORE_BUSY" });
  await first;
  await log.append(1, Buffer.alloc(10));
  await log[Symbol.asyncDispose]();
  await assert.rejects(log.append(1, Buffer.alloc(10)), { code: "FLX_STORE_CLOSED" });
});

test("FolderLock lets in one at a time, and takes over from the dead", async () => {
  await using folder = await temporaryFolder("lock");
  {
    await using _ = await FolderLock.take(folder.path);
    const message = new RegExp(`used by process ${process.pid}`);
    await assert.rejects(FolderLock.take(folder.path), { code: "FLX_STORE_LOCKED", message });
  }
  for (const text of ["", "{}", '{"pid":999999999,"started":""}', `{"pid":1,"started":"no"}`]) {
    await appendFile(join(folder.path, "lock"), text);
    await using _ = await FolderLock.take(folder.path);
    assert.match(await readFile(join(folder.path, "lock"), "utf8"), new RegExp(`${process.pid}`));
  }
});
