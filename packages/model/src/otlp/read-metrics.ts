// ExportMetricsServiceRequest from bytes into columns.
//
//   resources   OtlpResource[]         few, so objects
//   scopes      OtlpScopeColumns[]
//   metrics     OtlpMetric[]           name, unit, kind, temporality; points `first` to `end`
//   points      kind flags start time value attributes more     a column each
//                                      │    │          └── offset into `numbers` for histograms and summaries
//                                      │    └── where the KeyValues lie
//                                      └── float64; int64 is rounded beyond 2^53
//
//   numbers     histogram     count sum min max bounds counts | bounds ... | counts ...
//               exponential   count sum min max scale zero threshold (offset counts)x2 | counts ... | counts ...
//               summary       count sum quantiles | quantile value ...
//
// Nothing is made per point: no object, no text. Attributes are checked where they lie; a receiver that has seen their
// bytes knows the series without decoding a text. It asks for a hash of them where it must search.
//
// Why columns: general libraries make ten to thirty objects a point and spend most of their time collecting them.
//
// Source: opentelemetry/proto/metrics/v1/metrics.proto. Times are whole milliseconds: Prometheus has no finer ones.

import { RunningHash } from "../wire/running-hash.ts";
import { checkDepth, wholeMilliseconds, WireReader } from "../wire/wire-reader.ts";
import {
  attributeRange,
  checkLimit,
  DEFAULT_OTLP_READ_LIMITS,
  type OtlpReadLimits,
  type OtlpResource,
  type OtlpScopeColumns,
  readResource,
  readScope,
} from "./read-parts.ts";
import { checkKeyValue, passShortText } from "./read-value.ts";

/** The kinds of data, by the number of their field in Metric. 0 is a metric without data. */
export const GAUGE = 5;
export const SUM = 7;
export const HISTOGRAM = 9;
export const EXPONENTIAL = 10;
export const SUMMARY = 11;

/** Aggregation temporality: 0 is unspecified. */
export const DELTA = 1;
export const CUMULATIVE = 2;

/** The flag of a point that says "nothing recorded": the series is stale. */
export const NO_RECORDED_VALUE = 1;

/** Flags of our own: what of the optional was there. */
export const HAS_SUM = 1;
export const HAS_MIN = 2;
export const HAS_MAX = 4;
/** The point has a number (a NumberDataPoint may have none). */
export const HAS_VALUE = 8;
/** The number was an integer. */
export const IS_INT = 16;

/** A metric and which points are its own. */
export interface OtlpMetric {
  readonly scope: number;
  name: string;
  description: string;
  unit: string;
  kind: number;
  temporality: number;
  monotonic: boolean;
  first: number;
  end: number;
}

const hash = new RunningHash();
const FIRST_POINTS = 64;
/** Columns for more points, and more numbers, are not kept for the next request: about 6 and 8 MB. */
const KEPT_POINTS = 100_000;
const KEPT_NUMBERS = 1_000_000;

/** The field of attributes in a point, by kind. */
function attributeField(kind: number): number {
  return kind === EXPONENTIAL ? 1 : kind === HISTOGRAM ? 9 : 7;
}

/**
 * A request in columns. Mutable while it is read; a receiver only reads it, and may give it to the next request: columns that
 * have grown to their size cost nothing then.
 */
export class OtlpMetrics {
  bytes: Uint8Array = new Uint8Array(0);
  readonly resources: OtlpResource[] = [];
  readonly scopes: OtlpScopeColumns[] = [];
  readonly metrics: OtlpMetric[] = [];
  /** How many points there are. */
  points = 0;

  kind: Uint8Array = new Uint8Array(FIRST_POINTS);
  flags: Uint32Array = new Uint32Array(FIRST_POINTS);
  has: Uint8Array = new Uint8Array(FIRST_POINTS);
  startMs: Float64Array = new Float64Array(FIRST_POINTS);
  timeMs: Float64Array = new Float64Array(FIRST_POINTS);
  value: Float64Array = new Float64Array(FIRST_POINTS);
  /** The point's message in `bytes`. */
  from: Uint32Array = new Uint32Array(FIRST_POINTS);
  to: Uint32Array = new Uint32Array(FIRST_POINTS);
  /** The attributes with their tags, when they lie side by side; both 0 when there are none or they do not. */
  attributesFrom: Uint32Array = new Uint32Array(FIRST_POINTS);
  attributesTo: Uint32Array = new Uint32Array(FIRST_POINTS);
  attributeCount: Uint32Array = new Uint32Array(FIRST_POINTS);
  exemplarCount: Uint32Array = new Uint32Array(FIRST_POINTS);
  /** Where the point's numbers begin. */
  more: Uint32Array = new Uint32Array(FIRST_POINTS);
  numbers: Float64Array = new Float64Array(FIRST_POINTS);
  numbersLength = 0;

  /** Empties it for another request. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.resources.length = 0;
    this.scopes.length = 0;
    this.metrics.length = 0;
    this.points = 0;
    this.numbersLength = 0;
    if (this.kind.length > KEPT_POINTS) this.#grow(FIRST_POINTS);
    if (this.numbers.length > KEPT_NUMBERS) this.numbers = new Float64Array(FIRST_POINTS);
  }

  /** 32 bits over the attributes of a point, when they lie side by side. */
  hash(point: number): number {
    hash.start();
    hash.bytes(this.bytes, this.attributesFrom[point]!, this.attributesTo[point]!);
    return hash.value;
  }

  /** The ranges of a point's attributes (see `decodeAttributes`). */
  attributeRanges(point: number): number[] {
    return this.#ranges(point, attributeField(this.kind[point]!));
  }

  /** The ranges of a point's exemplars: each a message without its tag, its length included. */
  exemplarRanges(point: number): number[] {
    const kind = this.kind[point]!;
    if (this.exemplarCount[point] === 0) return [];
    return this.#ranges(point, kind === EXPONENTIAL ? 11 : kind === HISTOGRAM ? 8 : 5);
  }

  #ranges(point: number, field: number): number[] {
    const reader = new WireReader(this.bytes);
    const ranges: number[] = [];
    const end = this.to[point]!;
    reader.at = this.from[point]!;
    while (reader.at < end) {
      const tag = reader.tag(end);
      const start = reader.at;
      reader.skip(tag, end, 0);
      if (tag === field * 8 + 2) ranges.push(start, reader.at);
    }
    return ranges;
  }

  /** Room for one more point; its position. */
  add(): number {
    const at = this.points++;
    if (at === this.kind.length) this.#grow(at * 2);
    return at;
  }

  /** Room for so many numbers more; where they begin. */
  reserveNumbers(count: number): number {
    const at = this.numbersLength;
    this.numbersLength += count;
    if (this.numbersLength > this.numbers.length) {
      const size = Math.max(this.numbers.length * 2, this.numbersLength);
      this.numbers = grown(new Float64Array(size), this.numbers);
    }
    return at;
  }

  #grow(size: number): void {
    this.kind = grown(new Uint8Array(size), this.kind);
    this.flags = grown(new Uint32Array(size), this.flags);
    this.has = grown(new Uint8Array(size), this.has);
    this.startMs = grown(new Float64Array(size), this.startMs);
    this.timeMs = grown(new Float64Array(size), this.timeMs);
    this.value = grown(new Float64Array(size), this.value);
    this.from = grown(new Uint32Array(size), this.from);
    this.to = grown(new Uint32Array(size), this.to);
    this.attributesFrom = grown(new Uint32Array(size), this.attributesFrom);
    this.attributesTo = grown(new Uint32Array(size), this.attributesTo);
    this.attributeCount = grown(new Uint32Array(size), this.attributeCount);
    this.exemplarCount = grown(new Uint32Array(size), this.exemplarCount);
    this.more = grown(new Uint32Array(size), this.more);
  }

  /** Moves a point down to an earlier place: for metrics whose data was replaced by another kind. */
  move(from: number, to: number): void {
    if (from === to) return;
    for (const column of [
      this.kind,
      this.flags,
      this.has,
      this.startMs,
      this.timeMs,
      this.value,
      this.from,
      this.to,
      this.attributesFrom,
      this.attributesTo,
      this.attributeCount,
      this.exemplarCount,
      this.more,
    ]) {
      column[to] = column[from]!;
    }
  }
}

function grown<Column extends Uint8Array | Uint32Array | Float64Array>(
  into: Column,
  from: Column,
): Column {
  into.set(from.length <= into.length ? from : from.subarray(0, into.length));
  return into;
}

/**
 * The columns of an ExportMetricsServiceRequest. The bytes are kept and must not change.
 *
 * @param into columns of a request that nobody needs any more
 * @throws {FlxError} `FLX_WIRE_MALFORMED` when the bytes are none, `FLX_OTLP_LIMIT` when they hold too much
 */
export function readMetricsRequest(
  bytes: Uint8Array,
  limits: Partial<OtlpReadLimits> = {},
  into: OtlpMetrics = new OtlpMetrics(),
): OtlpMetrics {
  into.begin(bytes);
  return new MetricsReader(into, { ...DEFAULT_OTLP_READ_LIMITS, ...limits }).read();
}

/** A list of numbers that is used again for every point. */
class Scratch {
  values: Float64Array = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      this.values = grown(new Float64Array(this.length * 2), this.values);
    }
    this.values[this.length++] = value;
  }

  /** Takes what is left of a message of fixed64 or, with `doubles`, of doubles; the cursor goes behind it. */
  pushAll(reader: WireReader, end: number, doubles: boolean): void {
    const { view, at } = reader;
    // What is too short for a number is refused by the reader.
    while (this.values.length < this.length + (end - at) / 8) {
      this.values = grown(new Float64Array(this.values.length * 2), this.values);
    }
    const { values } = this;
    let { length } = this;
    let from = at;
    for (const last = end - 8; from <= last; from += 8) {
      values[length++] = doubles
        ? view.getFloat64(from, true)
        : view.getUint32(from + 4, true) * 4_294_967_296 + view.getUint32(from, true);
    }
    this.length = length;
    reader.at = from;
    if (from < end) reader.fixed(end);
  }

  /** Writes its numbers; where they end. */
  copyTo(numbers: Float64Array, from: number): number {
    const { values, length } = this;
    for (let i = 0; i < length; i++) numbers[from + i] = values[i]!;
    return from + length;
  }
}

/** Nanoseconds as whole milliseconds. Points of a request have nearly always the times of the one before. */
class Milliseconds {
  #low = 0;
  #high = 0;
  #ms = 0;

  of(low: number, high: number): number {
    if (low !== this.#low || high !== this.#high) {
      this.#low = low;
      this.#high = high;
      this.#ms = wholeMilliseconds(low, high);
    }
    return this.#ms;
  }
}

class MetricsReader {
  readonly #reader: WireReader;
  readonly #limits: OtlpReadLimits;
  readonly #out: OtlpMetrics;
  readonly #a = new Scratch();
  readonly #b = new Scratch();
  readonly #start = new Milliseconds();
  readonly #time = new Milliseconds();
  #offsetA = 0;
  #offsetB = 0;
  // Of the point being read.
  #attributesFrom = 0;
  #attributesTo = 0;
  #attributes = 0;

  constructor(out: OtlpMetrics, limits: OtlpReadLimits) {
    this.#reader = new WireReader(out.bytes);
    this.#limits = limits;
    this.#out = out;
  }

  read(): OtlpMetrics {
    const reader = this.#reader;
    const end = reader.bytes.length;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#resourceMetrics(end);
      else reader.skip(tag, end, 0);
    }
    return this.#out;
  }

  #group(): void {
    const { resources, scopes, metrics } = this.#out;
    checkLimit(this.#limits, "maxGroups", resources.length + scopes.length + metrics.length);
  }

  #resourceMetrics(outer: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    const resource: OtlpResource = { attributes: [], droppedAttributes: 0, schemaUrl: "" };
    const position = this.#out.resources.push(resource) - 1;
    this.#group();
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) readResource(reader, end, 2, resource, this.#limits);
      else if (tag === 0x12) this.#scopeMetrics(end, position);
      else if (tag === 0x1a) resource.schemaUrl = reader.text(end);
      else reader.skip(tag, end, 1);
    }
  }

  #scopeMetrics(outer: number, resource: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    const scope: OtlpScopeColumns = {
      resource,
      name: "",
      version: "",
      schemaUrl: "",
      attributes: [],
      droppedAttributes: 0,
    };
    const position = this.#out.scopes.push(scope) - 1;
    this.#group();
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) readScope(reader, end, 3, scope, this.#limits);
      else if (tag === 0x12) this.#metric(end, position);
      else if (tag === 0x1a) scope.schemaUrl = reader.text(end);
      else reader.skip(tag, end, 2);
    }
  }

  #metric(outer: number, scope: number): void {
    const reader = this.#reader;
    const out = this.#out;
    const end = reader.length(outer);
    const metric: OtlpMetric = {
      scope,
      name: "",
      description: "",
      unit: "",
      kind: 0,
      temporality: 0,
      monotonic: false,
      first: out.points,
      end: 0,
    };
    out.metrics.push(metric);
    this.#group();
    // Temporality and monotonicity of each kind, since data of another kind may follow and replace it.
    let data: Map<number, { temporality: number; monotonic: boolean }> | undefined;
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x0a:
          metric.name = reader.text(end);
          break;
        case 0x12:
          metric.description = reader.text(end);
          break;
        case 0x1a:
          metric.unit = reader.text(end);
          break;
        case 0x2a:
        case 0x3a:
        case 0x4a:
        case 0x52:
        case 0x5a: {
          const kind = tag >>> 3;
          if (metric.kind !== 0 && metric.kind !== kind) {
            data ??= new Map();
            data.set(metric.kind, { ...metric });
            const { temporality, monotonic } = data.get(kind) ?? {
              temporality: 0,
              monotonic: false,
            };
            metric.temporality = temporality;
            metric.monotonic = monotonic;
          }
          metric.kind = kind;
          this.#data(end, metric);
          break;
        }
        case 0x62:
          checkKeyValue(reader, end, 4);
          break;
        default:
          reader.skip(tag, end, 3);
      }
    }
    if (data !== undefined) dropOtherKinds(out, metric);
    metric.end = out.points;
  }

  #data(outer: number, metric: OtlpMetric): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x0a) this.#point(end, metric.kind);
      else if (tag === 0x10 && metric.kind !== GAUGE && metric.kind !== SUMMARY) {
        metric.temporality = reader.uint32(end) | 0;
      } else if (tag === 0x18 && metric.kind === SUM) metric.monotonic = reader.bool(end);
      else reader.skip(tag, end, 4);
    }
  }

  #point(outer: number, kind: number): void {
    const end = this.#reader.length(outer);
    const at = this.#out.add();
    if (at >= this.#limits.maxRecords) checkLimit(this.#limits, "maxRecords", at + 1);
    const out = this.#out;
    out.kind[at] = kind;
    out.from[at] = this.#reader.at;
    out.to[at] = end;
    this.#attributesFrom = 0;
    this.#attributesTo = 0;
    this.#attributes = 0;
    switch (kind) {
      case HISTOGRAM:
        this.#histogram(end, at);
        break;
      case EXPONENTIAL:
        this.#exponential(end, at);
        break;
      case SUMMARY:
        this.#summary(end, at);
        break;
      default:
        this.#number(end, at);
    }
    out.attributesFrom[at] = this.#attributesFrom;
    out.attributesTo[at] = this.#attributesTo;
    out.attributeCount[at] = this.#attributes;
  }

  /** An attribute of the point: checked, its place noted. */
  #attribute(end: number): void {
    const reader = this.#reader;
    const start = reader.at;
    if (!passShortText(reader, end)) checkKeyValue(reader, end, 6);
    const tagAt = start - 1;
    const stop = reader.at;
    if (this.#attributes === 0) {
      this.#attributesFrom = tagAt;
      this.#attributesTo = stop;
    } else if (this.#attributesTo === tagAt) this.#attributesTo = stop;
    else {
      // Something stands between two attributes: there is no one range.
      this.#attributesFrom = 0;
      this.#attributesTo = 0;
    }
    this.#attributes++;
    if (this.#attributes > this.#limits.maxAttributes) {
      checkLimit(this.#limits, "maxAttributes", this.#attributes);
    }
  }

  #number(end: number, at: number): void {
    const reader = this.#reader;
    const { bytes, view } = reader;
    const out = this.#out;
    let has = 0;
    let value = 0;
    let startMs = 0;
    let timeMs = 0;
    let flags = 0;
    let exemplars = 0;
    // What nearly all have, at once; from the first other field on with the reader.
    fast: while (reader.at + 9 <= end) {
      const from = reader.at + 1;
      switch (bytes[reader.at]!) {
        case 0x11:
          startMs = this.#start.of(view.getUint32(from, true), view.getUint32(from + 4, true));
          break;
        case 0x19:
          timeMs = this.#time.of(view.getUint32(from, true), view.getUint32(from + 4, true));
          break;
        case 0x21:
          value = view.getFloat64(from, true);
          has = HAS_VALUE;
          break;
        case 0x31:
          value = view.getInt32(from + 4, true) * 4_294_967_296 + view.getUint32(from, true);
          has = HAS_VALUE | IS_INT;
          break;
        case 0x3a:
          reader.at = from;
          this.#attribute(end);
          continue;
        default:
          break fast;
      }
      reader.at = from + 8;
    }
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x11:
          startMs = reader.milliseconds(end);
          break;
        case 0x19:
          timeMs = reader.milliseconds(end);
          break;
        case 0x21:
          value = reader.double(end);
          has = HAS_VALUE;
          break;
        case 0x31:
          reader.fixed(end);
          value = reader.signed();
          has = HAS_VALUE | IS_INT;
          break;
        case 0x2a:
          exemplars++;
          this.#exemplar(end);
          break;
        case 0x3a:
          this.#attribute(end);
          break;
        case 0x40:
          flags = reader.uint32(end);
          break;
        default:
          reader.skip(tag, end, 5);
      }
    }
    out.startMs[at] = startMs;
    out.timeMs[at] = timeMs;
    out.value[at] = value;
    out.flags[at] = flags;
    out.has[at] = has;
    out.exemplarCount[at] = exemplars;
    out.more[at] = 0;
  }

  #histogram(end: number, at: number): void {
    const reader = this.#reader;
    const out = this.#out;
    const counts = this.#a;
    const bounds = this.#b;
    counts.length = 0;
    bounds.length = 0;
    let has = 0;
    let count = 0;
    let sum = 0;
    let min = 0;
    let max = 0;
    out.startMs[at] = 0;
    out.timeMs[at] = 0;
    out.flags[at] = 0;
    out.exemplarCount[at] = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x11:
          out.startMs[at] = reader.milliseconds(end);
          break;
        case 0x19:
          out.timeMs[at] = reader.milliseconds(end);
          break;
        case 0x21:
          reader.fixed(end);
          count = reader.unsigned();
          break;
        case 0x29:
          sum = reader.double(end);
          has |= HAS_SUM;
          break;
        case 0x31:
          reader.fixed(end);
          counts.push(reader.unsigned());
          break;
        case 0x32:
          counts.pushAll(reader, reader.length(end), false);
          break;
        case 0x39:
          bounds.push(reader.double(end));
          break;
        case 0x3a:
          bounds.pushAll(reader, reader.length(end), true);
          break;
        case 0x42:
          out.exemplarCount[at]++;
          this.#exemplar(end);
          break;
        case 0x4a:
          this.#attribute(end);
          break;
        case 0x50:
          out.flags[at] = reader.uint32(end);
          break;
        case 0x59:
          min = reader.double(end);
          has |= HAS_MIN;
          break;
        case 0x61:
          max = reader.double(end);
          has |= HAS_MAX;
          break;
        default:
          reader.skip(tag, end, 5);
      }
    }
    out.has[at] = has;
    out.value[at] = 0;
    const more = out.reserveNumbers(6 + bounds.length + counts.length);
    out.more[at] = more;
    const numbers = out.numbers;
    numbers[more] = count;
    numbers[more + 1] = sum;
    numbers[more + 2] = min;
    numbers[more + 3] = max;
    numbers[more + 4] = bounds.length;
    numbers[more + 5] = counts.length;
    counts.copyTo(numbers, bounds.copyTo(numbers, more + 6));
  }

  #exponential(end: number, at: number): void {
    const reader = this.#reader;
    const out = this.#out;
    const positive = this.#a;
    const negative = this.#b;
    positive.length = 0;
    negative.length = 0;
    this.#offsetA = 0;
    this.#offsetB = 0;
    let has = 0;
    let count = 0;
    let sum = 0;
    let min = 0;
    let max = 0;
    let scale = 0;
    let zeroCount = 0;
    let zeroThreshold = 0;
    out.startMs[at] = 0;
    out.timeMs[at] = 0;
    out.flags[at] = 0;
    out.exemplarCount[at] = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x0a:
          this.#attribute(end);
          break;
        case 0x11:
          out.startMs[at] = reader.milliseconds(end);
          break;
        case 0x19:
          out.timeMs[at] = reader.milliseconds(end);
          break;
        case 0x21:
          reader.fixed(end);
          count = reader.unsigned();
          break;
        case 0x29:
          sum = reader.double(end);
          has |= HAS_SUM;
          break;
        case 0x30:
          scale = reader.sint32(end);
          break;
        case 0x39:
          reader.fixed(end);
          zeroCount = reader.unsigned();
          break;
        case 0x42:
          this.#offsetA = this.#buckets(end, positive, this.#offsetA);
          break;
        case 0x4a:
          this.#offsetB = this.#buckets(end, negative, this.#offsetB);
          break;
        case 0x50:
          out.flags[at] = reader.uint32(end);
          break;
        case 0x5a:
          out.exemplarCount[at]++;
          this.#exemplar(end);
          break;
        case 0x61:
          min = reader.double(end);
          has |= HAS_MIN;
          break;
        case 0x69:
          max = reader.double(end);
          has |= HAS_MAX;
          break;
        case 0x71:
          zeroThreshold = reader.double(end);
          break;
        default:
          reader.skip(tag, end, 5);
      }
    }
    out.has[at] = has;
    out.value[at] = 0;
    const more = out.reserveNumbers(11 + positive.length + negative.length);
    out.more[at] = more;
    const numbers = out.numbers;
    numbers[more] = count;
    numbers[more + 1] = sum;
    numbers[more + 2] = min;
    numbers[more + 3] = max;
    numbers[more + 4] = scale;
    numbers[more + 5] = zeroCount;
    numbers[more + 6] = zeroThreshold;
    numbers[more + 7] = this.#offsetA;
    numbers[more + 8] = positive.length;
    numbers[more + 9] = this.#offsetB;
    numbers[more + 10] = negative.length;
    negative.copyTo(numbers, positive.copyTo(numbers, more + 11));
  }

  #buckets(outer: number, counts: Scratch, before: number): number {
    const reader = this.#reader;
    const end = reader.length(outer);
    let offset = before;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x08) offset = reader.sint32(end);
      else if (tag === 0x10) counts.push(reader.uint(end));
      else if (tag === 0x12) {
        const stop = reader.length(end);
        while (reader.at < stop) counts.push(reader.uint(stop));
      } else reader.skip(tag, end, 6);
    }
    return offset;
  }

  #summary(end: number, at: number): void {
    const reader = this.#reader;
    const out = this.#out;
    const quantiles = this.#a;
    quantiles.length = 0;
    let count = 0;
    let sum = 0;
    out.startMs[at] = 0;
    out.timeMs[at] = 0;
    out.flags[at] = 0;
    out.exemplarCount[at] = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      switch (tag) {
        case 0x11:
          out.startMs[at] = reader.milliseconds(end);
          break;
        case 0x19:
          out.timeMs[at] = reader.milliseconds(end);
          break;
        case 0x21:
          reader.fixed(end);
          count = reader.unsigned();
          break;
        case 0x29:
          sum = reader.double(end);
          break;
        case 0x32:
          this.#quantile(end, quantiles);
          break;
        case 0x3a:
          this.#attribute(end);
          break;
        case 0x40:
          out.flags[at] = reader.uint32(end);
          break;
        default:
          reader.skip(tag, end, 5);
      }
    }
    out.has[at] = HAS_SUM;
    out.value[at] = 0;
    const more = out.reserveNumbers(3 + quantiles.length);
    out.more[at] = more;
    out.numbers[more] = count;
    out.numbers[more + 1] = sum;
    out.numbers[more + 2] = quantiles.length / 2;
    quantiles.copyTo(out.numbers, more + 3);
  }

  #quantile(outer: number, quantiles: Scratch): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    let quantile = 0;
    let value = 0;
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x09) quantile = reader.double(end);
      else if (tag === 0x11) value = reader.double(end);
      else reader.skip(tag, end, 6);
    }
    quantiles.push(quantile);
    quantiles.push(value);
  }

  /** An exemplar is checked here and read by `readExemplar`. */
  #exemplar(outer: number): void {
    const reader = this.#reader;
    const end = reader.length(outer);
    while (reader.at < end) {
      const tag = reader.tag(end);
      if (tag === 0x3a) checkKeyValue(reader, end, 7);
      else reader.skip(tag, end, 6);
    }
  }
}

/** Keeps the points of the metric's last kind only: its data is a oneof. */
function dropOtherKinds(out: OtlpMetrics, metric: OtlpMetric): void {
  let to = metric.first;
  for (let from = metric.first; from < out.points; from++) {
    if (out.kind[from] === metric.kind) out.move(from, to++);
  }
  out.points = to;
}

/** An exemplar of a point, decoded: attributes as ranges, ids as lower-case hexadecimal. */
export interface OtlpExemplar {
  readonly attributes: number[];
  readonly timeMs: number;
  readonly value: number;
  readonly traceId: string;
  readonly spanId: string;
}

/** Reads the exemplar of a range that `exemplarRanges` gave. */
export function readExemplar(bytes: Uint8Array, from: number, to: number): OtlpExemplar {
  const reader = new WireReader(bytes);
  reader.at = from;
  const end = reader.length(to);
  const attributes: number[] = [];
  let timeMs = 0;
  let value = 0;
  let traceId = "";
  let spanId = "";
  checkDepth(0);
  while (reader.at < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x11:
        timeMs = reader.milliseconds(end);
        break;
      case 0x19:
        value = reader.double(end);
        break;
      case 0x31:
        reader.fixed(end);
        value = reader.signed();
        break;
      case 0x22:
        spanId = hex(reader, end);
        break;
      case 0x2a:
        traceId = hex(reader, end);
        break;
      case 0x3a:
        attributeRange(reader, end, 7, attributes, DEFAULT_OTLP_READ_LIMITS);
        break;
      default:
        reader.skip(tag, end, 6);
    }
  }
  return { attributes, timeMs, value, traceId, spanId };
}

function hex(reader: WireReader, end: number): string {
  const stop = reader.length(end);
  let text = "";
  for (let i = reader.at; i < stop; i++) text += reader.bytes[i]!.toString(16).padStart(2, "0");
  reader.at = stop;
  return text;
}
