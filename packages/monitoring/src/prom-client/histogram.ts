// A histogram: counts of observations by bucket.
//
//   cells of a row   [ bucket 0 | ... | bucket n-1 | +Inf | sum ]     not cumulative: an observation adds to two of them
//   line             name_bucket{le="0.1"  ,method="GET"  } 17        le, default labels, labels of the series
//                    └ per exposition      └ per row
//
// Bounds are sorted, each once, and +Inf left to us: in another order the counts of the peer went down between buckets.

import { format } from "node:util";
import { BucketFinder } from "../metrics/bucket-finder.ts";
import { CHUNK_BITS, CHUNK_MASK } from "../metrics/cells.ts";
import { startTimer } from "../metrics/timer.ts";
import {
  type DefaultLabels,
  type ExemplarObject,
  exemplarText,
  labelsText,
  labelText,
  type LineOptions,
  numberText,
  type SampleObject,
} from "./exposition.ts";
import { isLabels, labelArguments, type LabelRecord } from "./label-series.ts";
import { exemplarOf, Metric, type MetricConfiguration } from "./metric.ts";

const DEFAULT_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** Rows written in one piece. */
const ROWS_A_PIECE = 32;

/** How a histogram is declared. */
export interface HistogramConfiguration extends MetricConfiguration {
  /** Upper bounds; +Inf is added. */
  readonly buckets?: readonly number[];
}

/** The argument of `observe` of a histogram with exemplars. */
interface ObservationWithExemplar {
  readonly labels?: unknown;
  readonly value?: unknown;
  readonly exemplarLabels?: LabelRecord;
}

/** Stops a timer; labels given now win over those given at its start. */
export type EndTimer = (labels?: LabelRecord, exemplarLabels?: LabelRecord) => number;

/** A histogram. */
export class Histogram extends Metric<(ExemplarObject | undefined)[]> {
  readonly upperBounds: readonly number[];
  readonly #finder: BucketFinder;

  /** @throws {TypeError | Error} when the declaration is wrong */
  constructor(config: HistogramConfiguration) {
    const bounds = sortedBounds(config?.buckets ?? DEFAULT_BUCKETS);
    super(config, { type: "histogram", stride: bounds.length + 2, reservedLabel: "le" });
    this.upperBounds = Object.freeze(bounds);
    this.#finder = new BucketFinder(bounds);
    if (this.labelNames.length === 0) this.series.bare();
    this.register();
  }

  /** The bounds. */
  get buckets(): readonly number[] {
    return this.upperBounds;
  }

  /**
   * `observe(value)`, `observe(labels, value)`; with exemplars `observe({ labels, value, exemplarLabels })`.
   *
   * @throws {TypeError} when the value is no finite number
   * @throws {Error} when a label is not declared
   */
  observe(labels?: unknown, value?: unknown): void {
    if (this.enableExemplars) this.#observeWithExemplar(labels as ObservationWithExemplar);
    else this.#observe(labels, value);
  }

  /** Takes all series away. */
  reset(): void {
    this.series.clear();
  }

  /** The series of a label set from zero, made when there is none. */
  zero(labels?: LabelRecord): void {
    const row = isLabels(labels) ? this.series.row(labels) : this.series.bare();
    this.series.cells.clearRow(row);
    this.series.extras[row] = undefined;
  }

  /** Starts a timer; the function it gives observes the seconds since, and returns them. */
  startTimer(labels?: LabelRecord, exemplarLabels?: LabelRecord): EndTimer {
    const elapsedSeconds = startTimer();
    return (more, moreExemplarLabels) => {
      const seconds = elapsedSeconds();
      const all = { ...labels, ...more };
      if (this.enableExemplars) {
        const exemplar = { ...exemplarLabels, ...moreExemplarLabels };
        this.observe({ labels: all, value: seconds, exemplarLabels: exemplar });
      } else {
        this.observe(all, seconds);
      }
      return seconds;
    };
  }

  /**
   * The histogram of one label set; the series is there from the first observation on.
   *
   * @throws {Error} when a label is not declared, or there are too many or too few values
   */
  labels(...args: readonly unknown[]): {
    readonly observe: (value: unknown) => void;
    readonly startTimer: () => (labels?: LabelRecord) => number;
  } {
    const labels = labelArguments(this.labelNames, args);
    const { series } = this;
    series.validate(labels);
    let row = -1;
    let layout = -1;
    const observe = (value: unknown) => {
      checkFinite(value);
      if (layout !== series.layout) {
        row = series.row(labels);
        layout = series.layout;
      }
      this.#count(row, value);
    };
    return {
      observe,
      startTimer: () => {
        const elapsedSeconds = startTimer();
        return (more) => {
          const seconds = elapsedSeconds();
          if (more === undefined) observe(seconds);
          else this.#observe({ ...labels, ...more }, seconds);
          return seconds;
        };
      },
    };
  }

  *writeLines(options: LineOptions): Generator<string, void, undefined> {
    const { series } = this;
    series.arrange();
    const lines = new HistogramLines(this.name, this.upperBounds, options.defaults);
    let text = "";
    let rows = 0;
    for (const row of series.usedRows()) {
      const exemplars = options.openMetrics ? series.extras[row] : undefined;
      text += lines.row(series.labels(row), series.cells.row(row), exemplars);
      if (++rows % ROWS_A_PIECE > 0) continue;
      yield text;
      text = "";
    }
    yield text;
  }

  protected samples(): SampleObject[] {
    const { series, name, upperBounds } = this;
    series.arrange();
    const samples: SampleObject[] = [];
    for (const row of series.usedRows()) {
      const cells = series.cells.row(row);
      const labels = series.labels(row);
      let count = 0;
      for (let bucket = 0; bucket <= upperBounds.length; bucket++) {
        count += cells[bucket]!;
        const le = upperBounds[bucket] ?? "+Inf";
        const exemplar = series.extras[row]?.[bucket] ?? null;
        const metricName = `${name}_bucket`;
        samples.push({ value: count, metricName, exemplar, labels: { le, ...labels } });
      }
      const sum = cells[upperBounds.length + 1]!;
      for (const [part, value] of [
        ["sum", sum],
        ["count", count],
      ] as const) {
        const metricName = `${name}_${part}`;
        samples.push({ value, metricName, exemplar: undefined, labels: { ...labels } });
      }
    }
    return samples;
  }

  /** Counts an observation; gives its row. */
  #observe(labelsOrValue: unknown, second: unknown): number {
    const labels = isLabels(labelsOrValue) ? labelsOrValue : undefined;
    // Anything falsy but 0 stands for "no labels", as with the peer.
    const noLabels = labels === undefined && labelsOrValue !== 0 && !labelsOrValue;
    const value = labels !== undefined || noLabels ? second : labelsOrValue;
    checkFinite(value);
    const row = labels === undefined ? this.series.bare() : this.#row(labels);
    this.#count(row, value);
    return row;
  }

  #row(labels: LabelRecord): number {
    const row = this.series.table.find(labels);
    return row >= 0 ? row : this.series.row(labels);
  }

  #count(row: number, value: number): void {
    const { cells } = this.series;
    const chunk = cells.chunks[row >> CHUNK_BITS]!;
    const start = (row & CHUNK_MASK) * cells.stride;
    chunk[start + this.#finder.find(value)]! += 1;
    chunk[start + cells.stride - 1]! += value;
  }

  #observeWithExemplar({ labels, value, exemplarLabels }: ObservationWithExemplar = {}): void {
    const row = this.#observe(labels ?? {}, value);
    if (exemplarLabels === undefined || Object.keys(exemplarLabels).length === 0) return;
    const exemplar = exemplarOf(exemplarLabels, value as number);
    const exemplars = (this.series.extras[row] ??= []);
    exemplars[this.#finder.find(value as number)] = exemplar;
  }
}

/** Puts the lines of a row together. */
class HistogramLines {
  readonly #name: string;
  readonly #defaults: DefaultLabels;
  /** `name_bucket{le="0.1"`, with the default labels that no series has itself. */
  readonly #heads: readonly string[];

  constructor(name: string, upperBounds: readonly number[], defaults: DefaultLabels) {
    this.#name = name;
    this.#defaults = defaults;
    this.#heads = [...upperBounds, "+Inf"].map((bound) => `${name}_bucket{le="${bound}"`);
  }

  row(
    labels: LabelRecord,
    cells: Float64Array,
    exemplars: readonly (ExemplarObject | undefined)[] | undefined,
  ): string {
    const heads = this.#heads;
    const before = this.#defaults.filter(([name]) => !Object.hasOwn(labels, name)).map(labelText);
    const all = [...before, labelsText(labels)].filter((text) => text !== "").join(",");
    const end = all === "" ? "} " : `,${all}} `;
    let count = 0;
    let text = "";
    for (let bucket = 0; bucket < heads.length; bucket++) {
      count += cells[bucket]!;
      text += heads[bucket]! + end + count + exemplarText(exemplars?.[bucket]) + "\n";
    }
    const braces = all === "" ? " " : `{${all}} `;
    text += `${this.#name}_sum${braces}${numberText(cells[heads.length]!)}\n`;
    return `${text}${this.#name}_count${braces}${count}\n`;
  }
}

function checkFinite(value: unknown): asserts value is number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new TypeError(`Value is not a valid number: ${format(value)}`);
  }
}

function sortedBounds(buckets: readonly unknown[]): number[] {
  const bounds = buckets.map(Number);
  if (bounds.some(Number.isNaN)) {
    throw new Error(`Buckets must be numbers, got ${format(buckets)}`);
  }
  return [...new Set(bounds.filter(Number.isFinite))].toSorted((a, b) => a - b);
}
