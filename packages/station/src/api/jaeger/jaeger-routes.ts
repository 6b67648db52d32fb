// Jaeger's query API, so that Jaeger's own page and Grafana's Jaeger data source work unchanged.
//
//   GET /api/services                        GET /api/traces          ?service&operation&tags&start&end&limit ..., ?traceID
//   GET /api/services/:service/operations    GET /api/traces/:id
//   GET /api/operations                      ?service&spanKind
//   GET /api/dependencies                    ?endTs&lookback, in ms
//
// Answers: {"data":[…],"total":n,"limit":0,"offset":0,"errors":null}; errors stand in `errors`, with code and msg.

import { SPAN_KINDS, type SpanStore, type Trace } from "../../store/spans/span-store.ts";
import type { RecordRange } from "../../store/stored-record.ts";
import { type Answer, jsonAnswer } from "../http/answer.ts";
import { Refusal } from "../http/refusal.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { invalid } from "../prometheus/parameters.ts";
import { asked, wordParameter } from "../records/parameters.ts";
import { traceIdOf } from "../traces/trace-routes.ts";
import { jaegerTrace } from "./jaeger-json.ts";
import { jaegerQuestion } from "./jaeger-question.ts";

const DAY_MS = 86_400_000;
const TRACE_SPANS = 10_000;
/** How far back services and operations are looked for: Jaeger's API does not say. */
const LOOKBACK_MS = 2 * DAY_MS;
const MAX_LOOKBACK_MS = 31 * DAY_MS;
const MAX_IDS = 100;

/** The routes of Jaeger's query API. */
export function jaegerRoutes(store: SpanStore, now: () => number): readonly Route[] {
  const recently = (): RecordRange => ({ startMs: now() - LOOKBACK_MS, endMs: now() + DAY_MS });
  const get = (path: string, data: (request: ApiRequest) => Promise<Answer>): Route => ({
    method: "GET",
    path,
    role: "read",
    answer: (request) => inJaegersForm(() => asked(() => data(request))),
  });
  return [
    get("/api/services", async ({ signal }) => {
      const { items } = await store.services(recently(), { limit: 10_000, signal });
      return dataAnswer(items);
    }),
    get("/api/services/:service/operations", async ({ params, signal }) => {
      const service = params.get("service")!;
      const { items } = await store.operations(service, recently(), { limit: 10_000, signal });
      return dataAnswer([...new Set(items.map(({ name }) => name))]);
    }),
    get("/api/operations", (request) => operations(store, recently(), request)),
    get("/api/traces", (request) => traces(store, now(), request)),
    get("/api/traces/:id", async ({ params, signal }) => {
      const id = traceIdOf(params.get("id")!);
      const trace = await store.trace(id, { limit: TRACE_SPANS, signal });
      return trace === undefined ? noTrace(id) : dataAnswer([jaegerTrace(trace)]);
    }),
    get("/api/dependencies", (request) => dependencies(store, now(), request)),
  ];
}

async function operations(
  store: SpanStore,
  range: RecordRange,
  request: ApiRequest,
): Promise<Answer> {
  const service = request.parameter("service");
  if (service === undefined) throw invalid("service", "must be given");
  const kind = wordParameter(request, "spanKind", SPAN_KINDS);
  const found = await store.operations(service, range, {
    limit: 10_000,
    signal: request.signal,
  });
  return dataAnswer(
    found.items
      .filter((operation) => kind === undefined || operation.kind === kind)
      .map(({ name, kind: spanKind }) => ({ name, spanKind })),
  );
}

async function traces(store: SpanStore, nowMs: number, request: ApiRequest): Promise<Answer> {
  const ids = request.parameters("traceID").filter((text) => text !== "");
  if (ids.length > MAX_IDS) throw invalid("traceID", `at most ${MAX_IDS} at once`);
  if (ids.length > 0) {
    const found: Trace[] = [];
    for (const id of new Set(ids.map(traceIdOf))) {
      const trace = await store.trace(id, { limit: TRACE_SPANS, signal: request.signal });
      if (trace !== undefined) found.push(trace);
    }
    return dataAnswer(found.map(jaegerTrace));
  }
  if (request.parameter("service") === undefined) {
    throw invalid("service", "must be given, or traceID");
  }
  const { items } = await store.search(jaegerQuestion(request, nowMs));
  return dataAnswer(items.map(jaegerTrace));
}

async function dependencies(store: SpanStore, nowMs: number, request: ApiRequest): Promise<Answer> {
  const endMs = milliseconds(request, "endTs") ?? nowMs;
  const lookbackMs = Math.min(milliseconds(request, "lookback") ?? DAY_MS, MAX_LOOKBACK_MS);
  const range = { startMs: endMs - lookbackMs, endMs };
  const { items } = await store.calls(range, { limit: 10_000, signal: request.signal });
  return dataAnswer(items.map(({ parent, child, count }) => ({ parent, child, callCount: count })));
}

function milliseconds(request: ApiRequest, name: string): number | undefined {
  const text = request.parameter(name);
  if (text === undefined) return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalid(name, "is a number of milliseconds");
}

function dataAnswer(data: readonly unknown[]): Answer {
  return jsonAnswer({ data, total: data.length, limit: 0, offset: 0, errors: null });
}

function noTrace(traceID: string): Answer {
  return errorAnswer(404, "trace not found", traceID);
}

function errorAnswer(code: number, msg: string, traceID?: string): Answer {
  const errors = [{ code, msg, ...(traceID !== undefined && { traceID }) }];
  return jsonAnswer({ data: null, total: 0, limit: 0, offset: 0, errors }, code);
}

/** Refusals as Jaeger writes them. */
async function inJaegersForm(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const answer = errorAnswer(error.status, error.message);
    return { ...answer, headers: { ...answer.headers, ...error.headers } };
  }
}
