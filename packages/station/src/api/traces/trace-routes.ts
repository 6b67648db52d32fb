// Our API of traces.
//
//   GET /api/v1/traces                 traces with a span that fits, the newest first, without their spans
//   GET /api/v1/traces/:id             a trace with its spans
//   GET /api/v1/spans                  spans that fit, the newest first
//   GET /api/v1/services               names of services that sent spans
//   GET /api/v1/services/:service/operations
//   GET /api/v1/service-calls          which service calls which, and how often
//
// What can be asked: service, operation, kind, status, min_duration, max_duration, attribute (records/parameters.ts), root,
// start, end, limit. Described in openapi/station.openapi.json.

import type { Limited } from "../../store/metrics-source.ts";
import {
  SPAN_KINDS,
  SPAN_STATUSES,
  type SpanQuestion,
  type SpanStore,
} from "../../store/spans/span-store.ts";
import type { Answer } from "../http/answer.ts";
import { Refusal } from "../http/refusal.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { success, successInPieces } from "../prometheus/envelope.ts";
import { durationParameter, invalid } from "../prometheus/parameters.ts";
import {
  asked,
  attributeParameters,
  boundedLimit,
  rangeParameters,
  wordParameter,
} from "../records/parameters.ts";
import { spanJson, traceSummaryJson } from "./span-json.ts";

const TRUNCATED = ["results truncated due to limit"];

/** The routes of traces. */
export function traceRoutes(store: SpanStore, now: () => number): readonly Route[] {
  const get = (path: string, answer: (request: ApiRequest) => Promise<Answer>): Route => ({
    method: "GET",
    path,
    role: "read",
    answer: (request) => asked(() => answer(request)),
  });
  return [
    get("/api/v1/traces", async (request) =>
      listAnswer(await store.search(spanQuestion(request, now())), traceSummaryJson),
    ),
    get("/api/v1/traces/:id", (request) => oneTrace(store, request)),
    get("/api/v1/spans", async (request) =>
      listAnswer(await store.spans(spanQuestion(request, now())), spanJson),
    ),
    get("/api/v1/services", async (request) =>
      listAnswer(
        await store.services(rangeParameters(request, now()), optionsOf(request)),
        (name) => name,
      ),
    ),
    get("/api/v1/services/:service/operations", async (request) =>
      listAnswer(
        await store.operations(
          request.params.get("service")!,
          rangeParameters(request, now()),
          optionsOf(request),
        ),
        (operation) => operation,
      ),
    ),
    get("/api/v1/service-calls", async (request) =>
      listAnswer(
        await store.calls(rangeParameters(request, now()), optionsOf(request)),
        (call) => call,
      ),
    ),
  ];
}

async function oneTrace(store: SpanStore, request: ApiRequest): Promise<Answer> {
  const id = traceIdOf(request.params.get("id")!);
  const trace = await store.trace(id, optionsOf(request, 10_000));
  if (trace === undefined) throw new Refusal("not_found", `there is no trace ${id}`);
  const spans = trace.spans.map((span) => JSON.stringify(spanJson(span)));
  return successInPieces(pieces(`{"traceId":"${id}","spans":[`, spans, "]}"), {
    warnings: trace.isCut ? TRUNCATED : [],
  });
}

/**
 * A trace id as somebody wrote it: capitals, and zeros left out at the beginning.
 *
 * @throws {Refusal} `bad_data` when it is none
 */
export function traceIdOf(text: string): string {
  if (/^[0-9a-fA-F]{1,32}$/.test(text)) return text.toLowerCase().padStart(32, "0");
  throw invalid("id", `${JSON.stringify(text.slice(0, 64))} is no trace id: up to 32 hex digits`);
}

function optionsOf(request: ApiRequest, otherwise = 1_000) {
  return { limit: boundedLimit(request, otherwise), signal: request.signal };
}

function spanQuestion(request: ApiRequest, nowMs: number): SpanQuestion {
  const nanoseconds = (name: string): number | undefined => {
    const ms = durationParameter(request, name);
    if (ms !== undefined && ms < 0) throw invalid(name, "must not be negative");
    return ms === undefined ? undefined : ms * 1e6;
  };
  return {
    range: rangeParameters(request, nowMs),
    service: request.parameter("service"),
    operation: request.parameter("operation"),
    kind: wordParameter(request, "kind", SPAN_KINDS),
    status: wordParameter(request, "status", SPAN_STATUSES),
    minDurationNs: nanoseconds("min_duration"),
    maxDurationNs: nanoseconds("max_duration"),
    isRoot: wordParameter(request, "root", ["true", "false"]) === "true" ? true : undefined,
    attributes: attributeParameters(request),
    ...optionsOf(request, 20),
  };
}

/** A list, one item at a time. */
export function listAnswer<T>({ items, isCut }: Limited<T>, write: (item: T) => unknown): Answer {
  const texts = items.map((item) => JSON.stringify(write(item)));
  if (texts.length === 0) return success([]);
  return successInPieces(pieces("[", texts, "]"), { warnings: isCut ? TRUNCATED : [] });
}

function* pieces(begin: string, items: readonly string[], end: string): Generator<string> {
  yield begin;
  for (const [i, item] of items.entries()) yield i === 0 ? item : `,${item}`;
  yield end;
}
