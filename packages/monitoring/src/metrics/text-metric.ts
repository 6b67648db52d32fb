// A metric whose series are written anew at each exposition: summaries, infos, state sets. There are few of them, and
// their lines are not one number each, so they are not kept as pages (line-pages.ts).

import { Labels, type MetricFamily, type MetricPoint } from "@flx/model/write";
import type { ExposedMetric, ExposeOptions } from "./exposed-metric.ts";
import { wireText } from "./label-values.ts";
import { headerText, labelsWriter } from "./series-text.ts";
import { SeriesStore, type StoreOptions } from "./series-store.ts";
import type { TextChunks } from "./text-chunks.ts";

/** Rows written between two pauses. */
const ROWS_A_STEP = 32;

/** How a family is called in one format. */
export interface FamilyHeader {
  readonly name: string;
  /** The word on the TYPE line. */
  readonly typeWord: string;
}

/** What a kind of metric adds to the store: its names and lines. */
export abstract class TextMetric extends SeriesStore implements ExposedMetric {
  readonly definition: string;
  readonly declaration: string;
  abstract readonly sampleNames: readonly string[];
  collect: (() => void | Promise<void>) | undefined;

  /**
   * @param details what else must be equal for two declarations to be the same metric
   */
  constructor(options: StoreOptions, details: readonly unknown[] = []) {
    super(options);
    const { type, help, unit } = this;
    this.definition = JSON.stringify([type, help, unit, this.labelNames, ...details]);
    this.declaration = JSON.stringify([type, help, unit, this.givenNames, ...details]);
  }

  *expose(out: TextChunks, options: ExposeOptions): Generator<void, void, undefined> {
    const openMetrics = options.format === "openmetrics";
    const { name, typeWord } = this.header(openMetrics);
    const defaults = new Map(options.defaultLabels);
    for (const label of this.ownLabels) defaults.delete(label);
    const labelsOf = labelsWriter(this.labelNames, defaults);
    out.text(headerText(name, typeWord, this.help, this.unit, openMetrics));
    for (let row = 0; row < this.table.rows; row++) {
      if (!this.isUsed(row)) continue;
      out.text(this.lines(row, labelsOf(this.table.valuesOf(row)), options));
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
    }
  }

  abstract family(): MetricFamily;

  /** Labels that the type writes itself. */
  protected abstract readonly ownLabels: readonly string[];
  protected abstract header(openMetrics: boolean): FamilyHeader;
  /** The lines of one series; `labels` without braces. */
  protected abstract lines(row: number, labels: string, options: ExposeOptions): string;

  /** The points of the model's family, of some rows. */
  protected points<Value>(
    valueOf: (row: number) => Value,
    from = 0,
    to: number = this.table.rows,
  ): MetricPoint<Value>[] {
    const points: MetricPoint<Value>[] = [];
    const end = Math.min(to, this.table.rows);
    for (let row = from; row < end; row++) {
      if (!this.isUsed(row)) continue;
      const values = this.table.valuesOf(row);
      const pairs = this.labelNames.map((label, i) => [label, wireText(values[i]!)] as const);
      points.push({ labels: Labels.from(pairs), value: valueOf(row) });
    }
    return points;
  }
}

/** `first,second`, or the one that is not empty. */
export function joinLabels(first: string, second: string): string {
  return first === "" || second === "" ? first + second : `${first},${second}`;
}
