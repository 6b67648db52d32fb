// A state set: which of a few named states hold, one line each.
//
//   text                                     OpenMetrics
//   # TYPE feature gauge                     # TYPE feature stateset
//   feature{feature="on"} 1                  feature{feature="on"} 1
//   feature{feature="off"} 0                 feature{feature="off"} 0
//
// The label of the state has the metric's name: so says OpenMetrics.

import { FlxError, type MetricFamily, type StateSetValue } from "@flx/model/write";
import { BoundSeries } from "./bound-series.ts";
import { misuseOf, registerEverywhere, type InstrumentOptions } from "./instrument.ts";
import type { BindArguments, DeclaredValues, LabelsOf } from "./label-types.ts";
import type { Misuse } from "./misuse.ts";
import type { StoreOptions } from "./series-store.ts";
import { labelText, seriesText } from "./series-text.ts";
import { joinLabels, TextMetric, type FamilyHeader } from "./text-metric.ts";

/** How a state set is declared. */
export interface StateSetOptions<
  State extends string,
  Names extends string,
  Values extends DeclaredValues<Names>,
> extends Omit<InstrumentOptions<Names, Values>, "unit" | "wallClock"> {
  /** The states there are. */
  readonly states: readonly State[];
  /** Called before each exposition, to bring the states up to date. */
  readonly collect?: (this: StateSet<State, Names, Values>) => void | Promise<void>;
}

/** One state, which then alone holds; or whether each of some states holds, the others staying as they are. */
export type NewStates<State extends string> = State | { readonly [Name in State]?: boolean };

/**
 * Named states of which some hold. None does at first.
 *
 *     const phase = new StateSet({ name: "phase", help: "What it does", states: ["starting", "serving", "draining"] });
 *     phase.set("serving");
 */
export class StateSet<
  const State extends string,
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
> {
  readonly #metric: StateSetMetric;

  /**
   * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric;
   *   `FLX_METRIC_STATE` when states are missing, repeated, or no text
   */
  constructor(options: StateSetOptions<State, Names, Values>) {
    const metric = new StateSetMetric(options, misuseOf(options.registers));
    const { collect } = options;
    if (collect !== undefined) metric.collect = () => collect.call(this);
    this.#metric = registerEverywhere(metric, options.registers);
  }

  get name(): string {
    return this.#metric.name;
  }

  /**
   * Says which states hold.
   *
   * @throws {FlxError} in development: `FLX_METRIC_LABELS`, `FLX_METRIC_STATE` (not declared, or not true or false)
   */
  set(
    ...args: [Names] extends [never]
      ? [states: NewStates<State>]
      : [labels: LabelsOf<Names, Values>, states: NewStates<State>]
  ): void {
    const metric = this.#metric;
    const labelled = metric.labelNames.length > 0;
    const states = metric.checked(labelled ? args[1] : args[0]);
    if (states === undefined) return;
    const row = labelled ? metric.row(args[0]) : 0;
    if (row >= 0) metric.put(row, states);
  }

  /**
   * The states of one label set.
   *
   * @param args a labels object, or the values in declared order
   */
  labels(...args: BindArguments<Names, LabelsOf<Names, Values>>): BoundStateSet<State> {
    return new BoundStateSet(this.#metric, args);
  }

  /** Takes the series of a label set away. */
  remove(...args: BindArguments<Names, LabelsOf<Names, Values>>): void {
    this.#metric.remove(args);
  }

  /** Takes all series away; without labels, no state holds then. */
  reset(): void {
    this.#metric.reset();
  }
}

/** The states of one label set. */
export class BoundStateSet<State extends string> {
  readonly #series: BoundSeries<StateSetMetric>;

  constructor(metric: StateSetMetric, args: readonly unknown[]) {
    this.#series = new BoundSeries(metric, args);
  }

  /** Says which states hold. */
  set(states: NewStates<State>): void {
    const series = this.#series;
    const checked = series.store.checked(states);
    if (checked === undefined) return;
    if (series.layout !== series.store.layout) series.find();
    if (series.row >= 0) series.store.put(series.row, checked);
  }
}

/** How a state set is declared, types apart. */
export type AnyStateSetOptions = Omit<StoreOptions, "type" | "stride" | "misuse"> & {
  readonly states: readonly string[];
};

/** The series of a state set: a row has a 0 or 1 for each state. */
export class StateSetMetric extends TextMetric {
  readonly sampleNames: readonly string[];
  protected readonly ownLabels: readonly string[];
  readonly states: readonly string[];
  /** `name="state"` of each state. */
  readonly #stateLabels: readonly string[];

  constructor(options: AnyStateSetOptions, misuse: Misuse) {
    const { name, states } = options;
    checkStates(name, states);
    const stride = states.length;
    const reservedLabels = [name];
    super({ ...options, type: "stateset", misuse, stride, reservedLabels }, [states]);
    this.sampleNames = [name];
    this.ownLabels = reservedLabels;
    this.states = [...states];
    this.#stateLabels = states.map((state) => labelText(name, state));
  }

  /** What is said about the states, by position; `undefined` when it is wrong and that was only counted. */
  checked(states: unknown): ReadonlyMap<number, boolean> | undefined {
    const changes = new Map<number, boolean>();
    if (typeof states === "string") {
      for (const i of this.states.keys()) changes.set(i, false);
      return this.#note(changes, states, true);
    }
    if (typeof states !== "object" || states === null) return this.#refuse(states);
    for (const [state, on] of Object.entries(states)) {
      if (this.#note(changes, state, on) === undefined) return undefined;
    }
    return changes;
  }

  put(row: number, states: ReadonlyMap<number, boolean>): void {
    const cells = this.cells.row(row);
    for (const [i, on] of states) cells[i] = on ? 1 : 0;
  }

  family(): MetricFamily {
    const points = this.points((row): StateSetValue => {
      const cells = this.cells.row(row);
      return new Map(this.states.map((state, i) => [state, cells[i] === 1]));
    });
    return { name: this.name, type: "stateset", help: this.help, points };
  }

  protected header(openMetrics: boolean): FamilyHeader {
    return { name: this.name, typeWord: openMetrics ? "stateset" : "gauge" };
  }

  protected lines(row: number, labels: string): string {
    const cells = this.cells.row(row);
    let lines = "";
    for (const [i, state] of this.#stateLabels.entries()) {
      lines += `${seriesText(this.name, joinLabels(labels, state))} ${cells[i]}\n`;
    }
    return lines;
  }

  #note(changes: Map<number, boolean>, state: string, on: unknown): typeof changes | undefined {
    const position = this.states.indexOf(state);
    if (position < 0 || typeof on !== "boolean") return this.#refuse(state);
    return changes.set(position, on);
  }

  #refuse(state: unknown): undefined {
    this.misuse.report(
      "FLX_METRIC_STATE",
      `${this.name} cannot take ${String(state)}: give one of ${this.states.join(", ")}, or true or false for some of them`,
    );
  }
}

function checkStates(name: string, states: readonly unknown[]): void {
  const texts = states.every((s) => typeof s === "string" && s !== "" && s.isWellFormed());
  if (!texts || states.length === 0 || new Set(states).size < states.length) {
    throw new FlxError(
      "FLX_METRIC_STATE",
      `${name} needs states that are different texts, got [${states.map(String).join(", ")}]`,
    );
  }
}
