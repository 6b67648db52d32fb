// A summary's series: count and sum over the whole life in cells, quantiles of the last minutes beside them.
//
//   row   [ count | sum ]   +   SlidingQuantiles, made by the first observation
//
// OpenMetrics has no summary of negative values: there, a negative sum or quantile is left out.

import {
  canonicalNumber,
  FlxError,
  formatNumber,
  type MetricFamily,
  type SummaryValue,
} from "@flx/model/write";
import { createdLine } from "./created-series.ts";
import type { ExposeOptions } from "./exposed-metric.ts";
import { labelText, seriesText } from "./series-text.ts";
import type { StoreOptions } from "./series-store.ts";
import { SlidingQuantiles } from "./sliding-quantiles.ts";
import { joinLabels, TextMetric, type FamilyHeader } from "./text-metric.ts";

/** More slices of time would cost more memory than they are worth. */
const MAX_AGE_BUCKETS = 60;

/** What a summary is declared with beside labels. */
export interface SummaryMetricOptions extends Omit<StoreOptions, "type" | "stride"> {
  readonly percentiles: readonly number[];
  readonly maxAgeSeconds: number;
  readonly ageBuckets: number;
}

/** A summary's series. */
export class SummaryMetric extends TextMetric {
  readonly sampleNames: readonly string[];
  readonly clock: () => number;
  protected readonly ownLabels: readonly string[] = ["quantile"];
  readonly #percentiles: readonly number[];
  readonly #ageBuckets: number;
  readonly #sliceMs: number;
  /** By row. */
  #recent: (SlidingQuantiles | undefined)[] = [];

  constructor(options: SummaryMetricOptions) {
    const { name, percentiles, maxAgeSeconds, ageBuckets, clock } = options;
    checkQuantiles(name, percentiles);
    checkAge(name, maxAgeSeconds, ageBuckets);
    const reservedLabels = ["quantile"];
    super({ ...options, type: "summary", stride: 2, reservedLabels }, [
      percentiles,
      String(maxAgeSeconds),
      ageBuckets,
    ]);
    this.sampleNames = ["", "_sum", "_count", "_created"].map((ending) => name + ending);
    this.clock = clock ?? (() => performance.now());
    this.#percentiles = [...percentiles];
    // What is never forgotten needs no slices.
    this.#ageBuckets = maxAgeSeconds === Infinity ? 1 : ageBuckets;
    this.#sliceMs = (maxAgeSeconds * 1000) / ageBuckets;
    this.onRow = (row) => {
      this.#recent[row] = undefined;
    };
  }

  /** Counts a finite number. */
  observe(row: number, value: number): void {
    const { chunk, start } = this.cells.at(row);
    chunk[start]! += 1;
    chunk[start + 1]! += value;
    const slice = this.#slice();
    (this.#recent[row] ??= new SlidingQuantiles(this.#ageBuckets, slice)).observe(value, slice);
  }

  get rowCount(): number {
    return this.table.rows;
  }

  family(from = 0, to: number = this.table.rows): MetricFamily {
    const { name, help, unit } = this;
    const points = this.points(
      (row): SummaryValue => {
        const [count = 0, sum = 0] = this.cells.row(row);
        const values = this.#quantiles(row);
        const quantiles = this.#percentiles.map((quantile, i) => {
          return { quantile, value: values[i]! };
        });
        const createdMs = this.createdMs(row);
        return { quantiles, sum, count, ...(createdMs === undefined ? {} : { createdMs }) };
      },
      from,
      to,
    );
    return { name, type: "summary", help, ...(unit === undefined ? {} : { unit }), points };
  }

  protected header(): FamilyHeader {
    return { name: this.name, typeWord: "summary" };
  }

  protected lines(row: number, labels: string, { format, createdSeries }: ExposeOptions): string {
    const openMetrics = format === "openmetrics";
    const [count = 0, sum = 0] = this.cells.row(row);
    const values = this.#quantiles(row);
    const { name } = this;
    let lines = "";
    for (const [i, quantile] of this.#percentiles.entries()) {
      const text = openMetrics ? canonicalNumber(quantile) : formatNumber(quantile);
      if (openMetrics && values[i]! < 0) continue;
      const own = joinLabels(labels, labelText("quantile", text));
      lines += `${seriesText(name, own)} ${formatNumber(values[i]!)}\n`;
    }
    if (!openMetrics || sum >= 0) {
      lines += `${seriesText(`${name}_sum`, labels)} ${formatNumber(sum)}\n`;
    }
    lines += `${seriesText(`${name}_count`, labels)} ${formatNumber(count)}\n`;
    const createdMs = openMetrics && createdSeries ? this.createdMs(row) : undefined;
    return createdMs === undefined ? lines : lines + createdLine(name, labels, createdMs);
  }

  #quantiles(row: number): number[] {
    const recent = this.#recent[row];
    return recent === undefined
      ? this.#percentiles.map(() => Number.NaN)
      : recent.read(this.#percentiles, this.#slice());
  }

  /** The number of the present slice of time. */
  #slice(): number {
    return this.#sliceMs === Infinity ? 0 : Math.floor(this.clock() / this.#sliceMs);
  }
}

function checkQuantiles(name: string, quantiles: readonly number[]): void {
  const ascending = quantiles.every(
    (q, i) => q >= 0 && q <= 1 && (i === 0 || q > quantiles[i - 1]!),
  );
  if (ascending) return;
  throw new FlxError(
    "FLX_METRIC_QUANTILES",
    `the percentiles of ${name} must be numbers from 0 to 1 in ascending order, got [${quantiles.join(", ")}]`,
  );
}

function checkAge(name: string, maxAgeSeconds: number, ageBuckets: number): void {
  const buckets = Number.isInteger(ageBuckets) && ageBuckets >= 1 && ageBuckets <= MAX_AGE_BUCKETS;
  if (buckets && maxAgeSeconds > 0) return;
  throw new FlxError(
    "FLX_METRIC_AGE",
    `${name} needs maxAgeSeconds above 0 and 1 to ${MAX_AGE_BUCKETS} ageBuckets, got ${maxAgeSeconds} and ${ageBuckets}`,
  );
}
