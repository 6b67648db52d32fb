// A counter: what only grows, until the process starts again.

import type { UnixMs } from "@flx/model/write";
import { BoundSeries } from "./bound-series.ts";
import { CHUNK_BITS, CHUNK_MASK } from "./cells.ts";
import { automatic, takeExemplar } from "./exemplar-source.ts";
import { ExemplarStore } from "./exemplar-store.ts";
import { misuseOf, registerEverywhere, type InstrumentOptions } from "./instrument.ts";
import { NO_ROW, type LabelInput } from "./label-table.ts";
import type {
  BindArguments,
  DeclaredValues,
  LabelsOf,
  OptionalValueArguments,
} from "./label-types.ts";
import { LineMetric } from "./line-metric.ts";

/** How a counter is declared. */
export interface CounterOptions<
  Names extends string,
  Values extends DeclaredValues<Names>,
> extends InstrumentOptions<Names, Values> {
  /** Whether it takes exemplars from `setExemplarSource` (default true). */
  readonly exemplars?: boolean;
  /** Called before each exposition, to bring the counter up to date. */
  readonly collect?: (this: Counter<Names, Values>) => void | Promise<void>;
}

/**
 * A count that only grows.
 *
 *     const placed = new Counter({ name: "orders_placed_total", help: "Orders placed", labelNames: ["country"] });
 *     placed.inc({ country: "DE" });
 */
export class Counter<
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
> {
  readonly #metric: LineMetric;

  /**
   * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric
   */
  constructor(options: CounterOptions<Names, Values>) {
    const { exemplars: takesExemplars = true, ...declared } = options;
    const misuse = misuseOf(options.registers);
    const metric = new LineMetric({ ...declared, type: "counter", misuse, takesExemplars });
    const { collect } = options;
    if (collect !== undefined) metric.collect = () => collect.call(this);
    this.#metric = registerEverywhere(metric, options.registers);
  }

  get name(): string {
    return this.#metric.name;
  }

  /**
   * Adds to the count (1 when nothing is said).
   *
   * @throws {FlxError} in development: `FLX_METRIC_LABELS`, `FLX_METRIC_VALUE` (negative, NaN or infinite)
   */
  inc(...args: OptionalValueArguments<Names, LabelsOf<Names, Values>>): void;
  inc(labelsOrValue?: LabelInput | number, value = 1): void {
    const metric = this.#metric;
    if (labelsOrValue === undefined && metric.single !== undefined) {
      metric.single[0]! += 1;
      if (automatic.askings > 0) takeExemplar(metric, 0, 1);
    } else if (typeof labelsOrValue === "object") {
      const found = metric.table.find(labelsOrValue);
      const row = found >= 0 ? found : openFor(metric, labelsOrValue, value);
      if (row >= 0) add(metric, row, value);
    } else {
      const row = metric.labelNames.length === 0 ? 0 : metric.row(undefined);
      if (row >= 0) add(metric, row, labelsOrValue ?? 1);
    }
  }

  /**
   * The counter of one label set, which counts without a look-up.
   *
   * @param args a labels object, or the values in declared order
   */
  labels(...args: BindArguments<Names, LabelsOf<Names, Values>>): BoundCounter {
    return new BoundCounter(this.#metric, args);
  }

  /** Takes the series of a label set away. */
  remove(...args: BindArguments<Names, LabelsOf<Names, Values>>): void {
    this.#metric.remove(args);
  }

  /** Takes all series away. */
  reset(): void {
    this.#metric.reset();
  }
}

/** The counter of one label set. */
export class BoundCounter {
  readonly #series: BoundSeries<LineMetric>;

  constructor(metric: LineMetric, args: readonly unknown[]) {
    this.#series = new BoundSeries(metric, args);
  }

  /** Adds to the count (1 when nothing is said). */
  inc(value = 1): void {
    const series = this.#series;
    if (series.layout !== series.store.layout) series.find();
    if (isIncrement(value)) {
      series.chunk[series.start]! += value;
      if (automatic.askings > 0 && series.row >= 0) takeExemplar(series.store, series.row, value);
    } else {
      refuse(series.store, value);
    }
  }

  /** Adds to the count and keeps the exemplar, an observation that stands for many. */
  incWithExemplar(
    exemplarLabels: Readonly<Record<string, unknown>>,
    value = 1,
    timestampMs: UnixMs = this.#series.store.wallClock() as UnixMs,
  ): void {
    this.inc(value);
    const { store, row } = this.#series;
    if (row < 0 || !isIncrement(value)) return;
    store.exemplars ??= new ExemplarStore();
    const wrong = store.exemplars.put(row, exemplarLabels, value, timestampMs);
    if (wrong !== undefined) store.misuse.report(wrong.code, wrong.message);
  }
}

/** The row of a new series, unless the value will be refused: a call that does nothing opens no series either. */
function openFor(metric: LineMetric, labels: LabelInput, value: number): number {
  if (isIncrement(value)) return metric.row(labels);
  refuse(metric, value);
  return NO_ROW;
}

function isIncrement(value: number): boolean {
  // Text would be appended to the number, not added.
  return typeof value === "number" && value >= 0 && value < Infinity;
}

function add(metric: LineMetric, row: number, value: number): void {
  if (isIncrement(value)) {
    metric.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK]! += value;
    if (automatic.askings > 0) takeExemplar(metric, row, value);
  } else {
    refuse(metric, value);
  }
}

function refuse(metric: LineMetric, value: unknown): void {
  metric.misuse.report(
    "FLX_METRIC_VALUE",
    `counter ${metric.name} can only grow by a finite number, not by ${typeof value} ${String(value)}`,
  );
}
