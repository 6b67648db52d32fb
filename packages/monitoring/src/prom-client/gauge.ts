// A gauge: what goes up and down.

import { format } from "node:util";
import { CHUNK_BITS, CHUNK_MASK } from "../metrics/cells.ts";
import { startTimer } from "../metrics/timer.ts";
import { labelArguments, type LabelRecord } from "./label-series.ts";
import type { MetricConfiguration } from "./metric.ts";
import { BoundRow, splitArguments, ValueMetric } from "./value-metric.ts";

/** The gauge of one label set. */
export interface BoundGauge {
  readonly inc: (value?: unknown) => void;
  readonly dec: (value?: unknown) => void;
  readonly set: (value: unknown) => void;
  readonly setToCurrentTime: () => void;
  readonly startTimer: () => (labels?: LabelRecord) => number;
}

/** A gauge. */
export class Gauge extends ValueMetric {
  /** @throws {TypeError | Error} when the declaration is wrong */
  constructor(config: MetricConfiguration) {
    super(config, "gauge");
    this.register();
  }

  /**
   * `set(value)`, `set(labels, value)`.
   *
   * @throws {TypeError} when the value is no number
   * @throws {Error} when a label is not declared
   */
  set(labelsOrValue: unknown, value?: unknown): void {
    const { single } = this.series;
    if (typeof labelsOrValue === "number" && single !== undefined) {
      // -0 becomes 0, as it is written.
      single[0] = labelsOrValue + 0;
      return;
    }
    const [labels, number] = splitArguments(labelsOrValue, value);
    checkNumber(number, "Value");
    this.#put(this.#row(labels), number);
  }

  /** `inc()`, `inc(value)`, `inc(labels)`, `inc(labels, value)`; throws what `set` throws. */
  inc(labelsOrValue?: unknown, value?: unknown): void {
    const { single } = this.series;
    if (labelsOrValue === undefined && single !== undefined) {
      single[0]! += 1;
      return;
    }
    const [labels, given] = splitArguments(labelsOrValue, value);
    const delta = given ?? 1;
    checkNumber(delta, "Delta");
    this.#add(this.#row(labels), delta);
  }

  /** The same as `inc`, downwards. */
  dec(labelsOrValue?: unknown, value?: unknown): void {
    const { single } = this.series;
    if (labelsOrValue === undefined && single !== undefined) {
      single[0]! -= 1;
      return;
    }
    const [labels, given] = splitArguments(labelsOrValue, value);
    const delta = minus(given ?? 1);
    checkNumber(delta, "Delta");
    this.#add(this.#row(labels), delta);
  }

  /** Sets Unix time in seconds. */
  setToCurrentTime(labels?: LabelRecord): void {
    const now = Date.now() / 1000;
    if (labels === undefined) this.set(now);
    else this.set(labels, now);
  }

  /** Starts a timer; the function it gives sets the seconds since, and returns them. */
  startTimer(labels?: LabelRecord): (labels?: LabelRecord) => number {
    const elapsedSeconds = startTimer();
    return (more) => {
      const seconds = elapsedSeconds();
      this.set({ ...labels, ...more }, seconds);
      return seconds;
    };
  }

  /**
   * The gauge of one label set; the series is there from the first use on.
   *
   * @throws {Error} when a label is not declared, or there are too many or too few values
   */
  labels(...args: readonly unknown[]): BoundGauge {
    this.series.validate(labelArguments(this.labelNames, args));
    const bound = new BoundRow(this, args);
    return {
      inc: (value) => {
        const delta = value ?? 1;
        checkNumber(delta, "Delta");
        this.#add(bound.row, delta);
      },
      dec: (value) => {
        const delta = minus(value ?? 1);
        checkNumber(delta, "Delta");
        this.#add(bound.row, delta);
      },
      set: (value) => {
        checkNumber(value, "Value");
        this.#put(bound.row, value);
      },
      setToCurrentTime: () => {
        this.#put(bound.row, Date.now() / 1000);
      },
      startTimer: () => this.startTimer(bound.labels),
    };
  }

  #row(labels: LabelRecord | undefined): number {
    if (labels === undefined) return this.series.bare();
    const row = this.series.table.find(labels);
    return row >= 0 ? row : this.series.row(labels);
  }

  #put(row: number, value: number): void {
    // -0 becomes 0, as it is written.
    this.series.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK] = value + 0;
  }

  #add(row: number, delta: number): void {
    this.series.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK]! += delta;
  }
}

function checkNumber(value: unknown, what: "Value" | "Delta"): asserts value is number {
  if (typeof value !== "number") {
    throw new TypeError(`${what} is not a valid number: ${format(value)}`);
  }
}

function minus(value: unknown): unknown {
  return -(value as number);
}
