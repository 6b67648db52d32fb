// Sends a registry's metrics to the export worker, again and again.
//
//   after 2 s, then
//   every intervalMs ─► registry.families() ─► OTLP, a family at a time ─► ring
//
// One record is one family; families are written in slices of a few milliseconds with the event loop let in between,
// and when the ring is full the push waits for room instead of losing the rest.
//
// The first push comes early, so that whoever starts a service sees at once that its metrics arrive.
//
// Cumulative by default. Delta (some receivers want it) keeps the values of the last push and sends the differences; a
// value that fell has started again, so all of it is new. A push that is not taken is not lost by that: what the ring
// has is delivered, or spooled, or counted by the worker.
//
// When the process ends, what was counted since the last push is pushed once more, in one go and without waiting for
// anything; what there is no room for then is counted as lost by the ring.

import {
  type ClassicHistogram,
  type HistogramValue,
  MessageWriter,
  type MetricFamily,
  type Temporality,
  writeMetrics,
} from "@flx/model/write";
import { setImmediate as letOthersRun, setTimeout as delay } from "node:timers/promises";
import type { Exporter } from "./exporter.ts";
import { RECORD } from "./signal.ts";

/** Gives metrics: a registry does. */
export interface FamilySource {
  families(): Promise<readonly MetricFamily[]>;
  /** The same without waiting for anything. */
  familiesNow(): readonly MetricFamily[];
}

/** How metrics are pushed. */
export interface MetricPushSettings {
  readonly source: FamilySource;
  readonly exporter: Exporter;
  /** Default 60,000, as OTEL_METRIC_EXPORT_INTERVAL. */
  readonly intervalMs?: number | undefined;
  readonly temporality?: Temporality | undefined;
}

const DEFAULT_INTERVAL_MS = 60_000;
const FIRST_MS = 2_000;
const SLICE_MS = 2;
/** How long a push waits for room in the ring, in all. */
const ROOM_TIMEOUT_MS = 2_000;
/** Points of one record: a record has to fit into the ring many times over. */
const POINTS_A_RECORD = 1_000;

/** Pushes metrics until it is stopped. */
export class MetricPush {
  readonly #settings: MetricPushSettings;
  readonly #temporality: Temporality;
  readonly #startMs = Date.now();
  readonly #timer: NodeJS.Timeout;
  readonly #first: NodeJS.Timeout | undefined;
  readonly #out = new MessageWriter(64 * 1024);
  readonly #before = new Map<string, MetricFamily>();
  #lastMs = Date.now();
  #running: Promise<void> | undefined;
  readonly #atEnd: Disposable;
  readonly #beforeFlush: Disposable;

  constructor(settings: MetricPushSettings) {
    this.#settings = settings;
    this.#temporality = settings.temporality ?? "cumulative";
    const { intervalMs = DEFAULT_INTERVAL_MS } = settings;
    const push = (): void => void this.push();
    this.#timer = setInterval(push, intervalMs).unref();
    this.#first = intervalMs > FIRST_MS ? setTimeout(push, FIRST_MS).unref() : undefined;
    this.#atEnd = settings.exporter.atEnd(() => this.#pushNow());
    this.#beforeFlush = settings.exporter.beforeFlush(() => this.push());
  }

  /** Pushes now; one push at a time. Never rejects. */
  async push(): Promise<void> {
    this.#running ??= this.#push()
      .catch(() => {
        this.#settings.exporter.lostEncoding("metrics");
      })
      .finally(() => {
        this.#running = undefined;
      });
    await this.#running;
  }

  /** Pushes once more, and stops. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#first);
    this.#atEnd[Symbol.dispose]();
    this.#beforeFlush[Symbol.dispose]();
    await this.#running;
    await this.push();
  }

  async #push(): Promise<void> {
    const { exporter, source } = this.#settings;
    if (!exporter.exports("metrics")) return;
    let sliceMs = performance.now();
    for (const scope of this.#records(await source.families())) {
      await this.#write(scope);
      if (performance.now() - sliceMs < SLICE_MS) continue;
      await letOthersRun();
      sliceMs = performance.now();
    }
  }

  #pushNow(): void {
    const { exporter, source } = this.#settings;
    if (!exporter.exports("metrics")) return;
    for (const scope of this.#records(source.familiesNow())) {
      exporter.write(RECORD.metrics, scope, this.#out);
    }
  }

  /** Writes one record after the other into the writer; gives their scope. */
  *#records(families: readonly MetricFamily[]): Generator<number, void, undefined> {
    const nowMs = Date.now();
    const scope = this.#settings.exporter.scopeId({ name: "@flx/monitoring" });
    const isDelta = this.#temporality === "delta";
    const context = {
      startMs: isDelta ? this.#lastMs : this.#startMs,
      nowMs,
      temporality: this.#temporality,
    };
    this.#lastMs = nowMs;
    for (const family of families) {
      const sent = isDelta ? this.#difference(family) : family;
      for (const part of partsOf(sent)) {
        this.#out.at = 0;
        writeMetrics(this.#out, part, context);
        if (this.#out.at > 0) yield scope;
      }
    }
  }

  async #write(scope: number): Promise<void> {
    const { exporter } = this.#settings;
    const deadlineMs = performance.now() + ROOM_TIMEOUT_MS;
    while (!exporter.hasRoom(this.#out.at) && performance.now() < deadlineMs) await delay(5);
    exporter.write(RECORD.metrics, scope, this.#out);
  }

  /** What has come since the last push. Gauges and their like have no difference. */
  #difference(family: MetricFamily): MetricFamily {
    if (family.type !== "counter" && family.type !== "histogram") return family;
    const before = this.#before.get(family.name);
    this.#before.set(family.name, family);
    if (before?.type !== family.type) return family;
    return subtractFamily(family, before);
  }
}

function* partsOf(family: MetricFamily): Generator<MetricFamily, void, undefined> {
  const { points } = family;
  for (let at = 0; at < points.length; at += POINTS_A_RECORD) {
    yield { ...family, points: points.slice(at, at + POINTS_A_RECORD) } as MetricFamily;
  }
}

function subtractFamily(family: MetricFamily, before: MetricFamily): MetricFamily {
  const earlier = new Map<string, unknown>(
    (before.points as readonly { labels: { key: string }; value: unknown }[]).map(
      ({ labels, value }) => [labels.key, value],
    ),
  );
  if (family.type === "counter") {
    const points = family.points.map((point) => {
      const was = earlier.get(point.labels.key) as { total: number } | undefined;
      const { createdMs: _createdMs, ...value } = point.value;
      const total =
        was === undefined || was.total > value.total ? value.total : value.total - was.total;
      return { ...point, value: { ...value, total } };
    });
    return { ...family, points };
  }
  if (family.type === "histogram") {
    const points = family.points.map((point) => {
      const was = earlier.get(point.labels.key) as HistogramValue | undefined;
      return { ...point, value: subtractHistogram(point.value, was) };
    });
    return { ...family, points };
  }
  return family;
}

function subtractHistogram(now: HistogramValue, was: HistogramValue | undefined): HistogramValue {
  // A difference begins with the last push, not with the series.
  const { createdMs: _createdMs, ...value } = now;
  if (was === undefined || hasRestarted(value.histogram, was.histogram)) return value;
  const histogram = value.histogram.subtract(was.histogram);
  if (value.native === undefined || was.native === undefined) return { ...value, histogram };
  return { ...value, histogram, native: value.native.subtract(was.native) };
}

function hasRestarted(now: ClassicHistogram, was: ClassicHistogram): boolean {
  return (
    now.count < was.count ||
    now.cumulativeCounts.length !== was.cumulativeCounts.length ||
    now.cumulativeCounts.some((count, i) => count < was.cumulativeCounts[i]!)
  );
}
