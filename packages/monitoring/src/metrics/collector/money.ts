// Money as a metric: given in minor units as integers, exposed in major units.
//
//   revenue.add({ currency: "EUR" }, 1999)   ──►   revenue_total{currency="EUR"} 19.99
//   revenue.add({ currency: "JPY" }, 1999)   ──►   revenue_total{currency="JPY"} 1999
//
// Why integers in: 0.1 + 0.2 is not 0.3, and a sum of a million prices drifts by cents. Why major units out: a query that
// reads minor units must know how many digits each currency has (two for most, none for JPY, three for KWD), and
// dashboards then show yen a hundred times too small.
//
// The sum stays exact, without a second cell beside the one exposed: a cell holds the double nearest to n / scale, so
// n = round(cell * scale) gives the integer back, the amount is added to it, and the sum is divided once. That holds up to
// 2^51 minor units, some 22 trillion euros. The overflow series (too many label sets) mixes currencies and adds as floats.

import { CHUNK_BITS, CHUNK_MASK } from "../cells.ts";
import { misuseOf, registerEverywhere } from "../instrument.ts";
import type { InstrumentOptions } from "../instrument.ts";
import type { DeclaredValues, LabelsOf } from "../label-types.ts";
import { LineMetric } from "../line-metric.ts";
import { minorUnitsOf } from "./currency.ts";

/** Labels of an amount of money: those declared, and its currency. */
export type MoneyLabels<
  Names extends string,
  Values extends DeclaredValues<Names>,
  Code,
> = LabelsOf<Names, Values> & { readonly currency: Code };

/** How a money metric is declared; the label `currency` comes on top of `labelNames`. */
export interface MoneyOptions extends Omit<InstrumentOptions<string, {}>, "labelValues"> {
  readonly labelValues?: DeclaredValues<string>;
}

/** Sums of money that only grow. */
export class MoneyCounter<Labels extends { readonly currency: string }> {
  readonly #metric: LineMetric;

  /** @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric */
  constructor(options: MoneyOptions) {
    this.#metric = moneyMetric("counter", options);
  }

  get name(): string {
    return this.#metric.name;
  }

  /**
   * Adds an amount.
   *
   * @param minorUnits an integer, 0 or more: 1999 is 19.99 EUR
   * @throws {FlxError} in development: `FLX_MONEY_AMOUNT`, `FLX_MONEY_CURRENCY`, `FLX_METRIC_LABELS`
   */
  add(labels: Labels, minorUnits: number): void {
    const scale = checkedScale(this.#metric, labels, minorUnits, 0);
    if (scale !== undefined) add(this.#metric, labels, minorUnits, scale);
  }

  /** Takes the series of a label set away. */
  remove(labels: Labels): void {
    this.#metric.remove([labels]);
  }

  /** Takes all series away. */
  reset(): void {
    this.#metric.reset();
  }
}

/** Sums of money that go up and down. */
export class MoneyGauge<Labels extends { readonly currency: string }> {
  readonly #metric: LineMetric;

  /** @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric */
  constructor(options: MoneyOptions) {
    this.#metric = moneyMetric("gauge", options);
  }

  get name(): string {
    return this.#metric.name;
  }

  /**
   * Sets the amount.
   *
   * @param minorUnits an integer: -1999 is -19.99 EUR
   * @throws {FlxError} in development: `FLX_MONEY_AMOUNT`, `FLX_MONEY_CURRENCY`, `FLX_METRIC_LABELS`
   */
  set(labels: Labels, minorUnits: number): void {
    const scale = checkedScale(this.#metric, labels, minorUnits, -Infinity);
    const row = scale === undefined ? -1 : this.#metric.row(labels);
    if (row < 0) return;
    this.#metric.cells.chunks[row >> CHUNK_BITS]![row & CHUNK_MASK] = minorUnits / scale!;
  }

  /**
   * Adds an amount, or takes one away when it is negative.
   *
   * @param minorUnits an integer: 1999 is 19.99 EUR
   * @throws {FlxError} as `set`
   */
  add(labels: Labels, minorUnits: number): void {
    const scale = checkedScale(this.#metric, labels, minorUnits, -Infinity);
    if (scale !== undefined) add(this.#metric, labels, minorUnits, scale);
  }

  /** Takes the series of a label set away. */
  remove(labels: Labels): void {
    this.#metric.remove([labels]);
  }

  /** Takes all series away. */
  reset(): void {
    this.#metric.reset();
  }
}

function moneyMetric(type: "counter" | "gauge", options: MoneyOptions): LineMetric {
  const labelNames = [...(options.labelNames ?? []), "currency"];
  const misuse = misuseOf(options.registers);
  return registerEverywhere(
    new LineMetric({ ...options, labelNames, type, misuse }),
    options.registers,
  );
}

/** Minor units of the labels' currency in one major unit; undefined when something was wrong and is reported. */
function checkedScale(
  { name, misuse }: LineMetric,
  labels: { readonly currency: string },
  minorUnits: number,
  least: number,
): number | undefined {
  if (!Number.isSafeInteger(minorUnits) || minorUnits < least) {
    misuse.report(
      "FLX_MONEY_AMOUNT",
      `${name} takes whole minor units${least === 0 ? ", 0 or more" : ""} (1999 for 19.99 EUR), got ${typeof minorUnits} ${String(minorUnits)}`,
    );
    return undefined;
  }
  const currency: unknown = (labels as { readonly currency: string } | undefined)?.currency;
  const scale = minorUnitsOf(currency);
  if (scale === undefined) {
    misuse.report(
      "FLX_MONEY_CURRENCY",
      `${name} needs the label currency with a code of ISO 4217 such as "EUR", got ${String(currency)}`,
    );
  }
  return scale;
}

function add(metric: LineMetric, labels: object, minorUnits: number, scale: number): void {
  const overflowed = metric.overflowed;
  const row = metric.row(labels);
  if (row < 0) return;
  const chunk = metric.cells.chunks[row >> CHUNK_BITS]!;
  const cell = chunk[row & CHUNK_MASK]!;
  chunk[row & CHUNK_MASK] =
    metric.overflowed === overflowed
      ? (Math.round(cell * scale) + minorUnits) / scale
      : cell + minorUnits / scale;
}
