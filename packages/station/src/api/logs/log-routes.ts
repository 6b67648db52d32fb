// Our API of logs.
//
//   GET /api/v1/logs             records that fit, the newest first
//   GET /api/v1/logs/position    the position of the newest record: where to begin to follow
//
// What can be asked: service, severity (a word or number: that or worse), text (anywhere in the body, in any case), pattern
// (RE2), trace_id, span_id, event, attribute (records/parameters.ts), after (a position), order, start, end, limit.

import type { LogQuestion, LogStore, StoredLog } from "../../store/logs/log-store.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { success } from "../prometheus/envelope.ts";
import { invalid } from "../prometheus/parameters.ts";
import {
  asked,
  attributeParameters,
  boundedLimit,
  rangeParameters,
  wordParameter,
} from "../records/parameters.ts";
import { attributesJson, originJson, valueJson } from "../records/value-json.ts";
import { listAnswer, traceIdOf } from "../traces/trace-routes.ts";

/** The lowest number of each severity in OTLP. */
const SEVERITIES: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

/** The routes of logs. */
export function logRoutes(store: LogStore, now: () => number): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/logs",
      role: "read",
      answer: (request) =>
        asked(async () => listAnswer(await store.search(logQuestion(request, now())), logJson)),
    },
    {
      method: "GET",
      path: "/api/v1/logs/position",
      role: "read",
      answer: () => asked(async () => success({ position: await store.lastPosition() })),
    },
  ];
}

/** What the parameters of a request ask for. */
export function logQuestion(request: ApiRequest, nowMs: number): LogQuestion {
  const after = request.parameter("after");
  if (after !== undefined && !/^\d{1,15}$/.test(after)) throw invalid("after", "is a position");
  const traceId = request.parameter("trace_id");
  const spanId = request.parameter("span_id");
  if (spanId !== undefined && !/^[0-9a-fA-F]{16}$/.test(spanId)) {
    throw invalid("span_id", "is 16 hex digits");
  }
  // Who follows wants what came, whenever it says it happened.
  const range =
    after !== undefined && !request.has("start") && !request.has("end")
      ? { startMs: 0, endMs: 8.64e15 }
      : rangeParameters(request, nowMs);
  return {
    range,
    service: request.parameter("service"),
    minSeverity: severityOf(request),
    text: request.parameter("text"),
    pattern: request.parameter("pattern"),
    traceId: traceId === undefined ? undefined : traceIdOf(traceId),
    spanId: spanId?.toLowerCase(),
    eventName: request.parameter("event"),
    attributes: attributeParameters(request),
    after: after === undefined ? undefined : Number(after),
    order: wordParameter(request, "order", ["newest", "oldest"]),
    limit: boundedLimit(request, 100),
    signal: request.signal,
  };
}

function severityOf(request: ApiRequest): number | undefined {
  const text = request.parameter("severity");
  if (text === undefined) return undefined;
  const word = text.toLowerCase();
  if (Object.hasOwn(SEVERITIES, word)) return SEVERITIES[word];
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const words = Object.keys(SEVERITIES).join(", ");
  throw invalid("severity", `is a number from 0 to 24 or one of ${words}`);
}

/** A log record with everything. */
function logJson(log: StoredLog): object {
  return {
    position: log.position,
    timeNs: log.timeNs.toString(),
    observedNs: log.observedNs.toString(),
    service: log.service,
    severity: log.severity,
    severityText: log.severityText,
    body: valueJson(log.body),
    eventName: log.eventName,
    traceId: log.traceId,
    spanId: log.spanId,
    attributes: attributesJson(log.attributes),
    droppedAttributes: log.droppedAttributes,
    ...originJson(log.resource, log.scope),
  };
}
