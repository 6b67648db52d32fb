// The hint a histogram has when a store gives it back: as after a round trip through Prometheus' storage. Gauges stay
// gauges, a sample that continues the one before it says "none", any other says "unknown".

import { equalArrays, type FloatHistogram, hasCustomBounds, withHint } from "./float-histogram.ts";
import { detectReset } from "./resets.ts";

/**
 * The sample with the hint a store gives it.
 *
 * @param before the sample before it in the series, as it was stored; undefined when that is a float, or there is none
 */
export function hintWhenRead(
  sample: FloatHistogram,
  before: FloatHistogram | undefined,
): FloatHistogram {
  return withHint(sample, storedHint(sample, before));
}

function storedHint(
  sample: FloatHistogram,
  before: FloatHistogram | undefined,
): FloatHistogram["counterResetHint"] {
  if (sample.counterResetHint === "gauge") return "gauge";
  if (before === undefined || before.counterResetHint === "gauge") return "unknown";
  if (sample.counterResetHint === "reset") return "unknown";
  const sameLayout =
    sample.schema === before.schema &&
    sample.zeroThreshold === before.zeroThreshold &&
    (!hasCustomBounds(sample) || equalArrays(sample.customBounds, before.customBounds));
  return sameLayout && !detectReset(withHint(sample, "unknown"), before) ? "none" : "unknown";
}
