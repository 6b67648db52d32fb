// OTLP metrics as Prometheus series, by Prometheus' rules.
//
//   gauge, sum               one series, `_total` when monotonic
//   histogram                x_bucket{le}  x_count  x_sum
//   exponential histogram    one native histogram (scales above 8 are made coarser, below -4 refused)
//   summary                  x{quantile}  x_count  x_sum
//   resource                 job, instance, promoted labels; target_info once a request
//   "no recorded value"      a staleness marker on every series of the point
//
// Delta points are summed up (accumulator.ts) or refused, as the settings say. What cannot be stored is counted with a
// reason and the rest goes on: OTLP calls that partial success. Points without room for their new series are not refused
// but left: the rest goes on, and the sender is told to come again.
//
// Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/

import {
  CUMULATIVE,
  decodeAttributes,
  DELTA,
  type Exemplar,
  EXPONENTIAL,
  FlxError,
  GAUGE,
  HAS_SUM,
  HAS_VALUE,
  HISTOGRAM,
  Labels,
  type MetricType,
  NativeHistogram,
  NO_RECORDED_VALUE,
  type OtlpMetric,
  type OtlpMetrics,
  readExemplar,
  SUM,
  SUMMARY,
  type UnixMs,
} from "@flx/model";
import { plainNumber } from "@flx/promql";
import type { MetricSink, Rejection, SeriesRef } from "../../store/metric-sink.ts";
import { SampleBatch, SinkRefusal } from "../../store/metric-sink.ts";
import { isOverLimit, isWithoutRoom } from "../no-room.ts";
import { DeltaAccumulator, type DeltaStep } from "./accumulator.ts";
import { attributeLabels, resourceLabels, type ResourceLabels } from "./labels.ts";
import { prometheusName, type TranslationStrategy } from "./metric-name.ts";
import { MetricSeries } from "./series-cache.ts";

/** How OTLP becomes Prometheus. */
export interface TranslationSettings {
  readonly strategy: TranslationStrategy;
  /** Attributes of the resource that every series carries. */
  readonly promoteResourceAttributes: readonly string[];
  /** Labels `otel_scope_name`, `otel_scope_version`, `otel_scope_schema_url` and the scope's attributes. */
  readonly scopeLabels: boolean;
  /** Sum up delta points; otherwise they are refused. */
  readonly deltaToCumulative: boolean;
  /** Labels of one series. */
  readonly maxLabels: number;
}

/** As the station does it when nothing else is said. */
export const DEFAULT_TRANSLATION: TranslationSettings = {
  strategy: "UnderscoreEscapingWithSuffixes",
  promoteResourceAttributes: [],
  scopeLabels: false,
  deltaToCumulative: true,
  maxLabels: 128,
};

/** A request translated. */
export interface Translated {
  readonly batch: SampleBatch;
  /** Points of the request. */
  readonly points: number;
  /** Points that were not taken, and the first reasons. */
  readonly rejected: number;
  readonly reasons: readonly string[];
  /** Of `rejected`: those of series that are too many. */
  readonly over: number;
  /** Points left because there is no room for their series, and why; they may come again. */
  readonly left: number;
  readonly full: FlxError | undefined;
  /** Deltas that are in the totals; `undo` takes them out again. */
  readonly deltas: readonly DeltaStep[];
}

const MAX_REASONS = 5;
const MAX_CONTEXTS = 100_000;
const MIN_SCALE = -4;
const MAX_SCALE = 8;

type Pair = readonly [string, string];

interface PointTimes {
  readonly startMs: number;
  readonly timeMs: number;
}

/** What a scope gives to the series of its metrics. */
interface ScopeLabels {
  readonly pairs: readonly Pair[];
  readonly key: string;
  readonly source: string;
}

function sourceOf({ job }: ResourceLabels): string {
  return `otlp ${job}`;
}

/** One metric of one resource and scope. */
interface Context {
  readonly name: string;
  readonly base: readonly Pair[];
  readonly source: string;
  readonly series: MetricSeries;
}

/** Translates requests of any senders into batches for one sink. */
export class OtlpTranslator {
  readonly #settings: TranslationSettings;
  readonly #sink: MetricSink;
  readonly #promote: ReadonlySet<string>;
  readonly #deltas = new DeltaAccumulator();
  readonly #contexts = new Map<string, Context>();
  #generation: number;
  // Of the request being translated.
  #batch = new SampleBatch();
  #metrics!: OtlpMetrics;
  #rejected = 0;
  #reasons = new Set<string>();
  #over = 0;
  #left = 0;
  #full: FlxError | undefined;

  constructor(sink: MetricSink, settings: Partial<TranslationSettings> = {}) {
    this.#sink = sink;
    this.#settings = { ...DEFAULT_TRANSLATION, ...settings };
    this.#promote = new Set(this.#settings.promoteResourceAttributes);
    this.#generation = sink.generation;
  }

  /**
   * The samples of a request. Call `undo` when they, or some of them, were not taken.
   *
   * @throws {SinkRefusal} when the sink takes no new series now
   */
  translate(metrics: OtlpMetrics): Translated {
    try {
      return this.#translate(metrics);
    } catch (error) {
      this.#deltas.undo(this.#deltas.takeSteps());
      throw error;
    }
  }

  /**
   * Deltas whose samples were not taken do not count.
   *
   * @param rejected of the translated batch; without it, nothing was taken
   */
  undo({ batch, deltas }: Translated, rejected?: readonly Rejection[]): void {
    if (deltas.length === 0 || rejected?.length === 0) return;
    const gone = rejected && new Set(rejected.map(({ index }) => pointOf(index, batch)));
    this.#deltas.undo(gone === undefined ? deltas : deltas.filter(({ point }) => gone.has(point)));
  }

  #translate(metrics: OtlpMetrics): Translated {
    if (this.#generation !== this.#sink.generation || this.#contexts.size > MAX_CONTEXTS) {
      this.#contexts.clear();
      if (this.#generation !== this.#sink.generation) this.#deltas.clear();
      this.#generation = this.#sink.generation;
    }
    this.#batch = new SampleBatch();
    this.#metrics = metrics;
    this.#rejected = 0;
    this.#reasons = new Set();
    this.#over = 0;
    this.#left = 0;
    this.#full = undefined;
    const resources = metrics.resources.map(({ attributes }) =>
      resourceLabels(
        decodeAttributes(metrics.bytes, attributes),
        this.#promote,
        this.#settings.strategy,
      ),
    );
    const scopes = metrics.scopes.map((scope) => {
      const resource = resources[scope.resource]!;
      const pairs: Pair[] = [
        ...resource.promoted,
        ["job", resource.job],
        ["instance", resource.instance],
      ];
      if (this.#settings.scopeLabels) pairs.push(...this.#scopeLabels(scope));
      return { pairs, key: JSON.stringify(pairs), source: sourceOf(resource) };
    });
    const latestMs = new Float64Array(resources.length);
    for (const metric of metrics.metrics) {
      const scope = scopes[metric.scope]!;
      this.#metric(metric, scope);
      const resource = metrics.scopes[metric.scope]!.resource;
      for (let i = metric.first; i < metric.end; i++) {
        latestMs[resource] = Math.max(latestMs[resource]!, metrics.timeMs[i]!);
      }
    }
    for (const [i, resource] of resources.entries()) this.#targetInfo(resource, latestMs[i]!);
    return {
      batch: this.#batch,
      points: metrics.points,
      rejected: this.#rejected,
      reasons: [...this.#reasons],
      over: this.#over,
      left: this.#left,
      full: this.#full,
      deltas: this.#deltas.takeSteps(),
    };
  }

  #scopeLabels(scope: OtlpMetrics["scopes"][number]): Pair[] {
    const attributes = decodeAttributes(this.#metrics.bytes, scope.attributes);
    const labels = attributeLabels(attributes, this.#settings.strategy);
    return [
      ["otel_scope_name", scope.name],
      ["otel_scope_version", scope.version],
      ["otel_scope_schema_url", scope.schemaUrl],
      ...[...labels].map(([name, value]): Pair => [`otel_scope_${name}`, value]),
    ];
  }

  #targetInfo(resource: ResourceLabels, timeMs: number): void {
    const { job, instance, info, promoted } = resource;
    if (timeMs === 0 || info.size === 0 || (job === "" && instance === "")) return;
    const pairs: Pair[] = [...promoted, ...info, ["job", job], ["instance", instance]];
    try {
      this.#batch.add(
        this.#sink.ref(labelsOf("target_info", pairs), sourceOf(resource)),
        timeMs,
        1,
      );
      this.#describe("target_info", "info", "Target metadata", "");
    } catch (error) {
      this.#refuse(error, 0);
    }
  }

  #describe(name: string, type: MetricType, help: string, unit: string): void {
    this.#batch.metadata.push({ name, type, help: help.toWellFormed(), unit });
  }

  #metric(metric: OtlpMetric, scope: ScopeLabels): void {
    const count = metric.end - metric.first;
    const problem = this.#problem(metric);
    if (problem !== undefined) {
      if (metric.kind !== 0) this.#reject(count, `${metric.name}: ${problem}`);
      return;
    }
    const counter = metric.kind === SUM && metric.monotonic;
    const key = `${metric.kind}${counter ? "+" : ""} ${metric.unit.length} ${metric.unit}${metric.name}\n${scope.key}`;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      const { name, unit } = metric;
      const named = { name, unit, counter, gauge: metric.kind === GAUGE };
      context = {
        name: prometheusName(named, this.#settings.strategy),
        base: scope.pairs,
        source: scope.source,
        series: new MetricSeries(),
      };
      this.#contexts.set(key, context);
    }
    this.#describe(context.name, typeOf(metric), metric.description, metric.unit);
    for (let point = metric.first; point < metric.end; point++) {
      try {
        this.#point(metric, context, point);
      } catch (error) {
        this.#refuse(error, 1);
      }
    }
  }

  #problem(metric: OtlpMetric): string | undefined {
    if (metric.name === "") return "a metric without a name";
    if (metric.kind === 0) return "a metric without data";
    const counts = metric.kind !== GAUGE && metric.kind !== SUMMARY;
    if (!counts || metric.temporality === CUMULATIVE) return undefined;
    if (metric.temporality !== DELTA) return "a temporality that is neither delta nor cumulative";
    if (!this.#settings.deltaToCumulative) return "delta temporality is not taken";
    // A sum that goes both ways is the sum of its deltas, too.
    return undefined;
  }

  #reject(count: number, reason: string): void {
    this.#rejected += count;
    if (this.#reasons.size < MAX_REASONS) this.#reasons.add(reason);
  }

  /** One point's own fault is counted; what is wrong with the sink ends the request. */
  #refuse(error: unknown, count: number): void {
    if (error instanceof SinkRefusal || !(error instanceof FlxError)) throw error;
    if (isWithoutRoom(error) && count > 0) {
      this.#left += count;
      this.#full ??= error;
      return;
    }
    if (isOverLimit(error)) this.#over += count;
    this.#reject(count, error.message);
  }

  #point(metric: OtlpMetric, context: Context, point: number): void {
    switch (metric.kind) {
      case HISTOGRAM:
        this.#histogram(metric, context, point);
        return;
      case EXPONENTIAL:
        this.#exponential(metric, context, point);
        return;
      case SUMMARY:
        this.#summary(context, point);
        return;
      default:
        this.#number(metric, context, point);
    }
  }

  /** The series of a point; `suffixes` gives name and extra label of each, asked only for attributes not seen yet. */
  #series(
    context: Context,
    point: number,
    shape: Float64Array,
    suffixes: () => readonly (readonly [suffix: string, extra?: Pair])[],
  ): readonly SeriesRef[] {
    const known = context.series.find(this.#metrics, point, shape);
    if (known !== undefined) return known.refs;
    const attributes = decodeAttributes(this.#metrics.bytes, this.#metrics.attributeRanges(point));
    const own = attributeLabels(attributes, this.#settings.strategy);
    // The point's own labels give way to job and instance, and win over promoted ones.
    const pairs = new Map<string, string>(context.base);
    const { job, instance } = Object.fromEntries(context.base) as { job: string; instance: string };
    for (const [name, value] of own) pairs.set(name, value);
    if (job !== "") pairs.set("job", job);
    if (instance !== "") pairs.set("instance", instance);
    if (pairs.size > this.#settings.maxLabels) {
      throw new FlxError("FLX_OTLP_LIMIT", `more than maxLabels = ${this.#settings.maxLabels}`);
    }
    const refs = suffixes().map(([suffix, extra]) =>
      this.#sink.ref(
        labelsOf(context.name + suffix, extra === undefined ? [...pairs] : [...pairs, extra]),
        context.source,
      ),
    );
    context.series.add(this.#metrics, point, refs, shape);
    return refs;
  }

  #number(metric: OtlpMetric, context: Context, point: number): void {
    const metrics = this.#metrics;
    const [ref] = this.#series(context, point, empty, () => [[""]]);
    const timeMs = metrics.timeMs[point]!;
    let startMs = metric.kind === SUM ? metrics.startMs[point]! : 0;
    if (isStalePoint(metrics, point)) {
      this.#batch.addStale(ref!, timeMs);
      return;
    }
    if ((metrics.has[point]! & HAS_VALUE) === 0) throw invalid(context, "a point without a value");
    let value = metrics.value[point]!;
    if (metric.temporality === DELTA && metric.kind === SUM) {
      const one = Float64Array.of(value);
      startMs = this.#addNumbers(context, ref!, { startMs, timeMs }, one);
      value = one[0]!;
    }
    this.#batch.add(ref!, timeMs, value, startMs);
    if (metrics.exemplarCount[point]! > 0) this.#exemplars(point, () => ref!);
  }

  /** The delta becomes the total; since when it counts. */
  #addNumbers(context: Context, ref: SeriesRef, times: PointTimes, delta: Float64Array): number {
    // The sample that comes next.
    const startMs = this.#deltas.addNumbers(ref, this.#batch.count, times, delta);
    if (startMs === undefined) throw notAfter(context);
    return startMs;
  }

  #histogram(metric: OtlpMetric, context: Context, point: number): void {
    const metrics = this.#metrics;
    const more = metrics.more[point]!;
    const boundCount = metrics.numbers[more + 4]!;
    const bucketCount = metrics.numbers[more + 5]!;
    const bounds = metrics.numbers.subarray(more + 6, more + 6 + boundCount);
    if (bucketCount !== 0 && bucketCount !== boundCount + 1) {
      throw invalid(context, `${boundCount} bounds have ${bucketCount} buckets`);
    }
    for (let i = 0; i < boundCount; i++) {
      if (!(bounds[i]! > (i === 0 ? -Infinity : bounds[i - 1]!))) {
        throw invalid(context, "bounds do not ascend");
      }
    }
    const finite =
      boundCount > 0 && bounds[boundCount - 1] === Infinity ? boundCount - 1 : boundCount;
    const shape = bounds.subarray(0, finite);
    const refs = this.#series(context, point, shape, () => [
      ["_count"],
      ["_sum"],
      ...Array.from(shape, (bound): [string, Pair] => ["_bucket", ["le", plainNumber(bound)]]),
      ["_bucket", ["le", "+Inf"]],
    ]);
    const timeMs = metrics.timeMs[point]!;
    if (isStalePoint(metrics, point)) {
      for (const ref of refs) this.#batch.addStale(ref, timeMs);
      return;
    }
    // count, sum, then cumulative buckets: the order of the series.
    const numbers = new Float64Array(2 + finite + 1);
    numbers[0] = metrics.numbers[more]!;
    numbers[1] = metrics.numbers[more + 1]!;
    let below = 0;
    for (let i = 0; i < finite; i++) {
      below += metrics.numbers[more + 6 + boundCount + i] ?? 0;
      numbers[2 + i] = bucketCount === 0 ? 0 : below;
    }
    // Prometheus takes the count for the last bucket: what else it holds cannot be more or less.
    numbers[2 + finite] = numbers[0]!;
    let startMs = metrics.startMs[point]!;
    if (metric.temporality === DELTA) {
      startMs = this.#addNumbers(context, refs[0]!, { startMs, timeMs }, numbers);
    }
    const hasSum = (metrics.has[point]! & HAS_SUM) !== 0;
    for (const [i, ref] of refs.entries()) {
      if (i !== 1 || hasSum) this.#batch.add(ref, timeMs, numbers[i]!, startMs);
    }
    if (metrics.exemplarCount[point]! > 0) {
      this.#exemplars(point, (value) => {
        const bucket = shape.findIndex((bound) => value <= bound);
        return refs[2 + (bucket < 0 ? finite : bucket)]!;
      });
    }
  }

  #exponential(metric: OtlpMetric, context: Context, point: number): void {
    const metrics = this.#metrics;
    const [ref] = this.#series(context, point, empty, () => [[""]]);
    const timeMs = metrics.timeMs[point]!;
    if (isStalePoint(metrics, point)) {
      this.#batch.addStale(ref!, timeMs);
      return;
    }
    let histogram = nativeHistogram(metrics, point, context);
    let startMs = metrics.startMs[point]!;
    if (metric.temporality === DELTA) {
      const next = ~this.#batch.histograms.length;
      const total = this.#deltas.addHistogram(ref!, next, { startMs, timeMs }, histogram);
      if (total === undefined) throw notAfter(context);
      ({ histogram, startMs } = total);
    }
    this.#batch.histograms.push({ ref: ref!, timestampMs: timeMs, startMs, histogram });
    if (metrics.exemplarCount[point]! > 0) this.#exemplars(point, () => ref!);
  }

  #summary(context: Context, point: number): void {
    const metrics = this.#metrics;
    const more = metrics.more[point]!;
    const count = metrics.numbers[more + 2]!;
    const quantiles = Float64Array.from(
      { length: count },
      (_, i) => metrics.numbers[more + 3 + 2 * i]!,
    );
    const refs = this.#series(context, point, quantiles, () => [
      ["_count"],
      ["_sum"],
      ...Array.from(quantiles, (q): [string, Pair] => ["", ["quantile", plainNumber(q)]]),
    ]);
    const timeMs = metrics.timeMs[point]!;
    const startMs = metrics.startMs[point]!;
    for (const [i, ref] of refs.entries()) {
      if (isStalePoint(metrics, point)) this.#batch.addStale(ref, timeMs);
      else {
        const value = i < 2 ? metrics.numbers[more + i]! : metrics.numbers[more + 4 + 2 * (i - 2)]!;
        this.#batch.add(ref, timeMs, value, startMs);
      }
    }
  }

  #exemplars(point: number, refOf: (value: number) => SeriesRef): void {
    const metrics = this.#metrics;
    const ranges = metrics.exemplarRanges(point);
    for (let i = 0; i < ranges.length; i += 2) {
      const read = readExemplar(metrics.bytes, ranges[i]!, ranges[i + 1]!);
      const labels = attributeLabels(
        decodeAttributes(metrics.bytes, read.attributes),
        this.#settings.strategy,
      );
      if (read.traceId !== "") labels.set("trace_id", read.traceId);
      if (read.spanId !== "") labels.set("span_id", read.spanId);
      const exemplar: Exemplar = {
        labels: Labels.from(labels),
        value: read.value,
        timestampMs: (read.timeMs || metrics.timeMs[point]!) as UnixMs,
      };
      this.#batch.exemplars.push({ ref: refOf(read.value), exemplar });
    }
  }
}

const empty = new Float64Array(0);

function isStalePoint(metrics: OtlpMetrics, point: number): boolean {
  return (metrics.flags[point]! & NO_RECORDED_VALUE) !== 0;
}

function invalid(context: Context, reason: string): FlxError {
  return new FlxError("FLX_OTLP_POINT", `${context.name}: ${reason}`);
}

function notAfter(context: Context): FlxError {
  return invalid(context, "a delta that is not after the last one");
}

/** How a delta's step names the sample of an index: histograms below zero. */
function pointOf(index: number, { count }: SampleBatch): number {
  return index < count ? index : ~(index - count);
}

function labelsOf(name: string, pairs: readonly Pair[]): Labels {
  const all = new Map(pairs.filter(([label]) => label !== "__name__"));
  all.set("__name__", name);
  return Labels.from(all);
}

function typeOf(metric: OtlpMetric): MetricType {
  switch (metric.kind) {
    case SUM:
      return metric.monotonic ? "counter" : "gauge";
    case GAUGE:
      return "gauge";
    case SUMMARY:
      return "summary";
    default:
      return "histogram";
  }
}

/** OTLP's bucket i begins at base^i, Prometheus' ends there: one more. */
function nativeHistogram(metrics: OtlpMetrics, point: number, context: Context): NativeHistogram {
  const at = metrics.more[point]!;
  const numbers = metrics.numbers;
  const scale = numbers[at + 4]!;
  if (scale < MIN_SCALE) throw invalid(context, `scale ${scale} is below ${MIN_SCALE}`);
  const steps = Math.max(0, scale - MAX_SCALE);
  const positiveCount = numbers[at + 8]!;
  const side = (offset: number, from: number, count: number): Side =>
    sideOf(offset, numbers.subarray(from, from + count), steps);
  return NativeHistogram.from({
    schema: scale - steps,
    zeroThreshold: numbers[at + 6]!,
    zeroCount: numbers[at + 5]!,
    count: numbers[at]!,
    sum: numbers[at + 1]!,
    positive: side(numbers[at + 7]!, at + 11, positiveCount),
    negative: side(numbers[at + 9]!, at + 11 + positiveCount, numbers[at + 10]!),
  });
}

interface Side {
  readonly indexes: number[];
  readonly counts: number[];
}

function sideOf(offset: number, counts: Float64Array, steps: number): Side {
  const side: Side = { indexes: [], counts: [] };
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    const index = Math.floor((offset + i) / 2 ** steps) + 1;
    if (side.indexes.at(-1) === index) side.counts[side.counts.length - 1]! += count;
    else {
      side.indexes.push(index);
      side.counts.push(count);
    }
  }
  return side;
}
