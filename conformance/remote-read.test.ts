// Remote read: a real Prometheus reads from the station what it does not have, and streamed chunks are the real one's.
//
//   equal      a Prometheus with remote_read at the station, and one with the data itself: the same answers
//   streamed   the same samples in both: STREAMED_XOR_CHUNKS is the same byte by byte, SAMPLES sample by sample
//   natives    histograms of whole counts and of floats: chunks the same byte by byte, or sample by sample where the real one
//              has gone through several layouts. (A 2.42 streams them and does not read them from others.)
//   refused    what is no request, asks for too much, or for response types that there are not

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  encodeSeriesLabels,
  Labels,
  MessageWriter,
  NativeHistogram,
  readSnappy,
  readWriteRequest,
  WireReader,
  WriteRequestWriter,
  writeSnappy,
} from "@flx/model";
import { remoteWrite, requirePeer, startPrometheus, seededRandom } from "@flx/testkit";
import { readHistogramChunk } from "../packages/model/test/remote-read/chunk-reader.ts";
import { StationProcess } from "../packages/station/test/running-station.ts";
import { AnswerClient, differencesOf, report, type Times, timesFrom } from "./promql-answers.ts";
import { DATA_START_MS, SCRAPE_MS, SCRAPES, writeDataTo } from "./promql-data.ts";
import { QueryGenerator } from "./promql-queries.ts";

const QUERIES = process.env["FLX_FULL"] === "1" ? 2_000 : 200;

test(`a Prometheus that reads from the station answers ${QUERIES} queries as one that has the data`, async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using station = await StationProcess.start({
    config: `
storage: { tsdb: { out_of_order_time_window: 20y } }
global: { external_labels: { site: here } }
`,
  });
  const args = ["--enable-feature=native-histograms"];
  await using reference = await startPrometheus({ args });
  await using reader = await startPrometheus({
    args,
    config: `
global: { external_labels: { site: here } }
remote_read:
  - { url: "${station.url}/api/v1/read", read_recent: true }
`,
  });
  await writeDataTo(reference.url);
  await writeDataTo(station.url);
  const [ours, theirs] = [reader, reference].map(({ port }) => new AnswerClient(port)) as [
    AnswerClient,
    AnswerClient,
  ];
  t.after(() => {
    ours.close();
    theirs.close();
  });
  const random = seededRandom(33);
  const generator = new QueryGenerator(random);
  const timeMs = DATA_START_MS + (SCRAPES + 1) * SCRAPE_MS;
  const questions: [query: string, times: Times][] = [
    ['{__name__=~"[a-z_]+",__name__!="nh"}[90m]', { kind: "instant", timeMs }],
  ];
  for (let i = 0; i < QUERIES; i++) {
    const query = generator.next();
    // A 2.42 does not take native histograms from others; they are sent (below).
    if (!/\bnh\b/.test(query)) questions.push([query, timesFrom(random)]);
  }
  const { filled, differences } = await differencesOf(ours, theirs, questions);
  t.diagnostic(`${QUERIES} queries, ${filled} with samples`);
  assert.ok(filled > QUERIES / 4, `only ${filled} queries gave samples`);
  assert.equal(differences.length, 0, report(differences));
});

interface Asked {
  readonly startMs: number;
  readonly endMs: number;
  readonly pattern: string;
}

function readRequest(asked: readonly Asked[], types: readonly number[]): Uint8Array {
  const out = new MessageWriter();
  for (const { startMs, endMs, pattern } of asked) {
    const query = out.begin(0x0a);
    out.int(0x08, startMs);
    out.int(0x10, endMs);
    const matcher = out.begin(0x1a);
    out.uint(0x08, 2);
    out.text(0x12, "__name__");
    out.text(0x1a, pattern);
    out.end(matcher);
    out.end(query);
  }
  for (const type of types) out.uint(0x10, type);
  return out.take();
}

async function post(url: string, body: Uint8Array): Promise<Response> {
  return fetch(`${url}/api/v1/read`, {
    method: "POST",
    body: Uint8Array.from(body),
    headers: {
      "content-type": "application/x-protobuf",
      "content-encoding": "snappy",
      "x-prometheus-remote-read-version": "0.1.0",
    },
  });
}

/** Every sample of each result, with its labels and its bits. Zeros may be written or not, so bytes are not compared. */
function resultsOf(plain: Uint8Array): string[][] {
  const reader = new WireReader(plain);
  const results: string[][] = [];
  while (reader.at < plain.length) {
    assert.equal(reader.tag(plain.length), 0x0a);
    const end = reader.length(plain.length);
    const { samples, sampleSeries, timestampMs, words, labelSource } = readWriteRequest(
      plain.subarray(reader.at, end),
    );
    const lines: string[] = [];
    for (let i = 0; i < samples; i++) {
      const labels = labelSource.labels(sampleSeries[i]!).toString();
      lines.push(`${labels} ${timestampMs[i]} ${words[2 * i]} ${words[2 * i + 1]}`);
    }
    results.push(lines);
    reader.at = end;
  }
  return results;
}

/** The messages of a stream; their sums are the other end's business, and are checked by making them equal. */
async function framesOf(response: Response): Promise<string[]> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const frames: string[] = [];
  const reader = new WireReader(bytes);
  while (reader.at < bytes.length) {
    const from = reader.at;
    const size = reader.uint(bytes.length);
    reader.at += 4 + size;
    frames.push(bytes.toString("hex", from, reader.at));
  }
  return frames;
}

test("what is streamed and what is whole is the real Prometheus' own, byte by byte and sample by sample", async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using station = await StationProcess.start({
    config: "storage: { tsdb: { out_of_order_time_window: 3h } }\n",
  });
  await using prometheus = await startPrometheus();
  // Half an hour within one of the two hours that a Prometheus cuts its chunks at.
  const twoHours = 2 * 3_600_000;
  const startMs = Math.floor(Date.now() / twoHours) * twoHours - 40 * 60_000;
  const random = seededRandom(3);
  const stale = new Float64Array(new Uint32Array([2, 0x7ff00000]).buffer);
  // Up to 120 samples: one chunk in both, wherever others would be cut.
  const series = Array.from({ length: 30 }, (_, i) => {
    const count = 1 + ((i * 37) % 120);
    const values = Float64Array.from({ length: count }, (__, n) =>
      i % 3 === 0 ? random() : i % 3 === 1 ? n * i : Math.round(random() * 5),
    );
    if (i % 5 === 0)
      new Uint32Array(values.buffer).set(new Uint32Array(stale.buffer), 2 * count - 2);
    const step = [1, 250, 1_000, 15_000][i % 4]!;
    const timestamps = Array.from(
      { length: count },
      (__, n) => startMs + n * step + (i % 2 === 0 ? 0 : Math.floor(random() * step)),
    );
    return {
      labels: ["__name__", `s_${String(i).padStart(2, "0")}`, "i", String(i)],
      timestamps,
      values,
    };
  });
  for (const url of [prometheus.url, station.url]) await remoteWrite(url, series);
  const whole = { startMs: startMs - 60_000, endMs: startMs + 40 * 60_000 };
  const asked = [
    { ...whole, pattern: "s_.*" },
    { ...whole, pattern: "s_0[3-5]" },
    { ...whole, pattern: "nothing" },
  ];
  for (const types of [[1], [1, 0]]) {
    const body = writeSnappy(readRequest(asked, types));
    const [ours, theirs] = await Promise.all(
      [station.url, prometheus.url].map((url) => post(url, body)),
    );
    assert.equal(ours!.status, 200);
    assert.equal(ours!.headers.get("content-type"), theirs!.headers.get("content-type"));
    const [mine, right] = [await framesOf(ours!), await framesOf(theirs!)];
    assert.equal(right.length, 33);
    assert.deepEqual(mine, right);
  }
  for (const types of [[], [0], [0, 1]]) {
    const body = writeSnappy(readRequest(asked, types));
    const [ours, theirs] = await Promise.all(
      [station.url, prometheus.url].map(async (url) => {
        const response = await post(url, body);
        assert.equal(response.headers.get("content-type"), "application/x-protobuf");
        assert.equal(response.headers.get("content-encoding"), "snappy");
        return resultsOf(readSnappy(new Uint8Array(await response.arrayBuffer()), 1e8));
      }),
    );
    assert.equal(ours!.length, asked.length);
    assert.deepEqual(ours, theirs);
  }
});

/** The chunks of histograms of a stream, as text: the labels of their series and each of their samples. */
async function nativesOf(response: Response): Promise<string[]> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const reader = new WireReader(bytes);
  const lines: string[] = [];
  while (reader.at < bytes.length) {
    const size = reader.uint(bytes.length);
    reader.at += 4;
    const end = reader.at + size;
    reader.blocks(end, (tag, stop) => {
      if (tag !== 0x0a) return;
      const labels: string[] = [];
      reader.blocks(stop, (field, fieldEnd) => {
        if (field === 0x0a)
          labels.push(Buffer.from(bytes.subarray(reader.at, fieldEnd)).toString());
        else if (field === 0x12) lines.push(...chunkLines(labels.join(), reader, fieldEnd));
      });
    });
    reader.at = end;
  }
  return lines;
}

const CHUNK_KINDS = ["unknown", "xor", "histogram", "float-histogram"] as const;

function chunkLines(labels: string, reader: WireReader, end: number): string[] {
  let kind = 0;
  let data = new Uint8Array();
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x18) kind = reader.uint(end);
    else if (tag === 0x22) {
      const stop = reader.length(end);
      data = reader.bytes.slice(reader.at, stop);
      reader.at = stop;
    } else reader.skip(tag, end, 0);
  }
  const encoding = CHUNK_KINDS[kind]!;
  if (encoding !== "histogram" && encoding !== "float-histogram") return [];
  const { samples } = readHistogramChunk(encoding, data);
  // Whole counts that were sent as floats are floats in the real one, and whole counts here.
  return samples.map((sample) => `${labels} ${JSON.stringify(sample)}`);
}

/** Histograms of one layout. No gauges: a 2.42 fails to stream what goes down. */
function nativeAt(series: number, n: number, random: () => number): NativeHistogram {
  const count = (base: number): number => base + n * (series + 1) + (series % 2 === 0 ? 0 : 0.5);
  return NativeHistogram.from({
    schema: series % 3 === 0 ? 3 : -2,
    sum: n * 1.25 + random(),
    zeroCount: count(1),
    zeroThreshold: [0, 2 ** -128, 0.1][series % 3]!,
    positive: { indexes: [-7, -5, 0, 9], counts: [1, 2, 3, 4].map(count) },
    negative: series % 4 < 2 ? { indexes: [], counts: [] } : { indexes: [2], counts: [count(7)] },
  });
}

test("chunks of native histograms are the real Prometheus' own byte by byte, of whole counts and of floats", async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using station = await StationProcess.start({
    config: "storage: { tsdb: { out_of_order_time_window: 3h } }\n",
  });
  await using prometheus = await startPrometheus({ args: ["--enable-feature=native-histograms"] });
  const twoHours = 2 * 3_600_000;
  const startMs = Math.floor(Date.now() / twoHours) * twoHours - 40 * 60_000;
  const random = seededRandom(11);
  const writer = new WriteRequestWriter();
  for (let i = 0; i < 12; i++) {
    const labels = Labels.from({ __name__: `n_${String(i).padStart(2, "0")}` });
    writer.beginSeries(encodeSeriesLabels(labels));
    const count = 1 + ((i * 37) % 120);
    for (let n = 0; n < count; n++) {
      const jitter = i % 2 === 0 ? 0 : Math.floor(random() * 900);
      writer.histogram(startMs + n * 15_000 + jitter, nativeAt(i, n, random), true);
    }
    writer.endSeries();
  }
  const request = writeSnappy(writer.take());
  for (const url of [prometheus.url, station.url]) {
    const response = await fetch(`${url}/api/v1/write`, {
      method: "POST",
      body: Uint8Array.from(request),
      headers: { "content-type": "application/x-protobuf", "content-encoding": "snappy" },
    });
    assert.equal(response.status, 204, await response.text());
  }
  const asked = [{ startMs: startMs - 60_000, endMs: startMs + 40 * 60_000, pattern: "n_.*" }];
  const body = writeSnappy(readRequest(asked, [1]));
  const [ours, theirs] = await Promise.all(
    [station.url, prometheus.url].map((url) => post(url, body)),
  );
  const [mine, right] = [await framesOf(ours!), await framesOf(theirs!)];
  assert.equal(right.length, 12);
  assert.deepEqual(mine, right);
});

test("native histograms of any layout are streamed as the real Prometheus has them, with the floats of their series", async (t) => {
  if (!requirePeer(t, "prometheus")) return;
  await using station = await StationProcess.start({
    config: "storage: { tsdb: { out_of_order_time_window: 20y } }\n",
  });
  await using prometheus = await startPrometheus({ args: ["--enable-feature=native-histograms"] });
  await writeDataTo(station.url);
  await writeDataTo(prometheus.url);
  const asked = [{ startMs: DATA_START_MS, endMs: DATA_START_MS + 90 * 60_000, pattern: ".+" }];
  for (const types of [[1], [1, 0]]) {
    const body = writeSnappy(readRequest(asked, types));
    const [ours, theirs] = await Promise.all(
      [station.url, prometheus.url].map(async (url) => {
        const response = await post(url, body);
        assert.match(response.headers.get("content-type")!, /ChunkedReadResponse/);
        return await nativesOf(response);
      }),
    );
    assert.ok(theirs!.length > 100, `${theirs!.length} histograms`);
    assert.deepEqual(ours, theirs);
  }
});

test("remote read refuses what is no request, types that there are not, and more than its limit", async () => {
  await using station = await StationProcess.start({ config: "query: { max_samples: 1000 }\n" });
  const asked = [{ startMs: 0, endMs: Date.now() + 60_000, pattern: ".+" }];
  const f = async (status: number, body: Uint8Array, message: RegExp): Promise<void> => {
    const response = await post(station.url, body);
    const text = await response.text();
    assert.equal(response.status, status, text);
    assert.match(text, message);
  };
  await f(400, Uint8Array.of(1, 2, 3), /beyond the end|block/);
  await f(400, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0, 0), /larger than|holds/);
  await f(400, writeSnappy(Uint8Array.of(0x0a, 0x7f)), /beyond the message/);
  await f(400, writeSnappy(readRequest(asked, [7])), /does not support any of .*: 7/);
  await f(
    400,
    writeSnappy(readRequest([{ ...asked[0]!, pattern: "(" }], [])),
    /parenthes|missing|pattern/,
  );
  await f(
    400,
    writeSnappy(readRequest([...asked, ...asked, ...asked], [])),
    /sample limit \(1000\)/,
  );
  const none = await post(station.url, writeSnappy(readRequest([], [])));
  assert.equal(none.status, 200);
});
