// A counter: what only grows.

import { format } from "node:util";
import { CHUNK_BITS, CHUNK_MASK } from "../metrics/cells.ts";
import { isLabels, type LabelRecord } from "./label-series.ts";
import { exemplarOf, type MetricConfiguration } from "./metric.ts";
import { BoundRow, ValueMetric } from "./value-metric.ts";

/** The argument of `inc` of a counter with exemplars. */
interface IncrementWithExemplar {
  readonly labels?: LabelRecord;
  readonly value?: unknown;
  readonly exemplarLabels?: LabelRecord;
}

/** A counter. */
export class Counter extends ValueMetric {
  /** @throws {TypeError | Error} when the declaration is wrong */
  constructor(config: MetricConfiguration) {
    super(config, "counter");
    this.register();
  }

  /**
   * `inc()`, `inc(value)`, `inc(labels)`, `inc(labels, value)`; with exemplars `inc({ labels, value, exemplarLabels })`.
   *
   * @throws {TypeError} when the value is no finite number
   * @throws {Error} when the value is negative, or a label is not declared
   */
  inc(labels?: unknown, value?: unknown): void {
    const { single } = this.series;
    if (labels === undefined && single !== undefined) {
      single[0]! += 1;
    } else if (this.enableExemplars) {
      this.#incWithExemplar(labels as IncrementWithExemplar | undefined);
    } else if (typeof labels === "object" && labels !== null) {
      const step = value === undefined ? 1 : checkedStep(value);
      const { series } = this;
      // Not `series.row`: one call less on the path that nearly every increment takes.
      const found = series.table.find(labels as LabelRecord);
      const row = found >= 0 ? found : series.row(labels as LabelRecord);
      series.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK]! += step;
    } else if (single !== undefined) {
      single[0]! += checkedStep(labels);
    } else {
      this.#add(undefined, labels);
    }
  }

  /** The counter of one label set; the series is there from the first increment on. */
  labels(...args: readonly unknown[]): { readonly inc: (value?: unknown) => void } {
    const bound = new BoundRow(this, args);
    if (this.enableExemplars) {
      return {
        inc: (value) => {
          const more = isLabels(value) ? value : { value };
          this.#incWithExemplar({ ...more, labels: bound.labels });
        },
      };
    }
    const { series } = this;
    return {
      inc: (value) => {
        const step = value === undefined ? 1 : checkedStep(value);
        const row = bound.row;
        series.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK]! += step;
      },
    };
  }

  #add(labels: LabelRecord | undefined, value: unknown): number {
    const step = checkedStep(value);
    const { series } = this;
    const row = labels === undefined ? series.bare() : series.row(labels);
    series.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK]! += step;
    return row;
  }

  #incWithExemplar({ labels, value, exemplarLabels }: IncrementWithExemplar = {}): void {
    const row = this.#add(isLabels(labels) ? labels : undefined, value);
    if (exemplarLabels === undefined) return;
    // The peer keeps the total, not the step.
    const total = this.series.cells.get(row);
    this.series.extras[row] = exemplarOf(exemplarLabels, total === 0 ? 1 : total);
  }
}

function checkedStep(value: unknown): number {
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  const step = value ?? 1;
  if (typeof step !== "number" || !Number.isFinite(step)) {
    throw new TypeError(`Value is not a valid number: ${format(value)}`);
  }
  if (step < 0) throw new Error("It is not possible to decrease a counter");
  return step;
}
