// A gauge: what goes up and down.

import { BoundSeries } from "./bound-series.ts";
import { CHUNK_BITS, CHUNK_MASK } from "./cells.ts";
import { misuseOf, registerEverywhere, type InstrumentOptions } from "./instrument.ts";
import type { LabelInput } from "./label-table.ts";
import type {
  BindArguments,
  DeclaredValues,
  LabelsOf,
  OptionalValueArguments,
  TimerArguments,
  TimerEndArguments,
  ValueArguments,
} from "./label-types.ts";
import { LineMetric } from "./line-metric.ts";
import { finishLabels, startTimer } from "./timer.ts";
import { whenDone } from "./when-done.ts";

/** How a gauge is declared. */
export interface GaugeOptions<
  Names extends string,
  Values extends DeclaredValues<Names>,
> extends InstrumentOptions<Names, Values> {
  /** Called before each exposition, to bring the gauge up to date. */
  readonly collect?: (this: Gauge<Names, Values>) => void | Promise<void>;
}

/**
 * A value that goes up and down.
 *
 *     const waiting = new Gauge({ name: "queue_length", help: "Jobs waiting", labelNames: ["queue"] });
 *     waiting.set({ queue: "mail" }, 3);
 */
export class Gauge<
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
> {
  readonly #metric: LineMetric;

  /**
   * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric
   */
  constructor(options: GaugeOptions<Names, Values>) {
    const metric = new LineMetric({
      ...options,
      type: "gauge",
      misuse: misuseOf(options.registers),
    });
    const { collect } = options;
    if (collect !== undefined) metric.collect = () => collect.call(this);
    this.#metric = registerEverywhere(metric, options.registers);
  }

  get name(): string {
    return this.#metric.name;
  }

  /**
   * Sets the value; NaN and infinities are values of a gauge.
   *
   * @throws {FlxError} in development: `FLX_METRIC_LABELS`, `FLX_METRIC_VALUE` (not a number)
   */
  set(...args: ValueArguments<Names, LabelsOf<Names, Values>>): void;
  set(labelsOrValue?: LabelInput | number, value?: number): void {
    const row = this.#row(labelsOrValue);
    if (row >= 0) set(this.#metric, row, typeof labelsOrValue === "object" ? value : labelsOrValue);
  }

  /** Adds to the value (1 when nothing is said). */
  inc(...args: OptionalValueArguments<Names, LabelsOf<Names, Values>>): void;
  inc(labelsOrValue?: LabelInput | number, value = 1): void {
    const row = this.#row(labelsOrValue);
    if (row >= 0)
      add(this.#metric, row, typeof labelsOrValue === "object" ? value : (labelsOrValue ?? 1));
  }

  /** Takes from the value (1 when nothing is said). */
  dec(...args: OptionalValueArguments<Names, LabelsOf<Names, Values>>): void;
  dec(labelsOrValue?: LabelInput | number, value = 1): void {
    const row = this.#row(labelsOrValue);
    if (row >= 0)
      add(this.#metric, row, -(typeof labelsOrValue === "object" ? value : (labelsOrValue ?? 1)));
  }

  /** Sets the value to the present time, in seconds since 1970. */
  setToCurrentTime(...args: [Names] extends [never] ? [] : [labels: LabelsOf<Names, Values>]): void;
  setToCurrentTime(labels?: LabelInput): void {
    const row = this.#row(labels);
    if (row >= 0) set(this.#metric, row, this.#metric.wallClock() / 1000);
  }

  /**
   * Starts a timer; the function it gives sets the gauge to the seconds since, and returns them.
   *
   * @param args labels that are known now; that function takes the others, and may take these anew
   */
  startTimer<const Given extends Partial<LabelsOf<Names, Values>> = {}>(
    ...args: TimerArguments<Names, Given>
  ): (...args: TimerEndArguments<Names, LabelsOf<Names, Values>, Given>) => number;
  startTimer(labels?: LabelInput): (labels?: LabelInput) => number {
    const elapsedSeconds = startTimer();
    return (more) => {
      const seconds = elapsedSeconds();
      const row = this.#row(finishLabels(this.#metric.labelNames, labels, more));
      if (row >= 0) set(this.#metric, row, seconds);
      return seconds;
    };
  }

  /**
   * Counts how many calls of a function are under way: up by one while it runs, until its promise settles.
   *
   * @param args labels, when the gauge has some, and the function
   */
  trackInprogress<Result>(
    ...args: [Names] extends [never]
      ? [run: () => Result]
      : [labels: LabelsOf<Names, Values>, run: () => Result]
  ): Result;
  trackInprogress<Result>(labelsOrRun: LabelInput | (() => Result), run?: () => Result): Result {
    const work = run ?? (labelsOrRun as () => Result);
    const row = this.#row(run === undefined ? undefined : labelsOrRun);
    if (row < 0) return work();
    const generation = this.#metric.generation(row);
    const done = () => {
      // A series that was taken away meanwhile counts from zero again, without this call.
      if (this.#metric.generation(row) === generation) add(this.#metric, row, -1);
    };
    add(this.#metric, row, 1);
    return whenDone(work, done);
  }

  /**
   * The gauge of one label set, which is set without a look-up.
   *
   * @param args a labels object, or the values in declared order
   */
  labels(...args: BindArguments<Names, LabelsOf<Names, Values>>): BoundGauge {
    return new BoundGauge(this.#metric, args);
  }

  /** Takes the series of a label set away. */
  remove(...args: BindArguments<Names, LabelsOf<Names, Values>>): void {
    this.#metric.remove(args);
  }

  /** Takes all series away. */
  reset(): void {
    this.#metric.reset();
  }

  #row(labels: unknown): number {
    const metric = this.#metric;
    if (typeof labels === "object" && labels !== null) {
      const found = metric.table.find(labels as LabelInput);
      return found >= 0 ? found : metric.row(labels);
    }
    return metric.labelNames.length === 0 ? 0 : metric.row(undefined);
  }
}

/** The gauge of one label set. */
export class BoundGauge {
  readonly #series: BoundSeries<LineMetric>;

  constructor(metric: LineMetric, args: readonly unknown[]) {
    this.#series = new BoundSeries(metric, args);
  }

  /** Sets the value. */
  set(value: number): void {
    const series = this.#series;
    if (series.layout !== series.store.layout) series.find();
    if (typeof value === "number") series.chunk[series.start] = value;
    else refuse(series.store, value);
  }

  /** Adds to the value (1 when nothing is said). */
  inc(value = 1): void {
    const series = this.#series;
    if (series.layout !== series.store.layout) series.find();
    if (typeof value === "number") series.chunk[series.start]! += value;
    else refuse(series.store, value);
  }

  /** Takes from the value (1 when nothing is said). */
  dec(value = 1): void {
    this.inc(-value);
  }

  /** Sets the value to the present time, in seconds since 1970. */
  setToCurrentTime(): void {
    this.set(this.#series.store.wallClock() / 1000);
  }

  /** Starts a timer; the function it gives sets the gauge to the seconds since, and returns them. */
  startTimer(): () => number {
    const elapsedSeconds = startTimer();
    return () => {
      const seconds = elapsedSeconds();
      this.set(seconds);
      return seconds;
    };
  }
}

function set(metric: LineMetric, row: number, value: number | undefined): void {
  if (typeof value === "number") metric.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK] = value;
  else refuse(metric, value);
}

function add(metric: LineMetric, row: number, value: number): void {
  if (typeof value === "number")
    metric.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK]! += value;
  else refuse(metric, value);
}

function refuse(metric: LineMetric, value: unknown): void {
  metric.misuse.report(
    "FLX_METRIC_VALUE",
    `gauge ${metric.name} needs a number, got ${typeof value}`,
  );
}
