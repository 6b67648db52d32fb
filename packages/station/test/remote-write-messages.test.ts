// Both messages of remote write between stations: what a station sends on as 1.0 and as 2.0, and to a station that keeps its
// metrics, is the same there.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Labels,
  NativeHistogram,
  type UnixMs,
  WriteRequestV2Writer,
  writeSnappy,
} from "@flx/model";
import { httpGet, waitUntil } from "@flx/testkit";
import { StationProcess } from "./running-station.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 100 };
const STEPS = 5;

const histograms: Readonly<Record<string, (i: number) => NativeHistogram>> = {
  whole: (i) =>
    NativeHistogram.from({
      schema: 3,
      sum: i * 1.5,
      zeroCount: i,
      zeroThreshold: 0.001,
      positive: { indexes: [-3, 0, 40], counts: [i, 2 * i, 3] },
      negative: { indexes: [5], counts: [i] },
    }),
  floats: (i) =>
    NativeHistogram.from({
      schema: 0,
      sum: i,
      positive: { indexes: [1, 2], counts: [0.5, i + 0.25] },
      counterResetHint: "gauge",
    }),
  custom: (i) =>
    NativeHistogram.from({
      schema: -53,
      sum: i,
      positive: { indexes: [0, 2], counts: [i, 1] },
      customBounds: [0.5, 1, 100],
    }),
};

/** Counters, classic buckets, native histograms of every kind, a series that ends, exemplars, metadata. */
function request(startMs: number): Uint8Array<ArrayBuffer> {
  const writer = new WriteRequestV2Writer();
  const words = new Uint32Array(new Float64Array(1).buffer);
  const value = new Float64Array(words.buffer);
  const named = (name: string, more: Record<string, string> = {}): Labels =>
    Labels.from({ __name__: name, job: "größe", ...more });
  for (const [name, type] of [
    ["calls_total", "counter"],
    ["lag_bucket", "histogram"],
  ] as const) {
    const labels = name === "lag_bucket" ? named(name, { le: "+Inf" }) : named(name);
    writer.beginSeries(labels, { type, help: `Help of ${name}`, unit: "" });
    for (let i = 0; i < STEPS; i++) {
      value[0] = i * 1.25;
      writer.sample(startMs + i * 1_000, words[0]!, words[1]!, startMs - 1);
    }
    const exemplar = { labels: Labels.from({ trace_id: `of ${name}` }), value: 3 };
    writer.exemplar({ ...exemplar, timestampMs: startMs as UnixMs }, 0);
    writer.endSeries();
  }
  for (const [name, histogramAt] of Object.entries(histograms)) {
    writer.beginSeries(named(name), { type: "histogram", help: `Help of ${name}`, unit: "s" });
    for (let i = 0; i < STEPS; i++) {
      writer.histogram(startMs + i * 1_000, histogramAt(i), startMs - 1);
    }
    writer.endSeries();
  }
  writer.beginSeries(named("ended"), undefined);
  writer.sample(startMs, 0, 0x3ff00000, 0);
  writer.sample(startMs + 2_000, 2, 0x7ff00000, 0);
  writer.endSeries();
  return new Uint8Array(writeSnappy(writer.take()));
}

async function answerOf(url: string, path: string): Promise<unknown> {
  const { body, status } = await httpGet(`${url}/api/v1/${path}`, { timeoutMs: 10_000 });
  assert.equal(status, 200, body);
  return (JSON.parse(body) as { data: unknown }).data;
}

function questions(startMs: number): string[] {
  const endMs = startMs + STEPS * 1_000;
  const at = (promql: string, timeMs: number): string =>
    `query?${new URLSearchParams({ query: promql, time: String(timeMs / 1_000) }).toString()}`;
  const range = { start: String(startMs / 1_000), end: String(endMs / 1_000), step: "1" };
  const names = ["calls_total", "lag_bucket", "ended", ...Object.keys(histograms)];
  return [
    ...names.map((name) => at(`${name}{job="größe"}[10s]`, endMs)),
    ...names.map(
      (name) => `query_range?${new URLSearchParams({ query: name, ...range }).toString()}`,
    ),
    at("histogram_quantile(0.5, rate(whole[10s]))", endMs),
    at("histogram_sum(floats)", endMs),
    at("histogram_fraction(0, 1, custom)", endMs),
    `query_exemplars?${new URLSearchParams({ query: '{job="größe"}', ...range }).toString()}`,
  ];
}

const described = ["calls_total", "lag", ...Object.keys(histograms)];

async function send(station: StationProcess, startMs: number): Promise<void> {
  const response = await fetch(`${station.url}/api/v1/write`, {
    method: "POST",
    headers: {
      "content-encoding": "snappy",
      "content-type": "application/x-protobuf;proto=io.prometheus.write.v2.Request",
    },
    body: request(startMs),
  });
  assert.equal(response.status, 204, await response.text());
}

/** Waits until everything is there: the last of it is the series that ended. */
async function arrived(url: string, startMs: number): Promise<void> {
  const query = new URLSearchParams({ query: "ended[1m]", time: String(startMs / 1_000 + 30) });
  await waitUntil(
    async () => JSON.stringify(await answerOf(url, `query?${query.toString()}`)).includes("ended"),
    WAIT,
  );
}

test("stations that are sent 1.0 and 2.0 answer what the sender does: samples, histograms, exemplars, metadata", async () => {
  await using first = await StationProcess.start();
  await using second = await StationProcess.start();
  const remote = (name: string, { url }: StationProcess, message: string): string =>
    `  - { name: ${name}, url: "${url}/api/v1/write", protobuf_message: ${message}, send_exemplars: true, ` +
    "send_native_histograms: true }\n";
  const config =
    "remote_write:\n" +
    remote("first", first, "prometheus.WriteRequest") +
    remote("second", second, "io.prometheus.write.v2.Request");
  await using sender = await StationProcess.start({ config });
  const startMs = Date.now() - 60_000;
  await send(sender, startMs);
  for (const { url } of [first, second]) {
    await arrived(url, startMs);
    for (const question of questions(startMs)) {
      const want = await answerOf(sender.url, question);
      assert.deepEqual(await answerOf(url, question), want, question);
      assert.notEqual(JSON.stringify(want).indexOf("größe"), -1, question);
    }
    for (const family of described) {
      const want = await answerOf(sender.url, `metadata?metric=${family}`);
      assert.deepEqual(await answerOf(url, `metadata?metric=${family}`), want, family);
      assert.match(JSON.stringify(want), /Help of/);
    }
  }
  const { body } = await httpGet(`${sender.url}/metrics`);
  for (const name of ["first", "second"]) {
    assert.match(body, new RegExp(`exemplars_total\\{remote="${name}",outcome="sent"\\} 2\\n`));
  }
  assert.doesNotMatch(body, /outcome="refused"\} [1-9]/);
});

test("a station behind a station that is sent 2.0 answers what it was sent", async () => {
  await using engine = await StationProcess.start();
  await using alone = await StationProcess.start();
  const message = "io.prometheus.write.v2.Request";
  const config = `store: { metrics: { url: "${engine.url}", protobuf_message: ${message} } }\n`;
  await using station = await StationProcess.start({ config });
  const startMs = Date.now() - 60_000;
  await send(station, startMs);
  await send(alone, startMs);
  await arrived(engine.url, startMs);
  for (const question of questions(startMs)) {
    const want = await answerOf(alone.url, question);
    assert.deepEqual(await answerOf(engine.url, question), want, question);
    assert.deepEqual(await answerOf(station.url, question), want, question);
  }
  for (const family of described) {
    const want = await answerOf(alone.url, `metadata?metric=${family}`);
    assert.deepEqual(await answerOf(engine.url, `metadata?metric=${family}`), want, family);
  }
});
