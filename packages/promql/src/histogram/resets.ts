// Whether the counter behind a native histogram began again between two samples.
//
// It did when some count fell, or a populated bucket went away, or the resolution became finer or the zero bucket
// narrower, which a running counter never does. An explicit hint of the sample decides without looking.
//
// Source: https://prometheus.io/docs/specs/native_histograms/ , "Counter reset considerations".

import { type BucketColumns, upperBound } from "@flx/model";
import { equalArrays, type FloatHistogram, hasCustomBounds } from "./float-histogram.ts";
import { coarserColumns, sharedBounds, targetBuckets, widerZeroBucket } from "./layout.ts";

/** Whether the counter was reset between `previous` and `current`. */
export function detectReset(current: FloatHistogram, previous: FloatHistogram): boolean {
  if (current.counterResetHint === "reset") return true;
  if (current.counterResetHint === "none") return false;
  if (current.count < previous.count) return true;
  if (hasCustomBounds(current)) {
    if (!hasCustomBounds(previous)) return true;
    if (!equalArrays(current.customBounds, previous.customBounds)) {
      return someSharedBucketFell(current, previous);
    }
  }
  if (current.schema > previous.schema) return true;
  if (current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = widerZeroBucket(previous, current.zeroThreshold);
  if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.count) return true;
  return someFell(current, previous, "positive") || someFell(current, previous, "negative");
}

function someFell(
  current: FloatHistogram,
  previous: FloatHistogram,
  side: "positive" | "negative",
): boolean {
  const now = current[side];
  const before = coarserColumns(previous[side], previous.schema, current.schema);
  let from = 0;
  if (!hasCustomBounds(current) && current.zeroThreshold > 0) {
    while (
      from < before.indexes.length &&
      upperBound(current.schema, before.indexes[from]!) <= current.zeroThreshold
    ) {
      from++;
    }
  }
  return fell(now, before, from);
}

function fell(now: BucketColumns, before: BucketColumns, from: number): boolean {
  let at = 0;
  for (let i = from; i < before.indexes.length; i++) {
    const index = before.indexes[i]!;
    while (at < now.indexes.length && now.indexes[at]! < index) at++;
    if (now.indexes[at] === index) {
      if (now.counts[at]! < before.counts[i]!) return true;
    } else if (before.counts[i] !== 0) return true;
  }
  return false;
}

/** With different custom bounds the counts between the bounds that both have are compared. */
function someSharedBucketFell(current: FloatHistogram, previous: FloatHistogram): boolean {
  const shared = sharedBounds(current.customBounds, previous.customBounds);
  const now = countsBetween(current, shared);
  const before = countsBetween(previous, shared);
  return now.some((count, i) => count < before[i]!);
}

function countsBetween(histogram: FloatHistogram, bounds: Float64Array): Float64Array {
  const counts = new Float64Array(bounds.length + 1);
  const targets = targetBuckets(histogram.positive, histogram.customBounds, bounds);
  for (let i = 0; i < targets.length; i++) counts[targets[i]!]! += histogram.positive.counts[i]!;
  return counts;
}
