// The receivers' doors over real connections: TLS, client certificates, tokens; a renewed certificate without a restart.

import assert from "node:assert/strict";
import { request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { test } from "node:test";
import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { otlpFromJson } from "@flx/model";
import { Registry } from "@flx/monitoring/metrics";
import { type IssuedCertificate, requirePeer, TestAuthority } from "@flx/testkit";
import { AccessControl, type AccessUser } from "../../src/base/access/access-control.ts";
import type { Role } from "../../src/base/access/role.ts";
import { Admission } from "../../src/ingest/admission.ts";
import { IngestMetrics } from "../../src/ingest/ingest-metrics.ts";
import { metricsHandler } from "../../src/ingest/otlp/export-handler.ts";
import { OtlpGrpcReceiver } from "../../src/ingest/otlp/grpc-receiver.ts";
import { OtlpHttpReceiver } from "../../src/ingest/otlp/http-receiver.ts";
import { MemorySink } from "./memory-sink.ts";

const EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const NAMES = ["DNS:localhost", "IP:127.0.0.1"];

function user(name: string, role: Role, more: Partial<AccessUser>): AccessUser {
  const nothing = { tokens: [], password: undefined, certificateNames: [] };
  return { name, roles: new Set([role]), ...nothing, ...more };
}

const token = (text: string) => ({ tokens: [{ reveal: () => Promise.resolve(text) }] });

function access(): AccessControl {
  return new AccessControl({
    users: [
      user("sender", "write", token("token-of-the-sender")),
      user("reader", "read", token("token-of-the-reader")),
      user("node", "write", { certificateNames: ["node.internal"] }),
    ],
    anonymous: new Set(),
  });
}

function parts(control: AccessControl | undefined) {
  const sink = new MemorySink();
  const metrics = new IngestMetrics(new Registry());
  const handlers = { metrics: metricsHandler(sink, metrics) };
  const rest = { metrics, admission: new Admission(), handlers };
  return { sink, rest: control === undefined ? rest : { ...rest, access: control } };
}

function gauge(name: string): Uint8Array {
  const dataPoints = [{ timeUnixNano: "1767225600000000000", asDouble: 1 }];
  const metrics = [{ name, gauge: { dataPoints } }];
  const request = { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] };
  return otlpFromJson("metrics", new TextEncoder().encode(JSON.stringify(request)));
}

interface Sender {
  readonly ca: string;
  readonly token?: string;
  readonly certificate?: IssuedCertificate | undefined;
}

/** The HTTP status, or the code of a connection that did not come about. */
function sendHttp(port: number, name: string, sender: Sender): Promise<string> {
  return new Promise((resolve) => {
    const headers: Record<string, string> = { "Content-Type": "application/x-protobuf" };
    if (sender.token !== undefined) headers["Authorization"] = `Bearer ${sender.token}`;
    const tls = { ca: sender.ca, ...sender.certificate };
    const url = `https://127.0.0.1:${port}/v1/metrics`;
    const request = httpsRequest(
      url,
      { method: "POST", headers, agent: false, ...tls },
      (answer) => {
        answer.resume();
        answer.on("end", () => resolve(String(answer.statusCode)));
      },
    );
    request.on("error", () => resolve("closed"));
    request.end(gauge(name));
  });
}

/** The gRPC status. */
async function sendGrpc(port: number, name: string, sender: Sender): Promise<number> {
  const { certificate } = sender;
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const tls = credentials.createSsl(pem(sender.ca), pem(certificate?.key), pem(certificate?.cert));
  const client = new Client(`127.0.0.1:${port}`, tls);
  const metadata = new Metadata();
  if (sender.token !== undefined) metadata.set("authorization", `Bearer ${sender.token}`);
  try {
    return await new Promise<number>((resolve) => {
      client.makeUnaryRequest(
        EXPORT,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes) => bytes,
        gauge(name),
        metadata,
        { deadline: Date.now() + 20_000 },
        (error: ServiceError | null) => resolve(error?.code ?? 0),
      );
    });
  } finally {
    client.close();
  }
}

test("receivers let in who may send: by token or by certificate, over TLS", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using authority = await TestAuthority.create(openssl.path);
  const ca = authority.cert;
  const tls = { ...(await authority.issue({ commonName: "x", names: NAMES })), clientCa: ca };
  const settings = { host: "127.0.0.1", port: 0, tls };
  const { sink, rest } = parts(access());
  await using http = new OtlpHttpReceiver(settings, rest);
  await using grpc = new OtlpGrpcReceiver(settings, rest);
  await Promise.all([http.start(), grpc.start()]);

  const known = await authority.issue({ commonName: "node.internal" });
  const unknown = await authority.issue({ commonName: "other.internal" });
  const table: readonly (readonly [who: string, Sender, httpStatus: string, grpcStatus: number])[] =
    [
      ["token", { ca, token: "token-of-the-sender" }, "200", 0],
      ["certificate", { ca, certificate: known }, "200", 0],
      ["nobody", { ca }, "401", 16],
      ["wrong", { ca, token: "token-of-nobody" }, "401", 16],
      ["reader", { ca, token: "token-of-the-reader" }, "403", 7],
      ["other", { ca, certificate: unknown }, "401", 16],
    ];
  for (const [who, sender, httpStatus, grpcStatus] of table) {
    assert.equal(await sendHttp(http.port, `http_${who}`, sender), httpStatus, who);
    assert.equal(await sendGrpc(grpc.port, `grpc_${who}`, sender), grpcStatus, who);
  }
  assert.deepEqual(Object.keys(sink.last()).toSorted(), [
    "grpc_certificate",
    "grpc_token",
    "http_certificate",
    "http_token",
  ]);
});

test("receivers without access control want a certificate of the authority", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using authority = await TestAuthority.create(openssl.path);
  const ca = authority.cert;
  const tls = { ...(await authority.issue({ commonName: "x", names: NAMES })), clientCa: ca };
  const { rest } = parts(undefined);
  await using http = new OtlpHttpReceiver({ host: "127.0.0.1", port: 0, tls }, rest);
  await http.start();
  const certificate = await authority.issue({ commonName: "any" });
  assert.equal(await sendHttp(http.port, "a", { ca, certificate }), "200");
  assert.equal(await sendHttp(http.port, "a", { ca }), "closed");
});

test("reloadTls() shows the renewed certificate to connections from now on", async (t) => {
  const openssl = requirePeer(t, "openssl");
  if (openssl === undefined) return;
  await using authority = await TestAuthority.create(openssl.path);
  const [first, second] = [
    await authority.issue({ commonName: "first", names: NAMES }),
    await authority.issue({ commonName: "second", names: NAMES }),
  ];
  const settings = { host: "127.0.0.1", port: 0, tls: first };
  await using http = new OtlpHttpReceiver(settings, parts(undefined).rest);
  await using grpc = new OtlpGrpcReceiver(settings, parts(undefined).rest);
  for (const receiver of [http, grpc]) {
    await receiver.start();
    assert.equal(await shownName(receiver.port, authority.cert), "first");
    receiver.reloadTls(second);
    assert.equal(await shownName(receiver.port, authority.cert), "second");
  }
});

/** The common name of the certificate a server shows. */
function shownName(port: number, ca: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: "127.0.0.1", port, ca, ALPNProtocols: ["h2", "http/1.1"] },
      () => {
        const { subject } = socket.getPeerCertificate();
        socket.destroy();
        resolve(typeof subject.CN === "string" ? subject.CN : undefined);
      },
    );
    socket.on("error", reject);
  });
}
