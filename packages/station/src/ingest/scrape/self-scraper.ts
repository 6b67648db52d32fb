// The station scrapes itself: its own registry, as a target of the job `flx`, without a socket in between.
//
// So `up{job="flx"}` and the scrape_* series are there as for any target, and series that end are made stale. Its source
// is its own: what others send does not count against its limit, and the gates of receivers do not stand before it.

import { FlxError, Labels } from "@flx/model";
import type { Registry } from "@flx/monitoring/metrics";
import type { IngestMetrics } from "../ingest-metrics.ts";
import { Relabeling } from "../relabel.ts";
import type { MetricSink } from "../../store/metric-sink.ts";
import type { ScrapeJobSettings, Target } from "./target.ts";
import { TargetScraper } from "./target-scraper.ts";

/** What the station needs to watch itself. */
export interface SelfScrapeOptions {
  readonly job: string;
  /** The label `instance`: host and port of its API. */
  readonly instance: string;
  readonly registry: Registry;
  readonly sink: MetricSink;
  readonly metrics: IngestMetrics;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly intervalMs: number;
}

/** A scraper of the station's own registry; `start` begins. */
export function selfScraper(options: SelfScrapeOptions): TargetScraper {
  const { job, instance, registry, sink, metrics, now, intervalMs } = options;
  const settings: ScrapeJobSettings = { jobName: job, intervalMs };
  const target: Target = {
    key: `${job} ${instance}`,
    url: `http://${instance}/metrics`,
    labels: Labels.from({ job, instance }),
    discovered: Labels.from({ __address__: instance, job }),
    intervalMs,
    timeoutMs: Math.min(10_000, intervalMs),
  };
  return new TargetScraper(target, settings, new Relabeling([]), {
    sink,
    metrics,
    now,
    fetch: async () => {
      const chunks = await registry.expose({ format: "openmetrics" });
      if (chunks.length === 0) throw new FlxError("FLX_SCRAPE_BODY", "nothing is registered");
      return {
        contentType: "application/openmetrics-text; version=1.0.0",
        body: Buffer.concat(chunks),
      };
    },
  });
}
