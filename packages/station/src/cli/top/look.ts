// One look at a station for flx top: what came in and the list of targets, made rows.

import { urlOf } from "../records/ask.ts";
import type { StationClient } from "../station-client.ts";

/** What rows are about. */
export const VIEWS = ["jobs", "targets", "metrics"] as const;
export type TopView = (typeof VIEWS)[number];

/** Whether a word is a view. */
export function isView(word: string): word is TopView {
  return (VIEWS as readonly string[]).includes(word);
}

/** One row. */
export interface TopRow {
  /** Of jobs: the job. Of targets: job and instance. Of metrics: the metric. */
  readonly name: readonly string[];
  readonly samplesPerSecond: number;
  readonly series: number;
  /** Targets that are up, and all; absent where nothing is scraped. */
  readonly up?: readonly [number, number];
  /** The longest last scrape, seconds. */
  readonly scrapeSeconds?: number;
  /** Of a target that is down. */
  readonly error?: string;
}

const LABELS: Readonly<Record<TopView, readonly string[]>> = {
  jobs: ["job"],
  targets: ["job", "instance"],
  metrics: ["__name__"],
};

/** The API counts the last minute. */
const WINDOW_SECONDS = 60;

/** The busiest. */
export async function look(
  client: StationClient,
  view: TopView,
  sort: "samples" | "series",
  limit: number,
): Promise<readonly TopRow[]> {
  const labels = LABELS[view];
  const parameters = new URLSearchParams({ sort, limit: String(limit) });
  for (const label of labels) parameters.append("by", label);
  const [busiest, targets] = await Promise.all([
    client.get(urlOf("/api/v1/status/busiest", parameters)),
    view === "metrics" ? [] : activeTargets(client),
  ]);
  const counted = new Map(
    (busiest as readonly Busiest[]).map((each) => [keyOf(each.labels, labels), each]),
  );
  const scraped = Map.groupBy(targets, ({ labels: own }) => keyOf(own, labels));
  const keys = new Set([...counted.keys(), ...scraped.keys()]);
  const rows = Array.from(keys, (key): TopRow => {
    const own = scraped.get(key);
    return {
      name: JSON.parse(key) as string[],
      samplesPerSecond: (counted.get(key)?.samples ?? 0) / WINDOW_SECONDS,
      series: counted.get(key)?.series ?? 0,
      ...(own !== undefined && scrapesOf(own)),
    };
  });
  const first = sort === "series" ? bySeries : bySamples;
  return rows.toSorted(first).slice(0, limit);
}

const bySamples = (a: TopRow, b: TopRow): number =>
  b.samplesPerSecond - a.samplesPerSecond || b.series - a.series;
const bySeries = (a: TopRow, b: TopRow): number =>
  b.series - a.series || b.samplesPerSecond - a.samplesPerSecond;

function keyOf(labels: Readonly<Record<string, string>>, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => labels[name] ?? ""));
}

/** As the API gives it. */
interface Busiest {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: number;
  readonly series: number;
}

interface ActiveTarget {
  readonly labels: Readonly<Record<string, string>>;
  readonly health: string;
  readonly lastError: string;
  readonly lastScrapeDuration: number;
}

async function activeTargets(client: StationClient): Promise<readonly ActiveTarget[]> {
  const data = await client.get("/api/v1/targets?state=active");
  return (data as { readonly activeTargets: readonly ActiveTarget[] }).activeTargets;
}

function scrapesOf(targets: readonly ActiveTarget[]) {
  const down = targets.find(({ health }) => health === "down");
  return {
    up: [targets.filter(({ health }) => health === "up").length, targets.length] as const,
    scrapeSeconds: Math.max(...targets.map(({ lastScrapeDuration }) => lastScrapeDuration)),
    ...(down !== undefined && { error: down.lastError }),
  };
}
