// What is busiest: samples and series of a short time up to now, by labels. flx top draws it.
//
//   GET /api/v1/status/busiest     by (label, may be given several times), window (1m), limit (100), sort (samples, series)
//     ──► [{"labels":{"job":"shop"},"samples":24720,"series":6180}, ...]     the most first
//
// Why not PromQL: count_over_time() forgets metric names, so that series which differ by nothing else cannot be counted
// together. One pass over what the store has of that time does for both numbers.

import type { Labels } from "@flx/model";
import { Matcher, type Queryable } from "@flx/promql";
import type { Gate } from "../query/gate.ts";
import type { Answer } from "./http/answer.ts";
import { Refusal } from "./http/refusal.ts";
import type { ApiRequest } from "./http/request.ts";
import type { Route } from "./http/route.ts";
import { asQuery, success } from "./prometheus/envelope.ts";
import { durationParameter, limitParameter } from "./prometheus/parameters.ts";

/** What the route needs. */
export interface BusiestParts {
  readonly queryable: Queryable;
  /** How many look at the same time: each reads all series. */
  readonly gate: Gate;
  /** Unix milliseconds. */
  readonly now: () => number;
}

const DEFAULT_WINDOW_MS = 60_000;
const MAX_WINDOW_MS = 3_600_000;
const MAX_LABELS = 10;
const DEFAULT_LIMIT = 100;
const HINTS = { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false };

interface Group {
  readonly labels: Labels;
  samples: number;
  series: number;
}

/** The route. */
export function busiestRoute(parts: BusiestParts): Route {
  return {
    method: "GET",
    path: "/api/v1/status/busiest",
    role: "read",
    answer: (request) => asQuery("by", () => busiest(parts, request)),
  };
}

async function busiest(
  { queryable, gate, now }: BusiestParts,
  request: ApiRequest,
): Promise<Answer> {
  const names = request.parameters("by");
  if (names.length > MAX_LABELS) throw new Refusal("bad_data", `at most ${MAX_LABELS} labels`);
  const windowMs = durationParameter(request, "window") ?? DEFAULT_WINDOW_MS;
  if (!(windowMs > 0 && windowMs <= MAX_WINDOW_MS)) {
    throw new Refusal("bad_data", `the window is longer than 0 and at most ${MAX_WINDOW_MS} ms`);
  }
  const sort = request.parameter("sort") ?? "samples";
  if (sort !== "samples" && sort !== "series") {
    throw new Refusal("bad_data", "sort is samples or series");
  }
  const limit = limitParameter(request) || DEFAULT_LIMIT;
  const other = sort === "samples" ? "series" : "samples";
  const groups = await gate.run(async () => {
    const endMs = now();
    const range = { startMs: endMs - windowMs + 1, endMs };
    const any = [new Matcher("=~", "__name__", ".+")];
    const byKey = new Map<string, Group>();
    for (const { labels, timestamps } of await queryable.select(
      any,
      range,
      HINTS,
      request.signal,
    )) {
      const own = labels.only(...names);
      let group = byKey.get(own.key);
      if (group === undefined) byKey.set(own.key, (group = { labels: own, samples: 0, series: 0 }));
      group.samples += timestamps.length;
      group.series++;
    }
    return [...byKey.values()];
  }, request.signal);
  const sorted = groups.toSorted((a, b) => b[sort] - a[sort] || b[other] - a[other]);
  return success(sorted.slice(0, limit));
}
