// The types of a catalogue of business metrics: what may be declared, and which instrument a declaration makes.

import type { Counter } from "../counter.ts";
import type { Gauge } from "../gauge.ts";
import type { Histogram } from "../histogram.ts";
import type { Info } from "../info.ts";
import type {
  DeclaredValues,
  LabelsOf,
  LabelValue,
  OptionalValueArguments,
  ValueArguments,
} from "../label-types.ts";
import type { NewStates, StateSet } from "../state-set.ts";
import type { Summary } from "../summary.ts";
import type { Currency } from "./currency.ts";
import type { MoneyCounter, MoneyGauge, MoneyLabels } from "./money.ts";

/** Labels of a declared metric: their names, or their names with the values each may have ("any": all). */
export type DeclaredLabels =
  | readonly string[]
  | Readonly<Record<string, "any" | readonly LabelValue[]>>;

interface CommonDeclaration {
  /** One sentence for people. */
  readonly help: string;
  /** Base unit that the name ends with, such as `seconds`. */
  readonly unit?: string;
  readonly labels?: DeclaredLabels;
  /** Series it may have before new label sets go to the overflow series (default 10,000). */
  readonly maxSeries?: number;
}

/** What only some types have: each leaves out what it does not have. */
interface OwnDeclaration {
  /** Makes it a metric of money: the currencies it may have; "any" is every one of ISO 4217. */
  readonly currencies: "any" | readonly Currency[];
  /** Upper bounds, ascending. */
  readonly buckets?: readonly number[];
  /** The quantiles to expose, 0 to 1, ascending. */
  readonly percentiles?: readonly number[];
  /** Quantiles are those of so many last seconds. */
  readonly maxAgeSeconds?: number;
  /** In how many slices that time is forgotten. */
  readonly ageBuckets?: number;
  /** The states there are. */
  readonly states: readonly string[];
}

type Own<Names extends keyof OwnDeclaration> = Pick<OwnDeclaration, Names> & {
  readonly [Name in Exclude<keyof OwnDeclaration, Names>]?: never;
};

/** An info has one series, and neither of the two a unit. */
type WithoutUnit<Type> = Type extends "info"
  ? { readonly unit?: never; readonly maxSeries?: never }
  : { readonly unit?: never };

/** How one business metric is declared. */
export type MetricDeclaration = CommonDeclaration &
  (
    | ({ readonly type: "counter" | "gauge" } & Own<never>)
    | ({ readonly type: "counter" | "gauge" } & Own<"currencies">)
    | ({ readonly type: "histogram" } & Own<"buckets">)
    | ({ readonly type: "summary" } & Own<"percentiles" | "maxAgeSeconds" | "ageBuckets">)
    | ({ readonly type: "info" } & Own<never> & WithoutUnit<"info">)
    | ({ readonly type: "stateset" } & Own<"states"> & WithoutUnit<"stateset">)
  );

/** Business metrics by name. */
export type MetricDeclarations = Readonly<Record<string, MetricDeclaration>> & {
  readonly recordEvent?: never;
};

type NamesOf<Declared> = Declared extends {
  readonly labels: readonly (infer Name extends string)[];
}
  ? Name
  : Declared extends { readonly labels: infer Labels }
    ? keyof Labels & string
    : never;

type ListsOf<Declared> = Declared extends { readonly labels: readonly string[] }
  ? {}
  : Declared extends { readonly labels: infer Labels }
    ? {
        readonly [
          Name in keyof Labels as Labels[Name] extends readonly LabelValue[] ? Name : never
        ]: Labels[Name];
      }
    : {};

type ValuesOf<Declared> =
  ListsOf<Declared> extends infer Lists extends DeclaredValues<NamesOf<Declared>> ? Lists : {};

type MoneyLabelsOf<Declared> = Declared extends { readonly currencies: infer Codes }
  ? MoneyLabels<
      NamesOf<Declared>,
      ValuesOf<Declared>,
      Codes extends readonly (infer Code extends string)[] ? Code : Currency
    >
  : never;

type StateOf<Declared> = Declared extends {
  readonly states: readonly (infer State extends string)[];
}
  ? State
  : never;

/** The instrument of a declared type that is not of money. */
interface Instruments<Declared> {
  readonly counter: Counter<NamesOf<Declared>, ValuesOf<Declared>>;
  readonly gauge: Gauge<NamesOf<Declared>, ValuesOf<Declared>>;
  readonly histogram: Histogram<NamesOf<Declared>, ValuesOf<Declared>>;
  readonly summary: Summary<NamesOf<Declared>, ValuesOf<Declared>>;
  readonly info: Info<NamesOf<Declared>, ValuesOf<Declared>>;
  readonly stateset: StateSet<StateOf<Declared>, NamesOf<Declared>, ValuesOf<Declared>>;
}

/** The instrument that a declaration makes. */
export type MetricOf<Declared> = Declared extends { readonly currencies: unknown }
  ? Declared extends { readonly type: "counter" }
    ? MoneyCounter<MoneyLabelsOf<Declared>>
    : MoneyGauge<MoneyLabelsOf<Declared>>
  : Declared extends { readonly type: infer Type extends keyof Instruments<Declared> }
    ? Instruments<Declared>[Type]
    : never;

type OwnLabelsOf<Declared> = LabelsOf<NamesOf<Declared>, ValuesOf<Declared>>;

/** What `recordEvent` takes after the name. */
export type EventArguments<Declared> = Declared extends { readonly currencies: unknown }
  ? [labels: MoneyLabelsOf<Declared>, minorUnits: number]
  : Declared extends { readonly type: "counter" }
    ? OptionalValueArguments<NamesOf<Declared>, OwnLabelsOf<Declared>>
    : Declared extends { readonly type: "info" }
      ? [labels: OwnLabelsOf<Declared>]
      : Declared extends { readonly type: "stateset" }
        ? [NamesOf<Declared>] extends [never]
          ? [states: NewStates<StateOf<Declared>>]
          : [labels: OwnLabelsOf<Declared>, states: NewStates<StateOf<Declared>>]
        : ValueArguments<NamesOf<Declared>, OwnLabelsOf<Declared>>;

/** The declared metrics by name, and `recordEvent`. */
export type BusinessMetrics<Declared> = {
  readonly [Name in keyof Declared]: MetricOf<Declared[Name]>;
} & {
  /**
   * Records one event: a counter grows (by 1 when nothing is said), a gauge is set, a histogram or summary observes, an info
   * says its facts, a state set its states.
   *
   * @throws {FlxError} in development: `FLX_EVENT_NAME` when no such metric is declared, and what the metric throws
   */
  recordEvent<Name extends keyof Declared & string>(
    name: Name,
    ...args: EventArguments<Declared[Name]>
  ): void;
};
