// A metric with one number a series (counters and gauges): its samples, and its lines from the core's byte pages.

import { LinePages } from "../metrics/line-pages.ts";
import {
  braced,
  type DefaultLabels,
  exemplarText,
  type ExemplarObject,
  labelsText,
  type LineOptions,
  numberText,
  sampleName,
  type SampleObject,
  withDefaults,
} from "./exposition.ts";
import { isLabels, labelArguments, type LabelRecord } from "./label-series.ts";
import { Metric, type MetricConfiguration } from "./metric.ts";

/** Sets of pages kept, one for each name and set of default labels a metric was exposed with. */
const MAX_PAGES = 4;

const decoder = new TextDecoder();

/** Counters and gauges. */
export abstract class ValueMetric extends Metric<ExemplarObject> {
  readonly #pages = new Map<string, LinePages>();

  constructor(config: MetricConfiguration, type: "counter" | "gauge") {
    super(config, { type, stride: 1 });
    this.series.onRow = (row) => {
      for (const pages of this.#pages.values()) pages.retitle(row);
    };
    this.series.onRearranged = () => {
      this.#pages.clear();
    };
    this.reset();
  }

  /** Takes all series away; without labels the one series goes back to zero. */
  reset(): void {
    this.series.clear();
    if (this.labelNames.length === 0) this.series.bare();
  }

  *writeLines(options: LineOptions): Generator<string, void, undefined> {
    this.series.arrange();
    const name = sampleName(this.name, this.type, options.openMetrics);
    if (options.openMetrics && this.enableExemplars) {
      yield* this.#linesWithExemplars(name, options.defaults);
      return;
    }
    const pages = this.#pagesOf(name, options.defaults);
    for (let page = 0; page < pages.length; page++) yield decoder.decode(pages.render(page));
  }

  protected samples(): SampleObject[] {
    const { series } = this;
    series.arrange();
    return series.usedRows().map((row) => {
      const sample: SampleObject = { value: series.cells.get(row), labels: series.labels(row) };
      const exemplar = series.extras[row];
      if (exemplar !== undefined) sample.exemplar = exemplar;
      return sample;
    });
  }

  *#linesWithExemplars(name: string, defaults: DefaultLabels): Generator<string, void, undefined> {
    const { series } = this;
    for (const row of series.usedRows()) {
      const exemplar = exemplarText(series.extras[row]);
      yield `${this.#prefix(name, row, defaults)}${numberText(series.cells.get(row))}${exemplar}\n`;
    }
  }

  #pagesOf(name: string, defaults: DefaultLabels): LinePages {
    const key = `${name} ${defaults.map(([label, value]) => `${label}=${value as string}`).join(" ")}`;
    let pages = this.#pages.get(key);
    if (pages === undefined) {
      if (this.#pages.size >= MAX_PAGES) this.#pages.clear();
      const { series } = this;
      pages = new LinePages({
        cells: series.cells,
        get rows() {
          return series.rows;
        },
        isUsed: (row) => series.isUsed(row),
        prefix: (row) => this.#prefix(name, row, defaults),
      });
      this.#pages.set(key, pages);
    }
    return pages;
  }

  #prefix(name: string, row: number, defaults: DefaultLabels): string {
    return `${name}${braced(labelsText(withDefaults(this.series.labels(row), defaults)))} `;
  }
}

/** The labels of a handle and the row of its series, looked up when it is used and kept while rows stay where they are. */
export class BoundRow {
  readonly labels: LabelRecord;
  readonly #series: ValueMetric["series"];
  #row = -1;
  #layout = -1;

  constructor(metric: ValueMetric, args: readonly unknown[]) {
    this.#series = metric["series"];
    this.labels = labelArguments(metric.labelNames, args);
  }

  /** @throws {Error} when a label is not declared */
  get row(): number {
    if (this.#layout !== this.#series.layout) {
      this.#row = this.#series.row(this.labels);
      // After the look-up, which may make the series and so change the layout.
      this.#layout = this.#series.layout;
    }
    return this.#row;
  }
}

/** The labels and the value of `set(labels, value)` and `set(value)`. */
export function splitArguments(
  first: unknown,
  second: unknown,
): [LabelRecord | undefined, unknown] {
  return isLabels(first) ? [first, second] : [undefined, first];
}
