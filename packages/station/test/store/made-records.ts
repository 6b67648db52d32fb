// Spans and log records for tests of the store: made by a seed, as OTLP requests, and as the store must give them back.

import {
  DEFAULT_VALUE_LIMITS,
  encodeRequest,
  encodeResource,
  encodeScope,
  MessageWriter,
  type OtlpValue,
  writeLogRecord,
  writeSpan,
} from "@flx/model";
import { seededRandom } from "@flx/testkit";
import { SPAN_KINDS, SPAN_STATUSES, type StoredSpan } from "../../src/store/spans/span-store.ts";
import type { StoredLog } from "../../src/store/logs/log-store.ts";
import type { Attributes } from "../../src/store/stored-record.ts";
import { idText } from "../../src/store/records/ids.ts";

const SERVICES = ["gateway", "orders", "it's", "ärger\u0001\u0002", "__proto__"];
const NAMES = ["GET /orders", "SELECT orders", "\u001b[31mred", "a'b\"c", "", "\u0000\u0004nul"];
const KEYS = ["http.route", "user.id", "__proto__", "constructor", "a\u0002b", "ключ"];
const TEXTS = [
  "/orders/:id",
  "7",
  "7.5",
  "true",
  "x\u0001y\u0002s\u0001z",
  "",
  "ünïcode 👍",
  "o'clock",
];
const OWNERS = ["team-a", "team-b"];

/** One of a list. */
function one<T>(random: () => number, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

function value(random: () => number): OtlpValue {
  const pick = Math.floor(random() * 8);
  if (pick === 0) return Math.floor(random() * 10);
  if (pick === 1) return random() < 0.5;
  if (pick === 2) return random() * 100;
  if (pick === 3) return 2n ** 60n + BigInt(Math.floor(random() * 5));
  if (pick === 4) return ["a", 1, true];
  if (pick === 5) return new Map<string, OtlpValue>([["__proto__", "x"]]);
  return one(random, TEXTS);
}

function attributes(random: () => number): Attributes {
  const keys = KEYS.filter(() => random() < 0.4);
  return keys.map((key) => [key, value(random)]);
}

function columns(from: Attributes) {
  return {
    keys: from.map(([key]) => key),
    values: from.map(([, each]) => each),
    dropped: 0,
  };
}

function words(id: bigint): [high: number, low: number] {
  return [Number(id >> 32n), Number(id & 0xffffffffn)];
}

function nanos(timeNs: bigint): { readonly seconds: number; readonly nanos: number } {
  return { seconds: Number(timeNs / 1_000_000_000n), nanos: Number(timeNs % 1_000_000_000n) };
}

/** A request, and what is in it. */
export interface Made<T> {
  readonly request: Uint8Array;
  readonly records: readonly T[];
}

function resourceOf(service: string, owner: string): Attributes {
  return [
    ["service.name", service],
    ["owner", owner],
  ];
}

const SCOPE = { name: "made", version: "1.0", attributes: { "scope.key": "s" } };

/**
 * Spans of one resource.
 *
 * @param startMs about when they start
 * @param traces  how many traces ids are drawn from: few, so that requests share traces
 */
export function madeSpans(
  seed: number,
  {
    count,
    startMs,
    traces,
  }: { readonly count: number; readonly startMs: number; readonly traces: number },
): Made<StoredSpan> {
  const random = seededRandom(seed);
  const service = one(random, SERVICES);
  const resource = resourceOf(service, one(random, OWNERS));
  const writer = new MessageWriter(1024);
  const spans = Array.from({ length: count }, (_, i): StoredSpan => {
    const trace = BigInt(Math.floor(random() * traces)) * 0x1234_5678_9abc_def1n + 1n;
    const startNs = BigInt(startMs) * 1_000_000n + BigInt(Math.floor(random() * 60e9));
    const events = random() < 0.2;
    return {
      traceId: idText(BigInt.asUintN(64, trace * 7n)) + idText(BigInt.asUintN(64, trace)),
      spanId: idText(BigInt(seed) * 1_000_000n + BigInt(i) + 1n),
      parentSpanId: random() < 0.3 ? "" : idText(BigInt(seed) * 1_000_000n + BigInt(i)),
      traceState: random() < 0.1 ? "vendor=1" : "",
      flags: random() < 0.5 ? 257 : 1,
      service,
      name: one(random, NAMES),
      kind: one(random, SPAN_KINDS),
      startNs,
      durationNs: Math.floor(random() ** 4 * 5e9),
      status: one(random, SPAN_STATUSES),
      statusMessage: random() < 0.1 ? "it's \u0000 broken" : "",
      attributes: attributes(random),
      droppedAttributes: 0,
      events: events
        ? [
            {
              timeNs: startNs + 5n,
              name: "exception",
              attributes: attributes(random),
              droppedAttributes: 0,
            },
          ]
        : [],
      droppedEvents: random() < 0.1 ? 3 : 0,
      links: events
        ? [
            {
              traceId: `${idText(5n)}${idText(BigInt(i))}`,
              spanId: idText(9n),
              traceState: "",
              flags: 1,
              attributes: attributes(random),
              droppedAttributes: 0,
            },
          ]
        : [],
      droppedLinks: 0,
      resource: { attributes: resource, schemaUrl: "https://example.test/1" },
      scope: {
        name: SCOPE.name,
        version: SCOPE.version,
        schemaUrl: "",
        attributes: [["scope.key", "s"]],
      },
    };
  });
  for (const span of spans) writeMadeSpan(writer, span);
  return { request: requestOf(resource, writer), records: spans };
}

function writeMadeSpan(writer: MessageWriter, span: StoredSpan, valueLength = 65_536): void {
  const [word0, word1] = words(BigInt(`0x${span.traceId.slice(0, 16)}`));
  const [word2, word3] = words(BigInt(`0x${span.traceId.slice(16)}`));
  const [span0, span1] = words(BigInt(`0x${span.spanId}`));
  const [parent0, parent1] = words(BigInt(`0x${span.parentSpanId || "0"}`));
  const start = nanos(span.startNs);
  const end = nanos(span.startNs + BigInt(span.durationNs));
  writeSpan(
    writer,
    {
      trace: { word0, word1, word2, word3 },
      span0,
      span1,
      parent0,
      parent1,
      traceState: span.traceState,
      flags: span.flags,
      name: span.name,
      kind: SPAN_KINDS.indexOf(span.kind),
      startSeconds: start.seconds,
      startNanos: start.nanos,
      endSeconds: end.seconds,
      endNanos: end.nanos,
      attributes: columns(span.attributes),
      events: span.events.map((event) => ({
        name: event.name,
        ...nanos(event.timeNs),
        attributes: columns(event.attributes),
      })),
      droppedEvents: span.droppedEvents,
      links: span.links.map((link) => {
        const [l2, l3] = words(BigInt(`0x${link.traceId.slice(16)}`));
        return {
          trace: { word0: 0, word1: 5, word2: l2, word3: l3 },
          span0: 0,
          span1: 9,
          traceState: link.traceState,
          flags: link.flags,
          attributes: columns(link.attributes),
        };
      }),
      droppedLinks: 0,
      statusCode: SPAN_STATUSES.indexOf(span.status),
      statusMessage: span.statusMessage,
    },
    { ...DEFAULT_VALUE_LIMITS, valueLength },
  );
}

function requestOf(resource: Attributes, writer: MessageWriter): Uint8Array {
  const bytes = encodeResource(Object.fromEntries(resource));
  const scope = encodeScope(SCOPE);
  return encodeRequest(bytes, "https://example.test/1", [
    { scope, schemaUrl: "", pieces: [writer.take()] },
  ]);
}

/** Log records of one resource; positions are given by the caller. */
export function madeLogs(
  seed: number,
  {
    count,
    startMs,
    first,
  }: { readonly count: number; readonly startMs: number; readonly first: number },
): Made<StoredLog> {
  const random = seededRandom(seed);
  const service = one(random, SERVICES);
  const resource = resourceOf(service, one(random, OWNERS));
  const writer = new MessageWriter(1024);
  const logs = Array.from({ length: count }, (_, i): StoredLog => {
    const timeNs = BigInt(startMs) * 1_000_000n + BigInt(Math.floor(random() * 60e9));
    const isTraced = random() < 0.5;
    return {
      position: first + i,
      timeNs,
      observedNs: timeNs,
      service,
      severity: Math.floor(random() * 25),
      severityText: one(random, ["", "INFO", "it's"]),
      body:
        random() < 0.8 ? `${one(random, TEXTS)} Order ${Math.floor(random() * 50)}` : value(random),
      eventName: random() < 0.1 ? "exception" : "",
      traceId: isTraced ? `${idText(1n)}${idText(BigInt(Math.floor(random() * 20)))}` : "",
      spanId: isTraced ? idText(BigInt(i) + 1n) : "",
      flags: isTraced ? 1 : 0,
      attributes: attributes(random),
      droppedAttributes: random() < 0.05 ? 2 : 0,
      resource: { attributes: resource, schemaUrl: "https://example.test/1" },
      scope: {
        name: SCOPE.name,
        version: SCOPE.version,
        schemaUrl: "",
        attributes: [["scope.key", "s"]],
      },
    };
  });
  for (const log of logs) writeMadeLog(writer, log);
  return { request: requestOf(resource, writer), records: logs };
}

function writeMadeLog(writer: MessageWriter, log: StoredLog): void {
  const [word0, word1] = words(BigInt(`0x${log.traceId.slice(0, 16) || "0"}`));
  const [word2, word3] = words(BigInt(`0x${log.traceId.slice(16) || "0"}`));
  const [span0, span1] = words(BigInt(`0x${log.spanId || "0"}`));
  writeLogRecord(writer, {
    ...nanos(log.timeNs),
    severityNumber: log.severity,
    severityText: log.severityText,
    body: log.body,
    attributes: { ...columns(log.attributes), dropped: log.droppedAttributes },
    ids: log.traceId === "" ? undefined : { trace: { word0, word1, word2, word3 }, span0, span1 },
    flags: log.flags,
    ...(log.eventName !== "" && { eventName: log.eventName }),
  });
}

/** Spans with one long attribute each, the same or another one. */
export function largeSpans(
  count: number,
  length: number,
  textOf: (i: number) => string = () => "x".repeat(length),
): Made<StoredSpan> {
  const writer = new MessageWriter(count * length);
  const records: StoredSpan[] = [];
  for (const span of madeSpans(1, { count, startMs: 1_790_000_000_000, traces: 10 }).records) {
    const large = { ...span, attributes: [["large", textOf(records.length)]] } satisfies StoredSpan;
    records.push(large);
    writeMadeSpan(writer, large, length);
  }
  return { request: requestOf([["service.name", "large"]], writer), records };
}
