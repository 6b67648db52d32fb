// A store without room for new series, and a sender that sends in order and again until it is answered otherwise than 429:
// it is not held up for long, what is known is kept once, and what is new is kept when room comes in time.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { encodeSeriesLabels, Labels, WriteRequestWriter, writeSnappy } from "@flx/model";
import { Registry } from "@flx/monitoring/metrics";
import { Matcher } from "@flx/promql";
import { temporaryFolder } from "@flx/testkit";
import { Admission } from "../../src/ingest/admission.ts";
import { IngestMetrics } from "../../src/ingest/ingest-metrics.ts";
import { RemoteWriteReceiver } from "../../src/ingest/remote-write/receiver.ts";
import { openEmbeddedStore } from "../../src/store/embedded-store.ts";
import { MemoryWindows } from "../store/memory-windows.ts";

const START = 1_767_225_600_000;
const SECOND = 1_000;

/** One sample of each series; its value is its time. */
function request(timeMs: number, ...names: readonly string[]): Uint8Array<ArrayBuffer> {
  const writer = new WriteRequestWriter();
  const words = new Uint32Array(Float64Array.of(timeMs).buffer);
  for (const name of names) {
    writer.beginSeries(encodeSeriesLabels(Labels.from({ __name__: name })));
    writer.sample(timeMs, words[0]!, words[1]!);
    writer.endSeries();
  }
  return new Uint8Array(writeSnappy(writer.take()));
}

test("a sender that comes again after 429 keeps its known series, once each, and is not stuck behind new ones", async () => {
  await using folder = await temporaryFolder("full");
  let now = START;
  await using store = await openEmbeddedStore({
    folder: folder.path,
    openWindows: () => Promise.resolve(new MemoryWindows()),
    limits: { maxSeries: 2 },
    registry: new Registry(),
    now: () => now,
    upkeepMs: 0,
  });
  const parts = {
    sink: store,
    metrics: new IngestMetrics(new Registry()),
    admission: new Admission(),
  };
  const receiver = new RemoteWriteReceiver({}, parts);
  const server = createServer((incoming, response) => void receiver.handle(incoming, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const send = async (body: Uint8Array<ArrayBuffer>): Promise<number> => {
      const response = await fetch(url, { method: "POST", body });
      await response.text();
      return response.status;
    };
    /** As a sender that keeps order: the next request goes when this one is answered for good. */
    const deliver = async (
      body: Uint8Array<ArrayBuffer>,
    ): Promise<[status: number, waits: number]> => {
      for (let waits = 0; waits < 20; waits++) {
        const status = await send(body);
        if (status !== 429) return [status, waits];
        now += 30 * SECOND;
      }
      return [429, 20];
    };
    const kept = async (): Promise<Record<string, number[]>> => {
      const series = await store.select(
        [new Matcher("=~", "__name__", ".+")],
        { startMs: START - SECOND, endMs: START + 3_600 * SECOND },
        { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false },
        undefined,
      );
      return Object.fromEntries(
        series.map(({ labels, timestamps }) => [
          labels.metricName!,
          [...timestamps].map((at) => (at - START) / SECOND),
        ]),
      );
    };
    assert.deepEqual(await deliver(request(START, "a", "b")), [204, 0]);
    // Two minutes, and not longer.
    assert.deepEqual(await deliver(request(START + SECOND, "a", "b", "new")), [400, 4]);
    assert.deepEqual(await deliver(request(START + 2 * SECOND, "a", "b", "new")), [400, 0]);
    assert.deepEqual(await deliver(request(START + 3 * SECOND, "a", "b")), [204, 0]);
    assert.deepEqual(await kept(), { a: [0, 1, 2, 3], b: [0, 1, 2, 3] });
    // Room that comes in time: nothing of the new series is lost.
    store.limitTo({ maxSeries: 3 });
    now += 2 * SECOND;
    assert.deepEqual(await deliver(request(START + 4 * SECOND, "a", "new")), [204, 0]);
    assert.equal(await send(request(START + 5 * SECOND, "a", "newer")), 429);
    store.limitTo({ maxSeries: 4 });
    now += 2 * SECOND;
    assert.deepEqual(await deliver(request(START + 5 * SECOND, "a", "newer")), [204, 0]);
    assert.deepEqual(await kept(), {
      a: [0, 1, 2, 3, 4, 5],
      b: [0, 1, 2, 3],
      new: [4],
      newer: [5],
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
