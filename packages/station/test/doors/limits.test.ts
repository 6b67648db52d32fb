// The limits of all three doors, of a real station with small ones: how often a client may ask, how many connections it may
// have, how long it may keep a door waiting. The clients have addresses of their own: 127.0.0.2, 127.0.0.3.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  frame,
  headerBlock,
  Http2Flag,
  Http2Frame,
  RawHttp2,
  temporaryFolder,
  waitUntil,
} from "@flx/testkit";
import { StationProcess } from "../running-station.ts";

const EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const WAIT = { timeoutMs: 60_000, everyMs: 50 };

const portOf = (url: string): number => Number(new URL(url).port);

interface Answered {
  readonly status: number;
  readonly retryAfter: number | undefined;
}

function ask(
  url: string,
  localAddress: string,
  { method = "GET" }: { readonly method?: string } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-protobuf" };
    const asking = request(url, { method, headers, localAddress, agent: false }, (response) => {
      response.resume();
      const after = response.headers["retry-after"];
      const retryAfter = after === undefined ? undefined : Number(after);
      response.on("end", () => resolve({ status: response.statusCode ?? 0, retryAfter }));
    });
    asking.on("error", reject);
    asking.end();
  });
}

/** The gRPC status, and whether the answer says when to come again. */
function askGrpc(url: string, localAddress: string): Promise<Answered> {
  const session = connectHttp2(url, {
    createConnection: () => connect({ port: portOf(url), host: "127.0.0.1", localAddress }),
  });
  return new Promise((resolve, reject) => {
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": EXPORT,
      "content-type": "application/grpc",
    });
    let answered: Answered = { status: -1, retryAfter: undefined };
    const hear = (headers: Readonly<Record<string, unknown>>): void => {
      if (headers["grpc-status"] === undefined) return;
      const details = headers["grpc-status-details-bin"];
      const retryAfter = details === undefined ? undefined : 1;
      answered = { status: Number(headers["grpc-status"]), retryAfter };
    };
    stream.on("response", hear);
    stream.on("trailers", hear);
    stream.on("error", () => undefined);
    stream.on("close", () => {
      session.close();
      resolve(answered);
    });
    stream.resume();
    stream.end(Buffer.alloc(5));
  });
}

test("a client that asks too often is told when to come again, at every door; others are heard", async () => {
  await using folder = await temporaryFolder("limits");
  const config = (perSecond: number): string =>
    `limits: { requests_per_second: ${perSecond} }\nlog: { level: warn }\n`;
  await using station = await StationProcess.start({ folder, config: config(10) });
  const { url, otlpHttp, otlpGrpc } = station;
  const doors: readonly (readonly [name: string, ask: (from: string) => Promise<Answered>])[] = [
    ["http", (from) => ask(`${url}/api/v1/labels`, from)],
    ["otlpHttp", (from) => ask(`${otlpHttp}/v1/metrics`, from, { method: "POST" })],
    ["otlpGrpc", (from) => askGrpc(otlpGrpc, from)],
  ];
  for (const [i, [door, asked]] of doors.entries()) {
    const good = door === "otlpGrpc" ? 0 : 200;
    const bad = door === "otlpGrpc" ? 8 : 429;
    const from = `127.0.0.${2 + i}`;
    const answers = await Promise.all(Array.from({ length: 200 }, () => asked(from)));
    const ofStatus = (status: number) => answers.filter((each) => each.status === status);
    assert.equal(ofStatus(good).length + ofStatus(bad).length, 200, door);
    assert.ok(ofStatus(good).length >= 20, `${door}: twice its number at once`);
    assert.ok(ofStatus(bad).length > 20, `${door}: and no more`);
    for (const { retryAfter } of ofStatus(bad)) assert.ok(retryAfter! >= 1, door);
    assert.equal((await asked("127.0.0.9")).status, good, `${door}: others`);
    await waitUntil(async () => (await asked(from)).status === good, WAIT);
  }
  await writeFile(folder.file("flx.yml"), config(100_000));
  station.process.signal("SIGHUP");
  const many = async (): Promise<boolean> => {
    const asking = Array.from({ length: 200 }, () => ask(`${url}/livez`, "127.0.0.2"));
    return (await Promise.all(asking)).every(({ status }) => status === 200);
  };
  await waitUntil(many, { ...WAIT, everyMs: 1_000, what: "the limit that was read anew" });
});

test("connections are bounded in total and from one address, at every door", async () => {
  await using station = await StationProcess.start({
    config: "limits: { connections: 40, connections_per_address: 20 }\n",
  });
  const { url, otlpHttp, otlpGrpc } = station;
  for (const door of [url, otlpHttp, otlpGrpc]) {
    const sockets: Socket[] = [];
    const open = async (count: number, localAddress: string): Promise<number> => {
      const mine = Array.from({ length: count }, () =>
        connect({ port: portOf(door), host: "127.0.0.1", localAddress }),
      );
      for (const socket of mine) socket.on("error", () => undefined);
      sockets.push(...mine);
      await sleep(1_000);
      return mine.filter((socket) => !socket.destroyed).length;
    };
    const good = (): Promise<Answered> =>
      door === otlpGrpc
        ? askGrpc(door, "127.0.0.9")
        : ask(`${door}${door === url ? "/livez" : "/v1/metrics"}`, "127.0.0.9", {
            method: door === url ? "GET" : "POST",
          });
    try {
      assert.equal(await open(30, "127.0.0.2"), 20, door);
      assert.equal((await good()).status, door === otlpGrpc ? 0 : 200, door);
      assert.equal(await open(15, "127.0.0.3"), 15, door);
      assert.equal(await open(15, "127.0.0.4"), 5, `${door}: 40 in all`);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    // Those that left make room.
    await waitUntil(
      () =>
        good().then(
          () => true,
          () => false,
        ),
      WAIT,
    );
  }
  const metrics = await (await fetch(`${url}/metrics`)).text();
  for (const door of ["http", "otlp-http", "otlp-grpc"]) {
    assert.match(
      metrics,
      new RegExp(`^flx_connections_refused_total\\{door="${door}",limit="address"\\} 10$`, "m"),
    );
    assert.match(
      metrics,
      new RegExp(`^flx_connections_refused_total\\{door="${door}",limit="total"\\} [1-9]`, "m"),
    );
  }
});

test("who keeps a door waiting is let go: silent, dripping or idle", async (t) => {
  await using station = await StationProcess.start({
    config: "limits: { header_timeout: 2s, body_timeout: 3s, idle_timeout: 4s }\n",
  });
  const { url, otlpHttp, otlpGrpc } = station;
  const post = (path: string): string =>
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n`;
  const cases: readonly (readonly [what: string, door: string, first: string, drip: string])[] = [
    ["silent", url, "", ""],
    ["headers that drip", url, "GET /livez HTTP/1.1\r\nA: ", "b"],
    ["a body that drips", url, post("/api/v1/write"), "b"],
    ["a form that drips", url, post("/api/v1/query"), "b"],
    ["idle", url, "GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", ""],
    ["silent", otlpHttp, "", ""],
    ["headers that drip", otlpHttp, "POST /v1/traces HTTP/1.1\r\nA: ", "b"],
    ["a body that drips", otlpHttp, post("/v1/traces"), "b"],
    ["idle", otlpHttp, "GET /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", ""],
    ["silent", otlpGrpc, "", ""],
    ["a preface that drips", otlpGrpc, "PRI", " "],
  ];
  await Promise.all(
    cases.map(async ([what, door, first, drip]) => {
      const socket = connect({ port: portOf(door), host: "127.0.0.1" });
      t.after(() => socket.destroy());
      socket.on("error", () => undefined);
      socket.resume();
      socket.write(first);
      const timer = setInterval(
        () => void (drip !== "" && !socket.destroyed && socket.write(drip)),
        200,
      );
      t.after(() => clearInterval(timer));
      await waitUntil(() => socket.destroyed || socket.readableEnded, {
        ...WAIT,
        what: `${what} at ${door} to be let go`,
      });
      clearInterval(timer);
      socket.destroy();
    }),
  );

  using idle = await RawHttp2.connect({ port: portOf(otlpGrpc) });
  using dripping = await RawHttp2.connect({ port: portOf(otlpGrpc) });
  const headers = {
    ":method": "POST",
    ":path": EXPORT,
    ":scheme": "http",
    ":authority": "127.0.0.1",
    "content-type": "application/grpc",
  };
  dripping.write(frame(Http2Frame.headers, Http2Flag.endHeaders, 1, headerBlock(headers)));
  const drip = setInterval(() => dripping.write(frame(Http2Frame.data, 0, 1, Buffer.of(0))), 200);
  t.after(() => clearInterval(drip));
  await waitUntil(
    () => dripping.frames.some(({ stream, type }) => stream === 1 && type === Http2Frame.headers),
    {
      ...WAIT,
      what: "the message that drips to be given up",
    },
  );
  clearInterval(drip);
  const refusal = dripping.frames.find(({ stream }) => stream === 1);
  assert.ok(refusal!.payload.length > 0);
  await Promise.race([idle.closed, sleep(60_000, undefined, { ref: false })]);
  assert.ok(idle.isClosed, "an idle session is closed");
  assert.equal((await fetch(`${url}/livez`)).status, 200);
});

test("an answer that nobody reads is given up", async (t) => {
  await using station = await StationProcess.start({
    config: "limits: { idle_timeout: 2s }\n",
  });
  // More than the buffers of a connection hold; keep-alive connections of fetch() are gone by then.
  const metrics = Array.from({ length: 20_000 }, (_, i) => ({
    name: `stalled_${i}`,
    gauge: {
      dataPoints: [
        {
          timeUnixNano: `${Date.now()}000000`,
          asDouble: i,
          attributes: [{ key: "filler", value: { stringValue: "x".repeat(300) } }],
        },
      ],
    },
  }));
  const pushed = await fetch(`${station.otlpHttp}/v1/metrics`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] }),
  });
  assert.equal(pushed.status, 200);
  const port = portOf(station.url);
  for (const path of ["/api/v1/series?match[]={filler!=''}", "/federate?match[]={filler!=''}"]) {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => undefined);
    t.after(() => socket.destroy());
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  }
  await waitUntil(() => establishedAt(port) === 2, { ...WAIT, what: "both to be connected" });
  await waitUntil(() => establishedAt(port) === 0, { ...WAIT, what: "both to be let go" });
});

/** How many connections a server at a port of 127.0.0.1 has. */
function establishedAt(port: number): number {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
  return lines.filter((line) => {
    const [, localAddress, , state] = line.trim().split(/\s+/);
    return localAddress === local && state === "01";
  }).length;
}
