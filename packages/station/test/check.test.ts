// flx check as a process, asking servers of this test: what it prints and how it ends.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { HealthChecker } from "@flx/monitoring/health";
import { startGrpcHealthServer } from "@flx/monitoring/grpc";
import { freePort, temporaryFolder } from "@flx/testkit";
// The shop makes its certificates with code alone, which also serves here: no OpenSSL, no files in the repository.
import { selfSigned } from "../../../examples/shop/src/grpc/self-signed.ts";

const main = join(import.meta.dirname, "../src/main.ts");

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs the command. */
async function flx(...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@flx/source", main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, error] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    error += chunk.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, error };
}

/** Runs `flx check` and compares the exit code and the whole output, times left out. */
async function check(args: string, code: number, printed: RegExp): Promise<void> {
  const ended = await flx("check", ...args.split(" "));
  const all = `${ended.out}${ended.error}`;
  assert.equal(ended.code, code, all);
  assert.match(all, printed);
}

async function listen(
  t: TestContext,
  server: Server,
  where: object = { port: 0, host: "127.0.0.1" },
) {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.listen(where);
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Answers by path, as services do. */
const service: RequestListener = (request, response) => {
  const { url = "", headers } = request;
  const json = (status: number, type: string, body: object) =>
    response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
  if (url === "/ok") response.end("ok\n");
  else if (url === "/word") response.end("degraded\n");
  else if (url === "/down") response.writeHead(503).end("unhealthy\ndatabase: \u001b[31mgone\n");
  else if (url === "/empty") response.writeHead(204).end();
  else if (url === "/moved") response.writeHead(302, { location: "/ok" }).end();
  else if (url === "/draft") json(200, "application/health+json", { status: "warn" });
  else if (url === "/json") json(503, "application/json; charset=utf-8", { status: "DOWN" });
  else if (url === "/odd") response.writeHead(200, { "content-type": "application/json" }).end("{");
  else if (url === "/auth") response.end(headers.authorization ?? "nobody");
  else if (url === "/long") response.end("x".repeat(10_000_000));
  else if (url !== "/hang") response.writeHead(404).end();
};

test("flx check judges an answer over HTTP by its status, and hears `degraded`", async (t) => {
  const at = `http://127.0.0.1:${await listen(t, createServer(service))}`;
  await Promise.all([
    check(`${at}/ok`, 0, /^healthy: http:\/\/127\.0\.0\.1:\d+\/ok: HTTP 200: ok \(\d+ ms\)\n$/),
    check(`${at}/word`, 0, /^degraded: .*HTTP 200: degraded/),
    check(`${at}/draft`, 0, /^degraded: .*HTTP 200: warn/),
    check(`${at}/empty`, 0, /^healthy: .*HTTP 204 \(/),
    check(`${at}/moved`, 0, /^healthy: .*HTTP 302/),
    check(`${at}/odd`, 0, /^healthy: /),
    check(`${at}/long`, 0, /^healthy: .{1,300}\n$/),
  ]);
  await Promise.all([
    check(`${at}/down`, 1, /^unhealthy: .*HTTP 503: unhealthy \(\d+ ms\)\n$/),
    check(`${at}/json`, 1, /^unhealthy: .*HTTP 503: down/),
    check(`${at}/none`, 1, /^unhealthy: .*HTTP 404/),
    check(`${at}/moved --expect-status 200`, 1, /^unhealthy: .*HTTP 302/),
    check(`${at}/down --expect-status 200,500-503`, 0, /^healthy: /),
  ]);
});

test("flx check says why there is no answer, and ends with 2", async (t) => {
  const port = await freePort();
  const at = await listen(t, createServer(service));
  const mail = await listen(
    t,
    createTcpServer((socket) => socket.end("220 mail.example ESMTP\r\n")),
  );
  await Promise.all([
    check(`http://127.0.0.1:${port}/`, 2, /^unreachable: .*ECONNREFUSED/),
    check(`http://localhost:${port}/`, 2, /^unreachable: .*ECONNREFUSED/),
    check("http://no-such-host.invalid/", 2, /^unreachable: .*(ENOTFOUND|EAI_AGAIN)/),
    check(
      `http://127.0.0.1:${at}/hang --timeout 200ms`,
      2,
      /^unreachable: .*no answer within 200 ms/,
    ),
    check(`http://127.0.0.1:${mail}/`, 2, /^unreachable: .*Parse Error/),
    check(`tcp://127.0.0.1:${port}`, 2, /^unreachable: .*ECONNREFUSED/),
    check(`grpc://127.0.0.1:${port}`, 2, /^unreachable: .*nobody listens there/),
    check(`grpc://127.0.0.1:${at}`, 2, /^unreachable: .*not HTTP\/2/),
  ]);
});

test("flx check connects to TCP ports and Unix sockets, and asks over HTTP there", async (t) => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, "app.sock");
  await listen(t, createServer(service), { path: socket });
  const port = await listen(t, createTcpServer());
  await check(`tcp://127.0.0.1:${port}`, 0, /^healthy: .*the connection was accepted/);
  await check(`unix:${socket}`, 0, /^healthy: .*the connection was accepted/);
  await check(`unix:${socket}:/word`, 0, /^degraded: /);
  await check(`unix:${socket}.none`, 2, /^unreachable: .*ENOENT/);
});

test("flx check sends a token from a file, or the URL's credentials, and prints neither", async (t) => {
  await using folder = await temporaryFolder();
  const token = join(folder.path, "token");
  await writeFile(token, "abc.def\n");
  const at = await listen(t, createServer(service));
  await check(`http://127.0.0.1:${at}/auth --token-file ${token}`, 0, /HTTP 200: Bearer abc\.def/);
  const basic = Buffer.from("me:secret").toString("base64");
  const { out } = await flx("check", `http://me:secret@127.0.0.1:${at}/auth`);
  assert.ok(out.includes(`Basic ${basic}`) && out.includes("http://me:***@127.0.0.1"), out);
  assert.ok(!out.includes("secret@"), out);
});

test("flx check trusts whom it is told to over TLS", async (t) => {
  await using folder = await temporaryFolder();
  const write = async (name: string, text: string): Promise<string> => {
    const file = join(folder.path, name);
    await writeFile(file, text);
    return file;
  };
  const [server, client] = [selfSigned(Date.now()), selfSigned(Date.now())];
  const ca = await write("ca.pem", server.certificate);
  const cert = await write("client.pem", client.certificate);
  const key = await write("client.key", client.key);
  const options = { cert: server.certificate, key: server.key };
  const one = await listen(t, createHttpsServer(options, service));
  const both = await listen(
    t,
    createHttpsServer({ ...options, ca: client.certificate, requestCert: true }, service),
  );
  const health = new HealthChecker();
  health.heartbeat("database", { ttlMs: 600_000, critical: true }).beat();
  const grpc = await startGrpcHealthServer({
    health,
    port: 0,
    tls: { certFile: ca, keyFile: await write("server.key", server.key), caFile: cert },
  });
  t.after(async () => {
    await grpc.close();
    await health.stop();
  });
  const mine = `--ca ${ca} --cert ${cert} --key ${key}`;
  await Promise.all([
    check(`https://localhost:${one}/ok --ca ${ca}`, 0, /^healthy/),
    check(`https://127.0.0.1:${one}/ok --insecure`, 0, /^healthy/),
    check(`https://localhost:${one}/ok`, 2, /^unreachable: .*self-signed certificate/),
    check(`https://localhost:${one}/ok --ca ${ca} --server-name a.example`, 2, /does not match/),
    check(`http://localhost:${one}/ok`, 2, /^unreachable/),
  ]);
  await Promise.all([
    check(`https://localhost:${both}/ok ${mine}`, 0, /^healthy/),
    check(`https://localhost:${both}/ok --ca ${ca}`, 2, /^unreachable/),
    check(`grpcs://localhost:${grpc.port} ${mine}`, 0, /^healthy/),
    check(`grpcs://localhost:${grpc.port} --ca ${ca}`, 2, /^unreachable/),
    check(`grpcs://localhost:${grpc.port} --ca ${join(folder.path, "none")}`, 64, /cannot read/),
    check(`https://localhost:${one}/ok --ca ${join(folder.path, "none")}`, 64, /cannot read/),
  ]);
});

test("flx check asks gRPC servers in both protocols", async (t) => {
  const health = new HealthChecker();
  const database = health.heartbeat("database", { ttlMs: 600_000, critical: true });
  const cache = health.heartbeat("cache", { ttlMs: 600_000, tags: ["speed"] });
  const server = await startGrpcHealthServer({ health, port: 0, services: ["shop.v1.Orders"] });
  t.after(async () => {
    await server.close();
    await health.stop();
  });
  const at = `grpc://127.0.0.1:${server.port}`;
  await check(at, 1, /^unknown: .*it answers UNKNOWN/);
  database.beat();
  cache.beat({ status: "degraded", message: "slow" });
  await Promise.all([
    check(at, 0, /^healthy: /),
    check(`${at} --service shop.v1.Orders`, 0, /^healthy: /),
    check(`${at} --protocol flx.v1`, 0, /^degraded: .*cache is degraded/),
    check(`${at} --service nobody`, 2, /^unreachable: .*NOT_FOUND/),
  ]);
  database.fail(new Error("gone"));
  await check(`${at} --service readiness`, 1, /^unhealthy: .*NOT_SERVING/);
  const { code, out } = await flx("check", at, "--protocol=flx.v1", "--json");
  assert.equal(code, 1);
  const { tookMs, components, ...told } = JSON.parse(out) as {
    tookMs: number;
    components: Record<string, { status: string }>;
  };
  assert.ok(tookMs >= 0);
  assert.deepEqual(told, {
    target: at,
    status: "unhealthy",
    message: "database is unhealthy, cache is degraded",
    exitCode: 1,
    tries: 1,
  });
  assert.equal(components["database"]!.status, "unhealthy");
});

test("flx check tries again, as often as it is told to", async (t) => {
  let requests = 0;
  const port = await listen(
    t,
    createServer((_request, response) => {
      requests++;
      response.writeHead(requests < 3 ? 503 : 200).end();
    }),
  );
  const at = `http://127.0.0.1:${port}/ --retry-delay 1ms`;
  await check(`${at} --retries 1`, 1, /^unhealthy: .*\(2 tries, \d+ ms\)/);
  await check(`${at} --retries 5`, 0, /^healthy: /);
  assert.equal(requests, 3);
});

test("flx check prints what it is told to", async (t) => {
  const at = `http://127.0.0.1:${await listen(t, createServer(service))}`;
  for (const flag of ["--quiet", "-q"]) {
    assert.deepEqual(await flx("check", `${at}/down`, flag), { code: 1, out: "", error: "" });
  }
  const { code, out, error } = await flx("check", `${at}/down`, "--json");
  assert.deepEqual([code, error], [1, ""]);
  const { tookMs, ...told } = JSON.parse(out) as Record<string, unknown>;
  assert.equal(typeof tookMs, "number");
  assert.deepEqual(told, {
    target: `${at}/down`,
    status: "unhealthy",
    message: "HTTP 503: unhealthy",
    exitCode: 1,
    tries: 1,
    httpStatus: 503,
  });
});

test("flx check refuses a wrong command line with 64 and the right one", async () => {
  await Promise.all([
    check("localhost:80", 64, /no target.*http:\/\/localhost:80\?\nTry: flx check --help\n$/),
    check("http://a/ http://b/", 64, /one target at a time, got 2/),
    check("http://a/ --timout 5s", 64, /did you mean --timeout\?/),
    check("http://a/ --timeout soon", 64, /--timeout is a duration/),
    check("http://a/ --timeout 2h", 64, /up to an hour/),
    check("http://a/ --retries many", 64, /--retries is a whole number/),
    check("http://a/ --expect-status ok", 64, /--expect-status is like/),
    check("http://a/ --expect-status 300-200", 64, /--expect-status is like/),
    check("http://a/ --service x", 64, /--service is for gRPC, not for http:\/\/a\//),
    check("http://a/ --ca x", 64, /--ca is for https/),
    check("tcp://a:1 --expect-status 200", 64, /--expect-status is for HTTP/),
    check("grpc://a:1 --protocol v2", 64, /--protocol is grpc\.health\.v1 or flx\.v1/),
    check("https://a/ --cert x", 64, /--cert and --key go together/),
    check(
      "http://a/ --token-file /no/such",
      64,
      /cannot read \/no\/such: there is no such file or folder \(ENOENT\)/,
    ),
  ]);
  assert.equal((await flx("check")).code, 64);
});

test("flx says what it can do, and which one was meant", async () => {
  const help = await flx("--help");
  assert.deepEqual([help.code, help.error], [0, ""]);
  assert.match(help.out, /^Usage: flx COMMAND.*\n\n {2}check +ask/);
  for (const args of [[], ["help"], ["-h"]]) assert.equal((await flx(...args)).out, help.out);
  const about = await flx("check", "--help");
  assert.match(about.out, /^Usage: flx check TARGET[^]*Exit codes:/);
  assert.equal((await flx("help", "check")).out, about.out);
  assert.match((await flx("--version")).out, /^\d+\.\d+\.\d+\n$/);
  const unknown = await flx("chek");
  assert.deepEqual([unknown.code, unknown.out], [64, ""]);
  assert.match(unknown.error, /no command "chek"; did you mean check\?/);
  assert.equal((await flx("constructor")).code, 64);
});
