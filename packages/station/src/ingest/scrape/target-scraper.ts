// One target, asked again and again: its loop, its series, its staleness.
//
//   offset ── scrape ── interval ── scrape ...
//               │  fetch, read, relabel, limits
//               ├─ samples, and a staleness marker for each series that was there last time and is not now
//               └─ up  scrape_duration_seconds  scrape_samples_scraped  scrape_samples_post_metric_relabeling
//                  scrape_series_added
//
// The offset spreads targets over the interval, the same for a target after every restart. A scrape that fails in any
// way keeps nothing of itself, makes every series stale and says up 0. When the target goes, everything is made stale.

import { createHash } from "node:crypto";
import {
  type Exemplar,
  type ExpositionLimits,
  FlxError,
  Labels,
  type UnixMs,
  type WrittenMetadata,
} from "@flx/model";
import type { IngestMetrics } from "../ingest-metrics.ts";
import { isOverLimit } from "../no-room.ts";
import type { Relabeling } from "../relabel.ts";
import { type MetricSink, SampleBatch, type SeriesRef } from "../../store/metric-sink.ts";
import { type Exposed, type ExposedSample, readExposed } from "./exposed.ts";
import { fetchExposition } from "./fetch-exposition.ts";
import type { ScrapeJobSettings, Target } from "./target.ts";

/** What scrapers stand on. `now` in milliseconds since 1970. */
export interface ScrapeParts {
  readonly sink: MetricSink;
  readonly metrics: IngestMetrics;
  readonly now: () => number;
  /** How targets are asked. Default: over HTTP. */
  readonly fetch?: typeof fetchExposition;
  /** Told when targets of a job cannot be found, once for each reason. */
  readonly onDiscoveryFailure?: (job: string, error: unknown) => void;
}

/** What the API tells of a target. */
export interface TargetStatus {
  readonly job: string;
  readonly target: Target;
  readonly health: "unknown" | "up" | "down";
  readonly lastError: string;
  readonly lastScrapeMs: number;
  readonly lastDurationSeconds: number;
  readonly metadata: readonly WrittenMetadata[];
}

const DEFAULT_BODY = 64 * 1024 * 1024;

interface Scraped {
  readonly samples: readonly ExposedSample[];
  readonly metadata: readonly WrittenMetadata[];
  readonly scraped: number;
  readonly error: string;
}

/** The loop of one target. */
export class TargetScraper implements AsyncDisposable {
  readonly target: Target;
  readonly #job: ScrapeJobSettings;
  readonly #relabeling: Relabeling;
  readonly #parts: ScrapeParts;
  readonly #source: string;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #generation: number;
  #refs = new Map<string, SeriesRef>();
  /** Series of the last scrape that stood there without a timestamp of their own. */
  #live = new Map<SeriesRef, Labels>();
  /** The exemplar without a timestamp that a series had last: it stands there until there is another one. */
  /** Why some series of the last scrape were left out: the store has no room for more. */
  #full: string | undefined;
  readonly #timeless = new Map<SeriesRef, Exemplar>();
  #status: Omit<TargetStatus, "job" | "target"> = {
    health: "unknown",
    lastError: "",
    lastScrapeMs: 0,
    lastDurationSeconds: 0,
    metadata: [],
  };

  constructor(
    target: Target,
    job: ScrapeJobSettings,
    metricRelabeling: Relabeling,
    parts: ScrapeParts,
  ) {
    this.target = target;
    this.#job = job;
    this.#relabeling = metricRelabeling;
    this.#parts = parts;
    this.#source = `scrape ${job.jobName}/${new URL(target.url).host}`;
    this.#generation = parts.sink.generation;
  }

  get status(): TargetStatus {
    return { job: this.#job.jobName, target: this.target, ...this.#status };
  }

  /** Begins to scrape, at this target's own place in the interval. */
  start(): void {
    const { intervalMs } = this.target;
    const hash = createHash("md5").update(this.target.key).digest().readUInt32BE(0);
    const next = (hash % intervalMs) - (this.#parts.now() % intervalMs);
    this.#wait(next < 0 ? next + intervalMs : next);
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      const started = performance.now();
      this.#running = this.scrape().then(() => {
        if (this.#stopped) return undefined;
        const { intervalMs } = this.target;
        // A scrape that took longer than the interval leaves out those that it hid.
        this.#wait(intervalMs - ((performance.now() - started) % intervalMs));
        return undefined;
      });
    }, ms);
  }

  /** Stops, and leaves the series as they are: the target is still there, only nobody asks it. */
  async halt(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** Stops, and makes everything stale: the target is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopped) return;
    await this.halt();
    if (this.#status.lastScrapeMs === 0) return;
    const batch = new SampleBatch();
    const at = this.#parts.now();
    this.#renew();
    for (const ref of this.#live.keys()) batch.addStale(ref, at);
    for (const name of REPORT) {
      const ref = this.#withRoom(() => this.#reportRef(name));
      if (ref !== undefined) batch.addStale(ref, at);
    }
    await this.#append(batch);
  }

  /** One scrape. Never rejects. */
  async scrape(): Promise<void> {
    const at = this.#parts.now();
    const started = performance.now();
    const scraped = await this.#ask();
    const seconds = (performance.now() - started) / 1000;
    this.#full = undefined;
    this.#renew();
    const batch = new SampleBatch();
    let { error } = scraped;
    let added = 0;
    let kept = 0;
    try {
      ({ added, kept } = this.#fill(batch, scraped, at));
    } catch (cause) {
      error ||= (cause as Error).message;
      await this.#report(new SampleBatch(), { at, seconds, error, scraped, added: 0, kept: 0 });
      return;
    }
    await this.#report(batch, { at, seconds, error, scraped, added, kept });
  }

  async #report(
    batch: SampleBatch,
    told: {
      readonly at: number;
      readonly seconds: number;
      readonly error: string;
      readonly scraped: Scraped;
      readonly added: number;
      readonly kept: number;
    },
  ): Promise<void> {
    const { at, seconds, error, scraped, added, kept } = told;
    const values = [error === "" ? 1 : 0, seconds, scraped.scraped, kept, added];
    for (const [i, name] of REPORT.entries()) {
      const ref = this.#withRoom(() => this.#reportRef(name));
      if (ref !== undefined) batch.add(ref, at, values[i]!);
    }
    batch.metadata.push(...scraped.metadata);
    const failed = await this.#append(batch);
    this.#status = {
      health: error === "" ? "up" : "down",
      lastError: error || failed || (this.#full ?? ""),
      lastScrapeMs: at,
      lastDurationSeconds: seconds,
      metadata: error === "" ? scraped.metadata : this.#status.metadata,
    };
  }

  async #append(batch: SampleBatch): Promise<string> {
    const { metrics, sink } = this.#parts;
    try {
      const { rejected } = await sink.append(batch);
      metrics.samples.inc({ receiver: "scrape" }, batch.samples - rejected.length);
      for (const { kind } of rejected) metrics.rejected.inc({ receiver: "scrape", reason: kind });
      return "";
    } catch (error) {
      metrics.rejected.inc({ receiver: "scrape", reason: "sink" }, batch.samples);
      return (error as Error).message;
    }
  }

  /** Another generation of the sink: the references are worth nothing, the label sets stay. */
  #renew(): void {
    const { sink } = this.#parts;
    if (sink.generation === this.#generation) return;
    this.#generation = sink.generation;
    this.#refs = new Map();
    this.#timeless.clear();
    const live = [...this.#live.values()];
    this.#live = new Map();
    for (const labels of live) {
      const ref = this.#withRoom(() => this.#ref(labels));
      if (ref !== undefined) this.#live.set(ref, labels);
    }
  }

  async #ask(): Promise<Scraped> {
    const { url, timeoutMs } = this.target;
    let scraped = 0;
    try {
      const { access = {}, bodySizeLimit = 0 } = this.#job;
      const size = bodySizeLimit === 0 ? DEFAULT_BODY : bodySizeLimit;
      const { fetch = fetchExposition } = this.#parts;
      const answer = await fetch(url, access, timeoutMs, size);
      const limits: Partial<ExpositionLimits> = { maxBytes: size };
      const exposed: Exposed = readExposed(answer, limits);
      scraped = exposed.samples.length;
      const samples = this.#relabelled(exposed.samples);
      return { samples, metadata: exposed.metadata, scraped, error: "" };
    } catch (error) {
      return { samples: [], metadata: [], scraped, error: messageOf(error) };
    }
  }

  /** @throws {FlxError} `FLX_SCRAPE_LIMIT` */
  #relabelled(samples: readonly ExposedSample[]): ExposedSample[] {
    const { sampleLimit = 0 } = this.#job;
    const kept: ExposedSample[] = [];
    for (const sample of samples) {
      const labels = this.#relabeling.apply(this.#withTarget(sample.labels));
      if (labels === undefined) continue;
      this.#checkLabels(labels);
      kept.push({ ...sample, labels });
    }
    if (sampleLimit > 0 && kept.length > sampleLimit) {
      throw new FlxError(
        "FLX_SCRAPE_LIMIT",
        `sample limit exceeded: ${kept.length} of ${sampleLimit}`,
      );
    }
    return kept;
  }

  /** honor_labels: the exposed label wins; otherwise it becomes exported_<name>. */
  #withTarget(exposed: Labels): Labels {
    const labels = new Map(exposed);
    for (const [name, value] of this.target.labels) {
      const own = labels.get(name);
      if (own !== undefined && this.#job.honorLabels === true) continue;
      if (own !== undefined) {
        let moved = `exported_${name}`;
        while (labels.has(moved) || this.target.labels.has(moved)) moved = `exported_${moved}`;
        labels.set(moved, own);
      }
      labels.set(name, value);
    }
    return Labels.from(labels);
  }

  #checkLabels(labels: Labels): void {
    const { labelLimit = 0, labelNameLengthLimit = 0, labelValueLengthLimit = 0 } = this.#job;
    const over = (limit: string, text: string): never => {
      throw new FlxError("FLX_SCRAPE_LIMIT", `${limit} exceeded (metric: ${text})`);
    };
    if (labelLimit > 0 && labels.size > labelLimit) over("label_limit", labels.toString());
    if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return;
    for (const [name, value] of labels) {
      if (labelNameLengthLimit > 0 && Buffer.byteLength(name) > labelNameLengthLimit) {
        over("label_name_length_limit", name);
      }
      if (labelValueLengthLimit > 0 && Buffer.byteLength(value) > labelValueLengthLimit) {
        over("label_value_length_limit", name);
      }
    }
  }

  #fill(batch: SampleBatch, scraped: Scraped, at: number): { added: number; kept: number } {
    const live = new Map<SeriesRef, Labels>();
    const seen = new Set<string>();
    let added = 0;
    let left = 0;
    for (const { labels, value, timestampMs, exemplars } of scraped.samples) {
      const known = this.#refs.size;
      const ref = this.#withRoom(() => this.#ref(labels));
      if (ref === undefined) {
        left++;
        continue;
      }
      if (this.#refs.size > known) added++;
      const own = this.#job.honorTimestamps === false ? undefined : timestampMs;
      const time = own ?? at;
      const once = `${ref} ${time}`;
      // The same series twice at one time: the first stays.
      if (seen.has(once)) continue;
      seen.add(once);
      if (typeof value === "number") batch.add(ref, time, value);
      else batch.histograms.push({ ref, timestampMs: time, startMs: 0, histogram: value });
      if (own === undefined) live.set(ref, labels);
      for (const exemplar of exemplars) this.#addExemplar(batch, ref, exemplar, time);
    }
    for (const [ref, labels] of this.#live) {
      if (live.has(ref)) continue;
      batch.addStale(ref, at);
      this.#timeless.delete(ref);
      // Coming back counts as added again.
      this.#refs.delete(labels.key);
    }
    this.#live = live;
    if (left > 0) this.#parts.metrics.rejected.inc({ receiver: "scrape", reason: "limit" }, left);
    return { added, kept: scraped.samples.length };
  }

  /** One without a timestamp has that of the sample it stands at, and is taken once. */
  #addExemplar(batch: SampleBatch, ref: SeriesRef, exemplar: Exemplar, timestampMs: number): void {
    if (exemplar.timestampMs !== undefined) {
      batch.exemplars.push({ ref, exemplar });
      return;
    }
    const last = this.#timeless.get(ref);
    if (last?.value === exemplar.value && last.labels.key === exemplar.labels.key) return;
    this.#timeless.set(ref, exemplar);
    batch.exemplars.push({ ref, exemplar: { ...exemplar, timestampMs: timestampMs as UnixMs } });
  }

  /** Undefined when the store takes no more series: those that it knows go on. */
  #withRoom(find: () => SeriesRef): SeriesRef | undefined {
    try {
      return find();
    } catch (error) {
      if (!(error instanceof FlxError) || !isOverLimit(error)) throw error;
      this.#full ??= error.message;
      return undefined;
    }
  }

  #ref(labels: Labels): SeriesRef {
    const known = this.#refs.get(labels.key);
    if (known !== undefined) return known;
    if (labels.metricName === undefined) {
      throw new FlxError("FLX_SCRAPE_BODY", `a series without a name: ${labels.toString()}`);
    }
    const ref = this.#parts.sink.ref(labels, this.#source);
    this.#refs.set(labels.key, ref);
    return ref;
  }

  #reportRef(name: string): SeriesRef {
    return this.#parts.sink.ref(this.target.labels.with("__name__", name), this.#source);
  }
}

const REPORT = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
] as const;

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message } = error;
  return message === "" ? ((error as NodeJS.ErrnoException).code ?? error.name) : message;
}
