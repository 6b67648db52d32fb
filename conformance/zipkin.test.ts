// Zipkin's own client for Node sends its spans to a station, and they are a trace, a graph and metrics like any others.

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { waitUntil } from "@flx/testkit";
import {
  Annotation,
  BatchRecorder,
  ExplicitContext,
  InetAddress,
  jsonEncoder,
  type TraceId,
  Tracer,
} from "zipkin";
import { HttpLogger } from "zipkin-transport-http";
import { StationProcess } from "../packages/station/test/running-station.ts";

const WAIT = { timeoutMs: 60_000, everyMs: 250 };

/** What Zipkin's types leave out: the server's side takes the ids of the client's. */
interface Joining {
  join(id: TraceId): TraceId;
}

interface SpanBody {
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly statusMessage: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string }[];
}

interface Edge {
  readonly client: string;
  readonly server: string;
  readonly calls: number;
  readonly failed: number;
}

test("a request over two services, traced by Zipkin's client, is one trace and one edge", async () => {
  const config = "traces: { interval: 1s, service_graph: { wait: 2s } }\n";
  await using station = await StationProcess.start({ config });
  const startedMs = Date.now();
  const tracer = (localServiceName: string) =>
    new Tracer({
      ctxImpl: new ExplicitContext(),
      recorder: new BatchRecorder({
        logger: new HttpLogger({
          endpoint: `${station.url}/api/v2/spans`,
          jsonEncoder: jsonEncoder.JSON_V2,
          httpInterval: 100,
        }),
      }),
      localServiceName,
      traceId128Bit: true,
    });
  const [frontend, backend] = [tracer("frontend"), tracer("backend")];

  const root = frontend.createRootId();
  frontend.letId(root, () => {
    frontend.recordServiceName("frontend");
    frontend.recordRpc("get /");
    frontend.recordAnnotation(new Annotation.ServerRecv());
    frontend.recordBinary("http.path", "/");
  });
  const call = frontend.letId(root, () => frontend.createChildId());
  frontend.letId(call, () => {
    frontend.recordServiceName("frontend");
    frontend.recordRpc("get /api");
    frontend.recordAnnotation(new Annotation.ClientSend());
    frontend.recordAnnotation(
      new Annotation.ServerAddr({
        serviceName: "backend",
        host: new InetAddress("10.0.0.7"),
        port: 9000,
      }),
    );
  });
  // As the headers of B3 carry it: the server joins the client's span.
  const joined = (backend as unknown as Joining).join(call);
  backend.letId(joined, () => {
    backend.recordServiceName("backend");
    backend.recordRpc("get /api");
    backend.recordAnnotation(new Annotation.ServerRecv());
    backend.recordMessage("cache miss");
    backend.recordBinary("error", "no such item");
    backend.recordAnnotation(new Annotation.ServerSend());
  });
  frontend.letId(call, () => frontend.recordAnnotation(new Annotation.ClientRecv()));
  frontend.letId(root, () => frontend.recordAnnotation(new Annotation.ServerSend()));

  const spans = await waitUntil(
    async () => {
      const response = await fetch(`${station.url}/api/v1/traces/${root.traceId}`);
      if (response.status !== 200) return undefined;
      const { data } = (await response.json()) as {
        readonly data: { readonly spans: readonly SpanBody[] };
      };
      return data.spans.length === 3 ? data.spans : undefined;
    },
    { ...WAIT, what: "three spans" },
  );
  const of = (service: string, kind: string): SpanBody =>
    spans.find((span) => span.service === service && span.kind === kind)!;
  const [server, client, other] = [
    of("frontend", "server"),
    of("frontend", "client"),
    of("backend", "server"),
  ];
  assert.deepEqual(
    [server, client, other].map(({ name, spanId, parentSpanId }) => [name, spanId, parentSpanId]),
    [
      ["get /", root.spanId, ""],
      ["get /api", call.spanId, root.spanId],
      ["get /api", call.spanId, root.spanId],
    ],
  );
  assert.equal(server.attributes["http.path"], "/");
  assert.equal(client.attributes["peer.service"], "backend");
  assert.equal(client.attributes["net.peer.port"], 9000);
  assert.equal(other.attributes["zipkin.shared"], true);
  assert.deepEqual([other.status, other.statusMessage], ["error", "no such item"]);
  assert.deepEqual(
    other.events.map(({ name }) => name),
    ["cache miss"],
  );

  const edges = await waitUntil(
    async () => {
      const url = `${station.url}/api/v1/services/graph?start=${startedMs / 1_000}`;
      const { data } = (await (await fetch(url)).json()) as {
        readonly data: { readonly edges: readonly Edge[] };
      };
      return data.edges.length > 1 ? data.edges : undefined;
    },
    { ...WAIT, what: "the graph" },
  );
  assert.deepEqual(
    edges.map((edge) => `${edge.client} > ${edge.server} ${edge.calls} ${edge.failed}`).toSorted(),
    ["frontend > backend 1 1", "user > frontend 1 0"],
  );
  const calls = await station.query('traces_span_metrics_calls_total{service_name="backend"}');
  assert.deepEqual(
    calls.map(([, value]) => value),
    ["1"],
  );
});

test("what is no list of spans is refused with the place; nothing of it is kept", async () => {
  await using station = await StationProcess.start();
  const url = `${station.url}/api/v2/spans`;
  const post = async (
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    return `${response.status} ${await response.text()}`.trim();
  };
  const good = { traceId: "1", id: "2", timestamp: Date.now() * 1_000 };

  assert.equal(
    await post(JSON.stringify([good, { ...good, id: "" }])),
    "400 [1].id must be up to 16 hex digits",
  );
  assert.equal(await post("{"), "400 the body is not JSON");
  assert.equal(await post(Uint8Array.of(0xff, 0xfe)), "400 the body is not JSON");
  assert.equal(await post("[]", { "content-encoding": "gzip" }), "400 the body is not gzip");
  assert.match(await post("[]", { "content-type": "application/x-thrift" }), /^415 /);
  const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024, " "));
  assert.match(await post(Uint8Array.from(bomb), { "content-encoding": "gzip" }), /^413 /);
  assert.equal(await post("[]"), "202");
  assert.equal((await fetch(url)).status, 405);
  const response = await fetch(`${station.url}/api/v1/spans`);
  assert.deepEqual(((await response.json()) as { readonly data: unknown[] }).data, []);
  assert.equal(await post(JSON.stringify([good])), "202");
  const after = await fetch(`${station.url}/api/v1/spans`);
  assert.equal(((await after.json()) as { readonly data: unknown[] }).data.length, 1);
});
