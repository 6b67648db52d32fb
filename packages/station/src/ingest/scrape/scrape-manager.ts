// All jobs: discovery feeds groups, groups become targets, targets have scrapers.
//
//   job ── discoveries ── groups by source ── sync ─┬─ new targets start
//                                                   ├─ those that stay are left alone
//                                                   └─ those that went stop, and are made stale
//
// `apply` gives new settings: a job that did not change keeps its scrapers and their place in the interval.

import { isDeepStrictEqual } from "node:util";
import type { Labels } from "@flx/model";
import { Relabeling } from "../relabel.ts";
import { Discovery, type DiscoverySettings } from "./discovery.ts";
import { type ScrapeJobSettings, type Target, targetOf, type TargetGroup } from "./target.ts";
import { type ScrapeParts, TargetScraper, type TargetStatus } from "./target-scraper.ts";

/** A job with the sources of its targets. */
export interface ScrapeJob extends ScrapeJobSettings {
  readonly discoveries: readonly DiscoverySettings[];
}

/** A target that relabelling dropped, or that cannot be asked. */
export interface DroppedTarget {
  readonly job: string;
  readonly discovered: Labels;
}

/** Scrapes the targets of all jobs. */
export class ScrapeManager implements AsyncDisposable {
  readonly #parts: ScrapeParts;
  readonly #jobs = new Map<string, JobScraper>();

  constructor(parts: ScrapeParts) {
    this.#parts = parts;
  }

  /**
   * Takes these jobs from now on. All or nothing: rules that cannot be refuse the whole.
   *
   * @throws {FlxError} `FLX_RELABEL`
   */
  async apply(jobs: readonly ScrapeJob[]): Promise<void> {
    const wanted = new Map(jobs.map((job) => [job.jobName, job]));
    const fresh: JobScraper[] = [];
    for (const job of jobs) {
      const running = this.#jobs.get(job.jobName);
      if (running === undefined || !isDeepStrictEqual(running.job, job)) {
        fresh.push(new JobScraper(job, this.#parts));
      }
    }
    const gone = [...this.#jobs.values()].filter(
      ({ job }) =>
        !wanted.has(job.jobName) || fresh.some((other) => other.job.jobName === job.jobName),
    );
    await Promise.all(gone.map((job) => job[Symbol.asyncDispose]()));
    for (const { job } of gone) this.#jobs.delete(job.jobName);
    for (const job of fresh) this.#jobs.set(job.job.jobName, job);
    await Promise.all(fresh.map((job) => job.start()));
  }

  /** The targets that are asked. */
  get activeTargets(): TargetStatus[] {
    return [...this.#jobs.values()].flatMap((job) => job.activeTargets);
  }

  /** The targets that are not. */
  get droppedTargets(): DroppedTarget[] {
    return [...this.#jobs.values()].flatMap((job) => job.droppedTargets);
  }

  /** Stops, and leaves the series as they are: for a process that ends. */
  async halt(): Promise<void> {
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    await Promise.all(jobs.map((job) => job.halt()));
  }

  /** Stops, and makes all series stale. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.apply([]);
  }
}

class JobScraper implements AsyncDisposable {
  readonly job: ScrapeJob;
  droppedTargets: DroppedTarget[] = [];
  readonly #parts: ScrapeParts;
  readonly #relabeling: Relabeling;
  readonly #metricRelabeling: Relabeling;
  readonly #discoveries: Discovery[];
  readonly #groups: (readonly TargetGroup[])[];
  readonly #scrapers = new Map<string, TargetScraper>();
  /** The last failure of each discovery. */
  readonly #failures = new Map<number, string>();
  #stopping: Promise<unknown>[] = [];
  #stopped = false;

  constructor(job: ScrapeJob, parts: ScrapeParts) {
    this.job = job;
    this.#parts = parts;
    this.#relabeling = new Relabeling(job.relabel ?? []);
    this.#metricRelabeling = new Relabeling(job.metricRelabel ?? []);
    this.#groups = job.discoveries.map(() => []);
    this.#discoveries = job.discoveries.map(
      (settings, i) =>
        new Discovery(
          settings,
          (groups) => {
            this.#failures.delete(i);
            this.#groups[i] = groups;
            this.#sync();
          },
          (error) => {
            parts.metrics.rejected.inc({ receiver: "scrape", reason: "discovery" });
            this.#failed(i, error);
          },
        ),
    );
  }

  #failed(discovery: number, error: unknown): void {
    const reason = String(error);
    if (this.#failures.get(discovery) === reason) return;
    this.#failures.set(discovery, reason);
    this.#parts.onDiscoveryFailure?.(this.job.jobName, error);
  }

  async start(): Promise<void> {
    await Promise.all(this.#discoveries.map((discovery) => discovery.start()));
  }

  get activeTargets(): TargetStatus[] {
    return [...this.#scrapers.values()].map(({ status }) => status);
  }

  #sync(): void {
    if (this.#stopped) return;
    const { wanted, dropped } = this.#targets();
    this.droppedTargets = dropped;
    for (const [key, scraper] of this.#scrapers) {
      if (wanted.has(key)) continue;
      this.#scrapers.delete(key);
      this.#stopping.push(scraper[Symbol.asyncDispose]());
    }
    for (const [key, target] of wanted) {
      if (this.#scrapers.has(key)) continue;
      const scraper = new TargetScraper(target, this.job, this.#metricRelabeling, this.#parts);
      this.#scrapers.set(key, scraper);
      scraper.start();
    }
  }

  #targets(): { wanted: Map<string, Target>; dropped: DroppedTarget[] } {
    const wanted = new Map<string, Target>();
    const dropped: DroppedTarget[] = [];
    const { targetLimit = 0, jobName } = this.job;
    for (const group of this.#groups.flat()) {
      for (const address of group.targets) {
        try {
          const { target, discovered } = targetOf(
            this.job,
            this.#relabeling,
            address,
            group.labels ?? {},
          );
          if (target === undefined) dropped.push({ job: jobName, discovered });
          else wanted.set(target.key, target);
        } catch {
          this.#parts.metrics.rejected.inc({ receiver: "scrape", reason: "target" });
        }
      }
    }
    // More targets than allowed: none of them is asked, as in Prometheus.
    if (targetLimit > 0 && wanted.size > targetLimit) {
      this.#parts.metrics.rejected.inc({ receiver: "scrape", reason: "target_limit" });
      wanted.clear();
    }
    return { wanted, dropped };
  }

  async halt(): Promise<void> {
    this.#stopped = true;
    for (const discovery of this.#discoveries) discovery[Symbol.dispose]();
    await Promise.all([...this.#scrapers.values()].map((scraper) => scraper.halt()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    for (const discovery of this.#discoveries) discovery[Symbol.dispose]();
    const scrapers = [...this.#scrapers.values()];
    this.#scrapers.clear();
    await Promise.all([...this.#stopping, ...scrapers.map((one) => one[Symbol.asyncDispose]())]);
    this.#stopping = [];
  }
}
