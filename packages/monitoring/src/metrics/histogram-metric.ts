// A classic histogram's series and their exposition.
//
//   row   [ bucket 0 | bucket 1 | ... | bucket +Inf | sum ]      not cumulative: an observation adds to two cells
//
// Sixteen lines a series would be a kilobyte each if kept as text, so nothing is: lines are put together from the
// pieces they share, as bytes.
//
//   name_bucket{ + method="GET" + ,le="0.1"}  + 17 \n
//   └ per metric   └ per row       └ per bucket  └ counted
//
// Exponential buckets, when the histogram has them, are kept beside (native-series.ts); the text formats have no words for
// them, protobuf has (`family`).

import {
  canonicalNumber,
  ClassicHistogram,
  type Exemplar,
  formatNumber,
  type HistogramValue,
  Labels,
  type MetricFamily,
  type MetricPoint,
  type ProtobufRows,
  type NativeHistogram,
} from "@flx/model";
import { BucketFinder } from "./bucket-finder.ts";
import { ownMemory } from "./cells.ts";
import { createdLine } from "./created-series.ts";
import { MAX_DIGITS, writeNumber } from "./digits.ts";
import type { ExemplarStore } from "./exemplar-store.ts";
import type { ExposedMetric, ExposeOptions } from "./exposed-metric.ts";
import { wireText } from "./label-values.ts";
import { NativeSeries, type NativeSettings } from "./native-series.ts";
import { headerText, labelsWriter, seriesText } from "./series-text.ts";
import { type SeriesSharing, SeriesStore, type StoreOptions } from "./series-store.ts";
import type { TextChunks } from "./text-chunks.ts";

/** Rows written between two pauses. */
const ROWS_A_STEP = 32;

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** `le="..."} ` with the longest number there is. */
const LONGEST_END = 40;
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
  /** How exponential buckets are recorded, too; `undefined`: they are not. */
  readonly native: NativeSettings | undefined;
  /** Only of classic buckets. */
  readonly writeRows: ExposedMetric["writeRows"];
  readonly #nativeSeries: (NativeSeries | undefined)[] = [];
  /** Gives the exponential buckets of a row where they are not recorded here but put together (fleet/). */
  nativeOf: ((row: number, sum: number) => NativeHistogram) | undefined;

  constructor(
    options: Omit<StoreOptions, "stride" | "type">,
    upperBounds: readonly number[],
    native?: NativeSettings,
  ) {
    super({
      ...options,
      type: "histogram",
      stride: upperBounds.length + 2,
      reservedLabels: ["le"],
    });
    this.upperBounds = upperBounds;
    this.native = native;
    this.writeRows = native === undefined ? (rows) => this.#writeRows(rows) : undefined;
    this.finder = new BucketFinder(upperBounds);
    this.definition = JSON.stringify([
      this.type,
      this.help,
      this.unit,
      this.labelNames,
      upperBounds,
      native,
    ]);
    this.sampleNames = ["", "_bucket", "_sum", "_count", "_created"].map((end) => this.name + end);
    this.onRow = (row) => {
      this.#nativeSeries[row]?.release();
      this.#nativeSeries[row] = undefined;
      for (let bucket = 0; bucket <= upperBounds.length; bucket++) {
        this.exemplars?.delete(this.exemplarPosition(row, bucket));
      }
    };
  }

  get series(): number {
    return this.table.size;
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
    const { sharing } = this;
    if (sharing !== undefined) {
      made.moveTo(sharing.memory, () => sharing.nativeMoved?.(row, made));
    }
    this.#nativeSeries[row] = made;
    return made;
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
    const lines = new HistogramLines(this, openMetrics);
    const labelsOf = labelsWriter(this.labelNames, defaultLabels);
    for (let row = 0; row < this.table.rows; row++) {
      if (!this.isUsed(row)) continue;
      const labels = labelsOf(this.table.valuesOf(row));
      out.write(lines.row(row, labels));
      const createdMs = withCreated ? this.createdMs(row) : undefined;
      if (createdMs !== undefined) out.text(createdLine(this.name, labels, createdMs));
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

/** Puts the lines of a row together as bytes. */
class HistogramLines {
  readonly #metric: HistogramMetric;
  readonly #openMetrics: boolean;
  /** What begins the lines: `name_bucket{`, `name_sum{` and `name_count{`, or the same with the name in quotes. */
  readonly #bucketOpen: Uint8Array;
  readonly #sumOpen: Uint8Array;
  readonly #countOpen: Uint8Array;
  /** What ends each bucket's series: `le="0.1"} `. */
  readonly #ends: readonly Uint8Array[];
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);

  constructor(metric: HistogramMetric, openMetrics: boolean) {
    this.#metric = metric;
    this.#openMetrics = openMetrics;
    const open = (suffix: string) => encoder.encode(openText(metric.name + suffix));
    this.#bucketOpen = open("_bucket");
    this.#sumOpen = open("_sum");
    this.#countOpen = open("_count");
    this.#ends = [...metric.upperBounds, Infinity].map((bound) =>
      encoder.encode(`le="${openMetrics ? canonicalNumber(bound) : formatNumber(bound)}"} `),
    );
  }

  /** The lines of one row; valid until the next call. */
  row(row: number, labels: string): Uint8Array {
    const metric = this.#metric;
    const buckets = metric.upperBounds.length + 1;
    const { chunk, start } = metric.cells.at(row);
    // The first line's beginning, `name_bucket{labels,`, which the lines of all other buckets are copied from.
    this.#reserve(this.#bucketOpen.length + labels.length * 3 + 1);
    let at = copy(this.#bytes, 0, this.#bucketOpen);
    const labelsAt = at;
    if (labels !== "") at += this.#encode(labels, at);
    const labelsEnd = at;
    if (labels !== "") this.#bytes[at++] = COMMA;
    const headEnd = at;
    // Room for all lines at once: exemplars, which are rare, ask for more.
    this.#reserve((buckets + 2) * (headEnd + LONGEST_END + MAX_DIGITS) + headEnd);
    const exemplars = this.#openMetrics ? metric.exemplars : undefined;
    let count = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      count += chunk[start + bucket]!;
      if (bucket > 0) at = repeat(this.#view, headEnd, at);
      at = copy(this.#bytes, at, this.#ends[bucket]!);
      at = writeNumber(this.#bytes, at, count);
      if (exemplars !== undefined) {
        const text = exemplars.text(metric.exemplarPosition(row, bucket));
        this.#reserve(at + text.length * 3 + (buckets + 2) * (headEnd + LONGEST_END + MAX_DIGITS));
        at += this.#encode(text, at);
      }
      this.#bytes[at++] = LINE_FEED;
    }
    at = this.#total(this.#sumOpen, labelsAt, labelsEnd, at, chunk[start + buckets]!);
    at = this.#total(this.#countOpen, labelsAt, labelsEnd, at, count);
    return this.#bytes.subarray(0, at);
  }

  /** The line of the sum or the count, with the labels that stand in the first line. */
  #total(
    open: Uint8Array,
    labelsAt: number,
    labelsEnd: number,
    from: number,
    value: number,
  ): number {
    const bytes = this.#bytes;
    let at = copy(bytes, from, open);
    if (labelsEnd > labelsAt) {
      for (let i = labelsAt; i < labelsEnd; i++) bytes[at++] = bytes[i]!;
      bytes[at++] = CLOSE_BRACE;
    } else if (bytes[from] === OPEN_BRACE) {
      bytes[at - 1] = CLOSE_BRACE; // {"name",  becomes  {"name"}
    } else {
      at--; // name_sum{  becomes  name_sum
    }
    bytes[at++] = SPACE;
    at = writeNumber(bytes, at, value);
    bytes[at++] = LINE_FEED;
    return at;
  }

  #encode(text: string, at: number): number {
    return encoder.encodeInto(text, this.#bytes.subarray(at)).written;
  }

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(size, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/** `name{`, or `{"name",` for a name that needs quotes. */
function openText(name: string): string {
  const alone = seriesText(name, "");
  return alone === name ? `${name}{` : `${alone.slice(0, -1)},`;
}

/** Copies `from` to `at`; the offset after it. Faster than `set` for the few bytes there are. */
function copy(bytes: Uint8Array, at: number, from: Uint8Array): number {
  for (let i = 0; i < from.length; i++) bytes[at + i] = from[i]!;
  return at + from.length;
}

/** Copies the first `length` bytes to `at`, four at a time (up to three bytes too many, overwritten by what follows). */
function repeat(view: DataView, length: number, at: number): number {
  for (let i = 0; i < length; i += 4) view.setInt32(at + i, view.getInt32(i));
  return at + length;
}
