// A summary: quantiles of observations, over all time or a sliding window, with their sum and count.

import { format } from "node:util";
import { startTimer } from "../metrics/timer.ts";
import { type LineOptions, linesOf, type SampleObject } from "./exposition.ts";
import { labelArguments, type LabelRecord } from "./label-series.ts";
import { Metric, type MetricConfiguration } from "./metric.ts";
import { QuantileWindow } from "./quantile-window.ts";

const DEFAULT_PERCENTILES: readonly number[] = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];
const DEFAULT_COMPRESS_COUNT = 1_000;

/** Where a row has its numbers. */
const COUNT = 0;
const SUM = 1;

/** How a summary is declared. */
export interface SummaryConfiguration extends MetricConfiguration {
  /** Quantiles, 0..1. */
  readonly percentiles?: readonly number[];
  /** Length of the sliding window; needs `ageBuckets`. */
  readonly maxAgeSeconds?: number;
  /** Steps in which the window slides. */
  readonly ageBuckets?: number;
  /** Take series away whose window is empty. */
  readonly pruneAgedBuckets?: boolean;
  /** Observations between two merges. */
  readonly compressCount?: number;
}

/** A summary. */
export class Summary extends Metric<QuantileWindow> {
  readonly percentiles: readonly number[];
  readonly maxAgeSeconds: number | undefined;
  readonly ageBuckets: number | undefined;
  readonly pruneAgedBuckets: boolean;
  readonly compressCount: number;

  /** @throws {TypeError | Error} when the declaration is wrong */
  constructor(config: SummaryConfiguration) {
    super(config, { type: "summary", stride: 2, reservedLabel: "quantile" });
    this.percentiles = config.percentiles ?? DEFAULT_PERCENTILES;
    this.maxAgeSeconds = config.maxAgeSeconds;
    this.ageBuckets = config.ageBuckets;
    this.pruneAgedBuckets = config.pruneAgedBuckets ?? false;
    this.compressCount = config.compressCount ?? DEFAULT_COMPRESS_COUNT;
    if (this.labelNames.length === 0) this.#window(this.series.bare());
    this.register();
  }

  /**
   * `observe(value)`, `observe(labels, value)`.
   *
   * @throws {TypeError} when the value is no finite number
   * @throws {Error} when a label is not declared
   */
  observe(labels?: unknown, value?: unknown): void {
    this.#observe(labels === 0 ? 0 : labels || {}, value);
  }

  /** Every number back to zero; the series stay. */
  reset(): void {
    for (const row of this.series.usedRows()) {
      this.series.cells.clearRow(row);
      this.series.extras[row]?.clear();
    }
  }

  /** Starts a timer; the function it gives observes the seconds since, and returns them. */
  startTimer(labels?: LabelRecord): (labels?: LabelRecord) => number {
    const elapsedSeconds = startTimer();
    return (more) => {
      const seconds = elapsedSeconds();
      this.observe({ ...labels, ...more }, seconds);
      return seconds;
    };
  }

  /**
   * The summary of one label set; the series is there from the first observation on.
   *
   * @throws {Error} when a label is not declared, or there are too many or too few values
   */
  labels(...args: readonly unknown[]): {
    readonly observe: (value: unknown) => void;
    readonly startTimer: () => (labels?: LabelRecord) => number;
  } {
    const labels = labelArguments(this.labelNames, args);
    this.series.validate(labels);
    return {
      observe: (value) => {
        this.#observe(labels, value);
      },
      startTimer: () => this.startTimer(labels),
    };
  }

  *writeLines(options: LineOptions): Generator<string, void, undefined> {
    const { name, help, type } = this;
    yield linesOf({ name, help, type, values: this.samples() }, options);
  }

  protected samples(): SampleObject[] {
    const { series, name } = this;
    if (this.pruneAgedBuckets) this.#prune();
    series.arrange();
    const samples: SampleObject[] = [];
    for (const row of series.usedRows()) {
      const labels = series.labels(row);
      const window = this.#window(row);
      for (const quantile of this.percentiles) {
        samples.push({ labels: { quantile, ...labels }, value: window.quantile(quantile) || 0 });
      }
      const cells = series.cells.row(row);
      samples.push(
        { metricName: `${name}_sum`, labels, value: cells[SUM]! },
        { metricName: `${name}_count`, labels, value: cells[COUNT]! },
      );
    }
    return samples;
  }

  #observe(labelsOrValue: unknown, second: unknown): void {
    const bare = second === undefined;
    const value = bare ? labelsOrValue : second;
    this.series.validate(labelsOrValue as LabelRecord);
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new TypeError(`Value is not a valid number: ${format(value)}`);
    }
    const row = bare ? this.series.bare() : this.series.row(labelsOrValue as LabelRecord);
    const window = this.#window(row);
    const cells = this.series.cells.row(row);
    window.push(value);
    cells[SUM]! += value;
    cells[COUNT]! += 1;
    if (cells[COUNT]! % this.compressCount === 0) window.compress();
  }

  #window(row: number): QuantileWindow {
    return (this.series.extras[row] ??= new QuantileWindow(this.maxAgeSeconds, this.ageBuckets));
  }

  #prune(): void {
    for (const row of this.series.usedRows()) {
      if (this.#window(row).isEmpty) this.series.removeRow(row);
    }
  }
}
