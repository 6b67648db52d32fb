// Records reach receivers that want to know who sends them: client certificates, over HTTP and gRPC, packed in each way.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createSecureServer } from "node:http2";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import type { TLSSocket } from "node:tls";
import { startMonitoring } from "@flx/monitoring";
import { Registry } from "@flx/monitoring/metrics";
import { temporaryFolder } from "@flx/testkit";
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
