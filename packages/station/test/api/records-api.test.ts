// Traces, logs, errors and Jaeger's API over HTTP: what they answer, what they refuse, and that the OpenAPI file says so.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { temporaryFolder } from "@flx/testkit";
import { openapi, validate } from "./openapi-file.ts";
import { NOW_MS, startRecordServer } from "./record-server.ts";

const folder = await temporaryFolder("api");
const server = await startRecordServer(folder.path);
after(async () => {
  await server[Symbol.asyncDispose]();
  await folder.remove();
});

interface Answered {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function ask(path: string, init: RequestInit = {}): Promise<Answered> {
  const response = await fetch(`${server.url}${path}`, init);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

type Json = Record<string, unknown>;

test("/api/v1/traces finds traces by everything, and /api/v1/traces/:id gives all spans of one", async () => {
  const service =
    server.spans.find((span) => span.service === "it's")?.service ?? server.spans[0]!.service;
  const query = new URLSearchParams({ service, attribute: "owner=~team-.*", limit: "1000" });
  const { body } = await ask(`/api/v1/traces?${query.toString()}`);
  const fitting = server.spans.filter((span) => span.service === service);
  const ids = new Set(fitting.map(({ traceId }) => traceId));
  const found = body["data"] as Json[];
  assert.deepEqual(new Set(found.map(({ traceId }) => traceId)), ids);

  const [first] = found;
  const one = await ask(`/api/v1/traces/${String(first!["traceId"]).toUpperCase()}`);
  const { spans } = one.body["data"] as { spans: Json[] };
  const want = server.spans.filter(({ traceId }) => traceId === first!["traceId"]);
  assert.equal(spans.length, want.length);
  assert.equal(first!["spans"], want.length);
  const example = want.find(({ spanId }) => spanId === spans[0]!["spanId"])!;
  assert.equal(spans[0]!["startNs"], example.startNs.toString());
  assert.deepEqual(
    Object.keys(spans[0]!["attributes"] as object).toSorted(),
    example.attributes.map(([key]) => key).toSorted(),
  );
});

test("/api/v1/logs follows by position, without loss and without overlap", async () => {
  const seen: number[] = [];
  let last = 0;
  for (;;) {
    const { body } = await ask(`/api/v1/logs?after=${last}&limit=47`);
    const records = body["data"] as { position: number }[];
    if (records.length === 0) break;
    seen.push(...records.map(({ position }) => position));
    last = seen.at(-1)!;
  }
  assert.deepEqual(
    seen,
    server.logs.map(({ position }) => position),
  );
  const { body } = await ask("/api/v1/logs/position");
  assert.deepEqual(body["data"], { position: server.logs.length });
});

test("/api/v1/errors resolves, ignores and reopens, and says who did it", async () => {
  const { body } = await ask("/api/v1/errors?order=count&limit=1");
  const [{ fingerprint }] = body["data"] as [{ fingerprint: string }];
  const form = { method: "POST", body: new URLSearchParams({ note: "fixed", release: "2.0" }) };
  const resolved = await ask(`/api/v1/errors/${fingerprint}/resolve`, form);
  const group = resolved.body["data"] as { state: string; history: Json[] };
  assert.equal(group.state, "resolved");
  assert.deepEqual(group.history.at(-1), {
    timeMs: NOW_MS,
    change: "resolved",
    by: "ann",
    release: "2.0",
    note: "fixed",
  });
  const open = (await ask("/api/v1/errors?state=open")).body["data"] as Json[];
  assert.equal(open.length, 3);
  await ask(`/api/v1/errors/${fingerprint}/reopen`, { method: "POST" });
  assert.equal(((await ask("/api/v1/errors?state=open")).body["data"] as Json[]).length, 4);
});

test("Jaeger's API answers in Jaeger's form", async () => {
  const { service } = server.spans[0]!;
  const services = await ask("/api/services");
  assert.ok((services.body["data"] as string[]).includes(service));
  const name = encodeURIComponent(service);
  const operations = (await ask(`/api/services/${name}/operations`)).body["data"] as string[];
  const own = server.spans.filter((span) => span.service === service);
  assert.deepEqual(new Set(operations), new Set(own.map((span) => span.name)));

  const range = `start=${(NOW_MS - 3_600_000) * 1_000}&end=${NOW_MS * 1_000}`;
  const tags = encodeURIComponent('{"error":"true"}');
  const found = await ask(`/api/traces?service=${name}&tags=${tags}&limit=1000&${range}`);
  const wanted = new Set(
    own.filter(({ status }) => status === "error").map((span) => span.traceId),
  );
  const traces = found.body["data"] as { traceID: string; spans: Json[]; processes: Json }[];
  assert.deepEqual(new Set(traces.map(({ traceID }) => traceID)), wanted);
  const [first] = traces;
  const span = server.spans.find(({ spanId }) => spanId === first!.spans[0]!["spanID"])!;
  assert.equal(first!.spans[0]!["startTime"], Number(span.startNs / 1_000n));
  const process = first!.processes[first!.spans[0]!["processID"] as string] as Json;
  assert.equal(process["serviceName"], span.service);

  const missing = await ask(`/api/traces/${"9".repeat(32)}`);
  assert.equal(missing.status, 404);
  assert.deepEqual(missing.body["errors"], [
    { code: 404, msg: "trace not found", traceID: "9".repeat(32) },
  ]);
  const calls = (await ask(`/api/dependencies?endTs=${NOW_MS}&lookback=86400000`)).body["data"];
  assert.ok(Array.isArray(calls));
});

test("hostile parameters are refused with the reason, and nothing of the inside", async () => {
  const f = async (path: string, want: RegExp, status = 400) => {
    const { status: got, body } = await ask(path);
    assert.equal(got, status, path);
    const text = JSON.stringify(body);
    assert.match(text, want);
    assert.doesNotMatch(text, /SELECT|duckdb|\/tmp|records r/i);
  };

  await f("/api/v1/traces?limit=0", /must be from 1 to 10000/);
  await f("/api/v1/traces?limit=99999999", /must be from 1 to 10000/);
  await f("/api/v1/traces?kind=x", /none of unspecified, internal/);
  await f("/api/v1/traces?attribute==x", /is not like name=value/);
  await f("/api/v1/traces?attribute=a=~(", /is no pattern/);
  await f("/api/v1/traces?min_duration=-5", /must not be negative/);
  await f("/api/v1/traces?start=9&end=8", /must not be before/);
  await f("/api/v1/traces/zz", /is no trace id/);
  await f("/api/v1/traces/'%20OR%201=1", /is no trace id/);
  await f(`/api/v1/traces/${"1".repeat(33)}`, /is no trace id/);
  await f("/api/v1/traces/abc", /there is no trace 0{29}abc/, 404);
  await f(`/api/v1/traces?${"attribute=a&".repeat(40)}`, /at most 32 attributes/);
  await f("/api/v1/logs?severity=loud", /one of trace, debug/);
  await f("/api/v1/logs?pattern=(?=a)", /is no pattern/);
  await f(`/api/v1/logs?pattern=${"a".repeat(2_000)}`, /at most 1024 characters/);
  await f("/api/v1/logs?after=-1", /is a position/);
  await f("/api/v1/errors/xyz", /is 16 hex digits/);
  await f("/api/v1/errors/0123456789abcdef", /no such error group/, 404);
  await f("/api/traces", /must be given/);
  await f("/api/traces?service=a&tags={", /is no JSON/);
  await f("/api/traces?service=a&minDuration=soon", /is no duration like/);
  await f("/api/traces?service=a&start=1e99", /number of microseconds/);
  await f(`/api/traces?${"traceID=1&".repeat(200)}`, /at most 100 at once/);
});

test("a pattern that would take for ever elsewhere is answered at once", async () => {
  const path = `/api/v1/logs?pattern=${encodeURIComponent("(a*)*(a*)*(a*)*(a*)*$b")}`;
  const { status } = await ask(path);
  assert.equal(status, 200);
});

test("the service graph: nodes by what they are, edges with calls, failures and durations", async () => {
  const { body } = await ask("/api/v1/services/graph");
  const { nodes, edges } = body["data"] as {
    nodes: readonly { readonly name: string; readonly type: string }[];
    edges: readonly Readonly<Record<string, unknown>>[];
  };
  const types = Object.fromEntries(nodes.map(({ name, type }) => [name, type]));
  const { user, gateway, orders, mailer } = types;
  assert.deepEqual([user, gateway, orders, mailer], ["user", "service", "service", "service"]);
  assert.equal(types["sqlite:orders"], "database");
  assert.equal(types["kafka:paid"], "queue");
  assert.equal(types["smtp.example.com"], "peer");
  assert.equal(edges.length, 6);
  const edge = edges.find((each) => each["client"] === "gateway" && each["server"] === "orders")!;
  assert.deepEqual([edge["type"], edge["calls"], edge["failed"]], ["call", 10, 1]);
  assert.equal((edge["clientDurations"] as { readonly meanSeconds: number }).meanSeconds, 1);
  const { status } = await ask("/api/v1/services/graph?start=5&end=4");
  assert.equal(status, 400);
});

test("every route takes the parameters of the OpenAPI file, and answers as it says", async () => {
  const examples: Readonly<Record<string, string>> = {
    id: server.spans[0]!.traceId,
    service: encodeURIComponent(server.spans[0]!.service),
    fingerprint: "0000000000000abc",
  };
  const served = new Set(server.routes.map(({ path }) => path.replaceAll(/:(\w+)/g, "{$1}")));
  for (const [path, methods] of Object.entries(openapi.paths)) {
    // The others are asked in openapi.test.ts.
    if (!served.has(path)) continue;
    for (const [method, { parameters, responses }] of Object.entries(methods)) {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => examples[name]!);
      const query = new URLSearchParams();
      for (const { name, in: where, example } of parameters) {
        if (where !== "query") continue;
        for (const value of [example].flat()) query.append(name, String(value));
      }
      // Without parameters for something to validate, and with all of them.
      const required =
        path === "/api/operations" || path === "/api/traces"
          ? `?service=${examples["service"]}`
          : "";
      for (const url of [`${filled}${required}`, `${filled}?${query.toString()}`]) {
        const { status, body } = await ask(url, { method: method.toUpperCase() });
        assert.equal(status, 200, `${method} ${url}: ${JSON.stringify(body).slice(0, 300)}`);
        validate(body, responses["200"]!.content["application/json"].schema, path);
      }
    }
  }
  const { status, body } = await ask("/api/v1/traces?limit=x");
  assert.equal(status, 400);
  validate(body, openapi.components.schemas["Error"]!, "error");
});
