// The receivers over real sockets: what comes in, every refusal with its status, bombs and resets.

import assert from "node:assert/strict";
import { createServer, request as httpRequest } from "node:http";
import { connect, constants } from "node:http2";
import { type AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { MessageWriter, otlpFromJson, writeSnappy } from "@flx/model";
import { Registry } from "@flx/monitoring/metrics";
import { Admission, SHED_ORDER } from "../../src/ingest/admission.ts";
import { IngestMetrics } from "../../src/ingest/ingest-metrics.ts";
import { metricsHandler } from "../../src/ingest/otlp/export-handler.ts";
import { OtlpGrpcReceiver } from "../../src/ingest/otlp/grpc-receiver.ts";
import { OtlpHttpReceiver } from "../../src/ingest/otlp/http-receiver.ts";
import { RemoteWriteReceiver } from "../../src/ingest/remote-write/receiver.ts";
import { MemorySink } from "./memory-sink.ts";

const EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const MAX = 1_000_000;

function parts() {
  const sink = new MemorySink();
  const metrics = new IngestMetrics(new Registry());
  const admission = new Admission();
  return { sink, metrics, admission, handlers: { metrics: metricsHandler(sink, metrics) } };
}

const json = (name: string, value: number): string =>
  JSON.stringify({
    resourceMetrics: [
      {
        scopeMetrics: [
          {
            metrics: [
              {
                name,
                gauge: { dataPoints: [{ timeUnixNano: "1767225600000000000", asDouble: value }] },
              },
              { name: "no_value", gauge: { dataPoints: [{}] } },
            ],
          },
        ],
      },
    ],
  });
const protobuf = (name: string, value: number): Uint8Array =>
  otlpFromJson("metrics", new TextEncoder().encode(json(name, value)));

test("OtlpHttpReceiver takes protobuf and JSON, plain, gzip and zstd, with partial success", async () => {
  const { sink, ...rest } = parts();
  await using receiver = new OtlpHttpReceiver({ host: "127.0.0.1", port: 0 }, rest);
  await receiver.start();
  const url = `http://127.0.0.1:${receiver.port}/v1/metrics`;
  const send = async (
    type: string,
    body: Uint8Array | string,
    encoding?: string,
  ): Promise<Response> =>
    fetch(url, {
      method: "POST",
      headers: {
        "Content-Type": type,
        ...(encoding === undefined ? {} : { "Content-Encoding": encoding }),
      },
      body,
    });

  const answered = await send("application/json", json("a", 1));
  assert.equal(answered.status, 200);
  assert.deepEqual(await answered.json(), {
    partialSuccess: { rejectedDataPoints: "1", errorMessage: "no_value: a point without a value" },
  });
  const binary = await send("application/x-protobuf", protobuf("b", 2));
  assert.match(Buffer.from(await binary.arrayBuffer()).toString(), /no_value/);
  assert.equal(
    (await send("application/x-protobuf", gzipSync(protobuf("c", 3)), "gzip")).status,
    200,
  );
  assert.equal(
    (await send("application/json", zstdCompressSync(json("d", 4)), "zstd")).status,
    200,
  );
  assert.deepEqual(sink.last(), { a: 1, b: 2, c: 3, d: 4 });
});

test("OtlpHttpReceiver answers what it cannot take with the right status", async () => {
  const { sink, ...rest } = parts();
  await using receiver = new OtlpHttpReceiver(
    { host: "127.0.0.1", port: 0, maxBodyBytes: MAX },
    rest,
  );
  await receiver.start();
  const f = async (
    want: number,
    path: string,
    type: string,
    body: Uint8Array | string,
    encoding?: string,
  ): Promise<Response> => {
    const headers: Record<string, string> = { "Content-Type": type };
    if (encoding !== undefined) headers["Content-Encoding"] = encoding;
    const url = `http://127.0.0.1:${receiver.port}${path}`;
    const response = await fetch(url, { method: "POST", headers, body });
    assert.equal(response.status, want, `${path} ${type} ${encoding}`);
    await response.arrayBuffer();
    return response;
  };
  const PB = "application/x-protobuf";

  await f(404, "/v1/traces", PB, "");
  await f(404, "/", PB, "");
  await f(415, "/v1/metrics", "text/plain", "");
  await f(415, "/v1/metrics", PB, "x", "br");
  await f(400, "/v1/metrics", PB, Uint8Array.of(0x0a, 0x7f, 1));
  await f(400, "/v1/metrics", "application/json", "{");
  await f(400, "/v1/metrics", PB, "not gzip", "gzip");
  await f(413, "/v1/metrics", PB, new Uint8Array(MAX + 1));
  // The same without a length before it, without end.
  const endless = new ReadableStream({ pull: (out) => out.enqueue(new Uint8Array(65_536)) });
  const told = await new Promise<number | undefined>((resolve) => {
    const url = `http://127.0.0.1:${receiver.port}/v1/metrics`;
    const sending = httpRequest(
      url,
      { method: "POST", headers: { "Content-Type": PB } },
      (response) => {
        resolve(response.statusCode);
        response.resume();
        sending.destroy();
      },
    );
    sending.on("error", () => resolve(undefined));
    Readable.fromWeb(endless as never)
      .on("error", () => {})
      .pipe(sending);
  });
  assert.equal(told, 413);
  // Bombs: 64 MiB of zeros in 64 KiB and in a few hundred bytes.
  const zeros = new Uint8Array(64 * 1024 * 1024);
  const bombs = [gzipSync(zeros), zstdCompressSync(zeros)];
  await f(413, "/v1/metrics", PB, bombs[0]!, "gzip");
  await f(413, "/v1/metrics", PB, bombs[1]!, "zstd");
  sink.refusal = "overloaded";
  const busy = await f(429, "/v1/metrics", PB, protobuf("x", 1));
  assert.equal(busy.headers.get("retry-after"), "3");
  sink.refusal = "unavailable";
  await f(503, "/v1/metrics", PB, protobuf("x", 1));
  sink.refusal = undefined;
  await f(200, "/v1/metrics", PB, protobuf("x", 1));
  assert.deepEqual(sink.last(), { x: 1 });
  // No room for new series: what is known is taken, and the sender may come again.
  sink.isFull = true;
  for (const [type, body] of [
    [PB, Buffer.concat([protobuf("x", 2), protobuf("y", 2)])],
    ["application/json", json("y", 2)],
  ] as const) {
    const full = await f(429, "/v1/metrics", type, body);
    assert.equal(full.headers.get("retry-after"), "30");
  }
  await f(200, "/v1/metrics", PB, protobuf("x", 2));
  assert.deepEqual(sink.last(), { x: 2 });
  sink.isFull = "for long";
  const partial = await fetch(`http://127.0.0.1:${receiver.port}/v1/metrics`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: json("y", 2),
  });
  assert.equal(partial.status, 200);
  assert.match(
    await partial.text(),
    /"rejectedDataPoints":"2","errorMessage":"no new series for long/,
  );
  sink.isFull = false;
  await f(200, "/v1/metrics", PB, protobuf("y", 2));
  assert.deepEqual(sink.last(), { x: 2, y: 2 });
});

interface Call {
  readonly error: ServiceError | null;
  readonly answer: Buffer | undefined;
}

function call(
  client: Client,
  path: string,
  body: Uint8Array,
  metadata = new Metadata(),
  ms = 20_000,
): Promise<Call> {
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      (message: Buffer) => message,
      (message: Buffer) => message,
      Buffer.from(body),
      metadata,
      { deadline: Date.now() + ms },
      (error, answer) => resolve({ error, answer }),
    );
  });
}

test("OtlpGrpcReceiver speaks with grpc-js: answers, compression, every status", async () => {
  const { sink, ...rest } = parts();
  await using receiver = new OtlpGrpcReceiver(
    { host: "127.0.0.1", port: 0, maxMessageBytes: MAX },
    rest,
  );
  await receiver.start();
  const target = `127.0.0.1:${receiver.port}`;
  const client = new Client(target, credentials.createInsecure());
  const packing = new Client(target, credentials.createInsecure(), {
    "grpc.default_compression_algorithm": 2,
  });
  try {
    const first = await call(client, EXPORT, protobuf("a", 1));
    assert.equal(first.error, null);
    assert.match(String(first.answer), /no_value/);
    assert.equal((await call(packing, EXPORT, protobuf("b", 2))).error, null);
    assert.deepEqual(sink.last(), { a: 1, b: 2 });

    assert.equal((await call(client, EXPORT, Uint8Array.of(0x0a, 0x7f))).error?.code, 3);
    assert.equal((await call(client, "/a.B/C", new Uint8Array())).error?.code, 12);
    assert.equal((await call(client, EXPORT, new Uint8Array(MAX + 1))).error?.code, 8);
    assert.equal((await call(packing, EXPORT, new Uint8Array(40 * MAX))).error?.code, 8);
    sink.refusal = "overloaded";
    const busy = await call(client, EXPORT, protobuf("c", 1));
    assert.equal(busy.error?.code, 8);
    const [details] = busy.error.metadata.get("grpc-status-details-bin");
    assert.match(String(details), /google\.rpc\.RetryInfo/);
    sink.refusal = "unavailable";
    assert.equal((await call(client, EXPORT, protobuf("c", 1))).error?.code, 14);
    sink.refusal = undefined;
    sink.isFull = true;
    const full = await call(client, EXPORT, Buffer.concat([protobuf("a", 2), protobuf("d", 2)]));
    assert.equal(full.error?.code, 8);
    assert.match(
      String(full.error.metadata.get("grpc-status-details-bin")),
      /google\.rpc\.RetryInfo/,
    );
    sink.isFull = false;
    assert.deepEqual(sink.last(), { a: 2, b: 2 }, "what is known is taken");
    sink.append = () => new Promise(() => {});
    assert.equal(
      (await call(client, EXPORT, protobuf("c", 1), new Metadata(), 200)).error?.code,
      4,
    );
  } finally {
    client.close();
    packing.close();
  }
});

test("OtlpGrpcReceiver takes more than a window, and closes a connection that only resets", async () => {
  const { sink, ...rest } = parts();
  await using receiver = new OtlpGrpcReceiver({ host: "127.0.0.1", port: 0 }, rest);
  await receiver.start();
  const client = new Client(`127.0.0.1:${receiver.port}`, credentials.createInsecure());
  const large = JSON.stringify("x".repeat(20_000_000));
  const body = otlpFromJson(
    "metrics",
    new TextEncoder().encode(
      json("big", 7).replace('"no_value"', `"no_value","description":${large}`),
    ),
  );
  assert.equal((await call(client, EXPORT, body)).error, null);
  client.close();
  assert.deepEqual(sink.last(), { big: 7 });

  const session = connect(`http://127.0.0.1:${receiver.port}`);
  session.on("error", () => {});
  const closed = new Promise<void>((resolve) => session.once("close", resolve));
  let opened = 0;
  const flood = (): void => {
    for (let i = 0; i < 50 && !session.closed && !session.destroyed; i++) {
      const stream = session.request({
        ":method": "POST",
        ":path": EXPORT,
        "content-type": "application/grpc",
      });
      stream.on("error", () => {});
      stream.close(constants.NGHTTP2_CANCEL);
      opened++;
    }
    if (!session.destroyed && !session.closed && opened < 100_000) setTimeout(flood, 1);
    else session.destroy();
  };
  flood();
  await closed;
  assert.ok(opened < 100_000, `${opened} streams`);
});

function writeRequest(value: number, timestampMs: number, name = "up"): Uint8Array {
  const out = new MessageWriter();
  const series = out.begin(0x0a);
  const label = out.begin(0x0a);
  out.text(0x0a, name === "" ? "job" : "__name__");
  out.text(0x12, name === "" ? "x" : name);
  out.end(label);
  const sample = out.begin(0x12);
  out.double(0x09, value);
  out.int(0x10, timestampMs);
  out.end(sample);
  out.end(series);
  return out.take();
}

function writeRequestV2(value: number, timestampMs: number): Uint8Array {
  const out = new MessageWriter();
  for (const symbol of ["", "__name__", "v2"]) out.text(0x22, symbol);
  const series = out.begin(0x2a);
  out.field(0x0a, Uint8Array.of(1, 2));
  const sample = out.begin(0x12);
  out.double(0x09, value);
  out.int(0x10, timestampMs);
  out.end(sample);
  out.end(series);
  return out.take();
}

test("RemoteWriteReceiver takes 1.0 and 2.0, and answers as Prometheus does", async () => {
  const { sink, ...rest } = parts();
  const receiver = new RemoteWriteReceiver({ maxBodyBytes: MAX }, { sink, ...rest });
  const server = createServer((request, response) => void receiver.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/write`;
  const V1 = "application/x-protobuf";
  const V2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";
  const f = async (
    want: number,
    type: string,
    body: Uint8Array,
    encoding = "snappy",
  ): Promise<Response> => {
    const headers = { "Content-Type": type, "Content-Encoding": encoding };
    const response = await fetch(url, { method: "POST", headers, body });
    assert.equal(response.status, want, await response.text());
    return response;
  };
  try {
    await f(204, V1, writeSnappy(writeRequest(1, 1000)));
    await f(204, V1, writeSnappy(writeRequest(2, 2000)));
    await f(400, V1, writeSnappy(writeRequest(3, 1500)));
    assert.deepEqual(sink.last(), { up: 2 });
    const written = await f(204, V2, writeSnappy(writeRequestV2(5, 1000)));
    assert.equal(written.headers.get("x-prometheus-remote-write-samples-written"), "1");
    assert.equal(written.headers.get("x-prometheus-remote-write-histograms-written"), "0");
    assert.equal(sink.last()["v2"], 5);
    await f(400, V1, writeSnappy(writeRequest(1, 1000, "")));
    await f(400, V1, writeRequest(1, 1000));
    await f(400, V1, writeSnappy(Uint8Array.of(0x0a, 0x7f)));
    await f(413, V1, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x07, 0, 0));
    await f(415, "text/plain", new Uint8Array());
    await f(415, `${V1};proto=x.Y`, new Uint8Array());
    await f(415, V1, new Uint8Array(), "lz4");
    sink.refusal = "overloaded";
    const busy = await f(429, V1, writeSnappy(writeRequest(3, 3000)));
    assert.equal(busy.headers.get("retry-after"), "3");
    sink.refusal = undefined;
    await f(204, V1, writeSnappy(writeRequest(3, 3000)));
    assert.equal(sink.last()["up"], 3);
    // No room for new series: what is known is taken, and the sender may come again.
    sink.isFull = true;
    const both = Buffer.concat([writeRequest(4, 4000), writeRequest(4, 4000, "fresh")]);
    const full = await f(429, V1, writeSnappy(both));
    assert.equal(full.headers.get("retry-after"), "30");
    assert.equal(sink.last()["up"], 4);
    // For long: refused for good, so that what the sender has behind it is not held up.
    sink.isFull = "for long";
    const later = Buffer.concat([writeRequest(5, 5000), writeRequest(5, 5000, "fresh")]);
    await f(400, V1, writeSnappy(later));
    assert.equal(sink.last()["up"], 5);
    sink.isFull = false;
    await f(204, V1, writeSnappy(later));
    assert.equal(sink.last()["fresh"], 5);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test("Admission lets in what fits, one at least, and counts down once", () => {
  const admission = new Admission(100);
  const first = admission.enter(150);
  assert.throws(() => admission.enter(1), { code: "FLX_INGEST_OVERLOADED" });
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  assert.equal(admission.bytes, 0);
  using second = admission.enter(60);
  using third = admission.enter(40);
  assert.equal(admission.bytes, second.bytes + third.bytes);
});

test("Admission sends spans back first and metrics last, in total and of one address", () => {
  const admission = new Admission(100);
  const f = (address: string, want: string) => {
    const taken = SHED_ORDER.filter((signal) => {
      using one = admission.open(address, signal);
      try {
        one.grow(5);
        return true;
      } catch {
        return false;
      }
    });
    assert.equal(taken.join(" "), want);
  };
  using first = admission.open("10.0.0.1", "traces");
  first.grow(20);
  f("10.0.0.1", "traces logs metrics");
  first.grow(5);
  f("10.0.0.1", "logs metrics");
  f("10.0.0.2", "traces logs metrics");
  using second = admission.open("10.0.0.2", "metrics");
  second.grow(25);
  f("10.0.0.3", "logs metrics");
  second.grow(25);
  f("10.0.0.3", "metrics");
});

test("Admission counts bodies while they come, and leaves half to the others", () => {
  const admission = new Admission(100);
  const slow = admission.open("10.0.0.1");
  slow.grow(40);
  const second = admission.open("10.0.0.1");
  second.grow(10);
  assert.throws(() => second.grow(1), { code: "FLX_INGEST_OVERLOADED", message: /this address/ });
  const other = admission.open("10.0.0.2");
  other.grow(50);
  assert.throws(() => other.grow(1), { code: "FLX_INGEST_OVERLOADED", message: /at most 100/ });
  for (const each of [slow, second, other, other]) each[Symbol.dispose]();
  other.grow(10);
  assert.equal(admission.bytes, 0, "what is done counts no more");
  using large = admission.open("10.0.0.1");
  large.grow(99);
  large.grow(99);
  assert.equal(admission.bytes, 198, "one alone may be larger than the whole");
});
