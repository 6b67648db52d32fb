// Metric families as protobuf: one delimited io.prometheus.client.MetricFamily after the other.
//
// Names, types and what is refused are those of text format 0.0.4 (a counter carries `_total`, an info becomes a
// gauge `foo_info`, a stateset a gauge); units, exemplars, created times and native histograms are kept.
//
// A histogram of whole counts is written in whole numbers, any other in floats. The bucket +Inf is implied by the
// count and only written when it has an exemplar. A native histogram without buckets gets one span of no length, by
// which readers know it from a classic one.

import { FlxError } from "../errors.ts";
import type { Exemplar } from "../exemplar.ts";
import { METRIC_NAME, type Labels } from "../labels.ts";
import type {
  CounterValue,
  HistogramValue,
  MetricFamily,
  MetricPoint,
  MetricType,
  StateSetValue,
  SummaryValue,
} from "../metric-family.ts";
import type { NativeHistogram } from "../native-histogram.ts";
import type { UnixMs } from "../units.ts";
import { exemplarLength } from "./exemplar-text.ts";
import { DEFAULT_EXPOSITION_LIMITS } from "./limits.ts";
import { checkedHelp, checkedUnit } from "./write-metadata.ts";
import { exemplarComplaint } from "./point-rules.ts";
import type { ExpositionProblemCode } from "./problem.ts";
import {
  BUCKET,
  COUNTER,
  EXEMPLAR,
  FAMILY,
  HISTOGRAM,
  METRIC,
  NUMBER,
  QUANTILE,
  SPAN,
  SUMMARY,
  TYPE_NUMBERS,
} from "./protobuf-fields.ts";
import { writeLabel, writeTimestamp } from "./protobuf-parts.ts";
import type { ProtobufRows } from "./protobuf-rows.ts";
import { spansOf } from "./protobuf-spans.ts";
import { ProtobufWriter } from "./protobuf-wire.ts";
import { NameRegistry, wireFamily } from "./write-names.ts";
import { PointChecker } from "./write-points.ts";

/** Whole counts up to here have differences whose zigzag form is exact. */
const MAX_WHOLE = 2 ** 52;

/** Points written between two pauses of `add`. */
const POINTS_A_STEP = 128;

/** Bytes of a chunk, about. */
const CHUNK_BYTES = 64 * 1024;

/**
 * The families as one body.
 *
 * @throws {FlxError} `FLX_EXPOSITION_*` when a family cannot be written
 */
export function writeProtobufExposition(families: Iterable<MetricFamily>): Uint8Array {
  const exposition = new ProtobufExposition();
  for (const family of families) exposition.addAll(family);
  const { chunks } = exposition;
  const body = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** Collects families into chunks of bytes, with pauses for other work. */
export class ProtobufExposition {
  /** What was added so far. */
  readonly chunks: Uint8Array[] = [];
  readonly #names = new NameRegistry("text");

  /** Adds a family in one go. @throws {FlxError} as `add` */
  addAll(family: MetricFamily): void {
    const steps = this.add(family);
    while (steps.next().done !== true);
  }

  /**
   * Adds a family; the generator pauses where other work may be let in. A family that cannot be written, or whose
   * generator is given up, leaves nothing behind. Points are only iterated, once, so they may come one by one.
   *
   * @throws {FlxError} `FLX_EXPOSITION_*` when the family cannot be written
   */
  *add(family: MetricFamily): Generator<void, void, undefined> {
    const writer = new ProtobufWriter();
    const points = new PointWriter(writer, family);
    yield* this.#family(family, writer, pointSteps(family, points));
  }

  /**
   * Adds a family whose metrics are written by `rows` while `steps` is iterated; it pauses after each step, and leaves
   * nothing behind when it is given up, as `add`. The family's own points are not looked at.
   *
   * @throws {FlxError} `FLX_EXPOSITION_*` when name, help or unit cannot be written, and what `steps` throws
   */
  *addRows(
    family: MetricFamily,
    rows: ProtobufRows,
    steps: Iterable<void>,
  ): Generator<void, void, undefined> {
    yield* this.#family(family, rows, steps);
  }

  *#family(
    family: MetricFamily,
    metrics: Pick<ProtobufWriter, "length" | "take">,
    steps: Iterable<void>,
  ): Generator<void, void, undefined> {
    const wire = wireFamily(family, "text");
    const head = new ProtobufWriter();
    head.text(FAMILY.name, wire.name);
    const help = checkedHelp(family);
    if (help !== "") head.text(FAMILY.help, help);
    head.uint(FAMILY.type, TYPE_NUMBERS[family.type]);
    const unit = checkedUnit(family);
    if (unit !== "") head.text(FAMILY.unit, unit);
    const chunks = [head.take()];
    for (const _ of steps) {
      if (metrics.length >= CHUNK_BYTES) chunks.push(metrics.take());
      yield;
    }
    chunks.push(metrics.take());
    // Not before: a family that was given up leaves its name free.
    this.#names.take(family, wire);
    // The family's own length, now that it is known.
    head.varint(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    this.chunks.push(head.take(), ...chunks);
  }
}

/** Writes the points of a family, with pauses. */
function* pointSteps(family: MetricFamily, points: PointWriter): Generator<void, void, undefined> {
  let written = 0;
  for (const point of family.points) {
    points.write(point);
    if (++written % POINTS_A_STEP === 0) yield;
  }
}

/** Writes the points of one family. */
class PointWriter {
  readonly #out: ProtobufWriter;
  readonly #family: MetricFamily;
  readonly #checker: PointChecker;

  constructor(out: ProtobufWriter, family: MetricFamily) {
    this.#out = out;
    this.#family = family;
    this.#checker = new PointChecker(family, "text");
  }

  write(point: MetricFamily["points"][number]): void {
    this.#checker.check(point);
    const { value } = point;
    const { type } = this.#family;
    switch (type) {
      case "gauge":
      case "info":
        this.#number(point, METRIC.gauge, value as number);
        return;
      case "unknown":
        this.#number(point, METRIC.untyped, value as number);
        return;
      case "counter":
        this.#metric(point, METRIC.counter, () => this.#counter(value as CounterValue, point));
        return;
      case "summary":
        this.#metric(point, METRIC.summary, () => this.#summary(value as SummaryValue, point));
        return;
      case "histogram":
      case "gaugehistogram":
        this.#metric(point, METRIC.histogram, () =>
          this.#histogram(value as HistogramValue, type, point),
        );
        return;
      case "stateset":
        this.#stateSet(value as StateSetValue, point);
        return;
      default:
        return type satisfies never;
    }
  }

  #metric(point: MetricPoint<unknown>, field: number, content: () => void): void {
    const out = this.#out;
    const metric = out.begin(FAMILY.metric);
    this.#labels(METRIC.label, point.labels);
    const value = out.begin(field);
    content();
    out.end(value);
    if (point.timestampMs !== undefined) {
      out.int(METRIC.timestampMs, Math.round(point.timestampMs));
    }
    out.end(metric);
  }

  #number(point: MetricPoint<unknown>, field: number, value: number): void {
    this.#metric(point, field, () => this.#out.double(NUMBER.value, value));
  }

  #stateSet(states: StateSetValue, point: MetricPoint<unknown>): void {
    for (const [state, on] of states) {
      const labels = point.labels.with(this.#family.name, state);
      this.#number({ ...point, labels }, METRIC.gauge, on ? 1 : 0);
    }
  }

  #counter({ total, exemplar, createdMs }: CounterValue, point: MetricPoint<unknown>): void {
    this.#out.double(COUNTER.value, total);
    if (exemplar !== undefined) this.#exemplar(COUNTER.exemplar, exemplar, Infinity, point);
    this.#time(COUNTER.created, createdMs, point);
  }

  #summary({ quantiles, sum, count, createdMs }: SummaryValue, point: MetricPoint<unknown>): void {
    const out = this.#out;
    if (count !== undefined) {
      if (!isWhole(count)) {
        this.#refuse(point, "FLX_EXPOSITION_SUMMARY", `the count ${count} is no whole number`);
      }
      out.uint(SUMMARY.count, count);
    }
    if (sum !== undefined) out.double(SUMMARY.sum, sum);
    for (const { quantile, value } of quantiles) {
      const start = out.begin(SUMMARY.quantile);
      out.double(QUANTILE.quantile, quantile);
      out.double(QUANTILE.value, value);
      out.end(start);
    }
    this.#time(SUMMARY.created, createdMs, point);
  }

  #histogram(
    { histogram, native, exemplars, nativeExemplars, createdMs }: HistogramValue,
    type: MetricType,
    point: MetricPoint<unknown>,
  ): void {
    const out = this.#out;
    const { upperBounds, cumulativeCounts, sum, count } = histogram;
    if (native !== undefined) this.#checkNative(native, histogram, point);
    const whole = cumulativeCounts.every(isWhole) && (native === undefined || allWhole(native));
    if (whole) out.uint(HISTOGRAM.count, count);
    else out.double(HISTOGRAM.countFloat, count);
    if (sum !== undefined) out.double(HISTOGRAM.sum, sum);
    for (let i = 0; i < cumulativeCounts.length; i++) {
      const exemplar = exemplars?.get(i);
      if (i === upperBounds.length && exemplar === undefined) break;
      const bound = upperBounds[i] ?? Infinity;
      const bucket = out.begin(HISTOGRAM.bucket);
      if (whole) out.uint(BUCKET.count, cumulativeCounts[i]!);
      else out.double(BUCKET.countFloat, cumulativeCounts[i]!);
      out.double(BUCKET.upperBound, bound);
      if (exemplar !== undefined) this.#exemplar(BUCKET.exemplar, exemplar, bound, point);
      out.end(bucket);
    }
    if (native !== undefined) this.#native(native, whole);
    if (type === "histogram") this.#time(HISTOGRAM.created, createdMs, point);
    for (const exemplar of nativeExemplars ?? []) {
      this.#exemplar(HISTOGRAM.exemplars, exemplar, Infinity, point);
    }
  }

  #checkNative(
    native: NativeHistogram,
    { count, sum }: HistogramValue["histogram"],
    point: MetricPoint<unknown>,
  ): void {
    const reason = native.hasCustomBounds
      ? "a native histogram with custom bounds has no form in protobuf; give it as a classic one"
      : native.count !== count || !Object.is(native.sum, sum)
        ? `the native histogram has count ${native.count} and sum ${native.sum}, the classic one ${count} and ${sum}`
        : [...native.positive.counts, ...native.negative.counts, native.zeroCount].some(
              (n) => !(n >= 0),
            )
          ? "a native histogram has a negative count"
          : undefined;
    if (reason !== undefined) this.#refuse(point, "FLX_EXPOSITION_HISTOGRAM", reason);
  }

  #native(native: NativeHistogram, whole: boolean): void {
    const out = this.#out;
    out.sint(HISTOGRAM.schema, native.schema);
    out.double(HISTOGRAM.zeroThreshold, native.zeroThreshold);
    if (whole) out.uint(HISTOGRAM.zeroCount, native.zeroCount);
    else out.double(HISTOGRAM.zeroCountFloat, native.zeroCount);
    const { negativeSpan, negativeDelta, negativeCount } = HISTOGRAM;
    const { positiveSpan, positiveDelta, positiveCount } = HISTOGRAM;
    this.#side(native.negative, negativeSpan, whole ? negativeDelta : negativeCount, whole);
    this.#side(native.positive, positiveSpan, whole ? positiveDelta : positiveCount, whole);
    if (native.negative.indexes.length + native.positive.indexes.length === 0) {
      this.#span(positiveSpan, 0, 0);
    }
  }

  #side(
    columns: NativeHistogram["positive"],
    spanField: number,
    field: number,
    whole: boolean,
  ): void {
    const out = this.#out;
    const { spans, counts } = spansOf(columns);
    if (counts.length === 0) return;
    for (const { offset, length } of spans) this.#span(spanField, offset, length);
    const start = out.begin(field);
    let before = 0;
    for (const count of counts) {
      if (whole) out.zigzag(count - before);
      else out.rawDouble(count);
      before = count;
    }
    out.end(start);
  }

  #span(field: number, offset: number, length: number): void {
    const start = this.#out.begin(field);
    this.#out.sint(SPAN.offset, offset);
    this.#out.uint(SPAN.length, length);
    this.#out.end(start);
  }

  #exemplar(
    field: number,
    exemplar: Exemplar,
    upperBound: number,
    point: MetricPoint<unknown>,
  ): void {
    const most = DEFAULT_EXPOSITION_LIMITS.maxExemplarLength;
    if (exemplarLength(exemplar.labels.pairs) > most) {
      const reason = `the exemplar's labels have more than ${most} characters`;
      this.#refuse(point, "FLX_EXPOSITION_LIMIT_EXEMPLAR", reason);
    }
    if (exemplar.labels.has(METRIC_NAME)) {
      const reason = `an exemplar cannot have the label ${METRIC_NAME}`;
      this.#refuse(point, "FLX_EXPOSITION_LABEL", reason);
    }
    const wrong = upperBound === Infinity ? undefined : exemplarComplaint(exemplar, upperBound);
    if (wrong !== undefined) this.#refuse(point, wrong.code, wrong.reason);
    const out = this.#out;
    const start = out.begin(field);
    this.#labels(EXEMPLAR.label, exemplar.labels);
    out.double(EXEMPLAR.value, exemplar.value);
    this.#time(EXEMPLAR.timestamp, exemplar.timestampMs, point);
    out.end(start);
  }

  #labels(field: number, { pairs }: Labels): void {
    for (let i = 0; i < pairs.length; i += 2) {
      writeLabel(this.#out, field, pairs[i]!, pairs[i + 1]!);
    }
  }

  #time(field: number, timeMs: UnixMs | undefined, point: MetricPoint<unknown>): void {
    if (timeMs === undefined) return;
    if (!Number.isSafeInteger(Math.floor(timeMs / 1000))) {
      this.#refuse(point, "FLX_EXPOSITION_TIMESTAMP", `${timeMs} ms cannot be written`);
    }
    writeTimestamp(this.#out, field, timeMs);
  }

  #refuse({ labels }: MetricPoint<unknown>, code: ExpositionProblemCode, reason: string): never {
    const { type, name } = this.#family;
    throw new FlxError(code, `${type} ${name}${labels.toString()}: ${reason}`);
  }
}

function isWhole(count: number): boolean {
  return Number.isInteger(count) && count <= MAX_WHOLE;
}

function allWhole({ count, zeroCount, positive, negative }: NativeHistogram): boolean {
  return (
    isWhole(count) &&
    isWhole(zeroCount) &&
    positive.counts.every(isWhole) &&
    negative.counts.every(isWhole)
  );
}
