// What a registry knows of a metric: who it is, and how to get it onto the wire.

import type { ExpositionFormat, MetricFamily, MetricType, ProtobufRows } from "@flx/model/write";
import type { TextChunks } from "./text-chunks.ts";

/** How one exposition wants its metrics. */
export interface ExposeOptions {
  readonly format: ExpositionFormat;
  /** Labels of the registry, added to every series that does not have them itself. */
  readonly defaultLabels: ReadonlyMap<string, string>;
  /** Whether OpenMetrics gets `_created` lines (created-series.ts). */
  readonly createdSeries: boolean;
}

/** A metric as a registry holds it. */
export interface ExposedMetric {
  /** As declared. */
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly unit: string | undefined;
  readonly labelNames: readonly string[];
  /** Everything that must be equal for two declarations to be the same metric, as text. */
  readonly definition: string;
  /** The same without labels of the context: it may have come after the first declaration, or be gone before another. */
  readonly declaration?: string;
  /** The names its samples may have, for finding clashes. */
  readonly sampleNames: readonly string[];
  /** Series it has now. */
  readonly series: number;
  /** Label sets that went to the overflow series since the start. */
  readonly overflowed: number;
  /** Changes whenever a series was removed, after which a row may stand for another series. */
  readonly epoch: number;
  /** Takes series away that stand still; called before an exposition, after `collect`. */
  readonly expire: (() => void) | undefined;
  /** Brings the values up to date before an exposition. */
  collect: (() => void | Promise<void>) | undefined;
  /** Writes the metric; the generator pauses where other work may be let in. */
  expose(out: TextChunks, options: ExposeOptions): Generator<void, void, undefined>;
  /** The metric as the model has it; of the rows from `from` to before `to`, where there is a `rowCount`. */
  family(from?: number, to?: number): MetricFamily;
  /** How many rows `family` can be asked for in parts; without it, it always gives everything. */
  readonly rowCount?: number;
  /**
   * Writes its series as protobuf without making a model of them; pauses as `expose`. Without it, `family` is asked.
   */
  readonly writeRows?: ((rows: ProtobufRows) => Generator<void, void, undefined>) | undefined;
  /** Its exemplars, when it has some; whether their labels have names outside the classic characters. */
  readonly exemplars?: { readonly oddNames: boolean } | undefined;
  /** Every value back to zero; series without labels stay, the others go. */
  reset(): void;
}
