// A histogram: how many observations were at or below each of a few bounds, and their sum; and, when asked for, the same in
// exponential buckets that need no bounds.

import { FlxError, MAX_SCHEMA, MIN_SCHEMA, type UnixMs } from "@flx/model/write";
import { BoundSeries } from "./bound-series.ts";
import type { BucketFinder } from "./bucket-finder.ts";
import { CHUNK_BITS, CHUNK_MASK } from "./cells.ts";
import { automatic, takeExemplar } from "./exemplar-source.ts";
import { ExemplarStore } from "./exemplar-store.ts";
import { HistogramMetric } from "./histogram-metric.ts";
import { misuseOf, registerEverywhere, type InstrumentOptions } from "./instrument.ts";
import type { LabelInput } from "./label-table.ts";
import type {
  BindArguments,
  DeclaredValues,
  LabelsOf,
  TimerArguments,
  TimerEndArguments,
  ValueArguments,
} from "./label-types.ts";
import { DEFAULT_NATIVE, type NativeOptions, type NativeSettings } from "./native-series.ts";
import { finishLabels, startTimer } from "./timer.ts";
import { whenDone } from "./when-done.ts";

/** Seconds, for the duration of requests: the bounds of the Prometheus clients. */
export const DEFAULT_BUCKETS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** No histogram has more bounds; each is a line in every exposition of every series. */
const MAX_BUCKETS = 1_000;

/** How a histogram is declared. */
export interface HistogramOptions<
  Names extends string,
  Values extends DeclaredValues<Names>,
> extends InstrumentOptions<Names, Values> {
  /** Upper bounds, ascending; +Inf is added. Default: DEFAULT_BUCKETS, or none when `native` is given. */
  readonly buckets?: readonly number[];
  /**
   * Exponential buckets that need no bounds, exposed by protobuf: `true`, or how fine they are. Together with `buckets` both
   * forms are kept.
   */
  readonly native?: boolean | NativeOptions;
  /** Whether its buckets take exemplars from `setExemplarSource` (default true). */
  readonly exemplars?: boolean;
  /** Called before each exposition. */
  readonly collect?: (this: Histogram<Names, Values>) => void | Promise<void>;
}

/**
 * A histogram of observations.
 *
 *     const took = new Histogram({ name: "request_duration_seconds", help: "Time to answer", labelNames: ["route"] });
 *     took.observe({ route: "/orders" }, 0.042);
 */
export class Histogram<
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
> {
  readonly #metric: HistogramMetric;

  /**
   * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric;
   *   `FLX_METRIC_BUCKETS` when bounds are not finite and ascending
   */
  constructor(options: HistogramOptions<Names, Values>) {
    const native = nativeSettings(options.name, options.native);
    const fallback = native === undefined ? DEFAULT_BUCKETS : [];
    const bounds = checkedBounds(options.name, options.buckets ?? fallback);
    const misuse = misuseOf(options.registers);
    const { exemplars: takesExemplars = true, ...declared } = options;
    const metric = new HistogramMetric({ ...declared, misuse, takesExemplars }, bounds, native);
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
   * @throws {FlxError} in development: `FLX_METRIC_LABELS`, `FLX_METRIC_VALUE` (NaN)
   */
  observe(...args: ValueArguments<Names, LabelsOf<Names, Values>>): void;
  observe(labelsOrValue?: LabelInput | number, value?: number): void {
    const metric = this.#metric;
    if (typeof labelsOrValue === "object") {
      const found = metric.table.find(labelsOrValue);
      const row = found >= 0 ? found : metric.row(labelsOrValue);
      if (row >= 0) observe(metric, row, value!);
    } else {
      const row = metric.labelNames.length === 0 ? 0 : metric.row(undefined);
      if (row >= 0) observe(metric, row, labelsOrValue!);
    }
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
    const elapsedSeconds = startTimer();
    return (more) => {
      const seconds = elapsedSeconds();
      this.#observe(finishLabels(this.#metric.labelNames, labels, more), seconds);
      return seconds;
    };
  }

  /**
   * Runs a function and observes how many seconds it took, until its promise settles; also when it throws.
   *
   * @param args labels, when the histogram has some, and the function
   */
  time<Result>(
    ...args: [Names] extends [never]
      ? [run: () => Result]
      : [labels: LabelsOf<Names, Values>, run: () => Result]
  ): Result;
  time<Result>(labelsOrRun: LabelInput | (() => Result), run?: () => Result): Result {
    const work = run ?? (labelsOrRun as () => Result);
    const labels = run === undefined ? undefined : (labelsOrRun as LabelInput);
    const elapsedSeconds = startTimer();
    return whenDone(work, () => {
      this.#observe(labels, elapsedSeconds());
    });
  }

  /** Makes the series of a label set exist, with nothing observed yet. */
  zero(labels: LabelsOf<Names, Values>): void {
    this.#metric.row(labels);
  }

  /**
   * The histogram of one label set, which observes without a look-up.
   *
   * @param args a labels object, or the values in declared order
   */
  labels(...args: BindArguments<Names, LabelsOf<Names, Values>>): BoundHistogram {
    return new BoundHistogram(this.#metric, args);
  }

  /** Takes the series of a label set away. */
  remove(...args: BindArguments<Names, LabelsOf<Names, Values>>): void {
    this.#metric.remove(args);
  }

  /** Takes all series away. */
  reset(): void {
    this.#metric.reset();
  }

  #observe(labels: LabelInput | undefined, value: number): void {
    const row = this.#metric.row(labels);
    if (row >= 0) observe(this.#metric, row, value);
  }
}

/** The histogram of one label set. */
export class BoundHistogram {
  readonly #series: BoundSeries<HistogramMetric>;
  readonly #finder: BucketFinder;
  /** From the row's first number to its sum. */
  readonly #sumAt: number;

  constructor(metric: HistogramMetric, args: readonly unknown[]) {
    this.#series = new BoundSeries(metric, args);
    this.#finder = metric.finder;
    this.#sumAt = metric.cells.stride - 1;
  }

  /** Counts one observation. */
  observe(value: number): void {
    const series = this.#series;
    if (series.layout !== series.store.layout) series.find();
    if (typeof value !== "number" || value !== value) {
      refuse(series.store, value);
      return;
    }
    const { chunk, start } = series;
    const bucket = this.#finder.find(value);
    chunk[start + bucket]! += 1;
    chunk[start + this.#sumAt]! += value;
    if (automatic.askings > 0 && series.row >= 0) {
      takeExemplar(series.store, series.store.exemplarPosition(series.row, bucket), value);
    }
    if (series.store.native !== undefined && series.row >= 0) {
      series.store.observeNative(series.row, value);
    }
  }

  /** Counts one observation and keeps it as the exemplar of its bucket. */
  observeWithExemplar(
    exemplarLabels: Readonly<Record<string, unknown>>,
    value: number,
    timestampMs: UnixMs = this.#series.store.wallClock() as UnixMs,
  ): void {
    this.observe(value);
    const { store, row } = this.#series;
    if (row < 0 || !(value === value)) return;
    store.exemplars ??= new ExemplarStore();
    const position = store.exemplarPosition(row, store.finder.find(value));
    const wrong = store.exemplars.put(position, exemplarLabels, value, timestampMs);
    if (wrong !== undefined) store.misuse.report(wrong.code, wrong.message);
  }

  /** Starts a timer; the function it gives observes the seconds since, and returns them. */
  startTimer(): () => number {
    const elapsedSeconds = startTimer();
    return () => {
      const seconds = elapsedSeconds();
      this.observe(seconds);
      return seconds;
    };
  }
}

function observe(metric: HistogramMetric, row: number, value: number): void {
  if (typeof value !== "number" || value !== value) {
    refuse(metric, value);
    return;
  }
  const { cells } = metric;
  const chunk = cells.chunks[row >> CHUNK_BITS]!;
  const start = (row & CHUNK_MASK) * cells.stride;
  const bucket = metric.finder.find(value);
  chunk[start + bucket]! += 1;
  chunk[start + cells.stride - 1]! += value;
  if (automatic.askings > 0) takeExemplar(metric, metric.exemplarPosition(row, bucket), value);
  if (metric.native !== undefined) metric.observeNative(row, value);
}

function refuse(metric: HistogramMetric, value: unknown): void {
  metric.misuse.report(
    "FLX_METRIC_VALUE",
    `histogram ${metric.name} can only observe a number, not ${String(value)}`,
  );
}

function nativeSettings(
  name: string,
  native: boolean | NativeOptions | undefined,
): NativeSettings | undefined {
  if (native === undefined || native === false) return undefined;
  const settings = { ...DEFAULT_NATIVE, ...(native === true ? {} : native) };
  const { schema, maxBuckets, zeroThreshold } = settings;
  const fine = Number.isInteger(schema) && schema >= MIN_SCHEMA && schema <= MAX_SCHEMA;
  const bounded = Number.isInteger(maxBuckets) && maxBuckets >= 2 && maxBuckets <= MAX_BUCKETS;
  if (!fine || !bounded || !(zeroThreshold >= 0 && zeroThreshold < Infinity)) {
    throw new FlxError(
      "FLX_METRIC_BUCKETS",
      `native histogram ${name} needs a schema from ${MIN_SCHEMA} to ${MAX_SCHEMA}, 2 to ${MAX_BUCKETS} buckets and a ` +
        `threshold >= 0, got ${schema}, ${maxBuckets} and ${zeroThreshold}`,
    );
  }
  return settings;
}

function checkedBounds(name: string, buckets: readonly number[]): readonly number[] {
  const bounds = buckets.at(-1) === Infinity ? buckets.slice(0, -1) : [...buckets];
  const ascending = bounds.every(
    (bound, i) => Number.isFinite(bound) && (i === 0 || bound > bounds[i - 1]!),
  );
  if (!ascending || bounds.length > MAX_BUCKETS) {
    throw new FlxError(
      "FLX_METRIC_BUCKETS",
      `the buckets of ${name} must be at most ${MAX_BUCKETS} finite numbers in ascending order, got [${bounds.slice(0, 20).join(", ")}]`,
    );
  }
  return bounds;
}
