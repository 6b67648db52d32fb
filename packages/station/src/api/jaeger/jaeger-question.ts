// What Jaeger's query API asks, as a question to the store.
//
//   service operation tags={"http.route":"/orders","error":"true"} tag=k:v start end (µs) minDuration maxDuration limit
//
// Tags that are no attributes in OTLP are asked for as what they are: error, span.kind, otel.status_code.

import type { AttributeCondition } from "../../store/attribute-condition.ts";
import {
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanKind,
  type SpanQuestion,
  type SpanStatus,
} from "../../store/spans/span-store.ts";
import type { ApiRequest } from "../http/request.ts";
import { invalid } from "../prometheus/parameters.ts";

const HOUR_MS = 3_600_000;
const MAX_TRACES = 1_500;

/** The question of a request. */
export function jaegerQuestion(request: ApiRequest, nowMs: number): SpanQuestion {
  const endMs = microseconds(request, "end") ?? nowMs + HOUR_MS;
  const startMs = microseconds(request, "start") ?? Math.min(endMs, nowMs) - HOUR_MS;
  return {
    range: { startMs: Math.floor(startMs), endMs: Math.ceil(endMs) },
    service: request.parameter("service"),
    operation: request.parameter("operation"),
    minDurationNs: duration(request, "minDuration"),
    maxDurationNs: duration(request, "maxDuration"),
    ...conditionsOf(tagsOf(request)),
    limit: limitOf(request),
    signal: request.signal,
  };
}

function limitOf(request: ApiRequest): number {
  const text = request.parameter("limit") ?? "20";
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw invalid("limit", "is a number above 0");
  return Math.min(MAX_TRACES, Number(text));
}

/** Microseconds since 1970, in milliseconds. */
function microseconds(request: ApiRequest, name: string): number | undefined {
  const text = request.parameter(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,18}$/.test(text)) throw invalid(name, "is a number of microseconds");
  return Number(text) / 1_000;
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3_600e9,
};

/** A duration as Go writes it, in nanoseconds: "1.2s", "100ms", "1h30m". */
function duration(request: ApiRequest, name: string): number | undefined {
  const text = request.parameter(name)?.slice(0, 100);
  if (text === undefined) return undefined;
  let total = 0;
  let length = 0;
  for (const [part, number, unit] of text.matchAll(
    /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy,
  )) {
    total += Number(number) * UNITS[unit!]!;
    length += part.length;
  }
  if (length === text.length && length > 0) return total;
  throw invalid(name, `${JSON.stringify(text)} is no duration like 1.2s, 100ms or 500us`);
}

function tagsOf(request: ApiRequest): readonly (readonly [key: string, value: string])[] {
  const pairs: [string, string][] = [];
  for (const text of request.parameters("tag")) {
    const at = text.indexOf(":");
    if (at <= 0) throw invalid("tag", "is like key:value");
    pairs.push([text.slice(0, at), text.slice(at + 1)]);
  }
  for (const text of request.parameters("tags")) {
    if (text === "") continue;
    let tags: unknown;
    try {
      tags = JSON.parse(text);
    } catch (error) {
      throw invalid("tags", "is no JSON", error);
    }
    if (typeof tags !== "object" || tags === null || Array.isArray(tags)) {
      throw invalid("tags", "is an object of texts");
    }
    for (const [key, value] of Object.entries(tags)) pairs.push([key, String(value)]);
  }
  return pairs;
}

function conditionsOf(
  tags: readonly (readonly [string, string])[],
): Pick<SpanQuestion, "attributes" | "kind" | "status"> {
  const attributes: AttributeCondition[] = [];
  let kind: SpanKind | undefined;
  let status: SpanStatus | undefined;
  for (const [key, value] of tags) {
    const asKind = SPAN_KINDS.find((each) => each === value);
    const asStatus = SPAN_STATUSES.find((each) => each === value.toLowerCase());
    if (key === "span.kind" && asKind !== undefined) kind = asKind;
    else if (key === "otel.status_code" && asStatus !== undefined) status = asStatus;
    else if (key === "error" && value === "true") status = "error";
    else attributes.push({ key, operator: "is", value });
  }
  return { attributes, kind, status };
}
