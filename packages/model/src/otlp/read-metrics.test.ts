import assert from "node:assert/strict";
import { test } from "node:test";
import { oracleType } from "../../test/otlp/otlp-oracle.ts";
import { readMetricsRequest, SUM } from "./read-metrics.ts";
import { decodeAttributes } from "./read-parts.ts";
import { sampleMetrics } from "../../test/otlp/sample-requests.ts";

const type = oracleType("MetricsRequest");
const encode = (message: object): Uint8Array =>
  Uint8Array.from(type.encode(type.fromObject(message)).finish());

test("readMetricsRequest() gives points of equal attributes equal hashes, and others other ones", () => {
  const attribute = (key: string, value: string): object => ({
    key,
    value: { stringValue: value },
  });
  const points = [
    [attribute("a", "1"), attribute("b", "2")],
    [attribute("a", "1"), attribute("b", "2")],
    [attribute("a", "12"), attribute("b", "")],
    [attribute("a", "1")],
    [],
    [attribute("größe", "1")],
  ].map((attributes) => ({ attributes, asInt: 1 }));
  const out = readMetricsRequest(
    encode({
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ gauge: { dataPoints: points } }] }] }],
    }),
  );
  const hashes = Array.from({ length: out.points }, (_, i) => out.hash(i));
  assert.equal(hashes[0], hashes[1]);
  assert.equal(new Set(hashes).size, 5);
  const bytesOf = (i: number): string =>
    Buffer.from(out.bytes.subarray(out.attributesFrom[i], out.attributesTo[i])).toString("hex");
  assert.equal(bytesOf(0), bytesOf(1));
  assert.notEqual(bytesOf(0), "");
  assert.equal(bytesOf(4), "");
});

test("readMetricsRequest() gives times in whole milliseconds, exactly", () => {
  for (const nanos of [
    "1767225600123999999",
    "1767225600124000000",
    "18446744073709551615",
    "999999",
  ]) {
    const bytes = encode({
      resourceMetrics: [
        { scopeMetrics: [{ metrics: [{ gauge: { dataPoints: [{ timeUnixNano: nanos }] } }] }] },
      ],
    });
    assert.equal(readMetricsRequest(bytes).timeMs[0], Number(BigInt(nanos) / 1_000_000n));
  }
});

test("readMetricsRequest() grows with the request", () => {
  const dataPoints = Array.from({ length: 1_000 }, (_, i) => ({ asInt: i }));
  const out = readMetricsRequest(
    encode({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ sum: { dataPoints } }] }] }] }),
  );
  assert.deepEqual([out.points, out.value[999], out.metrics[0]?.end], [1_000, 999, 1_000]);
});

test("readMetricsRequest() keeps the last kind of data only, as a oneof says", () => {
  const sum = encode({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ sum: { dataPoints: [{ asInt: 1 }] } }] }] }],
  });
  const metric = sum.subarray(6);
  const both = Uint8Array.from([
    0x0a,
    metric.length + 10,
    0x12,
    metric.length + 8,
    0x12,
    metric.length + 6,
    0x2a,
    4,
    0x0a,
    0,
    0x0a,
    0,
    ...metric,
  ]);
  const out = readMetricsRequest(both);
  assert.deepEqual([out.points, out.metrics[0]?.kind, out.value[0]], [1, SUM, 1]);
});

test("readMetricsRequest() refuses what goes over a limit, by name", () => {
  const bytes = encode(sampleMetrics()[0]!);
  const f = (limits: Parameters<typeof readMetricsRequest>[1], message: RegExp): void =>
    assert.throws(() => readMetricsRequest(bytes, limits), { code: "FLX_OTLP_LIMIT", message });

  f({ maxRecords: 1 }, /maxRecords/);
  f({ maxAttributes: 1 }, /maxAttributes/);
  f({ maxGroups: 2 }, /maxGroups/);
});

test("readMetricsRequest() refuses values nested too deep, without recursing further", () => {
  const nested = (levels: number): Uint8Array => {
    let value: number[] = [];
    for (let i = 0; i < levels; i++) {
      const inner = field(0x0a, value);
      value = field(0x2a, inner);
    }
    return Uint8Array.from(field(0x0a, field(0x0a, field(0x0a, field(0x12, value)))));
  };
  assert.doesNotThrow(() => readMetricsRequest(nested(40)));
  assert.throws(() => readMetricsRequest(nested(50)), { code: "FLX_WIRE_MALFORMED" });
  assert.throws(() => readMetricsRequest(nested(5_000)), { code: "FLX_WIRE_MALFORMED" });
});

function field(tag: number, body: readonly number[]): number[] {
  const length: number[] = [];
  let rest = body.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return [tag, ...length, rest, ...body];
}

test("decodeAttributes() gives every kind of value", () => {
  const out = readMetricsRequest(encode(sampleMetrics()[1]!));
  const pairs = Object.fromEntries(decodeAttributes(out.bytes, out.resources[0]!.attributes));
  assert.deepEqual(pairs["big"], -9007199254740993n);
  assert.deepEqual(pairs["list"], ["a", 1, undefined]);
  assert.deepEqual(
    pairs["map"],
    new Map([
      ["__proto__", "x"],
      ["k", "v"],
    ]),
  );
  assert.deepEqual(
    [pairs["flag"], pairs["port"], pairs["ratio"], pairs["none"]],
    [true, 8080, 0.25, undefined],
  );
});
