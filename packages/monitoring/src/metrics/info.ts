// An info: facts about the process that do not change while it runs (version, revision), as labels of a 1.
//
//   text                                     OpenMetrics
//   # TYPE build_info gauge                  # TYPE build info
//   build_info{version="1.4.0"} 1            build_info{version="1.4.0"} 1

import type { MetricFamily } from "@flx/model/write";
import { misuseOf, registerEverywhere, type InstrumentOptions } from "./instrument.ts";
import type { DeclaredValues, LabelsOf } from "./label-types.ts";
import type { Misuse } from "./misuse.ts";
import type { StoreOptions } from "./series-store.ts";
import { seriesText } from "./series-text.ts";
import { TextMetric, type FamilyHeader } from "./text-metric.ts";

/** How an info is declared. */
export interface InfoOptions<
  Names extends string,
  Values extends DeclaredValues<Names>,
> extends Omit<
  InstrumentOptions<Names, Values>,
  "unit" | "maxSeries" | "expireAfterMs" | "clock" | "wallClock"
> {
  /** Called before each exposition, to bring the info up to date. */
  readonly collect?: (this: Info<Names, Values>) => void | Promise<void>;
}

/**
 * Facts as labels. The name may be given with or without `_info`, which its samples always carry.
 *
 *     const build = new Info({ name: "build", help: "What runs", labelNames: ["version", "revision"] });
 *     build.set({ version: "1.4.0", revision: "4bf92f3" });
 */
export class Info<
  const Names extends string = never,
  const Values extends DeclaredValues<Names> = {},
> {
  readonly #metric: InfoMetric;

  /**
   * @throws {FlxError} `FLX_METRIC_*` when the declaration is wrong or clashes with another metric
   */
  constructor(options: InfoOptions<Names, Values>) {
    const metric = new InfoMetric(options, misuseOf(options.registers));
    const { collect } = options;
    if (collect !== undefined) metric.collect = () => collect.call(this);
    this.#metric = registerEverywhere(metric, options.registers);
  }

  get name(): string {
    return this.#metric.name;
  }

  /**
   * Says the facts; those said before are gone. Before the first call nothing is exposed.
   *
   * @throws {FlxError} in development: `FLX_METRIC_LABELS`
   */
  set(labels: LabelsOf<Names, Values>): void {
    this.#metric.replace(labels);
  }

  /** Takes the facts away. */
  reset(): void {
    this.#metric.reset();
  }
}

/** The one series of an info. */
export class InfoMetric extends TextMetric {
  readonly sampleNames: readonly string[];
  protected readonly ownLabels: readonly string[] = [];
  readonly #bareName: string;

  constructor(options: Omit<StoreOptions, "type" | "stride" | "misuse">, misuse: Misuse) {
    // While facts are replaced there are two series for a moment; several threads together may have more.
    super({ ...options, type: "info", misuse, stride: 1, maxSeries: options.maxSeries ?? 2 });
    this.#bareName = this.name.replace(/_info$/, "");
    this.sampleNames = [this.#bareName, `${this.#bareName}_info`];
    if (this.labelNames.length === 0) this.show(false);
  }

  replace(labels: unknown): void {
    const row = this.row(labels);
    if (row < 0) return;
    if (this.labelNames.length === 0) this.show(true);
    for (let other = 0; other < this.rows; other++) {
      if (other !== row && this.isUsed(other)) this.removeRow(other);
    }
  }

  override reset(): void {
    super.reset();
    if (this.labelNames.length === 0) this.show(false);
  }

  family(): MetricFamily {
    const points = this.points(() => 1 as const);
    return { name: this.#bareName, type: "info", help: this.help, points };
  }

  protected header(openMetrics: boolean): FamilyHeader {
    return openMetrics
      ? { name: this.#bareName, typeWord: "info" }
      : { name: `${this.#bareName}_info`, typeWord: "gauge" };
  }

  protected lines(_row: number, labels: string): string {
    return `${seriesText(`${this.#bareName}_info`, labels)} 1\n`;
  }
}
