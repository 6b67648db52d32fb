// A sample: what one series was worth at one time.

import type { NativeHistogram } from "./native-histogram.ts";
import type { UnixMs } from "./units.ts";

/** One value of one series: a float, or a native histogram. */
export interface Sample {
  readonly timestampMs: UnixMs;
  readonly value: number | NativeHistogram;
}
