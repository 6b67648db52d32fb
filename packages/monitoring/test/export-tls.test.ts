// Records reach receivers that want to know who sends them: client certificates, over HTTP and gRPC, packed in each way.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createSecureServer, type ServerHttp2Stream } from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { TLSSocket } from "node:tls";
import { startMonitoring } from "@flx/monitoring";
import { Registry } from "@flx/monitoring/metrics";
import { temporaryFolder, waitUntil } from "@flx/testkit";
// The shop makes its certificates with code alone, which also serves here: no OpenSSL, no files in the repository.
import { selfSigned } from "../../../examples/shop/src/grpc/self-signed.ts";

interface Taken {
  readonly path: string;
  readonly coding: string;
  /** Whether the client has shown the certificate it should. */
  readonly isKnown: boolean;
}

/** Certificates of a server and of its one client, as files and in memory. */
async function certificates(t: TestContext) {
  const folder = await temporaryFolder();
  t.after(() => folder[Symbol.asyncDispose]());
  const [server, client] = [selfSigned(Date.now()), selfSigned(Date.now())];
  const files = { caFile: "server.pem", certFile: "client.pem", keyFile: "client.key" };
  const paths = Object.entries(files).map(([key, name]) => [key, join(folder.path, name)] as const);
  const own = Object.fromEntries(paths) as typeof files;
  await writeFile(own.caFile, server.certificate);
  await writeFile(own.certFile, client.certificate);
  await writeFile(own.keyFile, client.key);
  const { certificate: cert, key } = server;
  return { own, tls: { cert, key, ca: client.certificate, requestCert: true } };
}

const isKnown = (socket: TLSSocket): boolean =>
  socket.authorized && socket.getPeerCertificate().subject !== undefined;

/** What the two kinds of servers have in common. */
interface RenewedServer {
  readonly url: string;
  /** Takes this client from now on, and no other; connections that are there end. */
  trust(client: string): void;
  /** How many requests of a client that is trusted there were. */
  readonly taken: () => number;
}

async function renewable(
  t: TestContext,
  protocol: "http/protobuf" | "grpc",
  tls: { readonly cert: string; readonly key: string; readonly ca: string },
): Promise<RenewedServer> {
  const sockets = new Set<TLSSocket>();
  let taken = 0;
  const strict = { ...tls, requestCert: true, rejectUnauthorized: true };
  const server = protocol === "grpc" ? createSecureServer(strict) : createServer(strict);
  if (protocol === "grpc") {
    server.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => {});
      stream.resume().on("end", () => {
        taken++;
        stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
        stream.end(Buffer.alloc(5));
      });
    });
  } else {
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      request.resume().on("end", () => {
        taken++;
        response.end();
      });
    });
  }
  server.on("secureConnection", (socket: TLSSocket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  const end = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    end();
    server.close();
  });
  await once(server, "listening");
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    trust(client) {
      server.setSecureContext({ cert: tls.cert, key: tls.key, ca: client });
      end();
    },
    taken: () => taken,
  };
}

const options = {
  service: "orders",
  admin: false,
  health: false,
  spool: false,
  logging: { destination: { write: () => {} } },
} as const;

test("spans and lines are sent over HTTP with a client certificate", async (t) => {
  const { own, tls } = await certificates(t);
  const taken: Taken[] = [];
  const server = createServer(tls, (request, response) => {
    const { url: path = "", headers, socket } = request;
    const coding = headers["content-encoding"] ?? "none";
    taken.push({ path, coding, isKnown: isKnown(socket as TLSSocket) });
    request.resume().on("end", () => response.end());
  }).listen(0, "127.0.0.1");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, "listening");
  const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`;
  for (const compression of ["gzip", "zstd", "none"] as const) {
    taken.length = 0;
    const otlp = { endpoint, ...own, compression, metrics: false } as const;
    await using flx = await startMonitoring({
      ...options,
      otlp,
      metrics: { registry: new Registry(), system: false },
    });
    flx.traceSync("work", () => flx.logger.info("worked"));
    assert.equal(await flx.flush(), true, flx.exporter?.deliveryFault("traces"));
    assert.deepEqual(
      taken.toSorted((a, b) => a.path.localeCompare(b.path)),
      ["/v1/logs", "/v1/traces"].map((path) => ({ path, coding: compression, isKnown: true })),
    );
  }
});

test("spans and lines are sent over gRPC with a client certificate", async (t) => {
  const { own, tls } = await certificates(t);
  const taken: Taken[] = [];
  const server = createSecureServer(tls);
  server.on("stream", (stream, headers) => {
    const coding = headers["grpc-encoding"];
    taken.push({
      path: headers[":path"] ?? "",
      coding: typeof coding === "string" ? coding : "none",
      isKnown: isKnown(stream.session?.socket as TLSSocket),
    });
    stream.resume().on("end", () => {
      stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.end(Buffer.alloc(5));
    });
  });
  server.listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const endpoint = `https://localhost:${(server.address() as AddressInfo).port}`;
  for (const compression of ["gzip", "none"] as const) {
    taken.length = 0;
    const otlp = { endpoint, protocol: "grpc", ...own, compression, metrics: false } as const;
    await using flx = await startMonitoring({
      ...options,
      otlp,
      metrics: { registry: new Registry(), system: false },
    });
    flx.traceSync("work", () => flx.logger.info("worked"));
    assert.equal(await flx.flush(), true, flx.exporter?.deliveryFault("traces"));
    const service = (signal: string, name: string) =>
      `/opentelemetry.proto.collector.${signal}.v1.${name}Service/Export`;
    assert.deepEqual(
      taken.toSorted((a, b) => a.path.localeCompare(b.path)),
      [service("logs", "Logs"), service("trace", "Trace")].map((path) => ({
        path,
        coding: compression,
        isKnown: true,
      })),
    );
  }
});

for (const protocol of ["http/protobuf", "grpc"] as const) {
  test(`renewed certificates are taken without a restart over ${protocol}, broken ones are told`, async (t) => {
    const { own, tls } = await certificates(t);
    const server = await renewable(t, protocol, tls);
    await using flx = await startMonitoring({
      ...options,
      otlp: {
        endpoint: server.url,
        protocol,
        ...own,
        timeoutMs: 2_000,
        logs: false,
        metrics: false,
      },
      metrics: { registry: new Registry(), system: false },
      health: { start: false },
    });
    const exportIs = async () => {
      await flx.health.check();
      return flx.health.component("export")?.status;
    };
    flx.traceSync("work", () => {});
    assert.equal(await flx.flush(), true);
    assert.equal(server.taken(), 1, flx.exporter?.deliveryFault("traces"));

    // A certificate without its key, as between two steps of a renewal: the receiver goes on to know the old pair.
    const [renewed, oldKey] = [selfSigned(Date.now()), await readFile(own.keyFile)];
    await writeFile(own.certFile, renewed.certificate);
    server.trust(selfSigned(Date.now()).certificate);
    flx.traceSync("work", () => {});
    await waitUntil(() => flx.exporter?.certificateFault("traces") !== undefined, {
      what: "the files that do not fit are told",
      timeoutMs: 60_000,
    });
    assert.equal(await exportIs(), "degraded");

    await writeFile(own.keyFile, renewed.key);
    server.trust(renewed.certificate);
    await waitUntil(() => server.taken() === 2, {
      what: "the renewed pair is used",
      timeoutMs: 60_000,
    });
    assert.equal(flx.exporter?.certificateFault("traces"), undefined);
    assert.notDeepEqual(await readFile(own.keyFile), oldKey);
    assert.equal(await flx.flush(), true);
    assert.equal(flx.exporter?.counters.get("traces", "accepted"), 2);
  });
}
