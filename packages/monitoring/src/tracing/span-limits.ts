// How much one span may carry. What is over a limit is left out and counted on the span itself.
//
// Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits (and its OTEL_SPAN_* variables)

import { DEFAULT_VALUE_LIMITS, type ValueLimits } from "@flx/model/write";

/** The limits of a span. */
export interface SpanLimits {
  readonly attributes: number;
  readonly events: number;
  readonly links: number;
  readonly attributesPerEvent: number;
  readonly attributesPerLink: number;
  /** Characters of a text, depth and items of values. */
  readonly values: ValueLimits;
}

/** OpenTelemetry's defaults, and bounds for values where it has none. */
export const DEFAULT_SPAN_LIMITS: SpanLimits = {
  attributes: 128,
  events: 128,
  links: 128,
  attributesPerEvent: 128,
  attributesPerLink: 128,
  values: DEFAULT_VALUE_LIMITS,
};
