// Metric families as text.
//
//   0.0.4                                         OpenMetrics 1.0
//   # HELP orders_placed_total Orders placed      # TYPE orders_placed counter
//   # TYPE orders_placed_total counter            # HELP orders_placed Orders placed
//   orders_placed_total{country="DE"} 5           orders_placed_total{country="DE"} 5
//                                                 orders_placed_created{country="DE"} 1520430000.123
//                                                 # EOF
//
// What 0.0.4 cannot say is left out: units, exemplars, created times, fractions of a millisecond. Its types are five,
// so an info metric becomes a gauge `foo_info`, a stateset a gauge, a gauge histogram a histogram, as Prometheus' Go
// library does it. Blanks at the start of a help text are lost there.
//
// Labels are written in the order of the set (by name), `le` and `quantile` last. `le` and `quantile` are canonical
// in OpenMetrics ("1.0"); in 0.0.4 they are JavaScript's shortest text ("1"), which is what the usual clients of
// Node write, so that moving to us changes no series.
//
// What a reader would have to refuse is not written: the writer throws, with the family and the reason.

import type { Exemplar } from "../exemplar.ts";
import type {
  CounterFamily,
  FamilyOf,
  HistogramValue,
  MetricFamily,
  MetricPoint,
  StateSetValue,
  SummaryValue,
} from "../metric-family.ts";
import { isLegacyLabelName, isLegacyMetricName } from "../names.ts";
import { escapeHelp, escapeLabelValue } from "./escape.ts";
import type { ExpositionFormat } from "./format.ts";
import { canonicalNumber, formatNumber } from "./number-text.ts";
import type { SampleSuffix } from "./sample-names.ts";
import { formatSeconds } from "./timestamp-text.ts";
import { checkedHelp, checkedUnit } from "./write-metadata.ts";
import { NameRegistry, wireFamily, type WireFamily } from "./write-names.ts";
import { PointChecker, writtenSum } from "./write-points.ts";

/** How to write. */
export interface ExpositionWriteOptions {
  readonly format: ExpositionFormat;
  /** About how many characters a chunk has (`expositionChunks`). Default 65,536. */
  readonly chunkLength?: number;
}

/**
 * The families as one text.
 *
 * @throws {FlxError} `FLX_EXPOSITION_*` as in docs/formats/text.md, when a family cannot be written
 * @example writeExposition([{ name: "up", type: "gauge", points: [{ labels: Labels.empty, value: 1 }] }], { format: "text" })
 *   // "# TYPE up gauge\nup 1\n"
 */
export function writeExposition(
  families: Iterable<MetricFamily>,
  options: ExpositionWriteOptions,
): string {
  let text = "";
  for (const chunk of expositionChunks(families, options)) text += chunk;
  return text;
}

/**
 * The families as chunks of text, so that a large registry need not be one string. A chunk ends at the end of a point.
 *
 * @throws {FlxError} as `writeExposition`; chunks handed out before must then be thrown away
 */
export function* expositionChunks(
  families: Iterable<MetricFamily>,
  { format, chunkLength = 65_536 }: ExpositionWriteOptions,
): Generator<string, void, undefined> {
  const names = new NameRegistry(format);
  const labelNames = new Map<string, string>();
  let chunk = "";
  for (const family of families) {
    const wire = wireFamily(family, format);
    names.take(family, wire);
    chunk += metadataLines(family, wire, format);
    const writer = new FamilyWriter(family, wire, format, labelNames);
    for (const point of family.points) {
      chunk += writer.point(point);
      if (chunk.length >= chunkLength) {
        yield chunk;
        chunk = "";
      }
    }
  }
  if (format === "openmetrics") chunk += "# EOF\n";
  if (chunk !== "") yield chunk;
}

function metadataLines(family: MetricFamily, wire: WireFamily, format: ExpositionFormat): string {
  const name = isLegacyMetricName(wire.name) ? wire.name : quoted(wire.name);
  const type = `# TYPE ${name} ${wire.typeWord}\n`;
  const help = helpText(family, format);
  const helpLine = help === "" ? "" : `# HELP ${name} ${help}\n`;
  const unit = checkedUnit(family);
  if (format === "text") return helpLine + type;
  return unit === "" ? type + helpLine : `${type}# UNIT ${name} ${unit}\n${helpLine}`;
}

function helpText(family: MetricFamily, format: ExpositionFormat): string {
  const help = checkedHelp(family);
  return format === "text" ? escapeHelp(help) : escapeLabelValue(help);
}

function quoted(text: string): string {
  return `"${escapeLabelValue(text)}"`;
}

/** Writes the points of one family. */
class FamilyWriter {
  readonly #family: MetricFamily;
  readonly #wire: WireFamily;
  readonly #format: ExpositionFormat;
  readonly #checker: PointChecker;
  /** `name="` of each label name seen; names repeat, values do not. */
  readonly #labelNames: Map<string, string>;
  readonly #plainName: boolean;

  constructor(
    family: MetricFamily,
    wire: WireFamily,
    format: ExpositionFormat,
    labelNames: Map<string, string>,
  ) {
    this.#family = family;
    this.#wire = wire;
    this.#format = format;
    this.#labelNames = labelNames;
    this.#checker = new PointChecker(family, format);
    this.#plainName = isLegacyMetricName(wire.name);
  }

  /** All lines of one point. */
  point(point: MetricFamily["points"][number]): string {
    this.#checker.check(point);
    const { type } = this.#family;
    const labels = this.#labelText(point.labels.pairs);
    const time = this.#timeText(point.timestampMs);
    const { value } = point;
    switch (type) {
      case "gauge":
      case "unknown":
        return this.#line("", labels, formatNumber(value as number), time);
      case "counter":
        return this.#counter(value as ValueOf<CounterFamily>, labels, time);
      case "histogram":
      case "gaugehistogram":
        return this.#histogram(value as HistogramValue, type, labels, time);
      case "summary":
        return this.#summary(value as SummaryValue, labels, time);
      case "info":
        return this.#line(this.#format === "text" ? "" : "_info", labels, "1", time);
      case "stateset":
        return this.#stateSet(value as StateSetValue, labels, time);
      default:
        return type satisfies never;
    }
  }

  #counter(value: ValueOf<CounterFamily>, labels: string, time: string): string {
    const total = formatNumber(value.total);
    if (this.#format === "text" || this.#wire.type === "unknown") {
      return this.#line("", labels, total, time);
    }
    const exemplar = this.#exemplarText(value.exemplar);
    return (
      this.#line("_total", labels, total, time + exemplar) + this.#created(value, labels, time)
    );
  }

  #histogram(
    value: HistogramValue,
    type: "histogram" | "gaugehistogram",
    labels: string,
    time: string,
  ): string {
    const { histogram, exemplars } = value;
    const { upperBounds, cumulativeCounts } = histogram;
    const openMetrics = this.#format === "openmetrics";
    let lines = "";
    for (let i = 0; i < cumulativeCounts.length; i++) {
      const bound = i < upperBounds.length ? upperBounds[i]! : Infinity;
      const bucket = joined(labels, `le="${this.#boundText(bound)}"`);
      const rest = openMetrics ? time + this.#exemplarText(exemplars?.get(i)) : time;
      lines += this.#line("_bucket", bucket, formatNumber(cumulativeCounts[i]!), rest);
    }
    const gauge = openMetrics && type === "gaugehistogram";
    const sum = writtenSum(histogram, type, this.#format);
    if (sum !== undefined) {
      lines += this.#line(gauge ? "_gsum" : "_sum", labels, formatNumber(sum), time);
    }
    if (sum !== undefined || !openMetrics) {
      const count = formatNumber(histogram.count);
      lines += this.#line(gauge ? "_gcount" : "_count", labels, count, time);
    }
    return type === "histogram" ? lines + this.#created(value, labels, time) : lines;
  }

  #summary(value: SummaryValue, labels: string, time: string): string {
    let lines = "";
    for (const { quantile, value: at } of value.quantiles) {
      const own = joined(labels, `quantile="${this.#boundText(quantile)}"`);
      lines += this.#line("", own, formatNumber(at), time);
    }
    if (value.sum !== undefined) lines += this.#line("_sum", labels, formatNumber(value.sum), time);
    if (value.count !== undefined) {
      lines += this.#line("_count", labels, formatNumber(value.count), time);
    }
    return lines + this.#created(value, labels, time);
  }

  #stateSet(states: StateSetValue, labels: string, time: string): string {
    let lines = "";
    for (const [state, on] of states) {
      const own = joined(
        labels,
        `${this.#labelName(this.#family.name)}${escapeLabelValue(state)}"`,
      );
      lines += this.#line("", own, on ? "1" : "0", time);
    }
    return lines;
  }

  #created({ createdMs }: Pick<SummaryValue, "createdMs">, labels: string, time: string): string {
    if (createdMs === undefined || this.#format === "text") return "";
    return this.#line("_created", labels, formatSeconds(createdMs), time);
  }

  /** One line; `rest` is the timestamp and the exemplar, each with the space before it. */
  #line(suffix: SampleSuffix, labels: string, value: string, rest: string): string {
    const name = this.#wire.name + suffix;
    if (this.#plainName) {
      return labels === "" ? `${name} ${value}${rest}\n` : `${name}{${labels}} ${value}${rest}\n`;
    }
    return `{${joined(quoted(name), labels)}} ${value}${rest}\n`;
  }

  #labelText(pairs: readonly string[]): string {
    let text = "";
    for (let i = 0; i < pairs.length; i += 2) {
      if (i > 0) text += ",";
      text += `${this.#labelName(pairs[i]!)}${escapeLabelValue(pairs[i + 1]!)}"`;
    }
    return text;
  }

  #labelName(name: string): string {
    let text = this.#labelNames.get(name);
    if (text === undefined) {
      text = `${isLegacyLabelName(name) ? name : quoted(name)}="`;
      this.#labelNames.set(name, text);
    }
    return text;
  }

  #timeText(timestampMs: MetricPoint<unknown>["timestampMs"]): string {
    if (timestampMs === undefined) return "";
    return this.#format === "text"
      ? ` ${Math.round(timestampMs)}`
      : ` ${formatSeconds(timestampMs)}`;
  }

  #boundText(bound: number): string {
    return this.#format === "text" ? formatNumber(bound) : canonicalNumber(bound);
  }

  #exemplarText(exemplar: Exemplar | undefined): string {
    if (exemplar === undefined) return "";
    const labels = this.#labelText(exemplar.labels.pairs);
    const time =
      exemplar.timestampMs === undefined ? "" : ` ${formatSeconds(exemplar.timestampMs)}`;
    return ` # {${labels}} ${formatNumber(exemplar.value)}${time}`;
  }
}

type ValueOf<Family> = Family extends FamilyOf<infer _Type, infer Value> ? Value : never;

function joined(first: string, second: string): string {
  if (first === "") return second;
  return second === "" ? first : `${first},${second}`;
}
