// The readers of spans and log records against protobufjs on mutated requests: what the receiver takes and refuses, and what
// would stand in the store.
//
// Short here; FLX_FULL=1 runs a million, FLX_FUZZ_RUNS any number.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkRecords, FlxError, type OtlpValue } from "@flx/model";
import { seededRandom } from "@flx/testkit";
import { mutated } from "../../../model/test/otlp/mutated-request.ts";
import { type OracleMessage, oracleType } from "../../../model/test/otlp/otlp-oracle.ts";
import { sampleLogs, sampleTraces } from "../../../model/test/otlp/sample-requests.ts";
import { LogRows } from "../../src/store/logs/log-row.ts";
import type { StoredLog } from "../../src/store/logs/log-store.ts";
import { logTable } from "../../src/store/logs/log-table.ts";
import type { RecordTable } from "../../src/store/records/record-table.ts";
import type { Row } from "../../src/store/records/row.ts";
import { SpanRows } from "../../src/store/spans/span-row.ts";
import { SPAN_KINDS, SPAN_STATUSES, type StoredSpan } from "../../src/store/spans/span-store.ts";
import { spanTable } from "../../src/store/spans/span-table.ts";
import type { Attributes } from "../../src/store/stored-record.ts";
import { MemoryRows } from "./memory-rows.ts";

const ROUNDS = Number(
  process.env["FLX_FUZZ_RUNS"] ?? (process.env["FLX_FULL"] === "1" ? 1_000_000 : 4_000),
);
const tracesType = oracleType("TracesRequest");
const logsType = oracleType("LogsRequest");

type Msg = OracleMessage;

test("spans are stored as protobufjs reads them, and refused where it refuses", () => {
  agree("traces", sampleTraces(), spanTable, (row) => new SpanRows().read(row), oracleSpans);
});

test("log records are stored as protobufjs reads them, and refused where it refuses", () => {
  agree("logs", sampleLogs(), logTable, (row) => new LogRows().read(row), oracleLogs);
});

function agree<T>(
  signal: "traces" | "logs",
  samples: readonly Msg[],
  table: RecordTable,
  read: (row: Row) => T,
  oracle: (request: Msg) => readonly T[],
): void {
  const type = signal === "traces" ? tracesType : logsType;
  const originals = samples.map((message) =>
    Uint8Array.from(type.encode(type.fromObject(message)).finish()),
  );
  for (const original of originals) {
    assert.deepEqual(stored(signal, original, table, read), oracle(decoded(type.decode(original))));
  }
  const random = seededRandom(20_261_128);
  let accepted = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const bytes = mutated(originals[round % originals.length]!, originals, random);
    const theirs = attempt(() => type.decode(bytes));
    const want = theirs === undefined ? undefined : oracle(decoded(theirs));
    const got = attempt(() => stored(signal, bytes, table, read));
    if (theirs !== undefined) accepted++;
    assert.deepEqual(got, want, `round ${round}: ${Buffer.from(bytes).toString("hex")}`);
  }
  // A mutation that nearly always broke the message would prove nothing about values.
  assert.ok(accepted > ROUNDS / 10, `${accepted} of ${ROUNDS} accepted`);
  assert.ok(accepted < ROUNDS * 0.95, `${accepted} of ${ROUNDS} accepted`);
}

const decoded = (message: unknown): Msg => message as Msg;

/** What the receiver keeps of a request, as the store gives it back. */
function stored<T>(
  signal: "traces" | "logs",
  bytes: Uint8Array,
  table: RecordTable,
  read: (row: Row) => T,
): readonly T[] {
  const { request, records } = checkRecords(signal, bytes);
  const rows = new MemoryRows(table.columns);
  const written = table.write(request, rows.columns, rows, 1);
  assert.equal(written.rows, records);
  return rows.rows.map(read);
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof FlxError) assert.equal(error.code, "FLX_WIRE_MALFORMED");
    else assert.ok(!(error instanceof assert.AssertionError), String(error));
    return undefined;
  }
}

const txt = (value: unknown): string => (value as string | undefined) ?? "";
const list = (value: unknown): Msg[] => (value ?? []) as Msg[];
const big = (value: unknown): bigint => BigInt.asUintN(64, BigInt(`${(value as number) ?? 0}`));
const uint = (value: unknown): number => Number(value ?? 0) >>> 0;
const hex = (value: unknown, length: number): string => {
  const bytes = (value ?? []) as Uint8Array;
  return bytes.length === length && bytes.some((byte) => byte !== 0)
    ? Buffer.from(bytes).toString("hex")
    : "";
};
/** An id inside of a link, which the store keeps also when it is all zero. */
const linkHex = (value: unknown, length: number): string => {
  const bytes = (value ?? []) as Uint8Array;
  return bytes.length === length ? Buffer.from(bytes).toString("hex") : "";
};

function oracleValue(value: Msg | null | undefined): OtlpValue {
  if (value === undefined || value === null) return undefined;
  const named = value[txt(value["value"])];
  switch (value["value"]) {
    case "intValue": {
      const whole = BigInt(`${named as number}`);
      return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
    }
    case "bytesValue":
      return new Uint8Array(named as Uint8Array);
    case "arrayValue":
      return list((named as Msg)["values"]).map(oracleValue);
    case "kvlistValue":
      return new Map(
        list((named as Msg)["values"]).map((pair) => [
          txt(pair["key"]),
          oracleValue(pair["value"] as Msg),
        ]),
      );
    default:
      return named as OtlpValue;
  }
}

/** As the store keeps a value: inside of lists and maps bytes and large numbers are texts, and no number is not finite. */
function kept(value: OtlpValue, isInside = false): OtlpValue {
  if (typeof value === "bigint") return isInside ? value.toString() : value;
  if (typeof value === "number") {
    if (isInside && !Number.isFinite(value)) return undefined;
    return Object.is(value, -0) ? 0 : value;
  }
  if (typeof value !== "object") return value;
  if (value instanceof Uint8Array) return isInside ? Buffer.from(value).toString("base64") : value;
  if (Array.isArray(value)) return value.map((item: OtlpValue) => kept(item, true));
  const entries = [...(value as ReadonlyMap<string, OtlpValue>)];
  return new Map(entries.map(([key, item]) => [key, kept(item, true)]));
}

const attributes = (value: unknown): Attributes =>
  list(value).map((pair) => [txt(pair["key"]), kept(oracleValue(pair["value"] as Msg))] as const);

interface Origin {
  readonly service: string;
  readonly resource: StoredSpan["resource"];
  readonly scope: StoredSpan["scope"];
}

function eachRecord<T>(
  request: Msg,
  names: readonly [groups: string, scoped: string, records: string],
  read: (record: Msg, origin: Origin) => T,
): T[] {
  return list(request[names[0]]).flatMap((group) => {
    const resource = {
      attributes: attributes((group["resource"] as Msg | undefined)?.["attributes"]),
      schemaUrl: txt(group["schemaUrl"]),
    };
    const service = resource.attributes.find(([key]) => key === "service.name")?.[1];
    return list(group[names[1]]).flatMap((scoped) => {
      const scope = (scoped["scope"] ?? {}) as Msg;
      const origin: Origin = {
        service: typeof service === "string" ? service : "",
        resource,
        scope: {
          name: txt(scope["name"]),
          version: txt(scope["version"]),
          schemaUrl: txt(scoped["schemaUrl"]),
          attributes: attributes(scope["attributes"]),
        },
      };
      return list(scoped[names[2]]).map((record) => read(record, origin));
    });
  });
}

function oracleSpans(request: Msg): readonly StoredSpan[] {
  return eachRecord(request, ["resourceSpans", "scopeSpans", "spans"], oracleSpan).filter(
    ({ traceId, spanId }) => traceId !== "" && spanId !== "",
  );
}

function oracleSpan(span: Msg, origin: Origin): StoredSpan {
  const [startNs, endNs] = [big(span["startTimeUnixNano"]), big(span["endTimeUnixNano"])];
  const status = (span["status"] ?? {}) as Msg;
  return {
    traceId: hex(span["traceId"], 16),
    spanId: hex(span["spanId"], 8),
    parentSpanId: hex(span["parentSpanId"], 8),
    flags: uint(span["flags"]),
    name: txt(span["name"]),
    kind: SPAN_KINDS[uint(span["kind"])] ?? "unspecified",
    startNs,
    durationNs: endNs > startNs ? Number(endNs - startNs) : 0,
    status: SPAN_STATUSES[uint(status["code"])] ?? "unset",
    attributes: attributes(span["attributes"]),
    traceState: txt(span["traceState"]),
    statusMessage: txt(status["message"]),
    droppedAttributes: uint(span["droppedAttributesCount"]),
    events: list(span["events"]).map((event) => ({
      timeNs: big(event["timeUnixNano"]),
      name: txt(event["name"]),
      attributes: attributes(event["attributes"]),
      droppedAttributes: uint(event["droppedAttributesCount"]),
    })),
    droppedEvents: uint(span["droppedEventsCount"]),
    links: list(span["links"]).map((link) => ({
      traceId: linkHex(link["traceId"], 16),
      spanId: linkHex(link["spanId"], 8),
      traceState: txt(link["traceState"]),
      flags: uint(link["flags"]),
      attributes: attributes(link["attributes"]),
      droppedAttributes: uint(link["droppedAttributesCount"]),
    })),
    droppedLinks: uint(span["droppedLinksCount"]),
    ...origin,
  };
}

function oracleLogs(request: Msg): readonly StoredLog[] {
  let position = 1;
  return eachRecord(
    request,
    ["resourceLogs", "scopeLogs", "logRecords"],
    (record, origin): StoredLog => {
      const [time, seen] = [big(record["timeUnixNano"]), big(record["observedTimeUnixNano"])];
      const timeNs = time === 0n ? seen : time;
      return {
        position: position++,
        timeNs,
        observedNs: seen === 0n ? timeNs : seen,
        severity: Math.min(255, uint(record["severityNumber"])),
        severityText: txt(record["severityText"]),
        body: kept(oracleValue(record["body"] as Msg)),
        eventName: txt(record["eventName"]),
        traceId: hex(record["traceId"], 16),
        spanId: hex(record["spanId"], 8),
        flags: uint(record["flags"]),
        attributes: attributes(record["attributes"]),
        droppedAttributes: uint(record["droppedAttributesCount"]),
        ...origin,
      };
    },
  );
}
