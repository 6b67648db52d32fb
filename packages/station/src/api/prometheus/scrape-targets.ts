// The targets of scraping as the API shows them.

import type { ScrapeManager } from "../../ingest/scrape/scrape-manager.ts";
import type { TargetScraper, TargetStatus } from "../../ingest/scrape/target-scraper.ts";
import type { FamilyMetadata } from "../../store/metrics-source.ts";
import type { ActiveTarget, TargetsView } from "./target-routes.ts";

/**
 * The targets of a manager, and those scraped beside it.
 *
 * @param beside read whenever somebody asks
 */
export function scrapeTargets(
  manager: ScrapeManager,
  beside: readonly Pick<TargetScraper, "status">[],
): TargetsView {
  const active = (): ActiveTarget[] =>
    [...manager.activeTargets, ...beside.map(({ status }) => status)].map(activeTarget);
  return {
    active,
    dropped: () =>
      manager.droppedTargets.map(({ job, discovered }) => ({
        discoveredLabels: discovered,
        scrapePool: job,
      })),
    pools: () => [
      ...new Set([...active(), ...droppedPools(manager)].map((each) => each.scrapePool)),
    ],
  };
}

function droppedPools(manager: ScrapeManager): { readonly scrapePool: string }[] {
  return manager.droppedTargets.map(({ job }) => ({ scrapePool: job }));
}

function activeTarget(status: TargetStatus): ActiveTarget {
  const { target, job, health, lastError, lastScrapeMs, lastDurationSeconds } = status;
  const metadata = new Map<string, FamilyMetadata>();
  for (const { name, type, help, unit } of status.metadata)
    metadata.set(name, { type, help, unit });
  return {
    discoveredLabels: target.discovered,
    labels: target.labels,
    scrapePool: job,
    scrapeUrl: withoutPassword(target.url),
    lastError,
    lastScrapeMs,
    lastScrapeDurationMs: lastDurationSeconds * 1_000,
    health,
    intervalMs: target.intervalMs,
    timeoutMs: target.timeoutMs,
    metadata,
  };
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  if (url.password !== "") url.password = "xxxxx";
  return url.href;
}
