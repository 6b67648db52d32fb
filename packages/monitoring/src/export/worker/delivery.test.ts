import assert from "node:assert/strict";
import { test } from "node:test";
import { ExportCounters } from "../export-counters.ts";
import { DEFAULT_BATCH } from "../export-settings.ts";
import type { Batch } from "./batcher.ts";
import { Delivery } from "./delivery.ts";
import type { SendResult } from "./sender.ts";
import type { Spool, SpooledBatch } from "./spool.ts";

const batch = (text: string, records = 1): Batch => ({
  body: new TextEncoder().encode(text),
  records,
});

/** A spool in memory. */
class MemorySpool implements Spool {
  readonly #entries: { entry: SpooledBatch; batch: Batch }[] = [];
  #number = 0;
  isFull = false;

  get records(): number {
    return this.#entries.reduce((sum, { entry }) => sum + entry.records, 0);
  }

  get texts(): string[] {
    return this.#entries.map(({ batch: each }) => new TextDecoder().decode(each.body));
  }

  add(added: Batch): SpooledBatch | undefined {
    if (this.isFull) return undefined;
    const entry = {
      name: String(this.#number++),
      records: added.records,
      bytes: added.body.length,
    };
    this.#entries.push({ entry, batch: added });
    return entry;
  }

  oldest(): SpooledBatch | undefined {
    return this.#entries[0]?.entry;
  }

  read(entry: SpooledBatch): Batch | undefined {
    return this.#entries.find((each) => each.entry === entry)?.batch;
  }

  remove(entry: SpooledBatch): void {
    const at = this.#entries.findIndex((each) => each.entry === entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }
}

function delivering(
  answer: (text: string, attempt: number) => SendResult | Promise<SendResult>,
  {
    spool,
    maxQueuedBytes = 1_000_000,
    isDoneWithBody = true,
  }: { spool?: Spool; maxQueuedBytes?: number; isDoneWithBody?: boolean } = {},
) {
  const sent: string[] = [];
  const faults: string[] = [];
  const counters = new ExportCounters();
  const delivery = new Delivery({
    signal: "traces",
    sender: {
      isDoneWithBody,
      send: async (body) => {
        const text = new TextDecoder().decode(body);
        sent.push(text);
        return await answer(text, sent.length);
      },
      close: () => undefined,
    },
    spool,
    counters,
    limits: { ...DEFAULT_BATCH, maxQueuedBytes },
    random: () => 0,
    onFault: (reason) => void faults.push(reason),
  });
  return { delivery, sent, counters, faults };
}

const accepted: SendResult = { kind: "accepted", rejected: 0 };
const retry: SendResult = { kind: "retry", reason: "not now" };
const soon = (ms = 2_000) => performance.now() + ms;

test("Delivery sends in order and counts what was accepted, rejected and refused", async () => {
  const { delivery, sent, counters, faults } = delivering((text) =>
    text === "b"
      ? { kind: "refused", reason: "no" }
      : { kind: "accepted", rejected: text === "c" ? 2 : 0 },
  );
  delivery.put([batch("a", 3), batch("b", 4), batch("c", 5)]);
  await delivery.finish(soon());
  assert.deepEqual(sent, ["a", "b", "c"]);
  const { accepted: taken, rejected, refused, requests } = counters.of("traces");
  assert.deepEqual([taken, rejected, refused, requests], [6, 2, 4, 3]);
  assert.deepEqual(faults, ["no", "2 records were rejected"]);
  assert.equal(delivery.idle, true);
  delivery.close();
});

test("Delivery tries again after a pause, the oldest first", async () => {
  const { delivery, sent, counters } = delivering((_text, attempt) =>
    attempt === 1 ? retry : accepted,
  );
  delivery.put([batch("a"), batch("b")]);
  while (!delivery.idle) await new Promise((resolve) => void setTimeout(resolve, 20));
  assert.deepEqual(sent, ["a", "a", "b"]);
  assert.equal(counters.get("traces", "retries"), 1);
  assert.equal(counters.get("traces", "accepted"), 2);
  delivery.close();
});

test("Delivery puts on disk what a receiver does not want, and finish() does not wait for it", async () => {
  const spool = new MemorySpool();
  const { delivery, counters } = delivering(() => retry, { spool });
  delivery.put([batch("a"), batch("b"), batch("c")]);
  await delivery.finish(soon(60_000));
  assert.deepEqual(spool.texts, ["a", "b", "c"]);
  delivery.put([batch("d")]);
  assert.deepEqual(spool.texts, ["a", "b", "c", "d"]);
  assert.equal(counters.get("traces", "spooled"), 4);
  delivery.close();
});

test("Delivery sends what is on disk before what is new", async () => {
  const spool = new MemorySpool();
  spool.add(batch("old"));
  const { delivery, sent } = delivering(() => accepted, { spool });
  delivery.put([batch("new")]);
  await delivery.finish(soon());
  assert.deepEqual(sent, ["old", "new"]);
  assert.deepEqual(spool.texts, []);
  delivery.close();
});

test("Delivery puts a request without an answer on disk at the end, and takes it out when it is answered", async () => {
  const spool = new MemorySpool();
  const late = Promise.withResolvers<SendResult>();
  const { delivery } = delivering(() => late.promise, { spool });
  delivery.put([batch("a"), batch("b")]);
  await delivery.finish(performance.now() + 10);
  assert.deepEqual(new Set(spool.texts), new Set(["a", "b"]));
  late.resolve(accepted);
  while (spool.texts.length > 0) await new Promise((resolve) => void setTimeout(resolve, 5));
  delivery.close();
});

test("Delivery lets the oldest go when memory is full and there is no disk", async () => {
  const { delivery, counters } = delivering(() => retry, { maxQueuedBytes: 10 });
  delivery.put([batch("aaaa", 1)]);
  await new Promise((resolve) => void setTimeout(resolve, 20));
  delivery.put([batch("bbbb", 2), batch("cccc", 3), batch("dddd", 4)]);
  const { expired } = counters.of("traces");
  assert.equal(expired, 1 + 2);
  delivery.close();
});

test("Delivery gives memory back when a request is accepted, refused, on disk or let go, and not before", async () => {
  const f = async (
    answer: SendResult,
    parts: { spool?: Spool; isDoneWithBody?: boolean },
    want: readonly string[],
  ) => {
    const given: string[] = [];
    const { delivery } = delivering(() => answer, parts);
    const released = (text: string): Batch => {
      const { body, records } = batch(text);
      return { body, records, release: () => given.push(text) };
    };
    delivery.put([released("a"), released("b")]);
    assert.deepEqual(given, []);
    await delivery.finish(performance.now() + 50);
    assert.deepEqual(given, want);
    delivery.close();
  };

  await f(accepted, {}, ["a", "b"]);
  await f({ kind: "refused", reason: "no" }, {}, ["a", "b"]);
  await f(retry, {}, []);
  await f(retry, { spool: new MemorySpool() }, ["a", "b"]);
  await f(accepted, { isDoneWithBody: false }, []);
});
