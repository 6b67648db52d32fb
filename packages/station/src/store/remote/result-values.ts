// Results of queries as Prometheus' API gives them, read back.
//
//   {"resultType":"vector","result":[{"metric":{...},"value":[1435781430.781,"1"]}, ...]}  ──► QueryValue
//
// A native histogram comes without its schema, as buckets with bounds; the schema is what the ratio of the bounds says.
// Whatever is not of this form is refused: it comes from another machine.

import {
  bucketIndex,
  FlxError,
  CUSTOM_BOUNDS_SCHEMA,
  Labels,
  MAX_SCHEMA,
  MIN_SCHEMA,
  upperBound,
} from "@flx/model";
import { type FloatHistogram, floatHistogram, type QueryValue, type SeriesData } from "@flx/promql";

/** A value of JSON, as it is parsed. */
export type Json = unknown;

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/**
 * The data of an answer to a query.
 *
 * @throws {FlxError} `FLX_REMOTE_ANSWER` when it is of another form
 */
export function readQueryValue(data: Json): QueryValue {
  const { resultType, result } = objectOf(data);
  switch (resultType) {
    case "scalar": {
      const [timeMs, text] = pointOf(result);
      return { kind: "scalar", timeMs, value: numberOf(text) };
    }
    case "string": {
      const [timeMs, text] = pointOf(result);
      return { kind: "string", timeMs, value: textOf(text) };
    }
    case "vector":
      return { kind: "vector", samples: listOf(result).map(vectorSample) };
    case "matrix":
      return { kind: "matrix", series: listOf(result).map(seriesOf) };
    default:
      return wrong("a result type");
  }
}

function vectorSample(given: Json) {
  const { metric, value, histogram } = objectOf(given);
  const labels = labelsOf(metric);
  if (histogram !== undefined) {
    const [timeMs, parts] = pointOf(histogram);
    return { labels, timeMs, value: NaN, histogram: histogramOf(parts) };
  }
  const [timeMs, text] = pointOf(value);
  return { labels, timeMs, value: numberOf(text), histogram: undefined };
}

interface Point {
  readonly timeMs: number;
  readonly value: number;
  readonly histogram: FloatHistogram | undefined;
}

function seriesOf(given: Json): SeriesData {
  const { metric, values = [], histograms = [] } = objectOf(given);
  const points = listOf(values).map((each): Point => {
    const [timeMs, text] = pointOf(each);
    return { timeMs, value: numberOf(text), histogram: undefined };
  });
  const natives = listOf(histograms).map((each): Point => {
    const [timeMs, parts] = pointOf(each);
    return { timeMs, value: NaN, histogram: histogramOf(parts) };
  });
  const all = natives.length === 0 ? points : [...points, ...natives];
  if (natives.length > 0 && points.length > 0) all.sort((a, b) => a.timeMs - b.timeMs);
  return {
    labels: labelsOf(metric),
    timestamps: Float64Array.from(all, ({ timeMs }) => timeMs),
    values: Float64Array.from(all, ({ value }) => value),
    ...(natives.length > 0 && { histograms: all.map(({ histogram }) => histogram) }),
  };
}

/** A label set. */
export function labelsOf(given: Json): Labels {
  const object = objectOf(given);
  try {
    return Labels.from(Object.fromEntries(Object.entries(object).map(([k, v]) => [k, textOf(v)])));
  } catch (cause) {
    if (!(cause instanceof FlxError)) throw cause;
    throw new FlxError("FLX_REMOTE_ANSWER", `not a label set: ${cause.message}`, { cause });
  }
}

interface JsonBucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

function histogramOf(given: Json): FloatHistogram {
  const { count, sum, buckets: shown = [] } = objectOf(given);
  const all = listOf(shown).map((each): JsonBucket => {
    const [, lower, upper, n] = listOf(each);
    return { lower: numberOf(lower), upper: numberOf(upper), count: numberOf(n) };
  });
  const zero = all.find(({ lower, upper }) => lower <= 0 && upper >= 0);
  if (zero !== undefined && -zero.lower !== zero.upper) return customHistogram(given, all);
  const besides = all.filter((each) => each !== zero);
  const schema = schemaOf(besides);
  if (!besides.every((each) => isOfSchema(schema, each))) return customHistogram(given, all);
  const side = (buckets: readonly JsonBucket[]) => ({
    indexes: buckets.map((each) => indexIn(schema, each)),
    counts: buckets.map((each) => each.count),
  });
  const above = besides.filter(({ lower }) => lower > 0);
  const below = besides.filter(({ upper }) => upper < 0);
  return floatHistogram({
    schema,
    count: numberOf(count),
    sum: numberOf(sum),
    zeroThreshold: zero?.upper ?? 0,
    zeroCount: zero?.count ?? 0,
    positive: side(above),
    negative: side(below.toReversed()),
  });
}

/** One with custom bounds: those that the buckets show. A bucket that is empty is not shown, and changes nothing. */
function customHistogram(given: Json, buckets: readonly JsonBucket[]): FloatHistogram {
  const { count, sum } = objectOf(given);
  const ends = buckets.flatMap(({ lower, upper }) => [lower, upper]).filter(Number.isFinite);
  const customBounds = [...new Set(ends)].toSorted((a, b) => a - b);
  const indexOf = ({ upper }: JsonBucket): number =>
    upper === Infinity ? customBounds.length : customBounds.indexOf(upper);
  return floatHistogram({
    schema: CUSTOM_BOUNDS_SCHEMA,
    count: numberOf(count),
    sum: numberOf(sum),
    positive: { indexes: buckets.map(indexOf), counts: buckets.map((each) => each.count) },
    customBounds,
  });
}

/** The schema in which neighbouring bounds have such a ratio: 2^(2^-schema). */
function schemaOf(buckets: readonly JsonBucket[]): number {
  // A bucket that the zero bucket cuts is narrower than the others.
  let widest = 0;
  for (const { lower, upper } of buckets) {
    const ratio = lower > 0 ? upper / lower : lower / upper;
    if (Number.isFinite(ratio)) widest = Math.max(widest, ratio);
  }
  if (!(widest > 1)) return 0;
  const schema = 0 - Math.round(Math.log2(Math.log2(widest)));
  return Math.min(MAX_SCHEMA, Math.max(MIN_SCHEMA, schema));
}

/** Whether a bucket ends, away from zero, where one of the schema does: engines differ in the last bits. */
function isOfSchema(schema: number, bucket: JsonBucket): boolean {
  const { lower, upper } = bucket;
  const end = lower > 0 ? upper : -lower;
  if (end === Infinity) return lower === Number.MAX_VALUE || upper === -Number.MAX_VALUE;
  return Math.abs(upperBound(schema, indexIn(schema, bucket)) / end - 1) < 1e-9;
}

/** By its middle: an end that is a bit too large would be in the next one. */
function indexIn(schema: number, { lower, upper }: JsonBucket): number {
  return bucketIndex(schema, Math.abs(lower + (upper - lower) / 2));
}

function pointOf(given: Json): [timeMs: number, value: Json] {
  const [seconds, value] = listOf(given);
  if (typeof seconds !== "number") return wrong("a time");
  return [Math.round(seconds * 1_000), value];
}

/** @throws {FlxError} `FLX_REMOTE_ANSWER` */
export function objectOf(given: Json): Readonly<Record<string, Json>> {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) {
    return given as Readonly<Record<string, Json>>;
  }
  return wrong("an object");
}

/** @throws {FlxError} `FLX_REMOTE_ANSWER` */
export function listOf(given: Json): readonly Json[] {
  return Array.isArray(given) ? (given as readonly Json[]) : wrong("a list");
}

/** @throws {FlxError} `FLX_REMOTE_ANSWER` */
export function textOf(given: Json): string {
  return typeof given === "string" ? given : wrong("a text");
}

/** A number as a text, as samples have it. */
export function numberOf(given: Json): number {
  if (typeof given === "number") return given;
  const text = textOf(given);
  if (text === "NaN") return NaN;
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return NUMBER.test(text) ? Number(text) : wrong("a number");
}

function wrong(what: string): never {
  throw new FlxError(
    "FLX_REMOTE_ANSWER",
    `the answer is not of Prometheus' form: ${what} is missing`,
  );
}
