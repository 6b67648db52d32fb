// Observables: counters and gauges whose numbers are kept elsewhere and asked for at each exposition.
//
//   exposition ── collect(observe) ── observe({ pool: "db" }, 4)
//                                     observe({ pool: "cache" }, 9)     absolute values, one a label set
//              ── pool="http", there last time and not observed now: taken away
//
// A round that fails, or takes longer than the exposition waits, changes no series' existence, and the metric is left
// out of that exposition only. What a round observes after it was given up is ignored.
//
// A counter may go back, when what it counts has started again (a connection pool that was made anew). It is exposed
// as it was observed: everything that reads counters takes a lower value for a restart.

import { CHUNK_BITS, CHUNK_MASK, Cells } from "./cells.ts";
import { misuseOf, registerEverywhere, type InstrumentOptions } from "./instrument.ts";
import type { DeclaredValues, LabelsOf, ValueArguments } from "./label-types.ts";
import { LineMetric } from "./line-metric.ts";

/** Gives the value of one label set; of two for the same labels, the later one counts. */
export type Observe<Names extends string, Values extends DeclaredValues<Names>> = (
  ...args: ValueArguments<Names, LabelsOf<Names, Values>>
) => void;

/** How an observable is declared. */
export interface ObservableOptions<
  Names extends string,
  Values extends DeclaredValues<Names>,
> extends Omit<InstrumentOptions<Names, Values>, "expireAfterMs" | "clock" | "wallClock"> {
  /** Called at each exposition; it observes every series there is now, before its promise settles. */
  readonly collect: (observe: Observe<Names, Values>) => void | Promise<void>;
}

/** A metric that is asked for its values. */
export interface Observable {
  readonly name: string;
}

/**
 * A counter kept elsewhere.
 *
 *     observableCounter({
 *       name: "pool_acquired_total",
 *       help: "Connections handed out",
 *       collect: (observe) => observe(pool.acquired),
 *     });
 *
 * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric
 */
export function observableCounter<
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
>(options: ObservableOptions<Names, Values>): Observable {
  return observable("counter", options);
}

/**
 * A gauge kept elsewhere.
 *
 *     observableGauge({
 *       name: "queue_length",
 *       help: "Jobs waiting",
 *       labelNames: ["queue"],
 *       collect: async (observe) => {
 *         for (const queue of queues) observe({ queue: queue.name }, await queue.length());
 *       },
 *     });
 *
 * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric
 */
export function observableGauge<
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
>(options: ObservableOptions<Names, Values>): Observable {
  return observable("gauge", options);
}

function observable<Names extends string, Values extends DeclaredValues<Names>>(
  type: "counter" | "gauge",
  options: ObservableOptions<Names, Values>,
): Observable {
  const { collect, registers, ...declaration } = options;
  const misuse = misuseOf(registers);
  // When what is observed began to count is not known here.
  const declared = new LineMetric({ ...declaration, type, misuse, countsFromOpening: false });
  // Called only once `rounds` is there, for the metric in use, which may be an identical older one.
  declared.collect = () => rounds.run(collect);
  const rounds = new Rounds(registerEverywhere(declared, registers));
  return { name: declared.name };
}

type AnyObserve = (labelsOrValue: unknown, value?: unknown) => void;

/** Runs the callback of one metric and takes away what it did not observe. */
class Rounds {
  readonly #metric: LineMetric;
  /** The round that observed a row last. */
  readonly #seen = new Cells();
  #round = 0;

  constructor(metric: LineMetric) {
    this.#metric = metric;
    if (metric.labelNames.length === 0) metric.show(false);
  }

  run(collect: (observe: AnyObserve) => void | Promise<void>): void | Promise<void> {
    const round = ++this.#round;
    let open = true;
    const observe: AnyObserve = (labelsOrValue, value) => {
      if (round !== this.#round) return; // given up
      if (open) this.#observe(round, labelsOrValue, value);
      else this.#refuseLate();
    };
    const finish = () => {
      open = false;
      if (round === this.#round) this.#removeUnseen(round);
    };
    const pending = collect(observe);
    if (pending === undefined) {
      finish();
      return undefined;
    }
    return pending.then(finish);
  }

  #observe(round: number, labelsOrValue: unknown, value: unknown): void {
    const metric = this.#metric;
    const labelled = metric.labelNames.length > 0;
    const given = labelled ? value : labelsOrValue;
    if (!this.#isValue(given)) {
      metric.misuse.report(
        "FLX_METRIC_VALUE",
        `${metric.type} ${metric.name} cannot be observed as ${typeof given} ${String(given)}`,
      );
      return;
    }
    const row = labelled ? metric.row(labelsOrValue) : 0;
    if (row < 0) return;
    metric.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK] = given;
    if (!labelled) metric.show(true);
    this.#seen.reserve(row);
    this.#seen.set(row, round);
  }

  #isValue(value: unknown): value is number {
    if (typeof value !== "number") return false;
    return this.#metric.type === "gauge" || (value >= 0 && value < Infinity);
  }

  #removeUnseen(round: number): void {
    const metric = this.#metric;
    this.#seen.reserve(metric.rows - 1);
    for (let row = 0; row < metric.rows; row++) {
      if (this.#seen.get(row) === round || !metric.isUsed(row)) continue;
      if (metric.labelNames.length === 0) metric.show(false);
      else metric.removeRow(row);
    }
  }

  #refuseLate(): void {
    this.#metric.misuse.report(
      "FLX_METRIC_COLLECT",
      `${this.#metric.name} was observed after its collect callback had ended; return the promise of what it waits for`,
    );
  }
}
