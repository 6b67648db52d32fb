// Which series there are: label names and values, label sets, metadata, exemplars.
//
//   GET|POST /api/v1/labels                match[], start, end, limit
//   GET      /api/v1/label/:name/values    the same; a name of UTF-8 may be written U__...
//   GET|POST /api/v1/series                the same; match[] must be given
//   GET      /api/v1/metadata              metric, limit, limit_per_metric
//   GET|POST /api/v1/query_exemplars       query, start, end
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#querying-metadata

import { parseExpr, type VectorSelector, walk } from "@flx/promql";
import type { Answer } from "../http/answer.ts";
import type { ApiRequest } from "../http/request.ts";
import { Refusal } from "../http/refusal.ts";
import type { Route } from "../http/route.ts";
import { asQuery, success, successInPieces } from "./envelope.ts";
import { unescapedName } from "./escaped-name.ts";
import type { Limited, MetricsSource, SeriesQuestion } from "../../store/metrics-source.ts";
import { invalid, limitParameter, matchParameters, timeParameter } from "./parameters.ts";
import { labelsJson, numberJson, timeJson } from "./result-json.ts";

/** As far as times reach. */
const MIN_TIME_MS = -8.64e15;
const MAX_TIME_MS = 8.64e15;

const TRUNCATED = ["results truncated due to limit"];

/** The routes of series. */
export function seriesRoutes(source: MetricsSource): readonly Route[] {
  const both = (path: string, answer: (request: ApiRequest) => Promise<Answer>): Route[] =>
    (["GET", "POST"] as const).map((method) => route(method, path, answer));
  return [
    ...both("/api/v1/labels", (request) => labelNames(source, request)),
    route("GET", "/api/v1/label/:name/values", (request) => labelValues(source, request)),
    ...both("/api/v1/series", (request) => series(source, request)),
    route("GET", "/api/v1/metadata", (request) => metadata(source, request)),
    ...both("/api/v1/query_exemplars", (request) => exemplars(source, request)),
  ];
}

/** A route whose errors are those of a query: an engine elsewhere may be the source. */
function route(
  method: "GET" | "POST",
  path: string,
  answer: (request: ApiRequest) => Promise<Answer>,
): Route {
  return {
    method,
    path,
    role: "read",
    answer: (request) => asQuery("match[]", () => answer(request)),
  };
}

async function labelNames(source: MetricsSource, request: ApiRequest): Promise<Answer> {
  return limitedAnswer(await source.labelNames(questionOf(request)));
}

async function labelValues(source: MetricsSource, request: ApiRequest): Promise<Answer> {
  const given = request.params.get("name")!;
  const name = unescapedName(given);
  if (!name.isWellFormed()) {
    throw new Refusal("bad_data", `invalid label name: ${JSON.stringify(given)}`);
  }
  return limitedAnswer(await source.labelValues(name, questionOf(request)));
}

async function series(source: MetricsSource, request: ApiRequest): Promise<Answer> {
  if (request.parameters("match[]").length === 0) {
    throw new Refusal("bad_data", "no match[] parameter provided");
  }
  const { items, isCut } = await source.series(questionOf(request));
  return successInPieces(listed(items, labelsJson), { warnings: isCut ? TRUNCATED : [] });
}

function* listed<T>(items: readonly T[], write: (item: T) => string): Generator<string> {
  yield "[";
  for (let i = 0; i < items.length; i++) yield i === 0 ? write(items[i]!) : `,${write(items[i]!)}`;
  yield "]";
}

function limitedAnswer({ items, isCut }: Limited<string>): Answer {
  return success(items, { warnings: isCut ? TRUNCATED : [] });
}

function questionOf(request: ApiRequest): SeriesQuestion {
  const limit = limitParameter(request);
  const range = {
    startMs: timeParameter(request, "start", MIN_TIME_MS),
    endMs: timeParameter(request, "end", MAX_TIME_MS),
  };
  return { selectors: matchParameters(request), range, limit, signal: request.signal };
}

async function metadata(source: MetricsSource, request: ApiRequest): Promise<Answer> {
  const limit = request.has("limit") ? wholeNumber(request, "limit") : -1;
  const perMetric = request.has("limit_per_metric") ? wholeNumber(request, "limit_per_metric") : -1;
  const found: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  let count = 0;
  for (const [name, entries] of await source.metadata(request.parameter("metric"))) {
    if (limit >= 0 && count >= limit) break;
    count++;
    found[name] = (perMetric > 0 ? entries.slice(0, perMetric) : entries).map(
      ({ type, help, unit }) => ({ type, help, unit }),
    );
  }
  return success(found);
}

function wholeNumber(request: ApiRequest, name: string): number {
  const text = request.parameter(name) ?? "";
  if (/^[-+]?\d{1,15}$/.test(text)) return Number(text);
  throw new Refusal("bad_data", `${name} must be a number`);
}

/** More would be a page nobody reads; and memory. */
const MAX_EXEMPLARS = 100_000;

async function exemplars(source: MetricsSource, request: ApiRequest): Promise<Answer> {
  const startMs = timeParameter(request, "start", MIN_TIME_MS);
  const endMs = timeParameter(request, "end", MAX_TIME_MS);
  if (endMs < startMs) throw invalid("end", "end timestamp must not be before start timestamp");
  const selectors = await asQuery("query", () =>
    selectorsOf(request.parameter("query") ?? "").map(({ matchers }) => matchers),
  );
  if (selectors.length === 0) return success([]);
  const found = await source.exemplars(
    selectors,
    { startMs, endMs },
    { limit: MAX_EXEMPLARS, signal: request.signal },
  );
  return successInPieces(
    listed(found, ({ labels, exemplars: each }) => {
      const list = each.map(
        ({ labels: own, value, timestampMs }) =>
          `{"labels":${labelsJson(own)},"value":${numberJson(value)},"timestamp":${timeJson(timestampMs)}}`,
      );
      return `{"seriesLabels":${labelsJson(labels)},"exemplars":[${list.join(",")}]}`;
    }),
  );
}

function selectorsOf(query: string): VectorSelector[] {
  const found: VectorSelector[] = [];
  walk(parseExpr(query), (node) => {
    if (node.kind === "vectorSelector") found.push(node);
  });
  return found;
}
