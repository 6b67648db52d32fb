// A classic histogram's series and their exposition.
//
//   row   [ bucket 0 | bucket 1 | ... | bucket +Inf | sum ]      not cumulative: an observation adds to two cells
//
// Sixteen lines a series would be a kilobyte each if kept as text, so nothing is: lines are put together from the
// pieces they share, as bytes.
//
//   name_bucket{ + method="GET" + ,le="0.1"}  + 17 \n
//   └ per metric   └ per row       └ per bucket  └ counted

import {
  canonicalNumber,
  ClassicHistogram,
  type Exemplar,
  formatNumber,
  type HistogramValue,
  Labels,
  type MetricFamily,
  type MetricPoint,
} from "@flx/model";
import { BucketFinder } from "./bucket-finder.ts";
import { MAX_DIGITS, writeNumber } from "./digits.ts";
import type { ExemplarStore } from "./exemplar-store.ts";
import type { ExposedMetric, ExposeOptions } from "./exposed-metric.ts";
import { wireText } from "./label-values.ts";
import { headerText, labelsText, seriesText } from "./series-text.ts";
import { SeriesStore, type StoreOptions } from "./series-store.ts";
import type { TextChunks } from "./text-chunks.ts";

/** Rows written between two pauses. */
const ROWS_A_STEP = 32;

const LINE_FEED = 0x0a;
const encoder = new TextEncoder();

/** A classic histogram's series. */
export class HistogramMetric extends SeriesStore implements ExposedMetric {
  readonly definition: string;
  readonly sampleNames: readonly string[];
  /** Finite, ascending. */
  readonly upperBounds: readonly number[];
  readonly finder: BucketFinder;
  /** Exemplars by row * (bounds + 1) + bucket; made by the first one. */
  exemplars: ExemplarStore | undefined;
  collect: (() => void | Promise<void>) | undefined;

  constructor(options: Omit<StoreOptions, "stride" | "type">, upperBounds: readonly number[]) {
    super({
      ...options,
      type: "histogram",
      stride: upperBounds.length + 2,
      reservedLabels: ["le"],
    });
    this.upperBounds = upperBounds;
    this.finder = new BucketFinder(upperBounds);
    this.definition = JSON.stringify([
      this.type,
      this.help,
      this.unit,
      this.labelNames,
      upperBounds,
    ]);
    this.sampleNames = ["", "_bucket", "_sum", "_count", "_created"].map((end) => this.name + end);
    this.onRow = (row) => {
      for (let bucket = 0; bucket <= upperBounds.length; bucket++) {
        this.exemplars?.delete(this.exemplarPosition(row, bucket));
      }
    };
  }

  get series(): number {
    return this.table.size;
  }

  exemplarPosition(row: number, bucket: number): number {
    return row * (this.upperBounds.length + 1) + bucket;
  }

  *expose(
    out: TextChunks,
    { format, defaultLabels }: ExposeOptions,
  ): Generator<void, void, undefined> {
    const openMetrics = format === "openmetrics";
    out.text(headerText(this.name, this.type, this.help, this.unit, openMetrics));
    const lines = new HistogramLines(this, openMetrics);
    for (let row = 0; row < this.table.rows; row++) {
      if (!this.isUsed(row)) continue;
      const labels = labelsText(this.labelNames, this.table.valuesOf(row), defaultLabels);
      out.write(lines.row(row, labels));
      if (row % ROWS_A_STEP === 0) yield;
    }
  }

  family(): MetricFamily {
    const points: MetricPoint<HistogramValue>[] = [];
    for (let row = 0; row < this.table.rows; row++) {
      if (!this.isUsed(row)) continue;
      const values = this.table.valuesOf(row);
      const labels = Labels.from(
        this.labelNames.map((label, i) => [label, wireText(values[i]!)] as const),
      );
      points.push({ labels, value: this.#value(row) });
    }
    const { name, help, unit } = this;
    return { name, type: "histogram", help, ...(unit === undefined ? {} : { unit }), points };
  }

  #value(row: number): HistogramValue {
    const cells = this.cells.row(row);
    const cumulativeCounts = new Float64Array(this.upperBounds.length + 1);
    const exemplars = new Map<number, Exemplar>();
    let count = 0;
    for (let bucket = 0; bucket < cumulativeCounts.length; bucket++) {
      count += cells[bucket]!;
      cumulativeCounts[bucket] = count;
      const exemplar = this.exemplars?.get(this.exemplarPosition(row, bucket));
      if (exemplar !== undefined) exemplars.set(bucket, exemplar);
    }
    const sum = cells[cumulativeCounts.length]!;
    const { upperBounds } = this;
    const histogram = ClassicHistogram.from({ upperBounds, cumulativeCounts, sum });
    return exemplars.size === 0 ? { histogram } : { histogram, exemplars };
  }
}

/** Puts the lines of a row together as bytes. */
class HistogramLines {
  readonly #metric: HistogramMetric;
  readonly #openMetrics: boolean;
  readonly #names: { readonly bucket: string; readonly sum: string; readonly count: string };
  /** What ends each bucket's series: `le="0.1"} `. */
  readonly #ends: readonly Uint8Array[];
  #bytes = new Uint8Array(4096);
  #at = 0;

  constructor(metric: HistogramMetric, openMetrics: boolean) {
    this.#metric = metric;
    this.#openMetrics = openMetrics;
    const { name } = metric;
    this.#names = { bucket: `${name}_bucket`, sum: `${name}_sum`, count: `${name}_count` };
    this.#ends = [...metric.upperBounds, Infinity].map((bound) =>
      encoder.encode(`le="${openMetrics ? canonicalNumber(bound) : formatNumber(bound)}"} `),
    );
  }

  /** The lines of one row; valid until the next call. */
  row(row: number, labels: string): Uint8Array {
    const metric = this.#metric;
    const buckets = metric.upperBounds.length + 1;
    const { chunk, start } = metric.cells.at(row);
    this.#at = 0;
    // "name_bucket{labels," for the first line; every other line begins with the same bytes.
    const head = seriesText(this.#names.bucket, labels);
    const open = labels === "" && !head.endsWith("}") ? `${head}{` : `${head.slice(0, -1)},`;
    this.#reserve(open.length * 3);
    const headEnd = encoder.encodeInto(open, this.#bytes).written;
    let count = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      count += chunk[start + bucket]!;
      const end = this.#ends[bucket]!;
      this.#reserve(headEnd + end.length + MAX_DIGITS + 1);
      const bytes = this.#bytes;
      let at = this.#at;
      if (bucket > 0) {
        bytes.copyWithin(at, 0, headEnd);
      }
      at += headEnd;
      for (let i = 0; i < end.length; i++) bytes[at++] = end[i]!;
      at = writeNumber(bytes, at, count);
      this.#at = at;
      if (this.#openMetrics && metric.exemplars !== undefined) {
        this.#text(metric.exemplars.text(metric.exemplarPosition(row, bucket)));
      }
      this.#bytes[this.#at++] = LINE_FEED;
    }
    this.#line(`${seriesText(this.#names.sum, labels)} `, chunk[start + buckets]!);
    this.#line(`${seriesText(this.#names.count, labels)} `, count);
    return this.#bytes.subarray(0, this.#at);
  }

  #line(prefix: string, value: number): void {
    this.#text(prefix);
    this.#reserve(MAX_DIGITS + 1);
    this.#at = writeNumber(this.#bytes, this.#at, value);
    this.#bytes[this.#at++] = LINE_FEED;
  }

  #text(text: string): void {
    this.#reserve(text.length * 3 + 1);
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
  }

  #reserve(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#at + size, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
