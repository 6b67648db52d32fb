// Zipkin's spans, read and put into OTLP: as tables, and whatever bytes come.
//
// Short here; FLX_FULL=1 mutates a million bodies.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRecords, FlxError } from "@flx/model";
import { seededRandom } from "@flx/testkit";
import { oracleType } from "../../../model/test/otlp/otlp-oracle.ts";
import { readZipkinJson } from "../../src/ingest/zipkin/zipkin-json.ts";
import { zipkinToOtlp } from "../../src/ingest/zipkin/zipkin-to-otlp.ts";

const ROUNDS = process.env["FLX_FULL"] === "1" ? 1_000_000 : 4_000;
const NOW = 1_790_000_000_000;
const TRACE = "463ac35c9f6413ad48485a3953bb6124";
const ID = "d2f9288a2904503d";
const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const requestType = oracleType("TracesRequest");

type Loose = Readonly<Record<string, unknown>>;

/** Spans in JSON, translated and read back by protobufjs. */
function translated(...spans: readonly Loose[]): Loose[] {
  const request = zipkinToOtlp(readZipkinJson(bytes(spans)), NOW);
  const checked = checkRecords("traces", request);
  assert.deepEqual([checked.records, checked.rejected], [spans.length, 0]);
  const decoded = requestType.toObject(requestType.decode(request), {
    longs: String,
    bytes: String,
    enums: Number,
  }) as { readonly resourceSpans?: readonly Loose[] };
  return (decoded.resourceSpans ?? []) as Loose[];
}

function attributesOf(list: unknown): Record<string, unknown> {
  const pairs = (list ?? []) as readonly { readonly key: string; readonly value: Loose }[];
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}

/** The one span of the one group. */
function one(span: Loose): {
  readonly span: Loose;
  readonly resource: Record<string, unknown>;
  readonly scope: Loose;
} {
  const [group] = translated({ traceId: TRACE, id: ID, timestamp: 1_000_000, ...span });
  const [scoped] = group!["scopeSpans"] as readonly Loose[];
  const [found] = scoped!["spans"] as readonly Loose[];
  return {
    span: found!,
    resource: attributesOf((group!["resource"] as Loose)["attributes"]),
    scope: scoped!["scope"] as Loose,
  };
}

const hex = (base64: unknown): string => Buffer.from(base64 as string, "base64").toString("hex");

test("zipkinToOtlp() puts a span of Zipkin's own example into OTLP", () => {
  const { span, resource, scope } = one({
    parentId: "6b221d5bc9e6496c",
    name: "get /api",
    kind: "SERVER",
    timestamp: 1_556_604_172_355_737,
    duration: 1_431,
    localEndpoint: { serviceName: "backend", ipv4: "192.168.99.1", port: 3_306 },
    remoteEndpoint: { serviceName: "frontend", ipv6: "2001:db8::c001", port: 58_648 },
    annotations: [{ timestamp: 1_556_604_172_356_000, value: "ws" }],
    tags: { "http.method": "GET", "service.version": "1.2", "otel.scope.name": "brave" },
    shared: true,
  });
  assert.deepEqual(
    [
      hex(span["traceId"]),
      hex(span["spanId"]),
      hex(span["parentSpanId"]),
      span["name"],
      span["kind"],
    ],
    [TRACE, ID, "6b221d5bc9e6496c", "get /api", 2],
  );
  assert.deepEqual(
    [span["startTimeUnixNano"], span["endTimeUnixNano"]],
    ["1556604172355737000", "1556604172357168000"],
  );
  assert.deepEqual(attributesOf(span["attributes"]), {
    "http.method": "GET",
    "net.host.ip": "192.168.99.1",
    "net.host.port": "3306",
    "net.peer.ip": "2001:db8::c001",
    "net.peer.port": "58648",
    "peer.service": "frontend",
    "zipkin.shared": true,
  });
  const [event] = span["events"] as readonly Loose[];
  assert.deepEqual([event!["name"], event!["timeUnixNano"]], ["ws", "1556604172356000000"]);
  assert.deepEqual(resource, { "service.version": "1.2", "service.name": "backend" });
  assert.equal(scope["name"], "brave");
});

test("zipkinToOtlp(): ids, kinds, status and times that are not as in most", () => {
  const ids = (given: Loose, trace: string, parent: string) => {
    const { span } = one(given);
    assert.deepEqual([hex(span["traceId"]), hex(span["parentSpanId"] ?? "")], [trace, parent]);
  };
  ids({ traceId: "48485a3953bb6124" }, "000000000000000048485a3953bb6124", "");
  ids({ traceId: TRACE.toUpperCase(), parentId: "1" }, TRACE, "0000000000000001");
  ids({ parentId: ID }, TRACE, "");
  ids({ parentId: null }, TRACE, "");

  const kind = (given: Loose, want: number) => assert.equal(one(given).span["kind"] ?? 0, want);
  kind({ kind: "CLIENT" }, 3);
  kind({ kind: "producer" }, 4);
  kind({ kind: "CONSUMER" }, 5);
  kind({}, 0);
  kind({ tags: { "span.kind": "internal" } }, 1);

  const status = (tags: Loose, want: readonly unknown[], kept?: string) => {
    const { span } = one({ tags });
    const { code, message } = (span["status"] ?? {}) as Loose;
    assert.deepEqual([code ?? 0, message ?? ""], want);
    assert.equal(attributesOf(span["attributes"])["error"], kept);
  };
  status({}, [0, ""]);
  status({ error: "true" }, [2, ""]);
  status({ error: "" }, [2, ""]);
  status({ error: "no such host" }, [2, "no such host"], "no such host");
  status({ error: "false" }, [0, ""], "false");
  status({ "otel.status_code": "OK" }, [1, ""]);
  status({ "otel.status_code": "ERROR", error: "gone" }, [2, "gone"], "gone");
  status({ "otel.status_code": "ERROR", "otel.status_description": "d" }, [2, "d"]);
  status({ "otel.status_code": "__proto__" }, [0, ""]);

  const absent = "otel.zipkin.absentField.startTime";
  const time = (given: Loose, want: string, isAbsent: boolean) => {
    const { span } = one({ timestamp: undefined, ...given });
    assert.equal(span["startTimeUnixNano"], want);
    assert.equal(attributesOf(span["attributes"])[absent], isAbsent ? true : undefined);
  };
  time({ timestamp: 7 }, "7000", false);
  time({ timestamp: "7" }, "7000", false);
  time({}, "1790000000000000000", true);
  time(
    {
      annotations: [
        { timestamp: 9, value: "b" },
        { timestamp: 8, value: "a" },
      ],
    },
    "8000",
    true,
  );
});

test("zipkinToOtlp(): spans of one resource stand together, tags are what they are, whatever their names", () => {
  const span = (serviceName: string, id: string): Loose => ({
    traceId: TRACE,
    id,
    localEndpoint: { serviceName },
  });
  assert.equal(translated(span("a", "1"), span("b", "2"), span("a", "3")).length, 2);
  const tags = JSON.parse('{"__proto__":"x","constructor":"y","n":1,"b":true}') as Loose;
  assert.deepEqual(Object.entries(attributesOf(one({ tags }).span["attributes"])), [
    ["__proto__", "x"],
    ["constructor", "y"],
    ["n", "1"],
    ["b", "true"],
  ]);
  assert.deepEqual(translated(), []);
});

test("readZipkinJson() refuses what is no list of spans, with the place", () => {
  const f = (value: unknown, want: string) =>
    assert.throws(
      () => readZipkinJson(typeof value === "string" ? Buffer.from(value) : bytes(value)),
      {
        code: "FLX_ZIPKIN_JSON",
        message: want,
      },
    );
  const good = { traceId: TRACE, id: ID };

  f("", "the body is not JSON");
  f("[1", "the body is not JSON");
  f({}, "the body must be a list of spans");
  f([1], "[0] must be an object");
  f([good, null], "[1] must be an object");
  f([{ id: ID }], "[0].traceId must be up to 32 hex digits");
  f([{ ...good, traceId: "x" }], "[0].traceId must be up to 32 hex digits");
  f([{ ...good, traceId: "0000" }], "[0].traceId must not be all zero");
  f([{ ...good, id: `${ID}0` }], "[0].id must be up to 16 hex digits");
  f([{ ...good, parentId: 7 }], "[0].parentId must be up to 16 hex digits");
  f([{ ...good, kind: "CLEINT" }], "[0].kind must be one of CLIENT, SERVER, PRODUCER, CONSUMER");
  f([{ ...good, name: {} }], "[0].name must be a text");
  f([{ ...good, timestamp: -1 }], "[0].timestamp must be microseconds, from 0 to 9007199254740991");
  f(
    [{ ...good, timestamp: 1e300 }],
    "[0].timestamp must be microseconds, from 0 to 9007199254740991",
  );
  f(
    [{ ...good, duration: "long" }],
    "[0].duration must be microseconds, from 0 to 9007199254740991",
  );
  f([{ ...good, shared: "yes" }], "[0].shared must be true or false");
  f([{ ...good, localEndpoint: [] }], "[0].localEndpoint must be an object");
  f(
    [{ ...good, remoteEndpoint: { port: 65_536 } }],
    "[0].remoteEndpoint.port must be a whole number from 0 to 65535",
  );
  f([{ ...good, annotations: {} }], "[0].annotations must be a list");
  f([{ ...good, annotations: [1] }], "[0].annotations[0] must be an object");
  f([{ ...good, tags: { a: null } }], "[0].tags.a must be a text");
  f([{ ...good, tags: [] }], "[0].tags must be an object");
});

test("whatever bytes come are refused with FLX_ZIPKIN_JSON or are a request that the store takes", () => {
  const original = bytes([
    {
      traceId: TRACE,
      id: ID,
      name: "ü",
      kind: "CLIENT",
      timestamp: 1e15,
      duration: 5,
      shared: true,
    },
    {
      traceId: TRACE,
      id: "1",
      parentId: ID,
      localEndpoint: { serviceName: "s", ipv4: "1.2.3.4", port: 80 },
      annotations: [{ timestamp: 1e15, value: "x" }],
      tags: { error: "true", "otel.scope.name": "n", "service.name": "z", k: "\ud83d\udc4d" },
    },
  ]);
  const random = seededRandom(42);
  const below = (n: number): number => Math.floor(random() * n);
  let accepted = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let body = Uint8Array.from(original);
    for (let count = 1 + below(3); count > 0; count--) {
      const at = below(body.length);
      const pieces = ["0", "-", "9e99", '"', "null", "[", "}", "\\u0000", "\\ud800", ",", "true"];
      if (below(3) === 0) body[at] = below(256);
      else {
        const piece = Buffer.from(pieces[below(pieces.length)]!);
        body = Uint8Array.from([...body.slice(0, at), ...piece, ...body.slice(at + below(4))]);
      }
    }
    try {
      const request = zipkinToOtlp(readZipkinJson(body), NOW);
      const { records, rejected } = checkRecords("traces", request);
      assert.equal(rejected, 0);
      accepted += records > 0 ? 1 : 0;
      requestType.decode(request);
    } catch (error) {
      const told = `round ${round}: ${Buffer.from(body).toString("latin1")}`;
      assert.ok(error instanceof FlxError, `${String(error)} ${told}`);
      assert.equal(error.code, "FLX_ZIPKIN_JSON", told);
    }
  }
  assert.ok(
    accepted > ROUNDS / 20 && accepted < ROUNDS * 0.95,
    `${accepted} of ${ROUNDS} accepted`,
  );
});
