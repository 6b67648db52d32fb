// A classic histogram's series and their exposition.
//
//   row   [ bucket 0 | bucket 1 | ... | bucket +Inf | sum ]      not cumulative: an observation adds to two cells
//
// Its lines are written by histogram-lines.ts and not kept.
//
// Exponential buckets, when the histogram has them, are kept beside (native-series.ts); the text formats have no words for
// them, protobuf has (`family`).

import {
  ClassicHistogram,
  type Exemplar,
  type HistogramValue,
  Labels,
  type MetricFamily,
  type MetricPoint,
  type ProtobufRows,
  type NativeHistogram,
} from "@flx/model/write";
import { BucketFinder } from "./bucket-finder.ts";
import { ownMemory } from "./cells.ts";
import { createdLine } from "./created-series.ts";
import type { ExemplarStore } from "./exemplar-store.ts";
import type { ExposedMetric, ExposeOptions } from "./exposed-metric.ts";
import { wireText } from "./label-values.ts";
import { NativeSeries, type NativeSettings } from "./native-series.ts";
import { HistogramLines } from "./histogram-lines.ts";
import { headerText, labelsWriter } from "./series-text.ts";
import { type SeriesSharing, SeriesStore, type StoreOptions } from "./series-store.ts";
import type { TextChunks } from "./text-chunks.ts";

/** Rows written between two pauses. */
const ROWS_A_STEP = 32;

/** A classic histogram's series. */
export class HistogramMetric extends SeriesStore implements ExposedMetric {
  readonly definition: string;
  readonly declaration: string;
  readonly sampleNames: readonly string[];
  /** Finite, ascending. */
  readonly upperBounds: readonly number[];
  readonly finder: BucketFinder;
  readonly takesExemplars: boolean;
  /** Exemplars by row * (bounds + 1) + bucket; made by the first one. */
  exemplars: ExemplarStore | undefined;
  collect: (() => void | Promise<void>) | undefined;
  /** How exponential buckets are recorded, too; `undefined`: they are not. */
  readonly native: NativeSettings | undefined;
  /** Only of classic buckets. */
  readonly writeRows: ExposedMetric["writeRows"];
  readonly #nativeSeries: (NativeSeries | undefined)[] = [];
  /** Gives the exponential buckets of a row where they are not recorded here but put together (fleet/). */
  nativeOf: ((row: number, sum: number) => NativeHistogram) | undefined;

  constructor(
    options: Omit<StoreOptions, "stride" | "type"> & { readonly takesExemplars?: boolean },
    upperBounds: readonly number[],
    native?: NativeSettings,
  ) {
    super({
      ...options,
      type: "histogram",
      stride: upperBounds.length + 2,
      reservedLabels: ["le"],
    });
    this.takesExemplars = options.takesExemplars ?? false;
    this.upperBounds = upperBounds;
    this.native = native;
    this.writeRows = native === undefined ? (rows) => this.#writeRows(rows) : undefined;
    this.finder = new BucketFinder(upperBounds);
    const { type, help, unit } = this;
    this.definition = JSON.stringify([type, help, unit, this.labelNames, upperBounds, native]);
    this.declaration = JSON.stringify([type, help, unit, this.givenNames, upperBounds, native]);
    this.sampleNames = ["", "_bucket", "_sum", "_count", "_created"].map((end) => this.name + end);
    this.onRow = (row) => {
      this.#nativeSeries[row]?.release();
      this.#nativeSeries[row] = undefined;
      for (let bucket = 0; bucket <= upperBounds.length; bucket++) {
        this.exemplars?.delete(this.exemplarPosition(row, bucket));
      }
    };
  }

  /** Counts an observation in the exponential buckets of a row, when there are some. */
  observeNative(row: number, value: number): void {
    if (this.native !== undefined) this.#native(row, this.native).observe(value);
  }

  override share(sharing: SeriesSharing | undefined): void {
    super.share(sharing);
    for (const [row, series] of this.#nativeSeries.entries()) {
      series?.moveTo(sharing?.memory ?? ownMemory, () => sharing?.nativeMoved?.(row, series));
    }
  }

  #native(row: number, settings: NativeSettings): NativeSeries {
    const existing = this.#nativeSeries[row];
    if (existing !== undefined) return existing;
    const made = new NativeSeries(settings);
    this.#nativeSeries[row] = made;
    const { sharing } = this;
    if (sharing !== undefined) {
      made.moveTo(sharing.memory, () => sharing.nativeMoved?.(row, made));
    }
    return made;
  }

  /** Calls back with the exponential buckets of every row that has some. */
  eachNative(take: (row: number, series: NativeSeries) => void): void {
    for (const [row, series] of this.#nativeSeries.entries()) {
      if (series !== undefined) take(row, series);
    }
  }

  #nativeHistogram(row: number, sum: number): NativeHistogram | undefined {
    if (this.native === undefined) return undefined;
    return this.nativeOf?.(row, sum) ?? this.#native(row, this.native).histogram(sum);
  }

  exemplarPosition(row: number, bucket: number): number {
    return row * (this.upperBounds.length + 1) + bucket;
  }

  *expose(
    out: TextChunks,
    { format, defaultLabels, createdSeries }: ExposeOptions,
  ): Generator<void, void, undefined> {
    const openMetrics = format === "openmetrics";
    const withCreated = openMetrics && createdSeries;
    out.text(headerText(this.name, this.type, this.help, this.unit, openMetrics));
    const { name, labelNames, upperBounds, table } = this;
    const lines = new HistogramLines({ name, labelNames, defaultLabels, upperBounds, openMetrics });
    const labelsOf = labelsWriter(labelNames, defaultLabels);
    const exemplars = openMetrics ? this.exemplars : undefined;
    const values: string[] = [];
    for (let row = 0; row < table.rows; row++) {
      if (!this.isUsed(row)) continue;
      table.readValues(row, values);
      const { chunk, start } = this.cells.at(row);
      const exemplarOf =
        exemplars === undefined
          ? undefined
          : (bucket: number) => exemplars.text(this.exemplarPosition(row, bucket));
      lines.write(out, values, chunk, start, exemplarOf);
      const createdMs = withCreated ? this.createdMs(row) : undefined;
      if (createdMs !== undefined) out.text(createdLine(name, labelsOf(values), createdMs));
      if (row % ROWS_A_STEP === 0) yield;
    }
  }

  *#writeRows(rows: ProtobufRows): Generator<void, void, undefined> {
    const { table, cells, upperBounds } = this;
    const values: string[] = [];
    for (let row = 0; row < table.rows; row++) {
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
      if (!this.isUsed(row)) continue;
      table.readValues(row, values);
      const { chunk, start } = cells.at(row);
      const exemplarOf =
        this.exemplars === undefined
          ? undefined
          : (bucket: number) => this.exemplars?.get(this.exemplarPosition(row, bucket));
      rows.histogram(values, upperBounds, chunk, start, this.createdMs(row), exemplarOf);
    }
  }

  get rowCount(): number {
    return this.table.rows;
  }

  family(from = 0, to: number = this.table.rows): MetricFamily {
    const points: MetricPoint<HistogramValue>[] = [];
    const end = Math.min(to, this.table.rows);
    for (let row = from; row < end; row++) {
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
    const createdMs = this.createdMs(row);
    const native = this.#nativeHistogram(row, sum);
    return {
      histogram,
      ...(createdMs === undefined ? {} : { createdMs }),
      ...(exemplars.size === 0 ? {} : { exemplars }),
      ...(native === undefined ? {} : { native }),
    };
  }
}
