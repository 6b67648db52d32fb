// OpenTelemetry's instrumentations, unchanged, on this tracing and on real servers: every span comes, under the right parent;
// and contexts in headers are passed on by the rules of the standard, over real sockets.
//
//   express ─► undici ─► node:http ─► grpc-js ─► pg (PostgreSQL), redis (Redis)      fixture/tracing/service.ts

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import {
  type OtlpReceiver,
  type ReceivedSpan,
  requirePeer,
  startOtlpReceiver,
  startPostgres,
  startProcess,
  startRedis,
} from "@flx/testkit";

const KIND = { internal: 1, server: 2, client: 3 };
const SERVICE = join(import.meta.dirname, "fixture/tracing/service.ts");

async function startService(receiver: OtlpReceiver, env: Readonly<Record<string, string>> = {}) {
  const service = await startProcess({
    command: process.execPath,
    args: ["--conditions=@flx/source", "--import", "@flx/monitoring/register", SERVICE],
    ready: { line: /listening/ },
    readyTimeoutMs: 60_000,
    env: {
      OTEL_SERVICE_NAME: "instrumented",
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_METRICS_EXPORTER: "none",
      FLX_ADMIN: "off",
      ...env,
    },
  });
  const [, port, fastPort] = /listening (\d+) (\d+)/.exec(service.log())!;
  return {
    url: `http://127.0.0.1:${port}`,
    fastUrl: `http://127.0.0.1:${fastPort}`,
    port: Number(port),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  };
}

test("instrumentations of http, undici, express, fastify, grpc-js, pg and redis make one trace on real servers", async (t) => {
  if (requirePeer(t, "postgres") === undefined || requirePeer(t, "redis") === undefined) return;
  await using receiver = await startOtlpReceiver();
  await using postgres = await startPostgres();
  await using redis = await startRedis();
  await using service = await startService(receiver, {
    POSTGRES_URL: `${postgres.url.replace("://", "://app:sesame@")}/postgres`,
    REDIS_URL: redis.url,
  });
  assert.equal(await (await fetch(`${service.url}/flow/7`)).text(), "7 7");
  assert.equal(await (await fetch(`${service.fastUrl}/fast/8`)).text(), "fast 8");
  const hasEnded = (spans: readonly ReceivedSpan[]) => {
    return ["GET /flow/:id", "GET /fast/:id"].every((name) =>
      spans.some((span) => span.name === name),
    );
  };
  const spans = await receiver.spansWhen((all) => hasEnded(all) && all.length >= 15);

  const one = (scope: string, name: string, kind: number): ReceivedSpan => {
    const found = spans.filter(
      (span) => span.scope.endsWith(scope) && span.name === name && span.kind === kind,
    );
    assert.equal(found.length, 1, `${scope}: ${name}`);
    return found[0]!;
  };
  const chain = [
    one("http", "GET /flow/:id", KIND.server),
    one("express", "request handler", KIND.internal),
    one("undici", "GET", KIND.client),
    one("http", "GET", KIND.server),
    one("grpc", "grpc.test.Echo/Say", KIND.client),
    one("grpc", "grpc.test.Echo/Say", KIND.server),
  ];
  assert.equal(chain[0]?.parentSpanId, "");
  for (const [i, span] of chain.entries()) {
    assert.equal(span.traceId, chain[0]?.traceId, span.name);
    if (i > 0) assert.equal(span.parentSpanId, chain[i - 1]?.spanId, span.name);
  }
  const handler = chain.at(-1)!;
  for (const [scope, name] of [
    ["pg", "pg.query:SELECT postgres"],
    ["redis", "redis-SET"],
    ["redis", "redis-GET"],
  ] as const) {
    const span = one(scope, name, KIND.client);
    assert.deepEqual([span.traceId, span.parentSpanId], [handler.traceId, handler.spanId], name);
  }
  const fast = one("http", "GET /fast/:id", KIND.server);
  const request = one("@fastify/otel", "request", KIND.internal);
  assert.deepEqual([request.traceId, request.parentSpanId], [fast.traceId, fast.spanId]);
  assert.notEqual(fast.traceId, handler.traceId);
  assert.equal(chain[0]?.attributes["http.route"], "/flow/:id");
  assert.equal(chain[0]?.resource["service.name"], "instrumented");
});

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const PARENT = `00-${TRACE}-${SPAN}-01`;

test("a service passes contexts on over real sockets as the standard has it", async () => {
  await using receiver = await startOtlpReceiver();
  await using service = await startService(receiver, { OTEL_TRACES_EXPORTER: "none" });
  const seen: IncomingHttpHeaders[] = [];
  const next = createServer((request, response) => {
    seen.push(request.headers);
    response.end("ok");
  }).listen(0, "127.0.0.1");
  await once(next, "listening");
  const { port } = next.address() as AddressInfo;
  const body = JSON.stringify([1, 2].map((i) => ({ url: `http://127.0.0.1:${port}/${i}` })));

  /** Sends header lines as they are; what the two calls that the service makes have of them. */
  const forwarded = async (...lines: readonly string[]): Promise<IncomingHttpHeaders[]> => {
    const socket = connect(service.port, "127.0.0.1");
    const head = ["POST /forward HTTP/1.1", "host: service", "connection: close", ...lines];
    socket.write(`${head.join("\r\n")}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    await socket.resume().toArray();
    const calls = seen.splice(0);
    assert.equal(calls.length, 2);
    const parents = calls.map(({ traceparent }) => traceparent);
    for (const parent of parents)
      assert.match(String(parent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-3]$/);
    // Each call is a span of its own, of one trace.
    assert.notEqual(parents[0], parents[1]);
    assert.equal(String(parents[0]).slice(0, 35), String(parents[1]).slice(0, 35));
    return calls;
  };
  const f = async (lines: readonly string[], goesOn: boolean, tracestate?: string) => {
    const [call] = await forwarded(...lines);
    assert.equal(String(call?.["traceparent"]).slice(3, 35) === TRACE, goesOn, lines.join("; "));
    assert.equal(call?.["tracestate"], tracestate, lines.join("; "));
  };

  await f([], false);
  await f([`traceparent: ${PARENT}`], true);
  await f([`TraceParent: ${PARENT}`, "TRACESTATE: foo=1"], true, "foo=1");
  await f([`traceparent: ${PARENT}`, `traceparent: ${PARENT}`, "tracestate: foo=1"], false);
  await f([`traceparent: ${PARENT}-extra`, "tracestate: foo=1"], false);
  await f([`traceparent: cc-${TRACE}-${SPAN}-01-future`, "tracestate: foo=1"], true, "foo=1");
  await f(
    [`traceparent: ${PARENT}`, "tracestate: foo=1", "tracestate: bar=2"],
    true,
    "foo=1,bar=2",
  );
  await f(
    [`traceparent: ${PARENT}`, "tracestate: foo=1", "tracestate: ", "tracestate: bar=2"],
    true,
    "foo=1,bar=2",
  );
  await f([`traceparent: ${PARENT}`, "tracestate: foo=1,foo=2"], true, "foo=1");
  await f(["tracestate: foo=1"], false);
  next.close();
  next.closeAllConnections();
});
