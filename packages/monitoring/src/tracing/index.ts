// @flx/monitoring/tracing: spans of this process, behind OpenTelemetry's API.

export {
  addSpanAttribute,
  addSpanEvent,
  getCurrentSpan,
  getTracer,
  setSpanError,
} from "./active-span.ts";
export { allBaggage, baggageLabels, getBaggage, setBaggage, withBaggage } from "./baggage.ts";
export { B3Propagator } from "./propagation/b3.ts";
export { CompositePropagator } from "./propagation/composite.ts";
export { contextFromEnvironment, environmentWithContext } from "./propagation/environment.ts";
export { JaegerPropagator } from "./propagation/jaeger.ts";
export { W3CBaggagePropagator } from "./propagation/w3c-baggage.ts";
export { W3CTraceContextPropagator } from "./propagation/w3c-trace-context.ts";
export {
  ALWAYS_OFF,
  ALWAYS_ON,
  type Decision,
  ParentBasedSampler,
  RatioSampler,
  type Sampler,
  type SamplingAnswer,
  type SamplingQuestion,
} from "./sampler.ts";
export { RuleSampler, type SamplingRule } from "./rule-sampler.ts";
export {
  setupTracing,
  type TailState,
  type Tracing,
  type TracingSettings,
} from "./setup-tracing.ts";
export { DEFAULT_SPAN_LIMITS, type SpanLimits } from "./span-limits.ts";
export { collectTailMetrics, type CountedTail } from "./tail-metrics.ts";
export type { TailCounts, TailSamplingSettings } from "./tail-sampling.ts";
export {
  trace,
  traceAsync,
  traced,
  type TraceKind,
  type TraceOptions,
  traceSync,
} from "./traced.ts";
export type { FlxTracer } from "./tracer.ts";
export type { FlxTracerProvider } from "./tracer-provider.ts";
