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

import { FlxError } from "@flx/model/write";
import type { ContextLabels } from "../context-labels.ts";
import { Counter } from "../counter.ts";
import { Gauge } from "../gauge.ts";
import { Histogram } from "../histogram.ts";
import { Info } from "../info.ts";
import type { DeclaredValues, LabelValue } from "../label-types.ts";
import type { Registry } from "../registry.ts";
import { StateSet } from "../state-set.ts";
import { Summary } from "../summary.ts";
import { type Currency, minorUnitsOf } from "./currency.ts";
import type {
  BusinessMetrics,
  DeclaredLabels,
  MetricDeclaration,
  MetricDeclarations,
} from "./metric-declaration.ts";
import { MoneyCounter, MoneyGauge } from "./money.ts";

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
  contextLabels?: ContextLabels,
): BusinessMetrics<Declared> {
  const defined = new Map(
    Object.entries<MetricDeclaration>(declarations).map(([name, declaration]) => {
      return [name, defineMetric(registry, name, declaration, contextLabels)] as const;
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

function defineMetric(
  registry: Registry,
  name: string,
  declaration: MetricDeclaration,
  contextLabels: ContextLabels | undefined,
): Defined {
  const { type, help, unit, maxSeries, labels = [], currencies } = declaration;
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
  const counting = { ...options, ...(contextLabels !== undefined && { contextLabels }) };
  if (currencies !== undefined) {
    return defineMoney(type, type === "counter" ? counting : options, currencies);
  }
  switch (type) {
    case "counter": {
      const metric = new Counter<string>(counting);
      return { metric, record: metric.inc.bind(metric) };
    }
    case "gauge": {
      const metric = new Gauge<string>(options);
      return { metric, record: metric.set.bind(metric) };
    }
    case "histogram": {
      const metric = new Histogram<string>({ ...counting, ...given(declaration, "buckets") });
      return { metric, record: metric.observe.bind(metric) };
    }
    case "summary": {
      const own = given(declaration, "percentiles", "maxAgeSeconds", "ageBuckets");
      const metric = new Summary<string>({ ...counting, ...own });
      return { metric, record: metric.observe.bind(metric) };
    }
    case "info": {
      const metric = new Info<string>(options);
      return { metric, record: metric.set.bind(metric) };
    }
    case "stateset": {
      const metric = new StateSet<string, string>({ ...options, states: declaration.states });
      // One without labels takes the states first.
      return { metric, record: metric.set.bind(metric) };
    }
    default:
      return type satisfies never;
  }
}

/** Those of some options that are given. */
function given<Options extends object, Name extends keyof Options>(
  options: Options,
  ...names: readonly Name[]
): { [Key in Name]?: Exclude<Options[Key], undefined> } {
  const entries = names.map((name) => [name, options[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as never;
}

interface MoneyDeclared {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly labelValues: DeclaredValues<string>;
  readonly registers: readonly Registry[];
}

function defineMoney(
  type: "counter" | "gauge",
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
