// What a metric is declared with, as text that goes to another thread or process, and the metric made from it there.
//
// A specification may come from another process, which may be of another version, or not ours at all: every field is
// checked, and then once more by the constructors of the metrics.

import { FlxError, type MetricType } from "@flx/model/write";
import type { ExposedMetric } from "../exposed-metric.ts";
import { HistogramMetric } from "../histogram-metric.ts";
import { InfoMetric } from "../info.ts";
import { LineMetric } from "../line-metric.ts";
import { Misuse } from "../misuse.ts";
import type { NativeSettings } from "../native-series.ts";
import { type Aggregator, SeriesStore } from "../series-store.ts";
import { StateSetMetric } from "../state-set.ts";
import { SummaryMetric } from "../summary-metric.ts";

/** The declared facts of a metric. */
export interface MetricSpec {
  readonly type: MetricType;
  readonly name: string;
  readonly help: string;
  readonly unit?: string | undefined;
  readonly labelNames: readonly string[];
  readonly maxSeries: number;
  readonly aggregator?: Aggregator | undefined;
  /** What must be equal for two declarations to be the same metric. */
  readonly definition: string;
  /** Numbers a series has. */
  readonly stride: number;
  readonly upperBounds?: readonly number[] | undefined;
  readonly native?: NativeSettings | undefined;
  readonly states?: readonly string[] | undefined;
}

/** A metric as it can be shared. */
export type StoredMetric = SeriesStore & ExposedMetric;

/** Ways to put values together, and what a type uses when nothing is said. */
const AGGREGATORS: ReadonlySet<unknown> = new Set([
  "sum",
  "min",
  "max",
  "average",
  "first",
  "omit",
]);

/** Types whose numbers only grow: they are summed, and what a member counted stays when it ends. */
const COUNTING: ReadonlySet<MetricType> = new Set(["counter", "histogram", "summary"]);

/** Whether a metric's numbers stay when the thread or process that counted them is gone. */
export function isCounting(spec: MetricSpec): boolean {
  return COUNTING.has(spec.type) && aggregatorOf(spec) === "sum";
}

/** How a metric's values are put together. */
export function aggregatorOf({ type, aggregator }: MetricSpec): Aggregator {
  if (aggregator === "omit") return "omit";
  if (COUNTING.has(type)) return "sum";
  // The sum of a state that holds in two threads is 2, which is no state; facts are there or not.
  const fallback = type === "gauge" ? "sum" : "max";
  return aggregator === undefined || (type !== "gauge" && aggregator === "sum")
    ? fallback
    : aggregator;
}

/** What metrics were made from that stand for several: they are gathered further as they were declared first. */
const specs = new WeakMap<ExposedMetric, MetricSpec>();

/** The specification of a metric; `undefined` when it is no metric of ours. */
export function specText(metric: ExposedMetric): string | undefined {
  if (!isStored(metric)) return undefined;
  const madeFrom = specs.get(metric);
  if (madeFrom !== undefined) return JSON.stringify(madeFrom);
  const { type, name, help, unit, labelNames, maxSeries, aggregator, definition } = metric;
  const spec = { type, name, help, unit, labelNames, aggregator, definition };
  return JSON.stringify({
    ...spec,
    stride: metric.cells.stride,
    ...(maxSeries < Infinity ? { maxSeries } : {}),
    ...(metric instanceof HistogramMetric
      ? { upperBounds: metric.upperBounds, native: metric.native }
      : {}),
    ...(metric instanceof StateSetMetric ? { states: metric.states } : {}),
  });
}

/** Whether a metric keeps its numbers in cells that can be shared. */
export function isStored(metric: ExposedMetric): metric is StoredMetric {
  return metric instanceof SeriesStore;
}

/**
 * The specification that a text holds.
 *
 * @throws {FlxError} `FLX_FLEET_SPEC` when it is none
 */
export function parseSpec(text: string): MetricSpec {
  let fields: Partial<Record<keyof MetricSpec, unknown>>;
  try {
    fields = Object(JSON.parse(text)) as typeof fields;
  } catch (cause) {
    throw new FlxError("FLX_FLEET_SPEC", "the specification of a metric is no JSON", { cause });
  }
  const { type, name, help, unit, labelNames, maxSeries, aggregator, definition, stride } = fields;
  const { upperBounds, native, states } = fields;
  const right =
    isText(type) &&
    isText(name) &&
    isText(help) &&
    isText(definition) &&
    (unit === undefined || isText(unit)) &&
    isListOf(labelNames, isText) &&
    (maxSeries === undefined || maxSeries === null || typeof maxSeries === "number") &&
    (aggregator === undefined || AGGREGATORS.has(aggregator)) &&
    (upperBounds === undefined || isListOf(upperBounds, Number.isFinite)) &&
    (native === undefined || isNative(native)) &&
    (states === undefined || isListOf(states, isText));
  if (!right) throw new FlxError("FLX_FLEET_SPEC", "the specification of a metric is not complete");
  const spec = { ...fields, maxSeries: maxSeries ?? Infinity } as unknown as MetricSpec;
  if (stride !== strideOf(spec)) {
    throw new FlxError("FLX_FLEET_SPEC", `${name} cannot have ${String(stride)} numbers a series`);
  }
  return spec;
}

/**
 * A metric without series, for the values of several threads or processes together.
 *
 * @param wallClock when the series that is opened next began
 * @throws {FlxError} `FLX_METRIC_*` when the specification is none a metric can have
 */
export function metricOf(spec: MetricSpec, wallClock: () => number): StoredMetric {
  const metric = newMetric(spec, wallClock);
  specs.set(metric, spec);
  return metric;
}

function newMetric(spec: MetricSpec, wallClock: () => number): StoredMetric {
  const { type, name, help, unit, labelNames, maxSeries } = spec;
  const misuse = new Misuse("count");
  const options = { name, help, unit, labelNames, maxSeries, misuse, wallClock };
  switch (type) {
    case "counter":
    case "gauge":
      return new LineMetric({ ...options, type });
    case "histogram":
      return new HistogramMetric(options, spec.upperBounds ?? [], spec.native);
    case "summary":
      // Quantiles of several threads cannot be put together from quantiles; count and sum can.
      return new SummaryMetric({ ...options, percentiles: [], maxAgeSeconds: 60, ageBuckets: 1 });
    case "stateset":
      return new StateSetMetric({ ...options, states: spec.states ?? [] }, misuse);
    case "info":
      return new InfoMetric({ ...options, maxSeries: Infinity }, misuse);
    case "gaugehistogram":
    case "unknown":
      throw new FlxError("FLX_FLEET_SPEC", `${name} is a ${type}, which cannot be shared`);
    default:
      throw new FlxError("FLX_FLEET_SPEC", `${name} has the type ${String(type satisfies never)}`);
  }
}

function strideOf({ type, upperBounds = [], states = [] }: MetricSpec): number {
  if (type === "histogram") return upperBounds.length + 2;
  if (type === "stateset") return states.length;
  return type === "summary" ? 2 : 1;
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isListOf(value: unknown, is: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

function isNative(value: unknown): boolean {
  const { schema, maxBuckets, zeroThreshold } = Object(value) as Partial<NativeSettings>;
  return [schema, maxBuckets, zeroThreshold].every((field) => typeof field === "number");
}
