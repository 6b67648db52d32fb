// Where the metrics of one exposition go: text or protobuf, with names as the scraper reads them.
//
//   metric ── all names classic, text ──────> its pages, straight into chunks
//        ├── protobuf ──────────────────────> its numbers, row by row (ProtobufRows of the model)
//        └── family() ── default labels ── escaped ──┬──> text, by the model's writer
//                                                    └──> protobuf: what has no rows
//
// Two metrics whose escaped names meet would be one for the scraper: the later one is refused.

import {
  escapeFamily,
  escapeLabelName,
  escapeMetricName,
  type EscapingScheme,
  expositionChunks,
  FlxError,
  type MetricFamily,
  ProtobufExposition,
  ProtobufRows,
  writeExposition,
} from "@flx/model/write";
import { withoutCreated } from "./created-series.ts";
import type { ExposedMetric } from "./exposed-metric.ts";
import { wireText } from "./label-values.ts";
import type { ExposedFormat } from "./negotiation.ts";
import { TextChunks } from "./text-chunks.ts";
import { withDefaultLabels } from "./default-labels.ts";

/** Rows that are made into points at a time. */
const ROWS_A_PART = 128;

/** Characters written between two pauses. */
const CHUNK_LENGTH = 8_192;

/** How one exposition is written. */
export interface SinkOptions {
  readonly format: ExposedFormat;
  readonly escaping: EscapingScheme;
  readonly defaultLabels: ReadonlyMap<string, string>;
  /** Whether OpenMetrics gets `_created` lines. */
  readonly createdSeries: boolean;
}

/** A metric being written; the generator pauses where other work may be let in. */
export type Steps = Generator<void, void, undefined>;

/** Takes metrics, gives bytes. */
export interface ExpositionSink {
  /**
   * Writes a metric. When it throws, or is given up by `return()`, nothing of the metric is left.
   *
   * @throws {FlxError} when the metric cannot be written
   */
  metric(metric: ExposedMetric): Steps;
  /** Writes what the registry says of itself, and the end. */
  finish(own: readonly MetricFamily[]): readonly Uint8Array[];
}

/** The sink for a format. */
export function expositionSink(options: SinkOptions): ExpositionSink {
  const { format } = options;
  return format === "protobuf" ? new ProtobufSink(options) : new TextSink({ ...options, format });
}

class TextSink implements ExpositionSink {
  readonly #options: SinkOptions & { readonly format: Exclude<ExposedFormat, "protobuf"> };
  readonly #out = new TextChunks();
  readonly #names = new EscapedNames();

  constructor(options: SinkOptions & { readonly format: Exclude<ExposedFormat, "protobuf"> }) {
    this.#options = options;
  }

  *metric(metric: ExposedMetric): Steps {
    const { escaping } = this.#options;
    const mark = this.#out.mark();
    let done = false;
    try {
      this.#names.take(metric, escaping);
      if (isPlain(metric, this.#options)) yield* metric.expose(this.#out, this.#options);
      else yield* this.#escaped(metric);
      done = true;
    } finally {
      if (!done) {
        this.#out.back(mark);
        this.#names.giveBack(metric, escaping);
      }
    }
  }

  finish(own: readonly MetricFamily[]): readonly Uint8Array[] {
    const { format, escaping } = this.#options;
    // Writes the end of an OpenMetrics text, too.
    const families = own.map((family) => escapeFamily(family, escaping));
    this.#out.text(writeExposition(families, { format }));
    return this.#out.finish();
  }

  *#escaped(metric: ExposedMetric): Steps {
    const { format } = this.#options;
    const { bareName, ...family } = lazyFamily(metric, this.#options);
    // In OpenMetrics a counter has `_total`, declared with it or not, as in the pages of line-metric.ts.
    const written = format === "text" && bareName === true ? { ...family, bareName } : family;
    let text = "";
    for (const chunk of expositionChunks([written], {
      format,
      chunkLength: CHUNK_LENGTH,
    })) {
      this.#out.text(text);
      text = chunk;
      yield;
    }
    this.#out.text(text.replace(/# EOF\n$/, ""));
  }
}

class ProtobufSink implements ExpositionSink {
  readonly #options: SinkOptions;
  readonly #out = new ProtobufExposition();

  constructor(options: SinkOptions) {
    this.#options = options;
  }

  *metric(metric: ExposedMetric): Steps {
    const rows = metric.writeRows === undefined ? undefined : protobufRows(metric, this.#options);
    const family = lazyFamily(metric, this.#options);
    if (rows === undefined) yield* this.#out.add(family);
    else yield* this.#out.addRows(family, rows, metric.writeRows!(rows));
  }

  finish(own: readonly MetricFamily[]): readonly Uint8Array[] {
    for (const family of own) {
      try {
        this.#out.addAll(escapeFamily(family, this.#options.escaping));
      } catch {
        // A metric whose escaped name is ours was first; what we say of ourselves is worth less than the rest.
      }
    }
    return this.#out.chunks;
  }
}

/**
 * The family of a metric whose points are made while they are iterated, some rows at a time: all at once, a hundred
 * thousand of them would hold the event loop up. The model's writers iterate points once, in order.
 */
function lazyFamily(
  metric: ExposedMetric,
  { format, escaping, defaultLabels, createdSeries }: SinkOptions,
): MetricFamily & { readonly bareName?: true } {
  const part = (from?: number, to?: number): MetricFamily => {
    const family = withDefaultLabels(metric.family(from, to), defaultLabels, metric.labelNames);
    const written = format === "openmetrics" && !createdSeries ? withoutCreated(family) : family;
    return escapeFamily(written, escaping);
  };
  if (metric.rowCount === undefined) return part();
  function* points(): Generator<MetricFamily["points"][number], void, undefined> {
    for (let row = 0; row < (metric.rowCount ?? 0); row += ROWS_A_PART) {
      yield* part(row, row + ROWS_A_PART).points;
    }
  }
  return { ...part(0, 0), points: points() as Iterable<unknown> } as MetricFamily;
}

/** What writes the rows of a metric; `undefined` when names have to be escaped that only the model's way escapes. */
function protobufRows(
  { labelNames, exemplars }: ExposedMetric,
  { escaping, defaultLabels }: SinkOptions,
): ProtobufRows | undefined {
  if (exemplars?.oddNames === true && escaping !== "allow-utf-8") return undefined;
  const names = labelNames.map((name) => escapeLabelName(name, escaping));
  const fixedLabels: [string, string][] = [];
  for (const [name, value] of defaultLabels) {
    if (labelNames.includes(name)) continue;
    fixedLabels.push([escapeLabelName(name, escaping), wireText(value)]);
  }
  const different = new Set([...names, ...fixedLabels.map(([name]) => name)]);
  // Names that meet when escaped are refused there.
  if (different.size < names.length + fixedLabels.length) return undefined;
  return new ProtobufRows({ labelNames: names, fixedLabels, wireText });
}

/** Whether a metric's own text is what the scraper can read. */
function isPlain(metric: ExposedMetric, { escaping, defaultLabels }: SinkOptions): boolean {
  return (
    escaping === "allow-utf-8" ||
    (escapeMetricName(metric.name, escaping) === metric.name &&
      metric.exemplars?.oddNames !== true &&
      metric.labelNames.every((name) => escapeLabelName(name, escaping) === name) &&
      defaultLabels.keys().every((name) => escapeLabelName(name, escaping) === name))
  );
}

/** The sample names in use after escaping. */
class EscapedNames {
  readonly #owners = new Map<string, ExposedMetric>();

  /** @throws {FlxError} `FLX_METRIC_CLASH` when another metric has one of the names */
  take(metric: ExposedMetric, escaping: EscapingScheme): void {
    if (escaping === "allow-utf-8") return;
    const names = metric.sampleNames.map((name) => escapeMetricName(name, escaping));
    for (const name of names) {
      const owner = this.#owners.get(name);
      if (owner === undefined || owner === metric) continue;
      throw new FlxError(
        "FLX_METRIC_CLASH",
        `${metric.name} and ${owner.name} are both ${name} with ${escaping}; rename one of them`,
      );
    }
    for (const name of names) this.#owners.set(name, metric);
  }

  giveBack(metric: ExposedMetric, escaping: EscapingScheme): void {
    for (const sample of metric.sampleNames) {
      const name = escapeMetricName(sample, escaping);
      if (this.#owners.get(name) === metric) this.#owners.delete(name);
    }
  }
}
