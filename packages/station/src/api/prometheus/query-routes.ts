// Queries: at one time, at many times, and what a text means without running it.
//
//   GET|POST /api/v1/query          query, time, timeout, lookback_delta, limit, stats
//   GET|POST /api/v1/query_range    query, start, end, step, timeout, lookback_delta, limit, stats
//   GET|POST /api/v1/format_query   query             the text in canonical layout
//   GET|POST /api/v1/parse_query    query             the syntax tree
//   GET      /api/v1/status/active_queries            what runs now
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/

import { parseExpr, prettyExpr, type QueryResult, type QueryValue } from "@flx/promql";
import type { AskOptions, QueryRunner } from "../../query/query-runner.ts";
import type { Answer } from "../http/answer.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { asQuery, success, successInPieces } from "./envelope.ts";
import {
  durationParameter,
  invalid,
  limitParameter,
  requiredDuration,
  requiredTime,
  timeParameter,
} from "./parameters.ts";
import { resultJson } from "./result-json.ts";
import { statisticsJson } from "./statistics-json.ts";
import { treeJson } from "./tree-json.ts";

/** As in Prometheus: 11,000 points a series are more than a screen shows. */
const MAX_POINTS = 11_000;

/** What the routes need. */
export interface QueryParts {
  readonly runner: QueryRunner;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** The routes of queries. */
export function queryRoutes(parts: QueryParts): readonly Route[] {
  const both = (path: string, answer: (request: ApiRequest) => Answer | Promise<Answer>): Route[] =>
    (["GET", "POST"] as const).map((method) => ({ method, path, role: "read", answer }));
  return [
    ...both("/api/v1/query", (request) => instantQuery(parts, request)),
    ...both("/api/v1/query_range", (request) => rangeQuery(parts, request)),
    ...both("/api/v1/format_query", formatQuery),
    ...both("/api/v1/parse_query", parseQuery),
    {
      method: "GET",
      path: "/api/v1/status/active_queries",
      role: "read",
      answer: () => success(parts.runner.active.list),
    },
  ];
}

async function instantQuery({ runner, now }: QueryParts, request: ApiRequest): Promise<Answer> {
  const limit = limitParameter(request);
  const timeMs = timeParameter(request, "time", now());
  const ask = askOptions(request);
  const result = await asQuery("query", () =>
    runner.instant(runner.prepare(request.parameter("query") ?? ""), timeMs, ask),
  );
  return resultAnswer(result, limit, request);
}

async function rangeQuery({ runner }: QueryParts, request: ApiRequest): Promise<Answer> {
  const limit = limitParameter(request);
  const startMs = requiredTime(request, "start");
  const endMs = requiredTime(request, "end");
  if (endMs < startMs) throw invalid("end", "end timestamp must not be before start time");
  const stepMs = requiredDuration(request, "step");
  if (stepMs <= 0) {
    throw invalid(
      "step",
      "zero or negative query resolution step widths are not accepted. Try a positive integer",
    );
  }
  if ((endMs - startMs) / stepMs > MAX_POINTS) {
    throw invalid(
      "step",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  }
  const ask = askOptions(request);
  const result = await asQuery("query", () => {
    const prepared = runner.prepare(request.parameter("query") ?? "");
    return runner.range(prepared, { startMs, endMs, stepMs }, ask);
  });
  return resultAnswer(result, limit, request);
}

function askOptions(request: ApiRequest): AskOptions {
  return {
    signal: request.signal,
    timeoutMs: durationParameter(request, "timeout"),
    lookbackMs: durationParameter(request, "lookback_delta"),
  };
}

function resultAnswer(result: QueryResult, limit: number, request: ApiRequest): Answer {
  const { value, isCut } = limited(result.value, limit);
  const warnings = isCut ? [...result.warnings, "results truncated due to limit"] : result.warnings;
  const stats = request.parameter("stats");
  return successInPieces(
    withStatistics(value, stats === undefined ? "" : statisticsJson(result.statistics, stats)),
    { warnings, infos: result.infos },
  );
}

/** The result, with `,"stats":{...}` before its closing brace. */
function* withStatistics(value: QueryValue, stats: string): Generator<string> {
  if (stats === "") {
    yield* resultJson(value);
    return;
  }
  let before: string | undefined;
  for (const piece of resultJson(value)) {
    if (before !== undefined) yield before;
    before = piece;
  }
  yield `${before!.slice(0, -1)},"stats":${stats}}`;
}

function limited(value: QueryValue, limit: number): { value: QueryValue; isCut: boolean } {
  if (limit > 0 && value.kind === "vector" && value.samples.length > limit) {
    return { value: { ...value, samples: value.samples.slice(0, limit) }, isCut: true };
  }
  if (limit > 0 && value.kind === "matrix" && value.series.length > limit) {
    return { value: { ...value, series: value.series.slice(0, limit) }, isCut: true };
  }
  return { value, isCut: false };
}

function formatQuery(request: ApiRequest): Promise<Answer> {
  return asQuery("query", () => success(prettyExpr(parseExpr(request.parameter("query") ?? ""))));
}

function parseQuery(request: ApiRequest): Promise<Answer> {
  return asQuery("query", () => success(treeJson(parseExpr(request.parameter("query") ?? ""))));
}
