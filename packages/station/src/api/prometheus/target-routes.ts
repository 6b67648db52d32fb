// What is scraped, and how that went.
//
//   GET /api/v1/targets             state=active|dropped|any, scrapePool
//   GET /api/v1/scrape_pools
//   GET /api/v1/targets/metadata    match_target, metric, limit
//
// Source: https://prometheus.io/docs/prometheus/latest/querying/api/#targets

import type { Labels } from "@flx/model";
import type { Matcher } from "@flx/promql";
import type { Answer } from "../http/answer.ts";
import { Refusal } from "../http/refusal.ts";
import type { ApiRequest } from "../http/request.ts";
import type { Route } from "../http/route.ts";
import { success } from "./envelope.ts";
import type { FamilyMetadata } from "../../store/metrics-source.ts";
import { selectorParameter } from "./parameters.ts";

/** A target that is scraped. */
export interface ActiveTarget {
  readonly discoveredLabels: Labels;
  readonly labels: Labels;
  readonly scrapePool: string;
  /** With password masked. */
  readonly scrapeUrl: string;
  readonly lastError: string;
  /** Unix milliseconds; 0 before the first. */
  readonly lastScrapeMs: number;
  readonly lastScrapeDurationMs: number;
  readonly health: "up" | "down" | "unknown";
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** What its last scrape said of its families, by name. */
  readonly metadata: ReadonlyMap<string, FamilyMetadata>;
}

/** Something discovered that relabelling left out. */
export interface DroppedTarget {
  readonly discoveredLabels: Labels;
  readonly scrapePool: string;
}

/** Knows the targets. */
export interface TargetsView {
  active(): readonly ActiveTarget[];
  dropped(): readonly DroppedTarget[];
  pools(): readonly string[];
}

/** The routes of targets. */
export function targetRoutes(view: TargetsView): readonly Route[] {
  const get = (path: string, answer: (request: ApiRequest) => Answer): Route => ({
    method: "GET",
    path,
    role: "read",
    answer,
  });
  return [
    get("/api/v1/targets", (request) => targets(view, request)),
    get("/api/v1/scrape_pools", () => success({ scrapePools: view.pools() })),
    get("/api/v1/targets/metadata", (request) => targetMetadata(view, request)),
  ];
}

function targets(view: TargetsView, request: ApiRequest): Answer {
  const state = request.parameter("state")?.toLowerCase() ?? "any";
  const pool = request.parameter("scrapePool");
  const isWanted = ({ scrapePool }: { readonly scrapePool: string }): boolean =>
    pool === undefined || scrapePool === pool;
  const dropped = view.dropped().filter(isWanted);
  return success({
    activeTargets: state === "dropped" ? [] : view.active().filter(isWanted).map(activeJson),
    droppedTargets:
      state === "active"
        ? []
        : dropped.map(({ discoveredLabels, scrapePool }) => ({ discoveredLabels, scrapePool })),
    droppedTargetCounts: Object.fromEntries(
      view.pools().map((name) => [name, dropped.filter((each) => each.scrapePool === name).length]),
    ),
  });
}

function activeJson(target: ActiveTarget) {
  const { lastScrapeMs } = target;
  return {
    discoveredLabels: target.discoveredLabels,
    labels: target.labels,
    scrapePool: target.scrapePool,
    scrapeUrl: target.scrapeUrl,
    globalUrl: target.scrapeUrl,
    lastError: target.lastError,
    lastScrape: lastScrapeMs === 0 ? "0001-01-01T00:00:00Z" : new Date(lastScrapeMs).toISOString(),
    lastScrapeDuration: target.lastScrapeDurationMs / 1_000,
    health: target.health,
    scrapeInterval: `${target.intervalMs / 1_000}s`,
    scrapeTimeout: `${target.timeoutMs / 1_000}s`,
  };
}

function targetMetadata(view: TargetsView, request: ApiRequest): Answer {
  const matchers = selectorParameter(request, "match_target");
  const metric = request.parameter("metric");
  const limit = limitOf(request);
  const found: unknown[] = [];
  for (const { labels, metadata } of view.active()) {
    if (!satisfies(labels, matchers)) continue;
    const entries = metric === undefined ? metadata : only(metadata, metric);
    for (const [name, { type, help, unit }] of entries) {
      if (found.length >= limit) return success(found);
      found.push({
        target: labels,
        ...(metric === undefined && { metric: name }),
        type,
        help,
        unit,
      });
    }
  }
  return success(found);
}

function only(
  metadata: ReadonlyMap<string, FamilyMetadata>,
  name: string,
): Iterable<readonly [string, FamilyMetadata]> {
  const entry = metadata.get(name);
  return entry === undefined ? [] : [[name, entry]];
}

function limitOf(request: ApiRequest): number {
  const text = request.parameter("limit");
  if (text === undefined) return Infinity;
  if (!/^[-+]?\d{1,15}$/.test(text)) throw new Refusal("bad_data", "limit must be a number");
  return Number(text) < 0 ? Infinity : Number(text);
}

function satisfies(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name) ?? ""));
}
