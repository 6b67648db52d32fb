// A native histogram in few bytes: indexes as differences, counts as whole numbers where they are.
//
//   flags  schema  zero threshold  zero count  count  sum  [ buckets of each side ]  [ custom bounds ]
//
//   flags: 1 counts are whole numbers   2 custom bounds   4 gauge   8 reset   16 zero threshold is not 0

import { NativeHistogram, type BucketColumns } from "@flx/model";
import type { FloatHistogram } from "@flx/promql";
import type { ByteReader, ByteWriter } from "../byte-writer.ts";

const WHOLE = 1;
const CUSTOM = 2;
const GAUGE = 4;
const RESET = 8;
const THRESHOLD = 16;

/** Writes a histogram. */
export function writeHistogram(out: ByteWriter, histogram: FloatHistogram): void {
  const { schema, zeroThreshold, zeroCount, count, sum, positive, negative } = histogram;
  const isWhole = [positive.counts, negative.counts, [zeroCount, count]].every((numbers) =>
    numbers.every((n) => Number.isSafeInteger(n) && n >= 0 && !Object.is(n, -0)),
  );
  const hint = histogram.counterResetHint;
  const flags =
    (isWhole ? WHOLE : 0) |
    (histogram.customBounds.length > 0 ? CUSTOM : 0) |
    (hint === "gauge" ? GAUGE : hint === "reset" ? RESET : 0) |
    (zeroThreshold === 0 ? 0 : THRESHOLD);
  out.byte(flags);
  out.int(schema);
  if ((flags & THRESHOLD) !== 0) out.double(zeroThreshold);
  const number = isWhole ? (n: number) => out.uint(n) : (n: number) => out.double(n);
  number(zeroCount);
  number(count);
  out.double(sum);
  writeColumns(out, positive, number);
  writeColumns(out, negative, number);
  if ((flags & CUSTOM) !== 0) {
    out.uint(histogram.customBounds.length);
    for (const bound of histogram.customBounds) out.double(bound);
  }
}

function writeColumns(
  out: ByteWriter,
  { indexes, counts }: BucketColumns,
  number: (n: number) => void,
): void {
  out.uint(indexes.length);
  let before = 0;
  for (const index of indexes) {
    out.int(index - before);
    before = index;
  }
  for (const count of counts) number(count);
}

/**
 * Reads a histogram.
 *
 * @throws {FlxError} when the bytes are none
 */
export function readHistogram(from: ByteReader): NativeHistogram {
  const flags = from.byte();
  const schema = from.int();
  const zeroThreshold = (flags & THRESHOLD) === 0 ? 0 : from.double();
  const number = (flags & WHOLE) === 0 ? () => from.double() : () => from.uint();
  const zeroCount = number();
  const count = number();
  const sum = from.double();
  const positive = readColumns(from, number);
  const negative = readColumns(from, number);
  const customBounds = (flags & CUSTOM) === 0 ? [] : readDoubles(from);
  return NativeHistogram.from({
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positive,
    negative,
    customBounds,
    counterResetHint: (flags & GAUGE) !== 0 ? "gauge" : (flags & RESET) !== 0 ? "reset" : "unknown",
  });
}

/** One at a time: a length that lies ends with the bytes, before anything of its size is made. */
function readDoubles(from: ByteReader): number[] {
  const length = from.uint();
  const values: number[] = [];
  for (let i = 0; i < length; i++) values.push(from.double());
  return values;
}

function readColumns(from: ByteReader, number: () => number) {
  const length = from.uint();
  const indexes: number[] = [];
  let before = 0;
  for (let i = 0; i < length; i++) {
    before += from.int();
    indexes.push(before);
  }
  const counts: number[] = [];
  for (let i = 0; i < length; i++) counts.push(number());
  return { indexes, counts };
}
