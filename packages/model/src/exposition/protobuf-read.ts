// Metric families from protobuf: strict about what they say, bounded in what they cost.
//
//   body     length family length family ...      a body cut short: the families before it, and one problem
//   family   name help type unit metric*          wrong name or type: the family is refused
//   metric   label* value timestamp               wrong labels or values: the metric is refused
//
// Every part has its length before it, so what is wrong costs only itself. The values keep the rules of text format
// 0.0.4 (point-rules.ts); a counter whose name does not end with `_total` is read with `bareName`.
//
// Memory: nothing is allocated for what a number only claims. Spans of a native histogram are compared with the counts
// that are there before they are unfolded.

import { ClassicHistogram } from "../classic-histogram.ts";
import { FlxError } from "../errors.ts";
import type { Exemplar } from "../exemplar.ts";
import { METRIC_NAME, Labels } from "../labels.ts";
import type { HistogramValue, MetricFamily, MetricPoint } from "../metric-family.ts";
import { NativeHistogram } from "../native-histogram.ts";
import type { UnixMs } from "../units.ts";
import { exemplarLength } from "./exemplar-text.ts";
import { DEFAULT_EXPOSITION_LIMITS, limitCodes, type ExpositionLimits } from "./limits.ts";
import { exemplarComplaint } from "./point-rules.ts";
import type { ExpositionProblemCode } from "./problem.ts";
import {
  BUCKET,
  COUNTER,
  EXEMPLAR,
  FAMILY,
  HISTOGRAM,
  LABEL,
  METRIC,
  NUMBER,
  QUANTILE,
  SPAN,
  SUMMARY,
  TIMESTAMP,
  TYPES_BY_NUMBER,
} from "./protobuf-fields.ts";
import { columnsOf, countsOf, type Span } from "./protobuf-spans.ts";
import { ProtobufReader } from "./protobuf-wire.ts";
import { checkedUnit } from "./write-metadata.ts";
import { NameRegistry, wireFamily } from "./write-names.ts";
import { PointChecker } from "./write-points.ts";

/** The limits that protobuf has: it has no lines. */
export type ProtobufLimits = Omit<ExpositionLimits, "maxLineBytes">;

/** What is wrong with a body, and where. */
export interface ProtobufProblem {
  readonly code: ExpositionProblemCode;
  /** The family's name as far as it was read, or "". */
  readonly family: string;
  /** Where the family or metric begins that was refused, in bytes from the start. */
  readonly offset: number;
  /** What is wrong, for people. */
  readonly reason: string;
}

/** What a body holds. */
export interface ParsedProtobuf {
  readonly families: MetricFamily[];
  /** The first `maxProblems` problems. */
  readonly problems: readonly ProtobufProblem[];
  /** All problems, also those not kept. */
  readonly problemCount: number;
}

/** The types that the format has. */
type WireType = (typeof TYPES_BY_NUMBER)[number];

/** Everything that can be wrong inside a body is one of these, and costs what it stands in. */
function refuse(code: ExpositionProblemCode, reason: string): never {
  throw new FlxError(code, reason);
}

/** A limit that ends the reading. */
class LimitReached extends FlxError {}

/**
 * The families of a body of delimited `io.prometheus.client.MetricFamily`. Never throws for what the bytes are.
 *
 *     parseProtobufExposition(writeProtobufExposition(families)).families
 */
export function parseProtobufExposition(
  body: Uint8Array,
  limits: Partial<ProtobufLimits> = {},
): ParsedProtobuf {
  return new BodyReader(body, { ...DEFAULT_EXPOSITION_LIMITS, ...limits }).read();
}

/**
 * As `parseProtobufExposition`, for a body in which nothing may be wrong.
 *
 * @throws {FlxError} the first problem
 */
export function parseProtobufExpositionStrict(
  body: Uint8Array,
  limits: Partial<ProtobufLimits> = {},
): MetricFamily[] {
  const { families, problems } = parseProtobufExposition(body, limits);
  const [first] = problems;
  if (first === undefined) return families;
  const { code, family, offset, reason } = first;
  throw new FlxError(code, `byte ${offset}${family === "" ? "" : `, ${family}`}: ${reason}`);
}

/** The parts of a family before its metrics are read: the type may stand after them. */
interface FamilyHead {
  name: string;
  help: string;
  unit: string;
  type: number;
  /** Start and end of each metric, one after the other. */
  readonly metrics: number[];
}

class BodyReader {
  readonly #reader: ProtobufReader;
  readonly #limits: ProtobufLimits;
  readonly #length: number;
  readonly #names = new NameRegistry("text");
  readonly #families: MetricFamily[] = [];
  readonly #problems: ProtobufProblem[] = [];
  #problemCount = 0;
  #samples = 0;

  constructor(body: Uint8Array, limits: ProtobufLimits) {
    this.#reader = new ProtobufReader(body);
    this.#limits = limits;
    this.#length = body.length;
  }

  read(): ParsedProtobuf {
    let start = 0;
    try {
      this.#limit("maxBytes", this.#length);
      let families = 0;
      while (this.#reader.at < this.#length) {
        start = this.#reader.at;
        const end = this.#reader.delimited(this.#length);
        this.#limit("maxFamilies", ++families);
        this.#guarded("", start, () => this.#family(start, end));
        this.#reader.at = end;
      }
    } catch (error) {
      this.#problem("", start, error);
    }
    return {
      families: this.#families,
      problems: this.#problems,
      problemCount: this.#problemCount,
    };
  }

  /** Does something; what it refuses becomes a problem. Only reached limits go on to end the reading. */
  #guarded(family: string, offset: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof LimitReached) throw error;
      this.#problem(family, offset, error);
    }
  }

  #problem(family: string, offset: number, error: unknown): void {
    if (!(error instanceof FlxError)) throw error;
    this.#problemCount++;
    if (this.#problems.length >= this.#limits.maxProblems) return;
    const code = error.code as ExpositionProblemCode;
    this.#problems.push({ code, family, offset, reason: error.message });
  }

  #limit(name: Exclude<keyof ProtobufLimits, "maxProblems">, value: number): void {
    const most = this.#limits[name];
    if (value <= most) return;
    throw new LimitReached(limitCodes[name], `more than ${most} (${name})`);
  }

  #family(start: number, end: number): void {
    const head = this.#head(end);
    this.#guarded(head.name, start, () => {
      const family = emptyFamily(head);
      this.#names.take(family, wireFamily(family, "text"));
      this.#guarded(head.name, start, () => addUnit(family, head.unit));
      this.#points(family, head);
      this.#families.push(family);
    });
  }

  #head(end: number): FamilyHead {
    const reader = this.#reader;
    const head: FamilyHead = { name: "", help: "", unit: "", type: 0, metrics: [] };
    while (reader.next(end)) {
      switch (reader.field) {
        case FAMILY.name:
          head.name = this.#name();
          break;
        case FAMILY.help:
          head.help = this.#value("help");
          break;
        case FAMILY.unit:
          head.unit = this.#value("unit");
          break;
        case FAMILY.type:
          head.type = reader.uint();
          break;
        case FAMILY.metric: {
          const metricEnd = reader.message();
          head.metrics.push(reader.at, metricEnd);
          reader.at = metricEnd;
          break;
        }
        default:
          reader.skip();
      }
    }
    return head;
  }

  #points(family: FamilyDraft, { name, metrics }: FamilyHead): void {
    const checker = new PointChecker(family, "text");
    for (let i = 0; i < metrics.length; i += 2) {
      this.#guarded(name, metrics[i]!, () => {
        this.#reader.at = metrics[i]!;
        const point = this.#point(family.type as WireType, metrics[i + 1]!);
        checker.check(point);
        family.points.push(point);
      });
    }
  }

  #point(type: WireType, end: number): MetricPoint<unknown> {
    const reader = this.#reader;
    const pairs: [string, string][] = [];
    const wanted = VALUE_FIELDS[type];
    let value: unknown;
    let timestampMs: number | undefined;
    while (reader.next(end)) {
      switch (reader.field) {
        case METRIC.label:
          this.#label(pairs);
          break;
        case METRIC.timestampMs:
          timestampMs = reader.int();
          break;
        case wanted: {
          const valueEnd = reader.message();
          value = this.#valueOf(type, valueEnd);
          break;
        }
        default:
          reader.skip();
      }
    }
    if (value === undefined) refuse("FLX_EXPOSITION_SAMPLE", `a metric without a ${type}`);
    const labels = labelSet(pairs);
    return timestampMs === undefined
      ? { labels, value }
      : { labels, value, timestampMs: timestampMs as UnixMs };
  }

  #valueOf(type: WireType, end: number): unknown {
    this.#sample();
    switch (type) {
      case "counter":
        return this.#counter(end);
      case "gauge":
      case "unknown":
        return this.#number(end);
      case "summary":
        return this.#summary(end);
      case "histogram":
      case "gaugehistogram":
        return this.#histogram(type, end);
      default:
        return type satisfies never;
    }
  }

  #number(end: number): number {
    const reader = this.#reader;
    let value = 0;
    while (reader.next(end)) {
      if (reader.field === NUMBER.value) value = reader.double();
      else reader.skip();
    }
    return value;
  }

  #counter(end: number): object {
    const reader = this.#reader;
    let total = 0;
    let exemplar: Exemplar | undefined;
    let createdMs: UnixMs | undefined;
    while (reader.next(end)) {
      if (reader.field === COUNTER.value) total = reader.double();
      else if (reader.field === COUNTER.exemplar) exemplar = this.#exemplar();
      else if (reader.field === COUNTER.created) createdMs = this.#time();
      else reader.skip();
    }
    return {
      total,
      ...(createdMs === undefined ? {} : { createdMs }),
      ...(exemplar === undefined ? {} : { exemplar }),
    };
  }

  #summary(end: number): object {
    const reader = this.#reader;
    const quantiles: { quantile: number; value: number }[] = [];
    let sum: number | undefined;
    let count: number | undefined;
    let createdMs: UnixMs | undefined;
    while (reader.next(end)) {
      if (reader.field === SUMMARY.count) count = reader.uint();
      else if (reader.field === SUMMARY.sum) sum = reader.double();
      else if (reader.field === SUMMARY.created) createdMs = this.#time();
      else if (reader.field === SUMMARY.quantile) quantiles.push(this.#quantile());
      else reader.skip();
    }
    return {
      quantiles,
      ...(sum === undefined ? {} : { sum }),
      ...(count === undefined ? {} : { count }),
      ...(createdMs === undefined ? {} : { createdMs }),
    };
  }

  #quantile(): { quantile: number; value: number } {
    const reader = this.#reader;
    this.#sample();
    const end = reader.message();
    let quantile = 0;
    let value = 0;
    while (reader.next(end)) {
      if (reader.field === QUANTILE.quantile) quantile = reader.double();
      else if (reader.field === QUANTILE.value) value = reader.double();
      else reader.skip();
    }
    return { quantile, value };
  }

  #histogram(type: "histogram" | "gaugehistogram", end: number): HistogramValue {
    const reader = this.#reader;
    const draft = new HistogramDraft(type);
    while (reader.next(end)) {
      switch (reader.field) {
        case HISTOGRAM.count:
          draft.count = reader.uint();
          break;
        case HISTOGRAM.countFloat:
          draft.countFloat = reader.double();
          break;
        case HISTOGRAM.sum:
          draft.sum = reader.double();
          break;
        case HISTOGRAM.bucket:
          this.#bucket(draft);
          break;
        case HISTOGRAM.created:
          draft.createdMs = this.#time();
          break;
        case HISTOGRAM.exemplars:
          draft.nativeExemplars.push(this.#exemplar());
          break;
        case HISTOGRAM.schema:
          draft.schema = reader.sint();
          break;
        case HISTOGRAM.zeroThreshold:
          draft.zeroThreshold = reader.double();
          break;
        case HISTOGRAM.zeroCount:
          draft.zeroCount = reader.uint();
          break;
        case HISTOGRAM.zeroCountFloat:
          draft.zeroCountFloat = reader.double();
          break;
        case HISTOGRAM.negativeSpan:
          draft.negative.spans.push(this.#span());
          break;
        case HISTOGRAM.negativeDelta:
          this.#counted(draft.negative.deltas, (into) => reader.sints(into));
          break;
        case HISTOGRAM.negativeCount:
          this.#counted(draft.negative.counts, (into) => reader.doubles(into));
          break;
        case HISTOGRAM.positiveSpan:
          draft.positive.spans.push(this.#span());
          break;
        case HISTOGRAM.positiveDelta:
          this.#counted(draft.positive.deltas, (into) => reader.sints(into));
          break;
        case HISTOGRAM.positiveCount:
          this.#counted(draft.positive.counts, (into) => reader.doubles(into));
          break;
        default:
          reader.skip();
      }
    }
    return draft.value();
  }

  /** Reads into a list what counts as samples. */
  #counted(into: number[], read: (into: number[]) => void): void {
    const before = into.length;
    read(into);
    this.#sample(into.length - before);
  }

  #bucket(draft: HistogramDraft): void {
    const reader = this.#reader;
    this.#sample();
    const end = reader.message();
    let count = 0;
    let bound = 0;
    let exemplar: Exemplar | undefined;
    let float = 0;
    while (reader.next(end)) {
      if (reader.field === BUCKET.count) count = reader.uint();
      else if (reader.field === BUCKET.countFloat) float = reader.double();
      else if (reader.field === BUCKET.upperBound) bound = reader.double();
      else if (reader.field === BUCKET.exemplar) exemplar = this.#exemplar();
      else reader.skip();
    }
    const wrong = exemplar === undefined ? undefined : exemplarComplaint(exemplar, bound);
    if (wrong !== undefined) refuse(wrong.code, wrong.reason);
    if (exemplar !== undefined) draft.exemplars.set(draft.bounds.length, exemplar);
    draft.bounds.push(bound);
    draft.counts.push(float > 0 ? float : count);
  }

  #span(): Span {
    const reader = this.#reader;
    this.#sample();
    const end = reader.message();
    let offset = 0;
    let length = 0;
    while (reader.next(end)) {
      if (reader.field === SPAN.offset) offset = reader.sint();
      else if (reader.field === SPAN.length) length = reader.uint();
      else reader.skip();
    }
    return { offset, length };
  }

  #exemplar(): Exemplar {
    const reader = this.#reader;
    const end = reader.message();
    const pairs: [string, string][] = [];
    let value = 0;
    let timestampMs: UnixMs | undefined;
    while (reader.next(end)) {
      if (reader.field === EXEMPLAR.label) this.#label(pairs);
      else if (reader.field === EXEMPLAR.value) value = reader.double();
      else if (reader.field === EXEMPLAR.timestamp) timestampMs = this.#time();
      else reader.skip();
    }
    const labels = labelSet(pairs);
    if (labels.has(METRIC_NAME)) {
      refuse("FLX_EXPOSITION_LABEL", `an exemplar cannot have the label ${METRIC_NAME}`);
    }
    const { maxExemplarLength } = this.#limits;
    if (exemplarLength(labels.pairs) > maxExemplarLength) {
      refuse(
        limitCodes.maxExemplarLength,
        `the exemplar's labels have more than ${maxExemplarLength} characters (maxExemplarLength)`,
      );
    }
    return timestampMs === undefined ? { labels, value } : { labels, value, timestampMs };
  }

  #time(): UnixMs {
    const reader = this.#reader;
    const end = reader.message();
    let seconds = 0;
    let nanos = 0;
    while (reader.next(end)) {
      if (reader.field === TIMESTAMP.seconds) seconds = reader.int();
      else if (reader.field === TIMESTAMP.nanos) nanos = reader.int();
      else reader.skip();
    }
    if (!(nanos >= 0 && nanos < 1e9)) {
      refuse("FLX_EXPOSITION_TIMESTAMP", `${nanos} nanoseconds are not 0 to 999999999`);
    }
    if (!Number.isSafeInteger(seconds * 1000)) {
      refuse("FLX_EXPOSITION_TIMESTAMP", `${seconds} seconds are no time`);
    }
    return (seconds * 1000 + nanos / 1e6) as UnixMs;
  }

  #label(pairs: [string, string][]): void {
    const reader = this.#reader;
    const end = reader.message();
    let name = "";
    let value = "";
    while (reader.next(end)) {
      if (reader.field === LABEL.name) name = this.#name();
      else if (reader.field === LABEL.value) value = this.#value("label value");
      else reader.skip();
    }
    pairs.push([name, value]);
    const { maxLabels } = this.#limits;
    if (pairs.length > maxLabels) {
      refuse(limitCodes.maxLabels, `more than ${maxLabels} labels (maxLabels)`);
    }
  }

  #name(): string {
    const text = this.#reader.text();
    const { maxNameLength } = this.#limits;
    if (text.length <= maxNameLength) return text;
    return refuse(limitCodes.maxNameLength, `a name of more than ${maxNameLength} (maxNameLength)`);
  }

  #value(what: string): string {
    const text = this.#reader.text();
    const { maxValueLength } = this.#limits;
    if (text.length <= maxValueLength) return text;
    const reason = `a ${what} of more than ${maxValueLength} (maxValueLength)`;
    return refuse(limitCodes.maxValueLength, reason);
  }

  #sample(count = 1): void {
    this.#samples += count;
    this.#limit("maxSamples", this.#samples);
  }
}

/** A family while its points are being read. */
type FamilyDraft = MetricFamily & { points: unknown[]; unit?: string };

function emptyFamily({ name, help, type: number }: FamilyHead): FamilyDraft {
  const type = TYPES_BY_NUMBER[number];
  if (type === undefined) return refuse("FLX_EXPOSITION_METADATA", `there is no type ${number}`);
  const total = type === "counter" && name.endsWith("_total");
  return {
    name: total ? name.slice(0, -"_total".length) : name,
    type,
    ...(help === "" ? {} : { help }),
    ...(type === "counter" && !total ? { bareName: true } : {}),
    points: [],
  };
}

/** A unit that may not be one is left out, and the family kept. */
function addUnit(family: FamilyDraft, unit: string): void {
  if (checkedUnit({ ...family, unit }) !== "") family.unit = unit;
}

const VALUE_FIELDS: Readonly<Record<WireType, number>> = {
  counter: METRIC.counter,
  gauge: METRIC.gauge,
  summary: METRIC.summary,
  unknown: METRIC.untyped,
  histogram: METRIC.histogram,
  gaugehistogram: METRIC.histogram,
};

interface SideDraft {
  readonly spans: Span[];
  readonly deltas: number[];
  readonly counts: number[];
}

/** The fields of a histogram as they come. */
class HistogramDraft {
  count = 0;
  countFloat = 0;
  sum: number | undefined;
  createdMs: UnixMs | undefined;
  schema = 0;
  zeroThreshold = 0;
  zeroCount = 0;
  zeroCountFloat = 0;
  readonly bounds: number[] = [];
  readonly counts: number[] = [];
  readonly exemplars = new Map<number, Exemplar>();
  readonly nativeExemplars: Exemplar[] = [];
  readonly positive: SideDraft = { spans: [], deltas: [], counts: [] };
  readonly negative: SideDraft = { spans: [], deltas: [], counts: [] };
  readonly #type: "histogram" | "gaugehistogram";

  constructor(type: "histogram" | "gaugehistogram") {
    this.#type = type;
  }

  value(): HistogramValue {
    const count = this.countFloat > 0 ? this.countFloat : this.count;
    return fittingHistogram(() => {
      const native = this.#isNative ? this.#native(count) : undefined;
      return {
        histogram: this.#classic(count),
        ...(native === undefined ? {} : { native }),
        ...(this.createdMs === undefined ? {} : { createdMs: this.createdMs }),
        ...(this.exemplars.size === 0 ? {} : { exemplars: this.exemplars }),
        ...(this.nativeExemplars.length === 0 ? {} : { nativeExemplars: this.nativeExemplars }),
      };
    });
  }

  /** As Prometheus tells them apart: a zero bucket, or a span, be it empty. */
  get #isNative(): boolean {
    return (
      this.zeroThreshold > 0 ||
      this.zeroCount > 0 ||
      this.zeroCountFloat > 0 ||
      this.positive.spans.length > 0 ||
      this.negative.spans.length > 0
    );
  }

  #classic(count: number): ClassicHistogram {
    const { bounds, counts } = this;
    const sum = this.#isNative ? (this.sum ?? 0) : this.sum;
    const last = bounds.length - 1;
    if (bounds[last] === Infinity && counts[last] !== count) {
      refuse(
        "FLX_EXPOSITION_HISTOGRAM",
        `the count is ${count}, but the bucket le="+Inf" holds ${counts[last]}`,
      );
    }
    const finite = bounds[last] === Infinity ? last : bounds.length;
    return ClassicHistogram.from({
      upperBounds: bounds.slice(0, finite),
      cumulativeCounts: [...counts.slice(0, finite), count],
      sum,
    });
  }

  #native(count: number): NativeHistogram {
    const float = this.countFloat > 0;
    const side = ({ spans, deltas, counts }: SideDraft) =>
      columnsOf(spans, float ? counts : countsOf(deltas));
    return NativeHistogram.from({
      schema: this.schema,
      zeroThreshold: this.zeroThreshold,
      zeroCount: float ? this.zeroCountFloat : this.zeroCount,
      count,
      sum: this.sum ?? 0,
      positive: side(this.positive),
      negative: side(this.negative),
      ...(this.#type === "gaugehistogram" ? { counterResetHint: "gauge" } : {}),
    });
  }
}

/** What `work` makes; what does not fit together there is a problem of the metric. */
function fittingHistogram<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    return refuse("FLX_EXPOSITION_HISTOGRAM", error.message);
  }
}

function labelSet(pairs: readonly (readonly [string, string])[]): Labels {
  try {
    return Labels.from(pairs);
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    return refuse("FLX_EXPOSITION_LABEL", error.message);
  }
}
