// Hostile peers against a real station, with a well-behaved client beside them: whatever they do, the good one is answered,
// memory stays under the cap, and what they did is refused or does nothing.
//
//   127.0.0.1   the good client: sends over both OTLP doors and asks, again and again
//   127.0.0.2   the hostile ones
//
// The full forms: FLX_HOSTILE_CONNECTIONS=10000 FLX_HOSTILE_FRAMES=1000000. How much slower the good client was is told, not
// judged: the machine has other work.

import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, before, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { frame, headerBlock, Http2Flag, Http2Frame, RawHttp2, waitUntil } from "@flx/testkit";
import { StationProcess } from "../running-station.ts";
import { ask, HOSTILE } from "./ask.ts";
import { beside } from "./good-client.ts";

const CONNECTIONS = Number(process.env["FLX_HOSTILE_CONNECTIONS"] ?? 1_000);
const FRAMES = Number(process.env["FLX_HOSTILE_FRAMES"] ?? 20_000);
const EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const WAIT = { timeoutMs: 120_000, everyMs: 50 };
const CALL = {
  ":method": "POST",
  ":path": EXPORT,
  ":scheme": "http",
  ":authority": "127.0.0.1",
  "content-type": "application/grpc",
};

let station: StationProcess;

before(async () => {
  const all = 2 * CONNECTIONS + 1_000;
  station = await StationProcess.start({
    config: `limits: { connections: ${all}, connections_per_address: ${all}, header_timeout: 20s, body_timeout: 20s }
`,
    args: ["--memory", "600MB"],
  });
});

after(() => station[Symbol.asyncDispose]());

const portOf = (url: string): number => Number(new URL(url).port);
const doors = (): readonly string[] => [station.url, station.otlpHttp, station.otlpGrpc];

/** Many plain connections of the hostile ones; destroyed at the end of the test. */
function open(t: TestContext, door: string, count: number, first: string | Uint8Array): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect({ port: portOf(door), host: "127.0.0.1", localAddress: HOSTILE });
    t.after(() => socket.destroy());
    socket.on("error", () => undefined);
    socket.write(first);
    return socket;
  });
}

test("idle connections", async (t) => {
  await beside(t, station, async () => {
    const sockets: Socket[] = [];
    for (const door of doors()) {
      for (let opened = 0; opened < CONNECTIONS / 3; opened += 100) {
        sockets.push(...open(t, door, Math.min(100, CONNECTIONS), ""));
        await sleep(20);
      }
    }
    await sleep(2_000);
    const held = sockets.filter((socket) => !socket.destroyed).length;
    t.diagnostic(`${held} connections held`);
    assert.ok(held >= CONNECTIONS * 0.9, `${held} of ${CONNECTIONS}`);
    for (const socket of sockets) socket.destroy();
  });
});

test("slowloris: headers that drip", async (t) => {
  await beside(t, station, async () => {
    const sockets = [station.url, station.otlpHttp].flatMap((door) =>
      open(t, door, 200, "POST /v1/metrics HTTP/1.1\r\nHost: a\r\nA: "),
    );
    for (const socket of sockets) socket.resume();
    for (let i = 0; i < 50; i++) {
      for (const socket of sockets) if (!socket.destroyed) socket.write("b");
      await sleep(100);
    }
    await waitUntil(() => sockets.every((socket) => socket.destroyed || socket.readableEnded), {
      ...WAIT,
      what: "all of them to be let go",
    });
  });
});

test("slow bodies: each large, none ever whole", async (t) => {
  await beside(t, station, async () => {
    const piece = Buffer.alloc(32 * 1024);
    const length = 60 * 1024 * 1024;
    const head = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: ${length}\r\n\r\n`;
    const sockets = [
      ...open(t, station.otlpHttp, 60, head("/v1/traces")),
      ...open(t, station.url, 60, head("/api/v1/write")),
    ];
    for (const socket of sockets) socket.resume();
    const calls = await Promise.all(
      Array.from({ length: 20 }, () =>
        RawHttp2.connect({ port: portOf(station.otlpGrpc), localAddress: HOSTILE }),
      ),
    );
    for (const call of calls) {
      t.after(() => call[Symbol.dispose]());
      call.write(frame(Http2Frame.headers, Http2Flag.endHeaders, 1, headerBlock(CALL)));
    }
    for (let i = 0; i < 60; i++) {
      for (const socket of sockets) if (!socket.destroyed) socket.write(piece);
      for (const call of calls) call.write(frame(Http2Frame.data, 0, 1, piece.subarray(0, 16_384)));
      await sleep(50);
    }
    const metrics = await ask(`${station.url}/metrics`);
    const refused = /^flx_ingest_requests_total\{receiver="otlp-http",status="429"\} (\d+)$/m;
    assert.ok(
      Number(refused.exec(metrics.text)?.[1]) > 0,
      "they are refused before they are whole",
    );
  });
});

test("readers that stall", async (t) => {
  await beside(t, station, async () => {
    const asking = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(50);
    for (const socket of open(t, station.url, 100, asking)) socket.pause();
    await sleep(3_000);
  });
});

test("thousands of requests at once on one connection", async (t) => {
  await beside(t, station, async () => {
    for (const door of [station.url, station.otlpHttp]) {
      const asking = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(20_000);
      const sockets = open(t, door, 200, asking);
      for (const socket of sockets) socket.pause();
      await sleep(3_000);
      for (const socket of sockets) socket.resume();
      await waitUntil(() => sockets.every(({ destroyed }) => destroyed), {
        ...WAIT,
        what: `them to be closed at ${door}`,
      });
    }
  });
});

/** Frames without end, until the station has had enough or all are written. */
async function flood(
  t: TestContext,
  first: readonly Buffer[],
  next: (i: number) => Uint8Array,
): Promise<RawHttp2> {
  const raw = await RawHttp2.connect({ port: portOf(station.otlpGrpc), localAddress: HOSTILE });
  t.after(() => raw[Symbol.dispose]());
  for (const bytes of first) raw.write(bytes);
  let sent = 0;
  while (sent < FRAMES && !raw.isClosed) await raw.writeAll(next(sent++));
  t.diagnostic(`${sent} frames written, ${raw.isClosed ? "closed" : "open"}`);
  return raw;
}

test("the hostile client is served as long as it behaves: what closes it is what it does", async () => {
  using raw = await RawHttp2.connect({ port: portOf(station.otlpGrpc), localAddress: HOSTILE });
  raw.write(frame(Http2Frame.headers, Http2Flag.endHeaders, 1, headerBlock(CALL)));
  raw.write(frame(Http2Frame.data, Http2Flag.endStream, 1, Buffer.alloc(5)));
  raw.write(frame(Http2Frame.ping, 0, 0, Buffer.alloc(8)));
  const came = (type: number, stream: number): boolean =>
    raw.frames.some((each) => each.type === type && each.stream === stream);
  await waitUntil(() => came(Http2Frame.data, 1) && came(Http2Frame.ping, 0), WAIT);
  assert.ok(!raw.isClosed);
});

const anyHeaders = (stream: number): Buffer =>
  frame(Http2Frame.headers, Http2Flag.endHeaders, stream, headerBlock(CALL));

const floods: readonly (readonly [
  name: string,
  first: readonly Buffer[],
  next: (i: number) => Uint8Array,
])[] = [
  [
    "rapid reset",
    [],
    (i) =>
      Buffer.concat([
        anyHeaders(2 * i + 1),
        frame(Http2Frame.reset, 0, 2 * i + 1, Buffer.of(0, 0, 0, 8)),
      ]),
  ],
  [
    "CONTINUATION without end",
    [frame(Http2Frame.headers, 0, 1, headerBlock(CALL))],
    (i) => frame(Http2Frame.continuation, 0, 1, headerBlock({ [`a${i}`]: "b".repeat(100) })),
  ],
  [
    "empty CONTINUATION without end",
    [frame(Http2Frame.headers, 0, 1, headerBlock(CALL))],
    () => frame(Http2Frame.continuation, 0, 1),
  ],
  ["pings", [], () => frame(Http2Frame.ping, 0, 0, Buffer.alloc(8))],
  ["settings", [], () => frame(Http2Frame.settings, 0, 0)],
  [
    "a window that grows beyond what it may",
    [],
    () => frame(Http2Frame.windowUpdate, 0, 0, Buffer.of(0x7f, 0xff, 0xff, 0xff)),
  ],
  ["bytes that are no frames", [], () => Buffer.alloc(9, 0xff)],
];

for (const [name, first, next] of floods) {
  test(`HTTP/2: ${name}`, async (t) => {
    await beside(t, station, async () => {
      const raw = await flood(t, first, next);
      await Promise.race([raw.closed, sleep(60_000, undefined, { ref: false })]);
      assert.ok(raw.isClosed, "the connection is closed");
      t.diagnostic(`GOAWAY ${raw.goAwayCode ?? "none"}`);
    });
  });
}

test("HTTP/2: streams that never speak, and empty frames, do nothing to others", async (t) => {
  await beside(t, station, async () => {
    const streams = Array.from({ length: 5_000 }, (_, i) => anyHeaders(2 * i + 1));
    await flood(t, streams, () => frame(Http2Frame.data, 0, 1));
    await flood(t, [], () => frame(Http2Frame.priority, 0, 1, Buffer.of(0, 0, 0, 0, 1)));
    await flood(t, [], () => frame(0xee, 0, 0));
  });
});
