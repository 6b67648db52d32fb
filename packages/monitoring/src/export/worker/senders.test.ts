import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { test, type TestContext } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import type { OtlpEndpoint, OtlpProtocol } from "../export-settings.ts";
import { messageFields } from "./message-fields.ts";
import { OtlpGrpcSender } from "./otlp-grpc.ts";
import { OtlpHttpSender } from "./otlp-http.ts";
import { readJsonPartialSuccess, readPartialSuccess } from "./partial-success.ts";
import { retryDelayMs } from "./retry-info.ts";
import type { Sender, SendResult } from "./sender.ts";

const never = new AbortController().signal;
const BODY = new TextEncoder().encode("a request");

const endpoint = (url: string, more: Partial<OtlpEndpoint> = {}): OtlpEndpoint => ({
  url,
  protocol: "http/protobuf",
  headers: { "x-key": "k" },
  compression: "none",
  timeoutMs: 2_000,
  ...more,
});

async function listen(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function once(t: TestContext, sender: Sender, stop = never): Promise<SendResult> {
  t.after(() => sender.close());
  return await sender.send(BODY, stop);
}

/** partial_success of an answer, as bytes. */
function partial(rejected: number, message: string): Buffer {
  const text = Buffer.from(message);
  const inner = Buffer.concat([Buffer.from([0x08, rejected, 0x12, text.length]), text]);
  return Buffer.concat([Buffer.from([0x0a, inner.length]), inner]);
}

test("a sender says what is meant when a receiver speaks another protocol", async (t) => {
  const http1 = createServer((_request, response) => response.end());
  const http2 = createHttp2Server();
  const [one, two] = [await listen(t, http1), await listen(t, http2)];
  const f = async (sender: Sender, want: RegExp) => {
    const result = await once(t, sender);
    assert.equal(result.kind, "retry");
    const reason = result.kind === "retry" ? result.reason : "";
    assert.match(reason, want);
    assert.doesNotMatch(reason, /\n/);
  };

  await f(
    new OtlpHttpSender(endpoint(`${two}/v1/logs`), "logs"),
    /HPE_\w+ .*; no HTTP\/1 is spoken there: OTLP has port 4318 for HTTP, 4317 for gRPC$/,
  );
  await f(
    new OtlpGrpcSender(endpoint(one, { protocol: "grpc" }), "logs"),
    /; no HTTP\/2 is spoken there: OTLP has port 4318 for HTTP, 4317 for gRPC$/,
  );
  await f(
    new OtlpHttpSender(endpoint(`${one.replace("http:", "https:")}/v1/logs`), "logs"),
    /; no TLS is spoken there: is it http:\/\/ and not https:\/\/\?$/,
  );
});

test("OtlpHttpSender is done with a body when it is answered, however early", async (t) => {
  const closed = Promise.withResolvers<boolean>();
  const server = createServer((request, response) => {
    request.socket.on("close", closed.resolve);
    // Nothing of the body is read beyond what came with the headers.
    request.pause();
    response.writeHead(400).end("no");
  });
  const sender = new OtlpHttpSender(endpoint(await listen(t, server)), "traces");
  t.after(() => {
    sender.close();
    server.closeAllConnections();
  });
  const result = await sender.send(new Uint8Array(32 * 1024 * 1024), never);
  assert.equal(result.kind, "refused", JSON.stringify(result));
  // What is left of the body is not sent any more.
  await closed.promise;
});

test("OtlpHttpSender takes each status for what OTLP says it is", async (t) => {
  let answer: RequestListener = () => undefined;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => answer(request, response));
  });
  const url = await listen(t, server);
  const f = async (listener: RequestListener, want: Partial<SendResult>) => {
    answer = listener;
    const got = await once(t, new OtlpHttpSender(endpoint(url), "traces"));
    for (const [key, value] of Object.entries(want)) {
      assert.deepEqual(
        (got as unknown as Record<string, unknown>)[key],
        value,
        JSON.stringify(got),
      );
    }
  };

  await f((_, response) => response.end(), { kind: "accepted", rejected: 0 });
  await f((_, response) => response.end(partial(3, "too old")), {
    kind: "accepted",
    rejected: 3,
    message: "too old",
  });
  await f((_, response) => response.end("garbage"), { kind: "accepted", rejected: 0 });
  await f((_, response) => response.writeHead(429, { "retry-after": "7" }).end(), {
    kind: "retry",
    afterMs: 7_000,
  });
  for (const status of [502, 503, 504]) {
    await f((_, response) => response.writeHead(status).end(), { kind: "retry" });
  }
  for (const status of [301, 400, 401, 404, 413, 500]) {
    await f((_, response) => response.writeHead(status, { location: "/elsewhere" }).end(), {
      kind: "refused",
    });
  }
  await f((_, response) => response.socket!.destroy(), { kind: "retry" });
  // No more of it is read than an answer may have; the status has said what there is to say.
  await f((_, response) => response.end(Buffer.alloc(1_000_000)), { kind: "accepted" });
});

test("OtlpHttpSender packs bodies, and sends headers", async (t) => {
  for (const compression of ["none", "gzip", "zstd"] as const) {
    const got = Promise.withResolvers<{ headers: Record<string, unknown>; body: Buffer }>();
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        got.resolve({ headers: request.headers, body: Buffer.concat(chunks) });
        response.end();
      });
    });
    const url = await listen(t, server);
    await once(t, new OtlpHttpSender(endpoint(url, { compression }), "logs"));
    const { headers, body } = await got.promise;
    const unpack = { none: (each: Buffer) => each, gzip: gunzipSync, zstd: zstdDecompressSync };
    assert.equal(String(unpack[compression](body)), "a request");
    assert.equal(headers["content-encoding"], compression === "none" ? undefined : compression);
    assert.equal(headers["content-type"], "application/x-protobuf");
    assert.equal(headers["x-key"], "k");
  }
});

test("a sender gives up in time, and when it is told to", async (t) => {
  const silent = createTcpServer((socket) => socket.on("error", () => undefined));
  const url = await listen(t, silent);
  for (const protocol of ["http/protobuf", "grpc"] as const satisfies readonly OtlpProtocol[]) {
    const make = (timeoutMs: number) => {
      const to = endpoint(url, { protocol, timeoutMs });
      return protocol === "grpc"
        ? new OtlpGrpcSender(to, "traces")
        : new OtlpHttpSender(to, "traces");
    };
    assert.equal((await once(t, make(50))).kind, "retry");
    const stop = AbortSignal.timeout(50);
    assert.equal((await once(t, make(60_000), stop)).kind, "retry");
  }
  const refused = new OtlpHttpSender(endpoint("http://127.0.0.1:9"), "traces");
  assert.equal((await once(t, refused)).kind, "retry");
});

test("OtlpGrpcSender takes each status for what OTLP says it is", async (t) => {
  let answer: (stream: ServerHttp2Stream) => void = () => undefined;
  const server = createHttp2Server();
  server.on("stream", (stream) => {
    stream.on("error", () => undefined);
    stream.resume();
    stream.on("end", () => answer(stream));
  });
  const url = await listen(t, server);
  const status = (code: number, more: Readonly<Record<string, string>> = {}, message?: Buffer) => {
    return (stream: ServerHttp2Stream) => {
      stream.respond(
        { ":status": 200, "content-type": "application/grpc" },
        { waitForTrailers: true },
      );
      stream.on("wantTrailers", () =>
        stream.sendTrailers({ "grpc-status": String(code), ...more }),
      );
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message?.length ?? 0, 1);
      stream.end(message === undefined ? undefined : Buffer.concat([head, message]));
    };
  };
  const sender = new OtlpGrpcSender(endpoint(url, { protocol: "grpc" }), "metrics");
  t.after(() => sender.close());
  const f = async (how: (stream: ServerHttp2Stream) => void, want: Partial<SendResult>) => {
    answer = how;
    const got = await sender.send(BODY, never);
    for (const [key, value] of Object.entries(want)) {
      assert.deepEqual(
        (got as unknown as Record<string, unknown>)[key],
        value,
        JSON.stringify(got),
      );
    }
  };

  await f(status(0, {}, Buffer.alloc(0)), { kind: "accepted", rejected: 0 });
  await f(status(0, {}, partial(2, "no")), { kind: "accepted", rejected: 2, message: "no" });
  for (const code of [1, 4, 10, 11, 14, 15]) await f(status(code), { kind: "retry" });
  for (const code of [2, 3, 5, 7, 8, 12, 13, 16]) await f(status(code), { kind: "refused" });
  const details = retryInfo(2, 500_000_000).toString("base64");
  await f(status(8, { "grpc-status-details-bin": details }), { kind: "retry", afterMs: 2_500 });
  await f(
    (stream) => {
      stream.respond({ ":status": 200, "grpc-status": "14" }, { endStream: true });
    },
    { kind: "retry" },
  );
  await f((stream) => stream.respond({ ":status": 503 }, { endStream: true }), { kind: "retry" });
  await f((stream) => stream.respond({ ":status": 404 }, { endStream: true }), { kind: "refused" });
  await f((stream) => stream.close(2), { kind: "retry" });
  await f(
    (stream) => {
      stream.session?.goaway();
      stream.close(8);
    },
    { kind: "retry" },
  );
  await f(status(0, {}, Buffer.alloc(0)), { kind: "accepted" });
});

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) | 128, ...varint(Math.floor(value / 128))];
}

/** google.rpc.Status with RetryInfo. */
function retryInfo(seconds: number, nanos: number): Buffer {
  const bytes = Buffer.from([0x08, ...varint(seconds), 0x10, ...varint(nanos)]);
  const nested = (field: number, content: Buffer) =>
    Buffer.concat([Buffer.from([(field << 3) | 2, content.length]), content]);
  const type = Buffer.from("type.googleapis.com/google.rpc.RetryInfo");
  const any = Buffer.concat([nested(1, type), nested(2, nested(1, bytes))]);
  return Buffer.concat([Buffer.from([0x08, 8]), nested(3, any)]);
}

test("what receivers say is read leniently, whatever it is", () => {
  assert.equal(retryDelayMs(retryInfo(3, 0)), 3_000);
  assert.equal(retryDelayMs(Buffer.alloc(0)), undefined);
  assert.deepEqual(readPartialSuccess(Buffer.alloc(0)), { rejected: 0 });
  assert.deepEqual(
    readJsonPartialSuccess(
      Buffer.from('{"partialSuccess":{"rejectedSpans":"2","errorMessage":"m"}}'),
    ),
    { rejected: 2, message: "m" },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.ok(readPartialSuccess(bytes).rejected >= 0);
      assert.ok(readJsonPartialSuccess(bytes).rejected >= 0);
      assert.ok((retryDelayMs(bytes) ?? 0) >= 0);
      assert.ok(messageFields(bytes).length <= bytes.length);
    }),
    { numRuns: 2_000 },
  );
});
