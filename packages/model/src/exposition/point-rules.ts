// What must hold for the values of a point, the same for reading and for writing. A rule answers with the complaint,
// or with nothing when the value is right.
//
// 0.0.4 says little about values; OpenMetrics says much. Counters are checked in both, because a counter that is NaN
// or negative has no meaning in either and poisons every rate made from it.

import type { Exemplar } from "../exemplar.ts";
import type { ExpositionFormat } from "./format.ts";
import type { ExpositionProblemCode } from "./problem.ts";

/** What is wrong with a point or a sample. */
export interface Complaint {
  readonly code: ExpositionProblemCode;
  readonly reason: string;
}

/** A complaint as a value. */
export function complaint(code: ExpositionProblemCode, reason: string): Complaint {
  return { code, reason };
}

/** A counter counts from zero up. */
export function counterComplaint(total: number): Complaint | undefined {
  if (total >= 0) return undefined;
  return complaint("FLX_EXPOSITION_VALUE", `a counter is never negative or NaN, got ${total}`);
}

/** Bounds and counts as read or about to be written. */
export interface HistogramNumbers {
  /** Ascending; the last one +Infinity. */
  readonly bounds: ArrayLike<number>;
  readonly counts: ArrayLike<number>;
  readonly count: number | undefined;
  readonly sum: number | undefined;
}

/** Buckets ascend up to +Inf, counts never fall, the count is that of +Inf; in OpenMetrics also the sum's rules. */
export function histogramComplaint(
  numbers: HistogramNumbers,
  type: "histogram" | "gaugehistogram",
  format: ExpositionFormat,
): Complaint | undefined {
  const reason =
    bucketFault(numbers) ??
    (format === "openmetrics" ? (integerFault(numbers) ?? sumFault(numbers, type)) : undefined);
  return reason === undefined ? undefined : complaint("FLX_EXPOSITION_HISTOGRAM", reason);
}

function bucketFault({ bounds, counts, count }: HistogramNumbers): string | undefined {
  let bound = -Infinity;
  let below = 0;
  for (let i = 0; i < bounds.length; i++) {
    if (!(bounds[i]! > bound))
      return `bucket bounds must ascend, ${bounds[i]} stands after ${bound}`;
    if (!(counts[i]! >= below))
      return `bucket counts must not fall, ${counts[i]} stands after ${below}`;
    bound = bounds[i]!;
    below = counts[i]!;
  }
  if (bound !== Infinity) return 'there is no bucket le="+Inf"';
  if (count !== undefined && count !== below) {
    return `the count is ${count}, but the bucket le="+Inf" holds ${below}`;
  }
  return undefined;
}

function integerFault({ counts }: HistogramNumbers): string | undefined {
  for (let i = 0; i < counts.length; i++) {
    if (!Number.isInteger(counts[i])) return `counts are integers in OpenMetrics, got ${counts[i]}`;
  }
  return undefined;
}

function sumFault(
  { bounds, count, sum }: HistogramNumbers,
  type: "histogram" | "gaugehistogram",
): string | undefined {
  if ((sum === undefined) !== (count === undefined)) {
    return "sum and count must be given both or not at all";
  }
  if (sum === undefined) return undefined;
  const negativeBounds = bounds[0]! < 0;
  if (Number.isNaN(sum)) return "the sum must not be NaN";
  if (negativeBounds && type === "histogram") {
    return "with negative bounds the sum is no counter and must be left out";
  }
  if (sum < 0 && !negativeBounds) return `the sum is ${sum} without negative bounds`;
  return undefined;
}

/** Quantiles as read or about to be written. */
export interface SummaryNumbers {
  /** Ascending by quantile. */
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
  readonly sum?: number | undefined;
  readonly count?: number | undefined;
}

/** Quantiles lie in 0..1, each once; the count counts; in OpenMetrics nothing is negative. */
export function summaryComplaint(
  { quantiles, sum, count }: SummaryNumbers,
  format: ExpositionFormat,
): Complaint | undefined {
  const fault = (reason: string): Complaint => complaint("FLX_EXPOSITION_SUMMARY", reason);
  const strict = format === "openmetrics";
  let previous = -1;
  for (const { quantile, value } of quantiles) {
    if (!(quantile >= 0 && quantile <= 1)) return fault(`quantile ${quantile} is not in 0..1`);
    if (quantile <= previous) return fault(`quantile ${quantile} stands after ${previous}`);
    if (strict && value < 0)
      return fault(`the value of quantile ${quantile} is negative: ${value}`);
    previous = quantile;
  }
  if (count !== undefined && !(count >= 0)) return fault(`the count is ${count}`);
  if (!strict) return undefined;
  if (count !== undefined && !Number.isInteger(count)) return fault(`the count is ${count}`);
  if (sum !== undefined && !(sum >= 0)) return fault(`the sum is ${sum}`);
  return undefined;
}

/** An exemplar lies in the bucket it stands at. */
export function exemplarComplaint(exemplar: Exemplar, upperBound: number): Complaint | undefined {
  if (exemplar.value <= upperBound) return undefined;
  return complaint(
    "FLX_EXPOSITION_EXEMPLAR",
    `the exemplar's value ${exemplar.value} lies outside its bucket, le="${upperBound}"`,
  );
}
