// A summary: count and sum of observations, and quantiles of the recent ones, computed here.
//
// Quantiles of several processes cannot be combined; a histogram's can (`histogram_quantile`). A summary is right where
// one process is what is asked about, or where exact bounds of a histogram cannot be known.

import { BoundSeries } from "./bound-series.ts";
import { misuseOf, registerEverywhere, type InstrumentOptions } from "./instrument.ts";
import { NO_ROW, type LabelInput } from "./label-table.ts";
import type {
  BindArguments,
  DeclaredValues,
  LabelsOf,
  TimerArguments,
  TimerEndArguments,
  ValueArguments,
} from "./label-types.ts";
import { SummaryMetric } from "./summary-metric.ts";
import { finishLabels } from "./timer.ts";
import { whenDone } from "./when-done.ts";

/** The quantiles of a summary that names none: those of the Prometheus client for JavaScript. */
export const DEFAULT_PERCENTILES: readonly number[] = [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999];

const DEFAULT_MAX_AGE_SECONDS = 600;
const DEFAULT_AGE_BUCKETS = 5;

/** How a summary is declared. */
export interface SummaryOptions<
  Names extends string,
  Values extends DeclaredValues<Names>,
> extends InstrumentOptions<Names, Values> {
  /** The quantiles to expose, 0 to 1, ascending; default: DEFAULT_PERCENTILES. None: only sum and count. */
  readonly percentiles?: readonly number[];
  /** Quantiles are those of so many last seconds (default 600); Infinity: of the whole life. */
  readonly maxAgeSeconds?: number;
  /** In how many slices that time is forgotten (default 5). */
  readonly ageBuckets?: number;
  /** Called before each exposition. */
  readonly collect?: (this: Summary<Names, Values>) => void | Promise<void>;
}

/**
 * Observations with their quantiles, each within 1 % of the true value.
 *
 *     const took = new Summary({ name: "job_duration_seconds", help: "Time of a job", labelNames: ["job"] });
 *     took.observe({ job: "import" }, 12.5);
 */
export class Summary<
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
> {
  readonly #metric: SummaryMetric;

  /**
   * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric;
   *   `FLX_METRIC_QUANTILES` and `FLX_METRIC_AGE` when quantiles or their time are out of range
   */
  constructor(options: SummaryOptions<Names, Values>) {
    const metric = new SummaryMetric({
      ...options,
      percentiles: options.percentiles ?? DEFAULT_PERCENTILES,
      maxAgeSeconds: options.maxAgeSeconds ?? DEFAULT_MAX_AGE_SECONDS,
      ageBuckets: options.ageBuckets ?? DEFAULT_AGE_BUCKETS,
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
   * Counts one observation.
   *
   * @throws {FlxError} in development: `FLX_METRIC_LABELS`, `FLX_METRIC_VALUE` (NaN or infinite)
   */
  observe(...args: ValueArguments<Names, LabelsOf<Names, Values>>): void;
  observe(labelsOrValue?: LabelInput | number, value?: number): void {
    if (typeof labelsOrValue === "object") observeAs(this.#metric, labelsOrValue, value);
    else observeAs(this.#metric, undefined, labelsOrValue);
  }

  /**
   * Starts a timer; the function it gives observes the seconds since, and returns them.
   *
   * @param args labels that are known now; that function takes the others, and may take these anew
   */
  startTimer<const Given extends Partial<LabelsOf<Names, Values>> = {}>(
    ...args: TimerArguments<Names, Given>
  ): (...args: TimerEndArguments<Names, LabelsOf<Names, Values>, Given>) => number;
  startTimer(labels?: LabelInput): (labels?: LabelInput) => number {
    const metric = this.#metric;
    const startedMs = metric.clock();
    return (more) => {
      const seconds = (metric.clock() - startedMs) / 1000;
      observeAs(metric, finishLabels(metric.labelNames, labels, more), seconds);
      return seconds;
    };
  }

  /**
   * Runs a function and observes how many seconds it took, until its promise settles; also when it throws.
   *
   * @param args labels, when the summary has some, and the function
   */
  time<Result>(
    ...args: [Names] extends [never]
      ? [run: () => Result]
      : [labels: LabelsOf<Names, Values>, run: () => Result]
  ): Result;
  time<Result>(labelsOrRun: LabelInput | (() => Result), run?: () => Result): Result {
    const metric = this.#metric;
    const work = run ?? (labelsOrRun as () => Result);
    const labels = run === undefined ? undefined : (labelsOrRun as LabelInput);
    const startedMs = metric.clock();
    return whenDone(work, () => {
      observeAs(metric, labels, (metric.clock() - startedMs) / 1000);
    });
  }

  /**
   * The summary of one label set, which observes without a look-up.
   *
   * @param args a labels object, or the values in declared order
   */
  labels(...args: BindArguments<Names, LabelsOf<Names, Values>>): BoundSummary {
    return new BoundSummary(this.#metric, args);
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

/** The summary of one label set. */
export class BoundSummary {
  readonly #series: BoundSeries<SummaryMetric>;

  constructor(metric: SummaryMetric, args: readonly unknown[]) {
    this.#series = new BoundSeries(metric, args);
  }

  /** Counts one observation. */
  observe(value: number): void {
    const series = this.#series;
    if (!isObservation(value)) return refuse(series.store, value);
    if (series.layout !== series.store.layout) series.find();
    if (series.row >= 0) series.store.observe(series.row, value);
  }

  /** Starts a timer; the function it gives observes the seconds since, and returns them. */
  startTimer(): () => number {
    const { clock } = this.#series.store;
    const startedMs = clock();
    return () => {
      const seconds = (clock() - startedMs) / 1000;
      this.observe(seconds);
      return seconds;
    };
  }
}

function observeAs(metric: SummaryMetric, labels: LabelInput | undefined, value: unknown): void {
  const found = labels === undefined ? NO_ROW : metric.table.find(labels);
  if (found < 0 && metric.givenNames.length > 0 && typeof labels !== "object") {
    metric.row(labels); // reports
    return;
  }
  if (!isObservation(value)) return refuse(metric, value);
  const row = found >= 0 ? found : metric.row(labels);
  if (row >= 0) metric.observe(row, value);
}

function isObservation(value: unknown): value is number {
  return typeof value === "number" && value - value === 0; // finite
}

function refuse(metric: SummaryMetric, value: unknown): void {
  metric.misuse.report(
    "FLX_METRIC_VALUE",
    `summary ${metric.name} can only observe a finite number, not ${typeof value} ${String(value)}`,
  );
}
