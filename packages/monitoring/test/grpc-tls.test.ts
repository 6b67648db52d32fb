// TLS of gRPC: credentials from files, client certificates, and certificates that change while everything runs.

import assert from "node:assert/strict";
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { connect } from "node:tls";
import {
  addHealthService,
  grpcHealth,
  type GrpcHealthTls,
  secureChannelCredentials,
  type SecureChannelOptions,
  secureServerCredentials,
  type SecureServerOptions,
  startGrpcHealthServer,
} from "@flx/monitoring/grpc";
import { type CheckResult, HealthChecker } from "@flx/monitoring/health";
import { temporaryFolder, waitUntil } from "@flx/testkit";
import { Client, Server } from "@grpc/grpc-js";
// The shop makes its certificates with code alone, which also serves here: no OpenSSL, no files in the repository.
import { selfSigned } from "../../../examples/shop/src/grpc/self-signed.ts";

/** A folder with the pairs of a server (at first `server`), of a client and of a stranger, and a healthy service. */
async function stage(t: TestContext) {
  const folder = await temporaryFolder();
  const path = (name: string): string => join(folder.path, name);
  const make = async (name: string) => {
    const { certificate, key } = selfSigned(Date.now());
    const [certFile, keyFile] = [path(`${name}.pem`), path(`${name}.key`)];
    await writeFile(certFile, certificate);
    await writeFile(keyFile, key);
    return { certFile, keyFile };
  };
  const [server, renewed] = [await make("server"), await make("renewed")];
  const [client, stranger] = [await make("client"), await make("stranger")];
  // Whom clients trust: the server's certificate, before and after.
  const trusted = path("trusted.pem");
  await copyFile(server.certFile, trusted);
  const health = new HealthChecker();
  health.heartbeat("database", { ttlMs: 600_000, critical: true }).beat();
  t.after(async () => {
    await health.stop();
    await folder[Symbol.asyncDispose]();
  });
  /** Puts other certificates where the server's are. */
  const renew = async (): Promise<void> => {
    await copyFile(renewed.certFile, trusted);
    await copyFile(renewed.certFile, server.certFile);
    await copyFile(renewed.keyFile, server.keyFile);
  };
  return { path, server, renewed, client, stranger, trusted, health, renew };
}

/** A grpc-js server with health, with the credentials of files. */
async function grpcServer(t: TestContext, health: HealthChecker, options: SecureServerOptions) {
  const server = new Server();
  const service = addHealthService(server, health, { trustLoopback: true });
  const credentials = await secureServerCredentials(options);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  t.after(() => {
    service.close();
    server.forceShutdown();
  });
  return port;
}

/** The status of a Check by a grpc-js client with the credentials of files. */
async function checkWith(port: number, options: SecureChannelOptions): Promise<number> {
  const credentials = await secureChannelCredentials(options);
  const client = new Client(`127.0.0.1:${port}`, credentials, {
    "grpc.use_local_subchannel_pool": 1,
  });
  try {
    return await checkBy(client);
  } finally {
    client.close();
  }
}

function checkBy(client: Client): Promise<number> {
  const asTheyAre = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      "/grpc.health.v1.Health/Check",
      asTheyAre,
      asTheyAre,
      Buffer.alloc(0),
      { deadline: Date.now() + 10_000 },
      (error) => resolve(error?.code ?? 0),
    );
  });
}

/** The serial number of the certificate that a server shows now. */
function serialOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["h2"] };
    const socket = connect(options, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

async function components(port: number, tls: GrpcHealthTls, token?: string): Promise<string[]> {
  const check = grpcHealth({
    target: `127.0.0.1:${port}`,
    protocol: "flx.v1",
    tls,
    ...(token === undefined ? {} : { token }),
  });
  const { signal } = new AbortController();
  const result = (await check({ signal, timeoutMs: 5_000 })) as CheckResult;
  return Object.keys(result.components ?? {});
}

const OK = 0;
const UNAVAILABLE = 14;

test("secureChannelCredentials() and secureServerCredentials() trust whom the files say", async (t) => {
  const { server, client, stranger, health } = await stage(t);
  const caFile = server.certFile;
  const port = await grpcServer(t, health, server);
  assert.equal(await checkWith(port, { caFile }), OK);
  assert.equal(await checkWith(port, { caFile, serverName: "localhost" }), OK);
  assert.equal(await checkWith(port, { caFile, serverName: "orders.internal" }), UNAVAILABLE);
  assert.equal(await checkWith(port, { caFile: stranger.certFile }), UNAVAILABLE);
  assert.equal(await checkWith(port, {}), UNAVAILABLE);

  const mutual = await grpcServer(t, health, { ...server, caFile: client.certFile });
  assert.equal(await checkWith(mutual, { caFile, ...client }), OK);
  assert.equal(await checkWith(mutual, { caFile, ...stranger }), UNAVAILABLE);
  assert.equal(await checkWith(mutual, { caFile }), UNAVAILABLE);
});

test("the credentials refuse files that cannot be used, with their names", async (t) => {
  const { path, server, client } = await stage(t);
  const refused = (message: RegExp) => ({ code: "FLX_GRPC_TLS_FILES", message });
  await assert.rejects(secureChannelCredentials({ caFile: path("none") }), refused(/none: ENOENT/));
  const mixed = { certFile: server.certFile, keyFile: client.keyFile };
  await assert.rejects(secureServerCredentials(mixed), refused(/cannot be used together/));
  await assert.rejects(
    secureChannelCredentials({ certFile: server.certFile }),
    refused(/no keyFile/),
  );
});

test("secureServerCredentials() takes over renewed certificates, and keeps the old ones while the new are no good", async (t) => {
  const { server, client, trusted, health, renew } = await stage(t);
  const problems: string[] = [];
  const port = await grpcServer(t, health, {
    ...server,
    caFile: client.certFile,
    reloadEveryMs: 20,
    onReloadError: ({ message }) => problems.push(message),
  });
  const options = { caFile: trusted, ...client };
  assert.equal(await checkWith(port, options), OK);
  const before = await serialOf(port);

  await writeFile(server.certFile, "half a fi");
  await waitUntil(() => problems.length > 0);
  assert.match(problems[0]!, /no PEM/);
  assert.equal(await checkWith(port, options), OK);
  assert.equal(await serialOf(port), before);

  await renew();
  await waitUntil(async () => (await serialOf(port)) !== before);
  assert.equal(await checkWith(port, options), OK);
  assert.equal(
    await checkWith(port, { caFile: trusted }),
    UNAVAILABLE,
    "it still wants certificates",
  );
});

test("secureChannelCredentials() takes over renewed certificates for its next connection", async (t) => {
  const { path, server, client, stranger, health } = await stage(t);
  const port = await grpcServer(t, health, { ...server, caFile: client.certFile });
  const mine = { certFile: path("mine.pem"), keyFile: path("mine.key") };
  const put = async (pair: typeof mine): Promise<void> => {
    await copyFile(pair.certFile, mine.certFile);
    await copyFile(pair.keyFile, mine.keyFile);
  };
  await put(stranger);
  const credentials = await secureChannelCredentials({
    caFile: server.certFile,
    ...mine,
    reloadEveryMs: 20,
  });
  const channel = new Client(`127.0.0.1:${port}`, credentials, {
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 200,
  });
  t.after(() => channel.close());
  assert.equal(await checkBy(channel), UNAVAILABLE);
  await put(client);
  await waitUntil(async () => (await checkBy(channel)) === OK);
});

test("startGrpcHealthServer() serves TLS, renews certificates, and shows components to clients it knows", async (t) => {
  const { server, client, stranger, trusted, health, renew } = await stage(t);
  const problems: string[] = [];
  const onReloadError = ({ message }: Error): void => void problems.push(message);
  const plain = await startGrpcHealthServer({
    health,
    port: 0,
    tls: { ...server, reloadEveryMs: 20, onReloadError },
  });
  t.after(() => plain.close());
  const mutual = await startGrpcHealthServer({
    health,
    port: 0,
    tls: { ...server, caFile: client.certFile },
  });
  t.after(() => mutual.close());
  assert.deepEqual(await components(plain.port, { caFile: trusted }), ["database"], "loopback");
  assert.deepEqual(await components(mutual.port, { caFile: trusted, ...client }), ["database"]);
  for (const tls of [{ caFile: trusted, ...stranger }, { caFile: trusted }]) {
    await assert.rejects(components(mutual.port, tls), { code: "FLX_GRPC_UNREACHABLE" });
  }

  const before = await serialOf(plain.port);
  await writeFile(server.keyFile, "half a fi");
  await waitUntil(() => problems.length > 0);
  assert.equal(await serialOf(plain.port), before);
  await renew();
  await waitUntil(async () => (await serialOf(plain.port)) !== before);
  assert.deepEqual(await components(plain.port, { caFile: trusted }), ["database"]);
  await assert.rejects(
    startGrpcHealthServer({ health, port: 0, tls: { ...client, keyFile: stranger.keyFile } }),
    { code: "FLX_GRPC_TLS_FILES" },
  );
});
