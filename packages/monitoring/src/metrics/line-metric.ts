// A metric with one number a series (counters and gauges): its store, and its exposition from pages.

import {
  type CounterValue,
  formatNumber,
  Labels,
  type MetricFamily,
  type MetricPoint,
  type ProtobufRows,
} from "@flx/model/write";
import { createdLine } from "./created-series.ts";
import type { ExposedMetric, ExposeOptions } from "./exposed-metric.ts";
import type { ExemplarStore } from "./exemplar-store.ts";
import { wireText } from "./label-values.ts";
import { LinePages, PAGE_ROWS } from "./line-pages.ts";
import { RecentlyUsed } from "./recently-used.ts";
import { headerText, labelsWriter, seriesText } from "./series-text.ts";
import { type SeriesSharing, SeriesStore, type StoreOptions } from "./series-store.ts";
import type { TextChunks } from "./text-chunks.ts";

/** Rows written between two pauses. */
const ROWS_A_STEP = 128;

/** Pages that so many expositions have not used are dropped: default labels have changed, or nobody reads the format now. */
const UNUSED_EXPOSITIONS = 8;

/** A counter's or gauge's series and their lines. */
export class LineMetric extends SeriesStore implements ExposedMetric {
  readonly definition: string;
  readonly declaration: string;
  readonly sampleNames: readonly string[];
  /** The numbers of a metric without labels, which only `share` moves: it has one row. */
  single: Float64Array | undefined;
  readonly takesExemplars: boolean;
  /** Exemplars by row; made by the first one. */
  exemplars: ExemplarStore | undefined;
  collect: (() => void | Promise<void>) | undefined;
  /** By row; made when somebody first asks. */
  #generations: Map<number, number> | undefined;
  /** One set of pages for each name and set of default labels the metric was exposed with lately. */
  readonly #pages = new RecentlyUsed<LinePages>(UNUSED_EXPOSITIONS);

  constructor(options: Omit<StoreOptions, "stride"> & { readonly takesExemplars?: boolean }) {
    super({ ...options, stride: 1 });
    this.takesExemplars = options.takesExemplars ?? false;
    this.single = this.labelNames.length === 0 ? this.cells.chunks[0] : undefined;
    this.definition = JSON.stringify([this.type, this.help, this.unit, this.labelNames]);
    this.declaration = JSON.stringify([this.type, this.help, this.unit, this.givenNames]);
    const total = this.#totalName();
    this.sampleNames =
      this.type === "counter"
        ? [this.name, this.#bareName(), total, `${this.#bareName()}_created`]
        : [this.name];
    this.onRow = (row) => {
      this.#generations?.set(row, this.generation(row) + 1);
      this.exemplars?.delete(row);
      this.#pages.each((pages) => {
        pages.retitle(row);
      });
    };
  }

  /** Which of the series that had this row in turn it stands for now; changes when the row is given up or taken. */
  generation(row: number): number {
    this.#generations ??= new Map();
    return this.#generations.get(row) ?? 0;
  }

  override share(sharing: SeriesSharing | undefined): void {
    super.share(sharing);
    if (this.labelNames.length === 0) this.single = this.cells.chunks[0];
  }

  *expose(out: TextChunks, options: ExposeOptions): Generator<void, void, undefined> {
    const openMetrics = options.format === "openmetrics";
    const counter = this.type === "counter";
    const familyName = openMetrics && counter ? this.#bareName() : this.name;
    out.text(headerText(familyName, this.type, this.help, this.unit, openMetrics));
    const sampleName = openMetrics && counter ? this.#totalName() : this.name;
    const created =
      openMetrics && counter && options.createdSeries && this.createdMs(0) !== undefined;
    if (created || (openMetrics && this.exemplars !== undefined)) {
      yield* this.#exposeLines(out, sampleName, options);
      return;
    }
    const pages = this.#pagesOf(sampleName, options.defaultLabels);
    for (let page = 0; page < pages.length; page++) {
      out.write(pages.render(page));
      yield;
    }
  }

  *writeRows(rows: ProtobufRows): Generator<void, void, undefined> {
    const values: string[] = [];
    for (let row = 0; row < this.table.rows; row += ROWS_A_STEP) {
      this.#writeStep(rows, row, values);
      yield;
    }
  }

  /** Not in the generator, whose body the engine is slow to optimize. */
  #writeStep(rows: ProtobufRows, from: number, values: string[]): void {
    const { cells, table } = this;
    const counter = this.type === "counter";
    const end = Math.min(from + ROWS_A_STEP, table.rows);
    for (let row = from; row < end; row++) {
      if (!this.isUsed(row)) continue;
      table.readValues(row, values);
      const value = cells.get(row);
      if (counter) rows.counter(values, value, this.createdMs(row), this.exemplars?.get(row));
      else rows.gauge(values, value);
    }
  }

  get rowCount(): number {
    return this.table.rows;
  }

  family(from = 0, to: number = this.table.rows): MetricFamily {
    const { name, type, help, unit } = this;
    const about = unit === undefined ? { help } : { help, unit };
    if (type === "counter") {
      const points = this.#points<CounterValue>(from, to, (total, row) => {
        const exemplar = this.exemplars?.get(row);
        const createdMs = this.createdMs(row);
        return {
          total,
          ...(createdMs === undefined ? {} : { createdMs }),
          ...(exemplar === undefined ? {} : { exemplar }),
        };
      });
      const bare = !name.endsWith("_total");
      return {
        name: this.#bareName(),
        type,
        ...about,
        points,
        ...(bare ? { bareName: true } : {}),
      };
    }
    return { name, type: "gauge", ...about, points: this.#points(from, to, (value) => value) };
  }

  #points<Value>(
    from: number,
    to: number,
    valueOf: (value: number, row: number) => Value,
  ): MetricPoint<Value>[] {
    const points: MetricPoint<Value>[] = [];
    const end = Math.min(to, this.table.rows);
    for (let row = from; row < end; row++) {
      if (!this.isUsed(row)) continue;
      const values = this.table.valuesOf(row);
      const labels = Labels.from(
        this.labelNames.map((label, i) => [label, wireText(values[i]!)] as const),
      );
      points.push({ labels, value: valueOf(this.cells.get(row), row) });
    }
    return points;
  }

  /** OpenMetrics with what pages have no place for: exemplars, created times. */
  *#exposeLines(
    out: TextChunks,
    sampleName: string,
    { defaultLabels, createdSeries }: ExposeOptions,
  ): Generator<void, void, undefined> {
    const line = this.#lines(sampleName, defaultLabels, createdSeries);
    const pages = createdSeries ? undefined : this.#pagesOf(sampleName, defaultLabels);
    for (let first = 0; first < this.table.rows; first += PAGE_ROWS) {
      const end = Math.min(first + PAGE_ROWS, this.table.rows);
      if (pages !== undefined && this.exemplars?.hasAny(first, end) !== true) {
        out.write(pages.render(first / PAGE_ROWS));
      } else {
        for (let row = first; row < end; row++) if (this.isUsed(row)) out.text(line(row));
      }
      yield;
    }
  }

  /** What gives the lines of a row with its exemplar, and its created time when that is asked for. */
  #lines(
    sampleName: string,
    defaultLabels: ReadonlyMap<string, string>,
    createdSeries: boolean,
  ): (row: number) => string {
    const labelsOf = labelsWriter(this.labelNames, defaultLabels);
    const bareName = this.#bareName();
    return (row) => {
      const labels = labelsOf(this.table.valuesOf(row));
      const exemplar = this.exemplars?.text(row) ?? "";
      const value = formatNumber(this.cells.get(row));
      const text = `${seriesText(sampleName, labels)} ${value}${exemplar}\n`;
      const createdMs = createdSeries ? this.createdMs(row) : undefined;
      return createdMs === undefined ? text : text + createdLine(bareName, labels, createdMs);
    };
  }

  #pagesOf(sampleName: string, defaults: ReadonlyMap<string, string>): LinePages {
    const key = JSON.stringify([sampleName, ...defaults]);
    return this.#pages.get(key, () => this.#newPages(sampleName, defaults));
  }

  #newPages(sampleName: string, defaults: ReadonlyMap<string, string>): LinePages {
    const { cells, table } = this;
    return new LinePages({
      cells,
      get rows() {
        return table.rows;
      },
      isUsed: (row) => this.isUsed(row),
      prefix: this.#prefixes(sampleName, defaults),
    });
  }

  /** What gives the text of a row's line up to its number. */
  #prefixes(sampleName: string, defaults: ReadonlyMap<string, string>): (row: number) => string {
    const labelsOf = labelsWriter(this.labelNames, defaults);
    return (row) => `${seriesText(sampleName, labelsOf(this.table.valuesOf(row)))} `;
  }

  #bareName(): string {
    return this.name.endsWith("_total") ? this.name.slice(0, -"_total".length) : this.name;
  }

  #totalName(): string {
    return `${this.#bareName()}_total`;
  }
}
