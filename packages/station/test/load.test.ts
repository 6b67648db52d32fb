// A station under load: ended or killed while everybody writes, and sent far more than it may keep.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, credentials, type ServiceError, status as grpcStatus } from "@grpc/grpc-js";
import { otlpFromJson } from "@flx/model";
import { encodeRemoteWrite, type RemoteSeries, temporaryFolder, waitUntil } from "@flx/testkit";
import { largeSpans } from "./store/made-records.ts";
import { StationProcess } from "./running-station.ts";

const WRITERS = 4;
const SERIES = 50;

/** Writes until it is told to stop or nobody listens; how many samples of each series were acknowledged. */
async function writeUntilGone(url: string, writer: string, startMs: number): Promise<number> {
  let acknowledged = 0;
  for (;;) {
    const at = startMs + acknowledged;
    const series = Array.from({ length: SERIES }, (_, i) => ({
      labels: ["__name__", "load_total", "series", String(i), "writer", writer],
      timestamps: [at],
      values: Float64Array.of(acknowledged),
    }));
    const code = await send(url, series)
      .then(async (response) => {
        await response.arrayBuffer();
        return response.status;
      })
      .catch(() => 0);
    if (code === 0 || code === 503) return acknowledged;
    assert.equal(code, 204);
    acknowledged++;
  }
}

function send(url: string, series: readonly RemoteSeries[]): Promise<Response> {
  const body = encodeRemoteWrite(series);
  return fetch(`${url}/api/v1/write`, { method: "POST", body, headers: HEADERS });
}

const HEADERS = {
  "content-encoding": "snappy",
  "content-type": "application/x-protobuf",
  "x-prometheus-remote-write-version": "0.1.0",
};

for (const [how, end] of [
  ["ended by SIGTERM", (station: StationProcess) => station.stop()],
  ["killed", (station: StationProcess) => station.process.kill()],
] as const) {
  test(`a station ${how} while everybody writes has everything it acknowledged`, async () => {
    await using folder = await temporaryFolder("station");
    for (let round = 0; round < 3; round++) {
      const startMs = Date.now() - 60_000;
      const names = Array.from({ length: WRITERS }, (_, i) => `${round}-${i}`);
      let writers: Promise<number>[];
      {
        await using station = await StationProcess.start({ folder });
        writers = names.map((name) => writeUntilGone(station.url, name, startMs));
        await sleep(500 + 400 * round);
        const { code, signal } = await end(station);
        if (how === "killed") assert.equal(signal, "SIGKILL");
        else assert.equal(code, 0);
      }
      const acknowledged = await Promise.all(writers);
      assert.ok(Math.min(...acknowledged) > 0, "everybody wrote something");
      await using again = await StationProcess.start({ folder });
      for (const [i, name] of names.entries()) {
        const query = `min by (writer) (count_over_time(load_total{writer="${name}"}[1h]))`;
        const [least] = await again.query(query, (startMs + 3_600_000 - 1) / 1_000);
        assert.ok(
          Number(least?.[1]) >= acknowledged[i]!,
          `writer ${name}: ${acknowledged[i]} acknowledged, ${least?.[1]} there`,
        );
      }
    }
  });
}

test("a burst far beyond its memory is shed with 429, the cap holds, and it goes on watching itself", async (t) => {
  const cap = 400 * 1024 * 1024;
  await using station = await StationProcess.start({ args: ["--memory", "400MB"] });
  const { pid } = station.process;
  let highest = 0;
  const watch = setInterval(() => {
    highest = Math.max(highest, residentOf(pid));
  }, 20);
  const statuses = new Map<number, number>();
  const burst = { isOver: false };
  // Whatever fails below, nothing goes on sending or looking: the file would never end.
  t.after(() => {
    burst.isOver = true;
    clearInterval(watch);
  });
  const sender = async (name: number): Promise<void> => {
    for (let request = 0; !burst.isOver; request++) {
      const series = Array.from({ length: 2_000 }, (_, i) => ({
        labels: [
          "__name__",
          "burst",
          "filler",
          "x".repeat(100),
          "request",
          String(request % 40),
          "sender",
          String(name),
          "series",
          String(i),
        ],
        timestamps: [Date.now() + 0.5 * i],
        values: Float64Array.of(i),
      }));
      const response = await send(station.url, series);
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      if (response.status === 429) {
        assert.ok(Number(response.headers.get("retry-after")) >= 1);
        await sleep(50);
      }
    }
  };
  const known = (): RemoteSeries => ({ ...labelled, timestamps: [Date.now()] });
  const labelled = { labels: ["__name__", "first"], values: Float64Array.of(1) };
  assert.equal((await send(station.url, [known()])).status, 204);
  const senders = Array.from({ length: 10 }, (_, i) => sender(i));
  const failed = Promise.all(senders);
  failed.catch(() => undefined);
  const startMs = Date.now();
  const shed = shedByGrpc(station.otlpGrpc, burst);
  shed.catch(() => undefined);
  await waitUntil(() => (statuses.get(429) ?? 0) > 20 || station.process.exit !== undefined, {
    timeoutMs: 120_000,
    what: "the burst to be shed",
  });
  const error = await shed;
  assert.equal(error?.code, grpcStatus.RESOURCE_EXHAUSTED, "gRPC is shed with its own status");
  const [details] = error.metadata.get("grpc-status-details-bin");
  assert.match(String(details), /google\.rpc\.RetryInfo/);
  await sleep(Math.max(0, startMs + 20_000 - Date.now()));
  burst.isOver = true;
  await failed;
  clearInterval(watch);
  const mb = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MB`;
  t.diagnostic(
    `highest resident memory ${mb(highest)} of ${mb(cap)}; ${JSON.stringify([...statuses])}`,
  );
  assert.ok(highest < cap, `${mb(highest)} resident, the cap is ${mb(cap)}`);
  assert.ok((statuses.get(429) ?? 0) > 20);
  const [beats] = await station.query(
    "count_over_time(flx_station_heartbeat_timestamp_seconds[1m])",
  );
  assert.ok(Number(beats?.[1]) >= 2, "it watched itself meanwhile");
  const calmMs = Date.now();
  // Of a series that is there: the head may be full.
  await waitUntil(async () => (await send(station.url, [known()])).status === 204, {
    timeoutMs: 60_000,
    everyMs: 200,
    what: "data to be taken again",
  });
  t.diagnostic(`taken again after ${Date.now() - calmMs} ms, ${mb(residentOf(pid))} resident`);
});

test("beyond what it can take, spans are sent back and metrics are not, and it is as well as ever", async (t) => {
  const cap = 512 * 1024 * 1024;
  await using station = await StationProcess.start({ args: ["--memory", "512MB"] });
  const { pid } = station.process;
  // 64 MiB may be under way, of spans from one address a quarter.
  const { request } = largeSpans(200, 10_000);
  const spans = new Map<number, number>();
  const burst = { isOver: false };
  t.after(() => (burst.isOver = true));
  const sender = async (): Promise<void> => {
    while (!burst.isOver) {
      const response = await fetch(`${station.otlpHttp}/v1/traces`, {
        method: "POST",
        body: new Uint8Array(request),
        headers: { "content-type": "application/x-protobuf" },
      });
      await response.arrayBuffer();
      spans.set(response.status, (spans.get(response.status) ?? 0) + 1);
    }
  };
  const senders = Promise.all(Array.from({ length: 10 }, sender));
  senders.catch(() => undefined);
  let sent = 0;
  const endMs = Date.now() + 60_000;
  while (Date.now() < endMs && ((spans.get(429) ?? 0) < 50 || sent < 50)) {
    const response = await send(station.url, [
      { labels: ["__name__", "calm"], timestamps: [Date.now()], values: Float64Array.of(sent) },
    ]);
    assert.equal(response.status, 204, await response.text());
    sent++;
    const live = await fetch(`${station.url}/livez`);
    assert.equal(live.status, 200, await live.text());
    await sleep(20);
  }
  burst.isOver = true;
  await senders;
  const residentBytes = residentOf(pid);
  assert.ok(residentBytes < cap, `${residentBytes} bytes resident`);
  t.diagnostic(`spans ${JSON.stringify([...spans])}, ${sent} samples`);
  assert.ok((spans.get(200) ?? 0) > 0, "spans are taken as long as they fit");
  assert.ok((spans.get(429) ?? 0) >= 50, "and sent back when they do not");
  const [count] = await station.query("count_over_time(calm[5m])");
  assert.equal(Number(count?.[1]), sent);
});

/**
 * The first error of exports over gRPC while the burst lasts, for two minutes at most. Each brings series that nobody had
 * before: whatever the burst has used up, bytes under way, memory or the room of the head, there is none for them.
 */
async function shedByGrpc(
  url: string,
  burst: { readonly isOver: boolean },
): Promise<ServiceError | undefined> {
  const client = new Client(new URL(url).host, credentials.createInsecure());
  const path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  const same = (bytes: Buffer): Buffer => bytes;
  const endMs = Date.now() + 120_000;
  try {
    for (let request = 0; !burst.isOver && Date.now() < endMs; request++) {
      const body = newSeries(request);
      const error = await new Promise<ServiceError | null>((resolve) => {
        client.makeUnaryRequest(path, same, same, body, (refused) => resolve(refused));
      });
      if (error !== null) return error;
      await sleep(20);
    }
    return undefined;
  } finally {
    client.close();
  }
}

/** An export of a hundred gauges. */
function newSeries(request: number): Buffer {
  const timeUnixNano = `${Date.now()}000000`;
  const dataPoints = Array.from({ length: 100 }, (_, i) => ({
    attributes: [{ key: "series", value: { stringValue: `${request} ${i}` } }],
    timeUnixNano,
    asDouble: i,
  }));
  const metrics = [{ name: "burst_over_grpc", gauge: { dataPoints } }];
  const json = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
  return Buffer.from(otlpFromJson("metrics", new TextEncoder().encode(json)));
}

/** Resident memory of a process in bytes; 0 when it is gone. */
function residentOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  } catch {
    return 0;
  }
}
