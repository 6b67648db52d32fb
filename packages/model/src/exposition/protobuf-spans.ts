// One side of a native histogram on the wire: runs of buckets, and counts as differences.
//
//   columns   indexes  -3  -2   0   1   7        spans   { offset -3, length 5 }  { offset 5, length 1 }
//             counts    2   5   1   4   3        deltas  2 +3 -5 +1 +3            -1
//                                                        (the gap of one, index -1, is written as an empty bucket)
//
// The offset of the first span is an index, of the others the number of buckets left out. A gap of one or two buckets
// costs less as empty buckets than as a new span. Float histograms carry counts instead of differences.

import { FlxError } from "../errors.ts";
import type { BucketColumns } from "../bucket-columns.ts";

/** A run of buckets. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Buckets that may be written although they are empty, to save a span. */
const MAX_EMPTY = 2;

/** The columns as spans and the counts of all their buckets, empty ones included. */
export function spansOf({ indexes, counts }: BucketColumns): { spans: Span[]; counts: number[] } {
  const spans: { offset: number; length: number }[] = [];
  const all: number[] = [];
  let next = 0;
  for (const [i, index] of indexes.entries()) {
    const gap = index - next;
    const span = spans.at(-1);
    if (span === undefined || gap > MAX_EMPTY) spans.push({ offset: gap, length: 1 });
    else {
      for (let empty = 0; empty < gap; empty++) all.push(0);
      span.length += gap + 1;
    }
    all.push(counts[i]!);
    next = index + 1;
  }
  return { spans, counts: all };
}

/**
 * Spans and counts as the columns a histogram is made from.
 *
 * @throws {FlxError} `FLX_EXPOSITION_HISTOGRAM` when they do not fit together
 */
export function columnsOf(
  spans: readonly Span[],
  counts: readonly number[],
): { indexes: number[]; counts: readonly number[] } {
  // Compared before anything is built: a span of four bytes may claim four billion buckets.
  const buckets = spans.reduce((sum, { length }) => sum + length, 0);
  if (buckets !== counts.length) {
    throw new FlxError(
      "FLX_EXPOSITION_HISTOGRAM",
      `spans of ${buckets} buckets have ${counts.length} counts`,
    );
  }
  const indexes: number[] = [];
  let next = 0;
  for (const [i, { offset, length }] of spans.entries()) {
    if (i > 0 && offset < 0) {
      throw new FlxError("FLX_EXPOSITION_HISTOGRAM", `span ${i} goes back by ${-offset} buckets`);
    }
    next += offset;
    for (let n = 0; n < length; n++) indexes.push(next++);
  }
  return { indexes, counts };
}

/** Counts from differences. */
export function countsOf(deltas: readonly number[]): number[] {
  let count = 0;
  return deltas.map((delta) => (count += delta));
}
