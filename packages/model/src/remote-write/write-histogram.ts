// A native histogram as a message of remote write or remote read: the other direction of read-histogram.ts.
//
//   whole counts   count_int 1  zero_count_int 6  deltas 9, 12  (zigzag varints)      where asked for, and all are whole
//   others         count_float 2  zero_count_float 7  counts 10, 13  (doubles)
//
// Whole counts must add up to the count, as a receiver checks of them (not below it when NaN was observed); what does not
// is written as floats, of which nobody asks that.
//
// Source: https://prometheus.io/docs/specs/native_histograms/ , message Histogram of prompb/types.proto

import { type BucketColumns, total } from "../bucket-columns.ts";
import { spansOf } from "../exposition/protobuf-spans.ts";
import type { NativeHistogram } from "../native-histogram.ts";
import type { MessageWriter } from "../otlp/message-writer.ts";

const HINTS = { unknown: 0, reset: 1, none: 2, gauge: 3 } as const;

const START_TAG = Uint8Array.of(0x88);
/** Whole counts up to here have differences whose zigzag form is exact. */
const MAX_WHOLE = 2 ** 52;

/** What of a histogram is written: also what a query has made of one. */
export type HistogramFields = Pick<
  NativeHistogram,
  | "schema"
  | "zeroThreshold"
  | "zeroCount"
  | "count"
  | "sum"
  | "positive"
  | "negative"
  | "customBounds"
  | "counterResetHint"
>;

/** How it is written. */
export interface HistogramForm {
  /** Counts as whole numbers where they are. Default false: always as floats. */
  readonly wholeCounts?: boolean;
  /** Since when it counts; 0 or nothing: not said. */
  readonly startMs?: number;
}

/** Writes the message with its tag. */
export function writeHistogram(
  out: MessageWriter,
  tag: number,
  timestampMs: number,
  histogram: HistogramFields,
  { wholeCounts = false, startMs = 0 }: HistogramForm = {},
): void {
  const whole = wholeCounts && hasWholeCounts(histogram);
  const start = out.begin(tag);
  if (whole) out.uint(0x08, histogram.count);
  else out.double(0x11, histogram.count);
  out.double(0x19, histogram.sum);
  out.uint(0x20, zigzag(histogram.schema));
  out.double(0x29, histogram.zeroThreshold);
  if (whole) out.uint(0x30, histogram.zeroCount);
  else out.double(0x39, histogram.zeroCount);
  writeSide(out, 0x42, whole ? 0x4a : 0x52, whole, histogram.negative);
  writeSide(out, 0x5a, whole ? 0x62 : 0x6a, whole, histogram.positive);
  out.uint(0x70, HINTS[histogram.counterResetHint]);
  out.int(0x78, timestampMs);
  if (histogram.customBounds.length > 0) {
    // Field 16: its tag has two bytes.
    out.varint(0x82);
    out.varint(histogram.customBounds.length * 8);
    out.raw(bytesOf(histogram.customBounds));
  }
  if (startMs !== 0) {
    // Field 17: its tag is 0x88 0x01.
    out.raw(START_TAG);
    out.int(0x01, startMs);
  }
  out.end(start);
}

/** Whether a histogram of whole counts says the same, and is taken as one. */
export function hasWholeCounts(histogram: HistogramFields): boolean {
  const { count, zeroCount, positive, negative, sum } = histogram;
  if (!isWhole(count) || !isWhole(zeroCount)) return false;
  if (!positive.counts.every(isWhole) || !negative.counts.every(isWhole)) return false;
  const inBuckets = zeroCount + total(positive) + total(negative);
  return Number.isNaN(sum) ? inBuckets <= count : inBuckets === count;
}

function isWhole(count: number): boolean {
  return Number.isInteger(count) && count >= 0 && count <= MAX_WHOLE;
}

function writeSide(
  out: MessageWriter,
  spanTag: number,
  countTag: number,
  whole: boolean,
  side: BucketColumns,
): void {
  const { spans, counts } = spansOf(side);
  for (const { offset, length } of spans) {
    const start = out.begin(spanTag);
    out.uint(0x08, zigzag(offset));
    out.uint(0x10, length);
    out.end(start);
  }
  if (counts.length === 0) return;
  if (!whole) {
    out.field(countTag, bytesOf(Float64Array.from(counts)));
    return;
  }
  const start = out.begin(countTag);
  let before = 0;
  for (const count of counts) {
    out.varint(zigzag(count - before));
    before = count;
  }
  out.end(start);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}
