// Our readers against protobufjs on mutated requests: they accept and refuse the same, and see the same values.
//
// Short here; FLX_FULL=1 runs a million, FLX_FUZZ_RUNS any number.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "../errors.ts";
import { valueText } from "./read-value.ts";
import { decodeAttributes } from "./read-parts.ts";
import {
  EXPONENTIAL,
  HAS_MAX,
  HAS_MIN,
  HAS_SUM,
  HISTOGRAM,
  OtlpMetrics,
  readExemplar,
  readMetricsRequest,
  SUM,
  SUMMARY,
} from "./read-metrics.ts";
import { seededRandom } from "@flx/testkit";
import { type OracleMessage, oracleType } from "../../test/otlp/otlp-oracle.ts";
import { mutated } from "../../test/otlp/mutated-request.ts";
import { sampleMetrics } from "../../test/otlp/sample-requests.ts";

const ROUNDS = Number(
  process.env["FLX_FUZZ_RUNS"] ?? (process.env["FLX_FULL"] === "1" ? 1_000_000 : 4_000),
);
const metricsType = oracleType("MetricsRequest");

test("readMetricsRequest() agrees with protobufjs on every mutated request", () => {
  const originals = sampleMetrics().map((message) =>
    Uint8Array.from(metricsType.encode(metricsType.fromObject(message)).finish()),
  );
  let accepted = 0;
  // Used again as a receiver does: nothing of a request may be seen in the next.
  const columns = new OtlpMetrics();
  const random = seededRandom(20_260_901);
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = mutated(originals[round % originals.length]!, originals, random);
    const theirs = attempt(() => metricsType.decode(bytes) as unknown as Msg);
    const ours = attempt(() => readMetricsRequest(bytes, {}, columns));
    if (theirs !== undefined) accepted++;
    // What was accepted can be decoded to the last attribute: outside of the attempt.
    const want = theirs === undefined ? undefined : oracleMetrics(theirs);
    const got = ours === undefined ? undefined : ourMetrics(ours);
    if (JSON.stringify(got) !== JSON.stringify(want)) {
      assert.deepEqual(got, want, `round ${round}: ${Buffer.from(bytes).toString("hex")}`);
    }
  }
  // A mutation that nearly always broke the message would prove nothing about values.
  assert.ok(accepted > ROUNDS / 10, `${accepted} of ${ROUNDS} accepted`);
  assert.ok(accepted < ROUNDS * 0.95, `${accepted} of ${ROUNDS} accepted`);
});

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FlxError) assert.equal(error.code, "FLX_WIRE_MALFORMED");
    return undefined;
  }
}

type Msg = OracleMessage;
const txt = (value: unknown): string => (value as string | undefined) ?? "";
const list = (value: unknown): Msg[] => (value ?? []) as Msg[];
const big = (value: unknown): bigint => BigInt(`${(value as number) ?? 0}`);
const ms = (value: unknown): number => Number(big(value) / 1_000_000n);
const num = (value: unknown): string => {
  const number = Number(value ?? 0);
  return Object.is(number, -0) ? "-0" : String(number);
};
const rounded = (value: unknown): string => num(Number(big(value)));

function oracleValue(value: Msg | undefined | null): string {
  if (value === undefined || value === null) return "";
  switch (value["value"]) {
    case "stringValue":
      return txt(value["stringValue"]);
    case "boolValue":
      return String(value["boolValue"] === true);
    case "intValue":
      return big(value["intValue"]).toString();
    case "doubleValue":
      return String(value["doubleValue"]);
    case "bytesValue":
      return Buffer.from(value["bytesValue"] as Uint8Array).toString("base64");
    case "arrayValue":
    case "kvlistValue":
      return JSON.stringify(oraclePlain(value));
    default:
      return "";
  }
}

function oraclePlain(value: Msg | undefined | null): unknown {
  if (value === undefined || value === null) return null;
  switch (value["value"]) {
    case "intValue": {
      const whole = big(value["intValue"]);
      return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole.toString();
    }
    case "arrayValue":
      return list((value["arrayValue"] as Msg)["values"]).map(oraclePlain);
    case "kvlistValue": {
      const record = Object.create(null) as Record<string, unknown>;
      for (const pair of list((value["kvlistValue"] as Msg)["values"])) {
        record[txt(pair["key"])] = oraclePlain(pair["value"] as Msg);
      }
      return record;
    }
    case "bytesValue":
      return Buffer.from(value["bytesValue"] as Uint8Array).toString("base64");
    case "stringValue":
    case "boolValue":
    case "doubleValue":
      return value[txt(value["value"])];
    default:
      return null;
  }
}

const oracleAttributes = (value: unknown): string[] =>
  list(value).map((pair) => `${txt(pair["key"])}=${oracleValue(pair["value"] as Msg)}`);

function oracleExemplars(value: unknown): unknown[] {
  return list(value).map((exemplar) => ({
    attributes: oracleAttributes(exemplar["filteredAttributes"]),
    timeMs: ms(exemplar["timeUnixNano"]),
    value:
      exemplar["value"] === "asInt"
        ? rounded(exemplar["asInt"])
        : num(exemplar["value"] === undefined ? 0 : exemplar["asDouble"]),
    trace: Buffer.from((exemplar["traceId"] ?? []) as Uint8Array).toString("hex"),
    span: Buffer.from((exemplar["spanId"] ?? []) as Uint8Array).toString("hex"),
  }));
}

const KIND_NAMES = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"];
const KIND_NUMBERS = [5, SUM, HISTOGRAM, EXPONENTIAL, SUMMARY];

function oraclePoint(kind: number, point: Msg): unknown {
  const common = {
    attributes: oracleAttributes(point["attributes"]),
    start: ms(point["startTimeUnixNano"]),
    time: ms(point["timeUnixNano"]),
    flags: Number(point["flags"] ?? 0),
    exemplars: oracleExemplars(kind === SUMMARY ? [] : point["exemplars"]),
  };
  const optional = (name: string): string =>
    Object.hasOwn(point, name) ? num(point[name]) : "none";
  const counts = (value: unknown): string[] => ((value ?? []) as unknown[]).map(rounded);
  if (kind === HISTOGRAM) {
    return {
      ...common,
      count: rounded(point["count"]),
      sum: optional("sum"),
      min: optional("min"),
      max: optional("max"),
      bounds: ((point["explicitBounds"] ?? []) as number[]).map(num),
      counts: counts(point["bucketCounts"]),
    };
  }
  if (kind === EXPONENTIAL) {
    const side = (value: unknown): unknown => {
      const part = (value ?? {}) as Msg;
      return [Number(part["offset"] ?? 0), counts(part["bucketCounts"])];
    };
    return {
      ...common,
      count: rounded(point["count"]),
      sum: optional("sum"),
      min: optional("min"),
      max: optional("max"),
      scale: Number(point["scale"] ?? 0),
      zero: [rounded(point["zeroCount"]), num(point["zeroThreshold"])],
      positive: side(point["positive"]),
      negative: side(point["negative"]),
    };
  }
  if (kind === SUMMARY) {
    return {
      ...common,
      count: rounded(point["count"]),
      sum: num(point["sum"]),
      quantiles: list(point["quantileValues"]).map((q) => [num(q["quantile"]), num(q["value"])]),
    };
  }
  return {
    ...common,
    value:
      point["value"] === "asInt"
        ? rounded(point["asInt"])
        : num(point["value"] === undefined ? 0 : point["asDouble"]),
  };
}

function oracleMetrics(message: Msg): unknown {
  return list(message["resourceMetrics"]).map((group) => ({
    resource: oracleAttributes((group["resource"] as Msg | undefined)?.["attributes"]),
    schema: txt(group["schemaUrl"]),
    scopes: list(group["scopeMetrics"]).map((scoped) => {
      const scope = (scoped["scope"] ?? {}) as Msg;
      return {
        name: txt(scope["name"]),
        version: txt(scope["version"]),
        attributes: oracleAttributes(scope["attributes"]),
        metrics: list(scoped["metrics"]).map((metric) => {
          const which = KIND_NAMES.indexOf(txt(metric["data"]));
          const kind = which < 0 ? 0 : KIND_NUMBERS[which]!;
          const data = (which < 0 ? {} : metric[KIND_NAMES[which]!]) as Msg;
          return {
            name: txt(metric["name"]),
            help: txt(metric["description"]),
            unit: txt(metric["unit"]),
            kind,
            temporality: Number(data["aggregationTemporality"] ?? 0),
            monotonic: data["isMonotonic"] === true,
            points: list(data["dataPoints"]).map((point) => oraclePoint(kind, point)),
          };
        }),
      };
    }),
  }));
}

function attributesOf(out: OtlpMetrics, ranges: readonly number[]): string[] {
  return decodeAttributes(out.bytes, ranges).map(([key, value]) => `${key}=${valueText(value)}`);
}

function ourPoint(out: OtlpMetrics, at: number): unknown {
  const kind = out.kind[at]!;
  const common = {
    attributes: attributesOf(out, out.attributeRanges(at)),
    start: out.startMs[at],
    time: out.timeMs[at],
    flags: out.flags[at],
    exemplars: ourExemplars(out, at),
  };
  const more = out.more[at]!;
  const numbers = [...out.numbers.subarray(more)];
  const has = out.has[at]!;
  const optional = (flag: number, offset: number): string =>
    (has & flag) === 0 ? "none" : num(numbers[offset]);
  if (kind === HISTOGRAM) {
    const [bounds, counts] = [numbers[4]!, numbers[5]!];
    return {
      ...common,
      count: num(numbers[0]),
      sum: optional(HAS_SUM, 1),
      min: optional(HAS_MIN, 2),
      max: optional(HAS_MAX, 3),
      bounds: numbers.slice(6, 6 + bounds).map(num),
      counts: numbers.slice(6 + bounds, 6 + bounds + counts).map(num),
    };
  }
  if (kind === EXPONENTIAL) {
    const [positive, negative] = [numbers[8]!, numbers[10]!];
    return {
      ...common,
      count: num(numbers[0]),
      sum: optional(HAS_SUM, 1),
      min: optional(HAS_MIN, 2),
      max: optional(HAS_MAX, 3),
      scale: numbers[4],
      zero: [num(numbers[5]), num(numbers[6])],
      positive: [numbers[7], numbers.slice(11, 11 + positive).map(num)],
      negative: [numbers[9], numbers.slice(11 + positive, 11 + positive + negative).map(num)],
    };
  }
  if (kind === SUMMARY) {
    const quantiles: string[][] = [];
    for (let i = 0; i < numbers[2]!; i++) {
      quantiles.push([num(numbers[3 + 2 * i]), num(numbers[4 + 2 * i])]);
    }
    return { ...common, count: num(numbers[0]), sum: num(numbers[1]), quantiles };
  }
  return { ...common, value: num(out.value[at]) };
}

function ourExemplars(out: OtlpMetrics, at: number): unknown[] {
  const ranges = out.exemplarRanges(at);
  const exemplars: unknown[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const exemplar = readExemplar(out.bytes, ranges[i]!, ranges[i + 1]!);
    exemplars.push({
      attributes: attributesOf(out, exemplar.attributes),
      timeMs: exemplar.timeMs,
      value: num(exemplar.value),
      trace: exemplar.traceId,
      span: exemplar.spanId,
    });
  }
  return exemplars;
}

function ourMetrics(out: OtlpMetrics): unknown {
  return out.resources.map((resource, r) => ({
    resource: attributesOf(out, resource.attributes),
    schema: resource.schemaUrl,
    scopes: out.scopes.flatMap((scope, s) =>
      scope.resource !== r
        ? []
        : [
            {
              name: scope.name,
              version: scope.version,
              attributes: attributesOf(out, scope.attributes),
              metrics: out.metrics
                .filter((metric) => metric.scope === s)
                .map((metric) => ({
                  name: metric.name,
                  help: metric.description,
                  unit: metric.unit,
                  kind: metric.kind,
                  temporality: metric.temporality,
                  monotonic: metric.monotonic,
                  points: Array.from({ length: metric.end - metric.first }, (_, i) =>
                    ourPoint(out, metric.first + i),
                  ),
                })),
            },
          ],
    ),
  }));
}
