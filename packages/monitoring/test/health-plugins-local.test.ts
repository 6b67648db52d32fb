// Checks against small servers of this file's own, where no real one can be had: HTTP in detail, Elasticsearch, S3,
// WebSocket, time; and checks of this machine.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import {
  cgroupMemory,
  cpu,
  descriptors,
  disk,
  elasticsearch,
  eventLoop,
  fileAge,
  heap,
  http,
  memory,
  ntp,
  otlp,
  postgres,
  pressure,
  redis,
  s3,
  websocket,
} from "@flx/monitoring/health/plugins";
import { type HealthCheck, runCheck } from "@flx/monitoring/health/testing";
import { SystemSampler, type SystemSnapshot } from "@flx/monitoring/system";
import { temporaryFolder } from "@flx/testkit";

async function listening(server: Server): Promise<AsyncDisposable & { readonly port: number }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const serve = (listener: RequestListener): ReturnType<typeof listening> =>
  listening(createServer(listener));

async function expectRun(check: HealthCheck, status: string, message?: RegExp): Promise<void> {
  const run = await runCheck(check, { timeoutMs: 2000 });
  assert.equal(run.status, status, run.message);
  if (message !== undefined) assert.match(run.message ?? "", message);
}

test("http() judges status, body and redirects, and keeps credentials within an origin", async () => {
  const seen: IncomingMessage[] = [];
  await using other = await serve((request, response) => {
    seen.push(request);
    response.end("other");
  });
  await using server = await serve((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    if (pathname === "/ok") response.end("all is well");
    else if (pathname === "/here") response.writeHead(302, { location: "/ok" }).end();
    else if (pathname === "/round") response.writeHead(302, { location: "/round" }).end();
    else if (pathname === "/away") {
      response.writeHead(307, { location: `http://127.0.0.1:${other.port}/` }).end();
    } else if (pathname === "/file") response.writeHead(302, { location: "file:///etc" }).end();
    else if (pathname === "/long") response.end("x".repeat(300_000));
    else response.writeHead(Number(pathname.slice(1))).end(request.method);
  });
  const url = `http://app:sesame@127.0.0.1:${server.port}`;
  const f = (path: string, options: object, status: string, message?: RegExp) =>
    expectRun(http({ url: url + path, ...options }), status, message);

  await f("/ok", {}, "healthy");
  await f("/ok", { match: "well" }, "healthy");
  await f("/ok", { match: /^all .* well$/ }, "healthy");
  await f("/ok", { match: (text: string) => text.length === 3 }, "unhealthy", /another text/);
  await f("/long", { match: "y", maxBodyBytes: 1000 }, "unhealthy", /another text/);
  await f("/204", { status: 204 }, "healthy");
  await f("/503", {}, "unhealthy", /answered 503$/);
  await f("/401", {}, "unhealthy", /refused the credentials/);
  await f("/429", { degradedStatus: [429, "5xx"] }, "degraded", /answered 429/);
  await f("/418", { status: ["2xx", "410-418"] }, "healthy");
  await f("/200", { method: "POST", body: "x", match: "POST" }, "healthy");
  await f("/here", {}, "unhealthy", /answered 302 and sends to \/ok/);
  await f("/here", { maxRedirects: 1, match: "well" }, "healthy");
  await f("/round", { maxRedirects: 3 }, "unhealthy", /redirects more than 3 times/);
  await f("/file", { maxRedirects: 3 }, "unhealthy", /redirects to no HTTP address/);
  await f("/away", { maxRedirects: 1, headers: { "x-token": "t", accept: "a" } }, "healthy");
  assert.deepEqual(
    [seen[0]?.headers.authorization, seen[0]?.headers["x-token"], seen[0]?.headers.accept],
    [undefined, undefined, "a"],
  );
  await f("/ok", { degradedMs: 0 }, "degraded", /slow: answered in/);
  assert.throws(() => http({ url, status: "fine" }), { code: "FLX_CHECK_OPTIONS" });
  assert.throws(() => http({ url, headers: { a: "b\r\nc: d" } }), { code: "FLX_CHECK_OPTIONS" });
});

test("otlp() sends an empty export to the path of its signal", async () => {
  const seen: string[] = [];
  await using server = await serve((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers["content-length"]}`);
    response.writeHead(request.headers["x-token"] === "t" ? 200 : 401).end();
  });
  const url = `http://127.0.0.1:${server.port}/prefix/`;
  await expectRun(otlp({ url, headers: { "x-token": "t" } }), "healthy");
  await expectRun(otlp({ url, signal: "logs" }), "unhealthy", /refused the credentials/);
  assert.deepEqual(seen, ["POST /prefix/v1/metrics 0", "POST /prefix/v1/logs 0"]);
});

test("elasticsearch() is as its colour", async () => {
  let health: unknown;
  await using server = await serve((_, response) => {
    response.end(typeof health === "string" ? health : JSON.stringify(health));
  });
  const f = async (answer: unknown, options: object, status: string, message?: RegExp) => {
    health = answer;
    await expectRun(elasticsearch({ port: server.port, ...options }), status, message);
  };

  await f({ status: "green", number_of_nodes: 3, cluster_name: "a" }, {}, "healthy");
  await f({ status: "green", number_of_nodes: 1 }, { minNodes: 3 }, "degraded", /1 nodes, wanted/);
  await f({ status: "yellow" }, {}, "degraded", /yellow/);
  await f({ status: "yellow" }, { yellow: "healthy" }, "healthy");
  await f({ status: "red" }, {}, "unhealthy", /red/);
  for (const odd of [
    "",
    "[]",
    "null",
    "{",
    '{"status":"blue"}',
    '{"__proto__":{"status":"green"}}',
  ]) {
    await f(odd, {}, "unhealthy", /something else than the health/);
  }
});

test("s3() signs a HEAD of the bucket and tells what is wrong", async () => {
  let status = 200;
  const requests: IncomingMessage[] = [];
  await using server = await serve((request, response) => {
    requests.push(request);
    response.writeHead(status).end();
  });
  const check = s3({
    url: `http://127.0.0.1:${server.port}`,
    bucket: "orders",
    accessKeyId: "id",
    secretAccessKey: () => "sesame",
  });
  await expectRun(check, "healthy");
  const [seen] = requests;
  assert.deepEqual([seen?.method, seen?.url], ["HEAD", "/orders"]);
  assert.equal(seen?.headers.host, `127.0.0.1:${server.port}`);
  assert.match(
    seen?.headers.authorization ?? "",
    /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/us-east-1/,
  );

  for (const [code, message] of [
    [403, /refused the key for bucket "orders"/],
    [404, /has no bucket "orders"/],
    [301, /is in another region/],
    [500, /answered 500/],
  ] as const) {
    status = code;
    await expectRun(check, "unhealthy", message);
  }
});

test("websocket() upgrades and waits for its pong", async () => {
  let answers: (socket: Socket) => void = () => {};
  const server = createServer((_, response) => response.writeHead(426).end());
  server.on("upgrade", (request: IncomingMessage, socket: Socket) => {
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    const head =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    socket.on("error", () => {});
    if (request.url === "/refused") return socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    const protocol = request.url === "/chat" ? "Sec-WebSocket-Protocol: chat\r\n" : "";
    socket.write(
      `${head}${protocol}Sec-WebSocket-Accept: ${request.url === "/odd" ? "x" : accept}\r\n\r\n`,
    );
    answers(socket);
    // node:http leaves sockets half open: who takes one over has to end it.
    return socket.on("end", () => socket.destroy()).resume();
  });
  await using listener = await listening(server);
  const f = (path: string, options: object, status: string, message?: RegExp) =>
    expectRun(
      websocket({ url: `ws://127.0.0.1:${listener.port}${path}`, ...options }),
      status,
      message,
    );
  const pong = (socket: Socket): void => {
    // A text and a ping of the server come first; our mask is zeros.
    socket.write(Buffer.from([0x81, 2, 0x68, 0x69, 0x89, 0]));
    socket.once("data", (frame) => {
      // The ping is the first thing said: two bytes of head, four of mask.
      socket.write(Buffer.concat([Buffer.of(0x8a, 8), frame.subarray(6, 14)]));
    });
  };

  answers = pong;
  await f("/", {}, "healthy");
  await f("/chat", { protocols: ["talk", "chat"] }, "healthy");
  await f("/", { protocols: ["chat"] }, "unhealthy", /none of the sub-protocols/);
  await f("/odd", {}, "unhealthy", /does not fit our key/);
  await f("/refused", {}, "unhealthy", /answered 404 to the upgrade/);
  answers = (socket) => void socket.write(Buffer.from([0x88, 5, 3, 0xe9, 0x62, 0x79, 0x65]));
  await f("/", {}, "unhealthy", /says: closed: bye/);
  await f("/", { ping: false }, "healthy");
});

test("ntp() measures how far the clock is off, and believes only who knows the question", async () => {
  const socket = createSocket("udp4");
  let [offsetMs, isForged] = [0, false];
  socket.on("message", (question, { port }) => {
    const answer = Buffer.alloc(48);
    answer[0] = 0x24;
    answer[1] = 2;
    question.copy(answer, 24, 40, 48);
    if (isForged) answer[24]! ^= 1;
    const nowMs = Date.now() + offsetMs;
    for (const at of [32, 40]) {
      answer.writeUInt32BE(Math.floor(nowMs / 1000) + 2_208_988_800, at);
      answer.writeUInt32BE(Math.floor(((nowMs % 1000) / 1000) * 2 ** 32), at + 4);
    }
    socket.send(answer, port, "127.0.0.1");
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const options = { host: "127.0.0.1", port: socket.address().port };
  try {
    await expectRun(ntp(options), "healthy");
    offsetMs = -3_600_000;
    await expectRun(ntp(options), "degraded", /clock is off by 3[56]\d{5}/);
    await expectRun(ntp({ ...options, unhealthySkewMs: 60_000 }), "unhealthy");
    isForged = true;
    const run = await runCheck(ntp(options), { timeoutMs: 100 });
    assert.match(run.message ?? "", /no answer from 127\.0\.0\.1:\d+ within 100 ms/);
  } finally {
    socket.close();
  }
  await expectRun(ntp(options), "unhealthy", /connection refused/);
});

test("fileAge() judges age and size of a file, and of the newest in a folder", async () => {
  await using folder = await temporaryFolder("age");
  const nowMs = Date.now();
  const lay = async (name: string, ageMs: number): Promise<string> => {
    await writeFile(folder.file(name), "1234");
    await utimes(folder.file(name), new Date(nowMs), new Date(nowMs - ageMs));
    return folder.file(name);
  };
  const now = (): number => nowMs;
  const levels = { degradedAgeMs: 1000, unhealthyAgeMs: 5000, now };
  const f = (path: string, options: object, status: string, message?: RegExp) =>
    expectRun(fileAge({ path, ...levels, ...options }), status, message);

  await f(await lay("young", 0), {}, "healthy");
  await f(await lay("older", 2000), {}, "degraded", /is old: 2000 ms, more than 1000 ms/);
  await f(await lay("old", 6000), {}, "unhealthy", /more than 5000 ms/);
  await f(folder.file("young"), { minBytes: 5 }, "unhealthy", /has 4 bytes, wanted are 5/);
  await f(folder.file("none"), {}, "unhealthy", /there is no file/);
  await f(folder.path, {}, "healthy");
  await mkdir(folder.file("empty"));
  await f(folder.file("empty"), {}, "unhealthy", /there is no file in/);
  assert.throws(() => fileAge({ path: "/x" }), { code: "FLX_CHECK_OPTIONS" });
});

test("checks of this machine tell what a sampler has seen", async () => {
  using sampler = new SystemSampler();
  await sampler.sample();
  for (const check of [
    cpu({ sampler, degradedPercent: 100 }),
    memory({ sampler, degradedPercent: 100 }),
    cgroupMemory({ sampler, degradedPercent: 100 }),
    disk({ sampler, degradedPercent: 100, unhealthyPercent: 100 }),
    heap({ sampler, degradedPercent: 100 }),
    descriptors({ sampler, degradedPercent: 100 }),
  ]) {
    await expectRun(check, "healthy");
  }
  await expectRun(eventLoop({ sampler }), "unknown", /measuring/);
  await expectRun(disk({ sampler, minFreeBytes: 2 ** 60 }), "unhealthy", /bytes left, wanted are/);
  await expectRun(heap({ sampler, degradedPercent: 0 }), "degraded", /the heap is used to/);
  await expectRun(descriptors({ sampler, unhealthyPercent: 0 }), "unhealthy", /open files are at/);
});

test("checks of this machine are degraded above one level and unhealthy above the other", async () => {
  using sampler = new SystemSampler();
  const real = await sampler.sample();
  const seen = (changes: Partial<SystemSnapshot>) => {
    const snapshot: SystemSnapshot = { ...real, ...changes };
    return { snapshot: () => snapshot, sample: async () => snapshot };
  };
  const usage = { ...real.usage, cpuPercent: 91, memoryPercent: 99 };
  await expectRun(
    cpu({ sampler: seen({ usage }) }),
    "degraded",
    /CPU is used to 91 %, more than 90 %/,
  );
  const both = { degradedPercent: 50, unhealthyPercent: 98 };
  await expectRun(memory({ sampler: seen({ usage }), ...both }), "unhealthy", /more than 98 %/);
  await expectRun(
    cpu({ sampler: seen({ usage: { ...usage, cpuPercent: undefined } }) }),
    "unknown",
  );

  const stall = {
    last10SecondsPercent: 0,
    last60SecondsPercent: 41,
    last300SecondsPercent: 0,
    totalSeconds: 1,
  };
  const waits = { some: stall, full: undefined };
  const host = { ...real.host, pressure: { cpu: waits, memory: waits, io: waits, irq: undefined } };
  await expectRun(
    pressure({ sampler: seen({ host, cgroup: undefined }) }),
    "degraded",
    /waiting for cpu is at 41 %/,
  );
  await expectRun(
    pressure({ sampler: seen({ host, cgroup: undefined }), kind: "full" }),
    "unknown",
  );

  const root = real.filesystems.find((each) => each.mountPoint === "/")!;
  const dead = { ...root, mountPoint: "/data", state: "unavailable" as const };
  const filesystems = [root, dead];
  await expectRun(
    disk({ sampler: seen({ filesystems }), path: "/data/x" }),
    "unhealthy",
    /\/data does not answer/,
  );
  await expectRun(
    disk({
      sampler: seen({ filesystems }),
      path: "/database",
      unhealthyPercent: 100,
      degradedPercent: 100,
    }),
    "healthy",
  );
  const room = { ...root.room!, files: 100, filesFree: 1 };
  await expectRun(
    disk({ sampler: seen({ filesystems: [{ ...root, room }] }) }),
    "unhealthy",
    /the files of disk \/ are used to 99 %/,
  );
  assert.throws(() => disk({ path: "data" }), { code: "FLX_CHECK_OPTIONS" });
  assert.throws(() => cpu({ degradedPercent: 90, unhealthyPercent: 80 }), {
    code: "FLX_CHECK_OPTIONS",
  });
});

test("a client that is passed in is asked instead, and given up at the deadline", async () => {
  const asked: string[] = [];
  const client = {
    query: async (text: string) => void asked.push(text),
    ping: () => new Promise<void>(() => {}),
  };
  await expectRun(postgres({ client, query: "SELECT 2" }), "healthy");
  assert.deepEqual(asked, ["SELECT 2"]);
  const run = await runCheck(redis({ client }), { timeoutMs: 50 });
  assert.equal(run.message, "the client gave no answer within 50 ms");
  await expectRun(
    postgres({ client: { query: () => Promise.reject(new Error("pool is empty")) } }),
    "unhealthy",
    /pool is empty/,
  );
});
