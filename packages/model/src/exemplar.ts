// An exemplar: one observation that stands for the many a sample counts, usually with the trace it came from.

import type { Labels } from "./labels.ts";
import type { UnixMs } from "./units.ts";

/** One observation, with labels such as `trace_id` that lead to where it came from. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly timestampMs?: UnixMs;
}
