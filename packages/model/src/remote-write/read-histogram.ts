// A native histogram of remote write; 1.0 and 2.0 have the same message, but for the start time (field 17) of 2.0.
//
// Counts are integers with differences between buckets, or floats as they are. What does not fit together (spans that
// promise buckets that are not there, a bucket below zero) is an error of this histogram alone.

import { FlxError } from "../errors.ts";
import { columnsOf, countsOf, type Span } from "../exposition/protobuf-spans.ts";
import { type CounterResetHint, NativeHistogram } from "../native-histogram.ts";
import type { WireReader } from "../wire/wire-reader.ts";
import { checkWriteLimit, type RemoteWriteLimits } from "./batch.ts";

const HINTS: readonly CounterResetHint[] = ["unknown", "reset", "none", "gauge"];

/** The histogram of a message after its tag, and its time. */
export function readWrittenHistogram(
  reader: WireReader,
  outer: number,
  depth: number,
  limits: RemoteWriteLimits,
): { timestampMs: number; startMs: number; histogram: NativeHistogram | FlxError } {
  const end = reader.length(outer);
  const parts = {
    schema: 0,
    count: 0,
    sum: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    hint: 0,
    timestampMs: 0,
    startMs: 0,
  };
  const negativeSpans: Span[] = [];
  const positiveSpans: Span[] = [];
  const negativeDeltas: number[] = [];
  const positiveDeltas: number[] = [];
  const negativeCounts: number[] = [];
  const positiveCounts: number[] = [];
  const customBounds: number[] = [];
  while (reader.at < end) {
    const tag = reader.tag(end);
    switch (tag) {
      case 0x08:
        parts.count = reader.uint(end);
        break;
      case 0x11:
        parts.count = reader.double(end);
        break;
      case 0x19:
        parts.sum = reader.double(end);
        break;
      case 0x20:
        parts.schema = reader.sint32(end);
        break;
      case 0x29:
        parts.zeroThreshold = reader.double(end);
        break;
      case 0x30:
        parts.zeroCount = reader.uint(end);
        break;
      case 0x39:
        parts.zeroCount = reader.double(end);
        break;
      case 0x42:
        negativeSpans.push(readSpan(reader, end, depth));
        break;
      case 0x5a:
        positiveSpans.push(readSpan(reader, end, depth));
        break;
      case 0x48:
        negativeDeltas.push(reader.sint(end));
        break;
      case 0x4a:
        readPacked(reader, end, negativeDeltas, false);
        break;
      case 0x60:
        positiveDeltas.push(reader.sint(end));
        break;
      case 0x62:
        readPacked(reader, end, positiveDeltas, false);
        break;
      case 0x51:
        negativeCounts.push(reader.double(end));
        break;
      case 0x52:
        readPacked(reader, end, negativeCounts, true);
        break;
      case 0x69:
        positiveCounts.push(reader.double(end));
        break;
      case 0x6a:
        readPacked(reader, end, positiveCounts, true);
        break;
      case 0x70:
        parts.hint = reader.uint32(end);
        break;
      case 0x78:
        parts.timestampMs = reader.int(end);
        break;
      case 0x82:
        readPacked(reader, end, customBounds, true);
        break;
      case 0x81:
        customBounds.push(reader.double(end));
        break;
      case 0x88:
        parts.startMs = reader.int(end);
        break;
      default:
        reader.skip(tag, end, depth);
    }
    const buckets =
      negativeDeltas.length +
      positiveDeltas.length +
      negativeCounts.length +
      positiveCounts.length +
      customBounds.length +
      negativeSpans.length +
      positiveSpans.length;
    checkWriteLimit(limits, "maxBuckets", buckets);
  }
  const { timestampMs, startMs, hint, ...numbers } = parts;
  try {
    const side = (
      spans: readonly Span[],
      deltas: readonly number[],
      counts: readonly number[],
    ): { indexes: number[]; counts: readonly number[] } =>
      columnsOf(spans, counts.length > 0 ? counts : countsOf(deltas));
    const histogram = NativeHistogram.from({
      ...numbers,
      positive: side(positiveSpans, positiveDeltas, positiveCounts),
      negative: side(negativeSpans, negativeDeltas, negativeCounts),
      customBounds,
      counterResetHint: HINTS[hint] ?? "unknown",
    });
    return { timestampMs, startMs, histogram };
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    return { timestampMs, startMs, histogram: error };
  }
}

function readSpan(reader: WireReader, outer: number, depth: number): Span {
  const end = reader.length(outer);
  let offset = 0;
  let length = 0;
  while (reader.at < end) {
    const tag = reader.tag(end);
    if (tag === 0x08) offset = reader.sint32(end);
    else if (tag === 0x10) length = reader.uint32(end);
    else reader.skip(tag, end, depth + 1);
  }
  return { offset, length };
}

function readPacked(reader: WireReader, outer: number, into: number[], doubles: boolean): void {
  const end = reader.length(outer);
  while (reader.at < end) into.push(doubles ? reader.double(end) : reader.sint(end));
}
