// A typed catalogue of business metrics: declared once, in one place; used by name everywhere.
//
//   const shop = collector.define({
//     orders_placed_total: { type: "counter", help: "Orders placed", labels: { country: ["DE", "DK"] } },
//     revenue_total: { type: "counter", help: "Paid by customers", currencies: ["EUR", "DKK"] },
//   });
//   shop.orders_placed_total.inc({ country: "DE" });             compiles with declared labels and values only
//   shop.revenue_total.add({ currency: "EUR" }, 1999);           19.99 EUR, see money.ts
//   shop.recordEvent("orders_placed_total", { country: "DE" });  for code that has the name in a variable
//
// Everything declared is in `registry.catalogue()` from then on, with type, unit, help and labels, whether it was used or not.

import { FlxError } from "@flx/model";
import { Counter } from "../counter.ts";
import { Gauge } from "../gauge.ts";
import { Histogram } from "../histogram.ts";
import type {
  DeclaredValues,
  LabelsOf,
  LabelValue,
  OptionalValueArguments,
  ValueArguments,
} from "../label-types.ts";
import type { Registry } from "../registry.ts";
import { type Currency, minorUnitsOf } from "./currency.ts";
import { MoneyCounter, MoneyGauge, type MoneyLabels } from "./money.ts";

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

/** How one business metric is declared. */
export type MetricDeclaration = CommonDeclaration &
  (
    | { readonly type: "counter" | "gauge"; readonly currencies?: never; readonly buckets?: never }
    | {
        readonly type: "counter" | "gauge";
        /** Makes it a metric of money: the currencies it may have; "any" is every one of ISO 4217. */
        readonly currencies: "any" | readonly Currency[];
        readonly buckets?: never;
      }
    | {
        readonly type: "histogram";
        readonly currencies?: never;
        /** Upper bounds, ascending. */
        readonly buckets?: readonly number[];
      }
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

/** The instrument that a declaration makes. */
export type MetricOf<Declared> = Declared extends { readonly currencies: unknown }
  ? Declared extends { readonly type: "counter" }
    ? MoneyCounter<MoneyLabelsOf<Declared>>
    : MoneyGauge<MoneyLabelsOf<Declared>>
  : Declared extends { readonly type: "counter" }
    ? Counter<NamesOf<Declared>, ValuesOf<Declared>>
    : Declared extends { readonly type: "gauge" }
      ? Gauge<NamesOf<Declared>, ValuesOf<Declared>>
      : Histogram<NamesOf<Declared>, ValuesOf<Declared>>;

/** What `recordEvent` takes after the name. */
export type EventArguments<Declared> = Declared extends { readonly currencies: unknown }
  ? [labels: MoneyLabelsOf<Declared>, minorUnits: number]
  : Declared extends { readonly type: "counter" }
    ? OptionalValueArguments<NamesOf<Declared>, LabelsOf<NamesOf<Declared>, ValuesOf<Declared>>>
    : ValueArguments<NamesOf<Declared>, LabelsOf<NamesOf<Declared>, ValuesOf<Declared>>>;

/** The declared metrics by name, and `recordEvent`. */
export type BusinessMetrics<Declared> = {
  readonly [Name in keyof Declared]: MetricOf<Declared[Name]>;
} & {
  /**
   * Records one event: a counter grows (by 1 when nothing is said), a gauge is set, a histogram observes.
   *
   * @throws {FlxError} in development: `FLX_EVENT_NAME` when no such metric is declared, and what the metric throws
   */
  recordEvent<Name extends keyof Declared & string>(
    name: Name,
    ...args: EventArguments<Declared[Name]>
  ): void;
};

/** A metric, and how an event is recorded in it. */
interface Defined {
  readonly metric: object;
  readonly record: (...args: never[]) => void;
}

/**
 * Declares business metrics.
 *
 * @throws {FlxError} `FLX_METRIC_*` when a declaration is wrong or clashes with another metric; `FLX_MONEY_CURRENCY` when
 *   a declared currency is none
 */
export function defineMetrics<const Declared extends MetricDeclarations>(
  registry: Registry,
  declarations: Declared,
): BusinessMetrics<Declared> {
  const defined = new Map(
    Object.entries<MetricDeclaration>(declarations).map(([name, declaration]) => {
      return [name, defineMetric(registry, name, declaration)] as const;
    }),
  );
  const recordEvent = (name: string, ...args: never[]): void => {
    const event = defined.get(name);
    if (event !== undefined) {
      event.record(...args);
      return;
    }
    const names = [...defined.keys()].join(", ") || "none";
    registry.misuse.report("FLX_EVENT_NAME", `no metric ${name} is defined; there are ${names}`);
  };
  const metrics = [...defined].map(([name, { metric }]) => [name, metric] as const);
  return Object.freeze({ ...Object.fromEntries(metrics), recordEvent }) as never;
}

function defineMetric(registry: Registry, name: string, declaration: MetricDeclaration): Defined {
  const { type, help, unit, maxSeries, labels = [], currencies, buckets } = declaration;
  const { labelNames, labelValues } = splitLabels(labels);
  const options = {
    name,
    help,
    labelNames,
    labelValues,
    registers: [registry],
    ...(unit === undefined ? {} : { unit }),
    ...(maxSeries === undefined ? {} : { maxSeries }),
  };
  if (currencies !== undefined) return defineMoney(type, options, currencies);
  if (type === "counter") {
    const metric = new Counter<string>(options);
    return { metric, record: metric.inc.bind(metric) };
  }
  if (type === "gauge") {
    const metric = new Gauge<string>(options);
    return { metric, record: metric.set.bind(metric) };
  }
  const metric = new Histogram<string>({
    ...options,
    ...(buckets === undefined ? {} : { buckets }),
  });
  return { metric, record: metric.observe.bind(metric) };
}

interface MoneyDeclared {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly labelValues: DeclaredValues<string>;
  readonly registers: readonly Registry[];
}

function defineMoney(
  type: MetricDeclaration["type"],
  declared: MoneyDeclared,
  currencies: "any" | readonly Currency[],
): Defined {
  const unknown = currencies === "any" ? [] : currencies.filter((code) => !minorUnitsOf(code));
  if (unknown.length > 0) {
    throw new FlxError(
      "FLX_MONEY_CURRENCY",
      `${declared.name} declares ${unknown.join(", ")}, not in the currency codes of ISO 4217`,
    );
  }
  const { labelValues } = declared;
  const options = {
    ...declared,
    labelValues: currencies === "any" ? labelValues : { ...labelValues, currency: currencies },
  };
  if (type === "counter") {
    const metric = new MoneyCounter(options);
    return { metric, record: metric.add.bind(metric) };
  }
  const metric = new MoneyGauge(options);
  return { metric, record: metric.set.bind(metric) };
}

function splitLabels(labels: DeclaredLabels): {
  labelNames: readonly string[];
  labelValues: DeclaredValues<string>;
} {
  if (Array.isArray(labels)) return { labelNames: labels as readonly string[], labelValues: {} };
  const entries = Object.entries(labels as Readonly<Record<string, "any" | readonly LabelValue[]>>);
  const lists = entries.filter((entry): entry is [string, readonly LabelValue[]] => {
    return entry[1] !== "any";
  });
  return { labelNames: entries.map(([name]) => name), labelValues: Object.fromEntries(lists) };
}
