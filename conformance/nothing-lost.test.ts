// Nothing is lost: real processes that end in every way, and an independent OTLP receiver that counts what it got.
//
//   fixture/nothing-lost/service.ts ── OTLP, HTTP or gRPC ──► @elastic/mockotlpserver      counts
//            │                                                or a server of this test that says no
//            └── spool ──► the next start ──► receiver
//
// FLX_FULL=1 runs the steady load for a minute instead of six seconds.

import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import {
  constants,
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from "node:http2";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { MockOtlpServer } from "@elastic/mockotlpserver";
import { freePort, startProcess, temporaryFolder, waitUntil } from "@flx/testkit";

const fixture = join(import.meta.dirname, "fixture/nothing-lost/service.ts");
const isFull = process.env["FLX_FULL"] === "1";

interface Attribute {
  readonly key: string;
  readonly value?: { readonly intValue?: unknown; readonly doubleValue?: number };
}

/** What a receiver has counted: how often each number came. */
class Counted {
  readonly spans = new Map<number, number>();
  readonly logs = new Map<number, number>();
  counter = 0;
  /** Of errors that ended the process: their reports as records, and the lines about them. */
  readonly crashes = { reports: 0, lines: 0 };

  trace(request: {
    resourceSpans: readonly {
      scopeSpans: readonly { spans: readonly { attributes: readonly Attribute[] }[] }[];
    }[];
  }): void {
    for (const { scopeSpans } of request.resourceSpans) {
      for (const { spans } of scopeSpans)
        for (const span of spans) count(this.spans, span.attributes);
    }
  }

  log(request: {
    resourceLogs: readonly {
      scopeLogs: readonly { logRecords: readonly { attributes: readonly Attribute[] }[] }[];
    }[];
  }): void {
    for (const { scopeLogs } of request.resourceLogs) {
      for (const { logRecords } of scopeLogs) {
        for (const record of logRecords) {
          // What is told of a crash is the library's own and has no number.
          if (hasKey(record.attributes, "exception.type")) this.crashes.reports++;
          else if (hasKey(record.attributes, "error_id")) this.crashes.lines++;
          else count(this.logs, record.attributes);
        }
      }
    }
  }

  metric(request: {
    resourceMetrics: readonly {
      scopeMetrics: readonly {
        metrics: readonly {
          name: string;
          sum?: { dataPoints: readonly { asDouble?: number; asInt?: unknown }[] };
        }[];
      }[];
    }[];
  }): void {
    for (const { scopeMetrics } of request.resourceMetrics) {
      for (const { metrics } of scopeMetrics) {
        for (const { name, sum } of metrics) {
          const [point] = sum?.dataPoints ?? [];
          // Over OTLP a counter has no suffix; whoever makes Prometheus series of it puts it on.
          if (name === "work_done" && point !== undefined) {
            this.counter = Math.max(this.counter, Number(point.asDouble ?? point.asInt));
          }
        }
      }
    }
  }

  assertWhole(spans: number, crashes = 0): void {
    assert.deepEqual([this.spans.size, this.logs.size], [spans, Math.ceil(spans / 5)]);
    assert.ok([...this.spans.values(), ...this.logs.values()].every((times) => times === 1));
    assert.equal(this.counter, spans);
    // One record a crash: the line that the logger writes of it is none of its own.
    assert.deepEqual(this.crashes, { reports: crashes, lines: 0 });
  }
}

function hasKey(attributes: readonly Attribute[], name: string): boolean {
  return attributes.some(({ key }) => key === name);
}

function count(seen: Map<number, number>, attributes: readonly Attribute[]): void {
  const value = attributes.find(({ key }) => key === "n")?.value;
  const n = Number(value?.intValue ?? value?.doubleValue);
  seen.set(n, (seen.get(n) ?? 0) + 1);
}

type Protocol = "http" | "grpc";

async function startReceiver(protocol: Protocol, port = 0) {
  const counted = new Counted();
  const server = new MockOtlpServer({
    logLevel: "error",
    services: [protocol],
    httpHostname: "127.0.0.1",
    grpcHostname: "127.0.0.1",
    httpPort: port,
    grpcPort: port,
    onTrace: (request: Parameters<Counted["trace"]>[0]) => counted.trace(request),
    onLogs: (request: Parameters<Counted["log"]>[0]) => counted.log(request),
    onMetrics: (request: Parameters<Counted["metric"]>[0]) => counted.metric(request),
  });
  await server.start();
  const url = protocol === "http" ? server.httpUrl : server.grpcUrl;
  return {
    counted,
    url: String(url),
    [Symbol.asyncDispose]: async () => {
      await server.close();
    },
  };
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
}

interface RunOptions {
  readonly url: string;
  readonly protocol?: Protocol;
  readonly spool?: string;
  readonly signal?: NodeJS.Signals;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs the service to its end. */
async function run(args: readonly string[], options: RunOptions): Promise<Ended> {
  const { url, protocol = "http", spool, signal, env = {} } = options;
  await using service = await startProcess({
    name: "service",
    command: process.execPath,
    args: ["--conditions=@flx/source", fixture, ...args],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol === "http" ? "http/protobuf" : "grpc",
      // This receiver reads no packed bodies over HTTP.
      OTEL_EXPORTER_OTLP_COMPRESSION: "none",
      // The bound is one of time: a machine with other things to do, this receiver among them, gets more of it.
      FLX_EXIT_TIMEOUT_MS: "5000",
      ...(spool !== undefined && { FLX_SPOOL_FOLDER: spool }),
      ...env,
    },
  });
  if (signal !== undefined) {
    await service.waitForLine(/^ready$/, 30_000);
    service.signal(signal);
  }
  const { code, signal: by } = await service.exited;
  return { code, signal: by, out: service.log() };
}

for (const protocol of ["http", "grpc"] as const) {
  test(`all is delivered over ${protocol} however the process ends, and its exit code is its own`, async () => {
    const f = async (
      ending: string,
      want: {
        readonly code?: number;
        readonly signal?: NodeJS.Signals;
        readonly crashes?: number;
      },
      sent?: NodeJS.Signals,
    ) => {
      await using receiver = await startReceiver(protocol);
      const options = { url: receiver.url, protocol };
      const ended = await run(
        [ending],
        sent === undefined ? options : { ...options, signal: sent },
      );
      assert.deepEqual(
        [ended.code, ended.signal],
        [want.code ?? null, want.signal ?? null],
        `${ending}: ${ended.out}`,
      );
      receiver.counted.assertWhole(100, want.crashes);
    };

    await f("end", { code: 0 });
    await f("exit", { code: 3 });
    await f("throw", { code: 1, crashes: 1 });
    await f("reject", { code: 1, crashes: 1 });
    await f("shutdown", { code: 0 });
    await f("wait", { signal: "SIGTERM" }, "SIGTERM");
    await f("wait", { signal: "SIGINT" }, "SIGINT");
  });

  test(`a burst of 20,100 spans in one tick is delivered whole over ${protocol}`, async () => {
    await using receiver = await startReceiver(protocol);
    const env = { FLX_EXIT_TIMEOUT_MS: "10000" };
    const { code } = await run(["end", "20100"], { url: receiver.url, protocol, env });
    assert.equal(code, 0);
    receiver.counted.assertWhole(20_100);
  });
}

test("a steady load with attributes over gRPC loses nothing", async () => {
  await using receiver = await startReceiver("grpc");
  const seconds = isFull ? 60 : 6;
  const { out } = await run(["steady", String(seconds)], { url: receiver.url, protocol: "grpc" });
  const worked = Number(/worked (\d+)/.exec(out)?.[1]);
  assert.ok(worked > seconds * 400, out);
  receiver.counted.assertWhole(worked);
});

test("what a dead receiver did not get is delivered by the next start, once, without any configuration", async () => {
  await using state = await temporaryFolder("nothing-lost");
  const env = { XDG_STATE_HOME: state.path };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const dead = await run(["end"], { url, env });
  assert.equal(dead.code, 0, dead.out);
  const [folder = ""] = await readdir(join(state.path, "flx/spool"));
  assert.match(folder, /^ending-[\da-f]{16}$/);
  for (const path of ["flx", "flx/spool", join("flx/spool", folder)]) {
    assert.equal(
      (await stat(join(state.path, path))).mode & 0o077,
      0,
      `${path} is its user's only`,
    );
  }
  {
    // To another place goes nothing of it.
    await using stranger = await startReceiver("http");
    await run(["steady", "2"], { url: stranger.url, env });
    assert.equal(stranger.counted.spans.get(0), 1);
  }
  await using receiver = await startReceiver("http", port);
  await run(["steady", "2"], { url, env });
  // Its own numbers begin at 0, too: the first hundred come twice, from the two processes.
  assertTwice(receiver.counted);
});

function assertTwice({ spans, logs }: Counted, what = ""): void {
  for (let n = 0; n < 100; n++) assert.equal(spans.get(n), 2, `${what}: span ${n}`);
  for (let n = 0; n < 100; n += 5) assert.equal(logs.get(n), 2, `${what}: log ${n}`);
}

test("a process that is killed loses at most the last second", async () => {
  await using spool = await temporaryFolder("nothing-lost");
  await using receiver = await startReceiver("http");
  await using service = await startProcess({
    name: "service",
    command: process.execPath,
    args: ["--conditions=@flx/source", fixture, "wait", "500"],
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_COMPRESSION: "none",
      FLX_SPOOL_FOLDER: spool.path,
    },
  });
  await service.waitForLine(/^ready$/, 30_000);
  await new Promise((resolve) => {
    // A second, and what a thread takes to start from sources on a busy machine.
    setTimeout(resolve, 4_000);
  });
  await service.kill();
  await waitUntil(() => receiver.counted.spans.size === 500, { what: "all spans" });
});

test("a process that is killed while the receiver is silent has all of the time before on disk", async () => {
  await using spool = await temporaryFolder("nothing-lost");
  const server = createServer((request) => void request.resume());
  await using service = await startProcess({
    name: "service",
    command: process.execPath,
    args: ["--conditions=@flx/source", fixture, "wait", "100"],
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: await listening(server), FLX_SPOOL_FOLDER: spool.path },
  });
  await service.waitForLine(/^ready$/, 30_000);
  const files = async () =>
    (await readdir(spool.path, { recursive: true })).filter((name) => name.endsWith(".otlp"));
  const kept = async () => {
    const names = (await files()).join("\n");
    return names.includes("traces") && names.includes("logs");
  };
  await waitUntil(kept, { what: "spans and lines on disk" });
  await service.kill();
  server.closeAllConnections();
  server.close();
  await using receiver = await startReceiver("http");
  await run(["steady", "2"], { url: receiver.url, spool: spool.path });
  assertTwice(receiver.counted);
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const nasty: Readonly<Record<string, RequestListener>> = {
  "429 with Retry-After": (request, response) => {
    request.resume();
    response.writeHead(429, { "retry-after": "1" }).end();
  },
  503: (request, response) => {
    request.resume();
    response.writeHead(503).end();
  },
  "an answer that never comes": (request) => void request.resume(),
  "half an answer": (request, response) => {
    request.resume();
    response.writeHead(200, { "content-length": "1000" });
    response.write("half");
    setTimeout(() => response.destroy(), 20);
  },
};

test("a receiver that says no, is slow or breaks off costs nothing: the next start delivers all", async () => {
  for (const [name, listener] of Object.entries(nasty)) {
    await using spool = await temporaryFolder("nothing-lost");
    const server = createServer(listener);
    const url = await listening(server);
    const ended = await run(["exit"], { url, spool: spool.path });
    server.closeAllConnections();
    server.close();
    assert.equal(ended.code, 3, name);
    await using receiver = await startReceiver("http");
    await run(["steady", "2"], { url: receiver.url, spool: spool.path });
    assertTwice(receiver.counted, name);
  }
});

const nastyGrpc: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
  UNAVAILABLE: (stream) => {
    stream.respond(
      { "content-type": "application/grpc", "grpc-status": "14" },
      { endStream: true },
    );
  },
  "RESOURCE_EXHAUSTED with RetryInfo": (stream) => {
    stream.respond(
      {
        "content-type": "application/grpc",
        "grpc-status": "8",
        "grpc-status-details-bin": retryInfo.toString("base64"),
      },
      { endStream: true },
    );
  },
  "an answer that never comes": () => undefined,
  "a stream that is reset": (stream) => {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  },
  "OK, and then the connection breaks before the trailers": (stream) => {
    stream.respond({ "content-type": "application/grpc" });
    stream.write(Buffer.from([0, 0, 0]));
    setTimeout(() => stream.session?.destroy(), 20);
  },
};

const retryType = "type.googleapis.com/google.rpc.RetryInfo";
/** google.rpc.Status { code 8, details [RetryInfo { 60 s }] } */
const retryInfo = Buffer.concat([
  Buffer.from([8, 8, 0x1a, retryType.length + 8, 0x0a, retryType.length]),
  Buffer.from(retryType),
  Buffer.from([0x12, 4, 0x0a, 2, 8, 60]),
]);

test("a receiver that says no over gRPC, is silent or breaks off costs nothing, either", async () => {
  for (const [name, onStream] of Object.entries(nastyGrpc)) {
    await using spool = await temporaryFolder("nothing-lost");
    const sessions = new Set<ServerHttp2Session>();
    const server = createHttp2Server();
    server.on("session", (session) => {
      sessions.add(session);
      session.on("error", () => undefined);
    });
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => undefined);
      stream.resume();
      onStream(stream);
    });
    const url = await listening(server);
    const ended = await run(["exit"], { url, protocol: "grpc", spool: spool.path });
    for (const session of sessions) session.destroy();
    server.close();
    assert.equal(ended.code, 3, `${name}: ${ended.out}`);
    await using receiver = await startReceiver("grpc");
    await run(["steady", "2"], { url: receiver.url, protocol: "grpc", spool: spool.path });
    assertTwice(receiver.counted, name);
  }
});

test("a receiver that answers garbage is no reason to end otherwise, or later than the bound", async () => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", () => socket.end("\u0000garbage\r\n\r\n"));
  });
  const url = await listening(server);
  await using spool = await temporaryFolder("nothing-lost");
  for (const protocol of ["http", "grpc"] as const) {
    const { code } = await run(["exit"], { url, protocol, spool: spool.path });
    assert.equal(code, 3);
  }
  server.close();
  await using receiver = await startReceiver("http");
  await run(["steady", "2"], { url: receiver.url, spool: spool.path });
  for (let n = 0; n < 100; n++) assert.equal(receiver.counted.spans.get(n), 3, `span ${n}`);
});

test("without a spool the end is held up by the bound and no more", async () => {
  const server = createServer((request) => void request.resume());
  const url = await listening(server);
  const env = { FLX_EXIT_TIMEOUT_MS: "700", FLX_SPOOL: "false" };
  const { code, out } = await run(["exit"], { url, env });
  server.closeAllConnections();
  server.close();
  assert.equal(code, 3);
  const heldMs = Number(/held (\d+)/.exec(out)?.[1]);
  // The bound, and what a thread waits for its turn on a busy machine.
  assert.ok(heldMs >= 200 && heldMs < 700 + 500, `held up for ${heldMs} ms`);
});
