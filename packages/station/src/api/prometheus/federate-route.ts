// Federation: the last sample of every series that is asked for, in the text format, with its time.
//
//   GET /federate?match[]={job="shop"}
//
//   # TYPE up untyped
//   up{instance="a:1",job="shop"} 1 1435781430781
//
// A sample counts as in an instant query: within the lookback and not stale. Series without external labels of their own
// get the station's. Native histograms are left out: text cannot say them.
//
// Source: https://prometheus.io/docs/prometheus/latest/federation/

import {
  bitsOf,
  expositionChunks,
  isStale,
  type Labels,
  type MetricFamily,
  type MetricPoint,
  type UnixMs,
} from "@flx/model";
import type { Queryable, SeriesData } from "@flx/promql";
import type { Answer } from "../http/answer.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { matchParameters } from "./parameters.ts";

/** What the route needs. */
export interface FederateParts {
  readonly queryable: Queryable;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly lookbackMs: number;
  /** Labels of this station, for series that do not have them. */
  readonly externalLabels: () => ReadonlyMap<string, string>;
}

const HINTS = { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false };

/** The route of federation. */
export function federateRoute(parts: FederateParts): Route {
  return {
    method: "GET",
    path: "/federate",
    role: "read",
    answer: (request) => federate(parts, request),
  };
}

async function federate(parts: FederateParts, request: ApiRequest): Promise<Answer> {
  const endMs = parts.now();
  const range = { startMs: endMs - parts.lookbackMs + 1, endMs };
  const byKey = new Map<string, MetricPoint<number> & { readonly name: string }>();
  for (const matchers of matchParameters(request)) {
    for (const series of await parts.queryable.select(matchers, range, HINTS, request.signal)) {
      const point = lastPoint(series, parts.externalLabels());
      if (point !== undefined) byKey.set(series.labels.key, point);
    }
  }
  return {
    status: 200,
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8" },
    body: expositionChunks(familiesOf([...byKey.values()]), { format: "text" }),
  };
}

function lastPoint(
  { labels, timestamps, values, histograms }: SeriesData,
  external: ReadonlyMap<string, string>,
): (MetricPoint<number> & { readonly name: string }) | undefined {
  const last = timestamps.length - 1;
  const name = labels.metricName;
  if (last < 0 || name === undefined || histograms?.[last] !== undefined) return undefined;
  if (isStale(bitsOf(values), last)) return undefined;
  return {
    name,
    labels: withExternal(labels.without("__name__"), external),
    value: values[last]!,
    timestampMs: timestamps[last]! as UnixMs,
  };
}

function withExternal(labels: Labels, external: ReadonlyMap<string, string>): Labels {
  let all = labels;
  for (const [name, value] of external) if (!all.has(name)) all = all.with(name, value);
  return all;
}

function familiesOf(
  points: readonly (MetricPoint<number> & { readonly name: string })[],
): MetricFamily[] {
  const byName = Map.groupBy(points, ({ name }) => name);
  return [...byName]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]): MetricFamily => ({ name, type: "unknown", points: each }));
}
