import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import { ByteWriter } from "../byte-writer.ts";
import { Log } from "../log/log.ts";
import {
  DurableQueue,
  type DurableQueueOptions,
  type QueueEntry,
  type QueueItem,
} from "./durable-queue.ts";
import { WRITE_V1, WRITE_V2 } from "./write-message.ts";

const MIB = 1024 * 1024;

function options(folder: string, more: Partial<DurableQueueOptions> = {}): DurableQueueOptions {
  return {
    folder,
    maxBytes: 16 * MIB,
    whenFull: "refuse",
    now: () => 1_000,
    onProblem: (error) => assert.fail(error.message),
    ...more,
  };
}

const entry = (samples: number, body: Uint8Array): QueueEntry => ({
  samples,
  exemplars: 0,
  message: WRITE_V1,
  body,
});

const texts = (items: readonly QueueItem[]): string[] =>
  items.map(({ body }) => Buffer.from(body).toString());

test("DurableQueue gives what was appended in order, again until it is done, also after it was opened anew", async () => {
  await using folder = await temporaryFolder("queue");
  {
    await using queue = await DurableQueue.open(options(folder.path));
    await Promise.all(
      ["a", "b", "c", "d"].map((text) => queue.append(entry(10, Buffer.from(text)))),
    );
    assert.equal(queue.samples, 40);
    assert.deepEqual(texts(await queue.take(2, 1_000, 1_000)), ["a", "b"]);
    const items = await queue.take(100, 30, 1_000);
    assert.deepEqual(texts(items), ["a", "b", "c"], "as many samples as may be");
    assert.deepEqual(texts(await queue.take(100, 1, 1_000)), ["a"], "one is always given");
    await queue.done(items.slice(0, 2));
    assert.equal(queue.samples, 20);
    assert.deepEqual(texts(await queue.take(100, 1_000, 1_000)), ["c", "d"]);
  }
  for (let opening = 0; opening < 2; opening++) {
    await using queue = await DurableQueue.open(options(folder.path));
    assert.equal(queue.samples, 20);
    assert.deepEqual(texts(await queue.take(100, 1_000, 1_000)), ["c", "d"]);
  }
  {
    await using queue = await DurableQueue.open(options(folder.path));
    await queue.append(entry(1, Buffer.from("e")));
    const items = await queue.take(100, 1_000, 1_000);
    assert.deepEqual(texts(items), ["c", "d", "e"]);
    await queue.done(items);
    assert.deepEqual(await queue.take(100, 1_000, 1_000), []);
    assert.equal(queue.samples, 0);
    assert.equal(queue.lagMs, 0);
  }
});

test("DurableQueue sends again rather than never: an older position, one that is none, a folder that was emptied", async () => {
  await using folder = await temporaryFolder("queue");
  const put = async (...items: readonly string[]): Promise<void> => {
    await using queue = await DurableQueue.open(options(folder.path));
    for (const text of items) await queue.append(entry(1, Buffer.from(text)));
  };
  const left = async (): Promise<string[]> => {
    await using queue = await DurableQueue.open(options(folder.path));
    return texts(await queue.take(100, 1_000, 1_000));
  };
  await put("a", "b");
  await put("c");
  await writeFile(folder.file("sent"), "half writt");
  assert.deepEqual(await left(), ["a", "b", "c"]);
  {
    await using queue = await DurableQueue.open(options(folder.path));
    await queue.done(await queue.take(100, 1_000, 1_000));
  }
  assert.deepEqual(await left(), []);
  // Numbers of segments begin anew in an empty folder, and the position says a later one.
  for (const name of await readdir(folder.path)) {
    if (name.endsWith(".log")) await writeFile(folder.file(name), "");
  }
  await put("d");
  assert.deepEqual(await left(), ["d"]);
});

test("DurableQueue is bounded: it refuses, or drops the oldest; what is sent makes room", async () => {
  const body = Buffer.alloc(MIB / 2, "x");
  {
    await using folder = await temporaryFolder("queue");
    await using queue = await DurableQueue.open(options(folder.path));
    let taken = 0;
    await assert.rejects(
      async () => {
        for (; taken < 100; taken++) await queue.append(entry(1, body));
      },
      { code: "FLX_REMOTE_QUEUE_FULL" },
    );
    assert.ok(taken >= 30 && taken <= 34, `${taken} were taken`);
    await queue.done(await queue.take(4, 1_000, 16 * MIB));
    await queue.append(entry(1, body));
    while (queue.samples > 0) await queue.done(await queue.take(100, 1_000, 4 * MIB));
    const files = (await readdir(folder.path)).filter((name) => name.endsWith(".log"));
    assert.equal(files.length, 1, "what is sent is removed");
  }
  await using folder = await temporaryFolder("queue");
  let dropped = 0;
  const onDropped = (samples: number): void => {
    dropped += samples;
  };
  await using queue = await DurableQueue.open(
    options(folder.path, { whenFull: "drop-oldest", onDropped }),
  );
  for (let i = 0; i < 60; i++) {
    await queue.append(entry(1, Buffer.concat([Buffer.from(`${i} `.padStart(4)), body])));
    // Read ahead of what is dropped.
    if (i === 3) await queue.take(2, 1_000, 4 * MIB);
  }
  assert.ok(dropped >= 20 && dropped <= 40, `${dropped} were dropped`);
  assert.equal(queue.samples, 60 - dropped);
  const numbers: number[] = [];
  while (queue.samples > 0) {
    const items = await queue.take(3, 1_000, 4 * MIB);
    numbers.push(...items.map((item) => Number(Buffer.from(item.body.subarray(0, 4)).toString())));
    await queue.done(items);
  }
  assert.deepEqual(
    numbers,
    Array.from({ length: 60 - dropped }, (_, i) => i + dropped),
    "the newest are there, in order",
  );
});

test("DurableQueue.appended() wakes whoever waits, and once for what came before", async () => {
  await using folder = await temporaryFolder("queue");
  await using queue = await DurableQueue.open(options(folder.path));
  await queue.append(entry(1, Buffer.from("a")));
  await queue.appended(new AbortController().signal);
  const stop = new AbortController();
  let isAwake = false;
  const waiting = (async () => {
    await queue.appended(stop.signal);
    isAwake = true;
  })();
  await new Promise(setImmediate);
  assert.equal(isAwake, false);
  stop.abort();
  await waiting;
});

test("DurableQueue says of each item which message it is, those of stations before 2.0 included", async () => {
  await using folder = await temporaryFolder("queue");
  {
    await using log = await Log.open({ folder: folder.path, segmentBytes: MIB }, () => undefined);
    const record = new ByteWriter();
    record.uint(7);
    record.uint(1_000);
    record.bytes(Buffer.from("old"));
    await log.append(1, record.written);
  }
  await using queue = await DurableQueue.open(options(folder.path));
  assert.equal(queue.samples, 7);
  const body = Buffer.from("new");
  await queue.append({ samples: 2, exemplars: 3, message: WRITE_V2, body });
  assert.equal(queue.samples, 9);
  const items = await queue.take(10, 1_000, 1_000);
  assert.deepEqual(
    items.map((item) => [item.samples, item.exemplars, item.message, item.body.toString()]),
    [
      [7, 0, WRITE_V1, "old"],
      [2, 3, WRITE_V2, "new"],
    ],
  );
});
