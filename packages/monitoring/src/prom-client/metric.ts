// What every metric is declared with, the checks of a declaration, and what all four types do alike.

import { type ExemplarObject, type MetricObject, type SampleObject } from "./exposition.ts";
import { isLabels, labelArguments, LabelSeries } from "./label-series.ts";
import { globalRegistry, type Registry } from "./registry.ts";
import { prometheusContentType } from "./content-type.ts";

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Labels of an exemplar together have at most so many characters. */
const MAX_EXEMPLAR_CHARACTERS = 128;

/** How a metric is declared. */
export interface MetricConfiguration {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly registers?: readonly Registry[];
  readonly aggregator?: string;
  readonly collect?: () => void | Promise<void>;
  readonly enableExemplars?: boolean;
}

/** What a type adds to a declaration. */
export interface MetricKind {
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  /** Numbers a series has. */
  readonly stride: number;
  /** The label that the type writes itself. */
  readonly reservedLabel?: string;
}

/** Whether a text can name a metric. */
export function validateMetricName(name: string): boolean {
  return METRIC_NAME.test(name);
}

/** A metric. */
export abstract class Metric<Extra> {
  readonly name: string;
  readonly help: string;
  readonly type: MetricKind["type"];
  readonly labelNames: readonly string[];
  readonly registers: readonly Registry[];
  readonly aggregator: string;
  readonly enableExemplars: boolean;
  collect: (() => void | Promise<void>) | undefined;
  protected readonly series: LabelSeries<Extra>;

  /** @throws {TypeError | Error} when the declaration is wrong */
  constructor(config: MetricConfiguration, { type, stride, reservedLabel }: MetricKind) {
    checkDeclaration(config);
    this.name = config.name;
    this.help = config.help;
    this.type = type;
    this.labelNames = config.labelNames ?? [];
    this.registers = config.registers ?? [globalRegistry];
    this.aggregator = config.aggregator ?? "sum";
    this.enableExemplars = config.enableExemplars ?? false;
    this.collect = config.collect;
    if (reservedLabel !== undefined && this.labelNames.includes(reservedLabel)) {
      throw new Error(`${reservedLabel} is a reserved label keyword`);
    }
    this.series = new LabelSeries(this.labelNames, stride);
  }

  /** Changes when series were removed or moved. */
  get rowLayout(): number {
    return this.series.layout;
  }

  /** The metric with its samples. */
  async get(): Promise<MetricObject> {
    await this.bringUpToDate();
    const { help, name, type, aggregator } = this;
    return { help, name, type, values: this.samples(), aggregator };
  }

  bringUpToDate(): void | Promise<void> {
    const pending: unknown = this.collect?.();
    return pending instanceof Promise ? (pending as Promise<void>) : undefined;
  }

  /**
   * Takes the series of a label set away.
   *
   * @throws {Error} when a label is not declared, or there are too many or too few values
   */
  remove(...args: readonly unknown[]): void {
    const labels = labelArguments(this.labelNames, args);
    this.series.validate(labels);
    this.series.remove(labels);
  }

  abstract reset(): void;

  protected abstract samples(): SampleObject[];

  /** Registers the metric; a constructor does it last, so that a metric which failed is in no registry. */
  protected register(): void {
    for (const registry of this.registers) {
      if (this.enableExemplars && registry.contentType === prometheusContentType) {
        throw new TypeError("Exemplars are supported only on OpenMetrics registries");
      }
      registry.registerMetric(this);
    }
  }
}

/**
 * An exemplar from what a caller gives, with a copy of its labels.
 *
 * @throws {RangeError} when names and values are too long together
 */
export function exemplarOf(
  labels: Readonly<Record<string, unknown>>,
  value: number,
): ExemplarObject {
  let text = "";
  for (const [name, label] of Object.entries(labels)) text += `${name}${label as string}`;
  if (text.length > MAX_EXEMPLAR_CHARACTERS) {
    throw new RangeError("Label set size must be smaller than 128 UTF-8 chars");
  }
  return { labelSet: { ...labels }, value, timestamp: Date.now() / 1000 };
}

function checkDeclaration(config: MetricConfiguration): void {
  if (!isLabels(config)) throw new TypeError("constructor expected a config object");
  const { name, help, labelNames = [], collect } = config;
  if (!help) throw new Error("Missing mandatory help parameter");
  if (!name) throw new Error("Missing mandatory name parameter");
  if (!validateMetricName(name)) throw new Error(`Invalid metric name: ${name}`);
  const wrong = labelNames.filter((label) => !LABEL_NAME.test(label));
  if (wrong.length > 0) throw new Error(`At least one label name is invalid: ${wrong.join(",")}`);
  if (collect && typeof collect !== "function") {
    throw new Error('Optional "collect" parameter must be a function');
  }
}
