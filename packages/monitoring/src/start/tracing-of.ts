// The tracing that the configuration asks for.

import type { TextMapPropagator } from "@opentelemetry/api";
import type { Exporter } from "../export/exporter.ts";
import { baggageToAttributes } from "../tracing/baggage.ts";
import { B3Propagator } from "../tracing/propagation/b3.ts";
import { JaegerPropagator } from "../tracing/propagation/jaeger.ts";
import { W3CBaggagePropagator } from "../tracing/propagation/w3c-baggage.ts";
import { W3CTraceContextPropagator } from "../tracing/propagation/w3c-trace-context.ts";
import { RuleSampler } from "../tracing/rule-sampler.ts";
import {
  ALWAYS_OFF,
  ALWAYS_ON,
  ParentBasedSampler,
  RatioSampler,
  type Sampler,
} from "../tracing/sampler.ts";
import { DEFAULT_SPAN_LIMITS } from "../tracing/span-limits.ts";
import { setupTracing, type Tracing, type TracingSettings } from "../tracing/setup-tracing.ts";
import type { Configuration } from "./configuration.ts";
import type { MonitoringOptions } from "./options.ts";
import type { PropagatorName } from "./settings.ts";

const PROPAGATORS: Readonly<Record<PropagatorName, () => TextMapPropagator | undefined>> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator("single"),
  b3multi: () => new B3Propagator("multi"),
  jaeger: () => new JaegerPropagator(),
  none: () => undefined,
};

/** Sets tracing up. */
export function tracingOf(
  config: Configuration,
  options: MonitoringOptions,
  exporter: Exporter | undefined,
  onException: TracingSettings["onException"],
): Tracing {
  const tailRatio = config.get("tracing.tail.ratio");
  return setupTracing({
    exporter: exporter ?? false,
    sampling: samplerOf(config, options),
    tail:
      tailRatio === undefined
        ? undefined
        : {
            ratio: tailRatio,
            slowMs: config.get("tracing.tail.slowMs"),
            maxBytes: config.get("tracing.tail.maxBytes"),
          },
    propagators: config
      .get("tracing.propagators")
      .map((name) => PROPAGATORS[name]())
      .filter((each) => each !== undefined),
    limits: {
      attributes: config.get("tracing.limits.attributes"),
      events: config.get("tracing.limits.events"),
      links: config.get("tracing.limits.links"),
      attributesPerEvent: config.get("tracing.limits.attributesPerEvent"),
      attributesPerLink: config.get("tracing.limits.attributesPerLink"),
      values: {
        ...DEFAULT_SPAN_LIMITS.values,
        valueLength: config.get("tracing.limits.valueLength"),
        depth: config.get("tracing.limits.valueDepth"),
      },
    },
    onException,
    onStart: baggageToAttributes(config.get("tracing.baggage")),
  });
}

function samplerOf(config: Configuration, options: MonitoringOptions): Sampler {
  const rules = options.tracing === false ? undefined : options.tracing?.rules;
  if (rules !== undefined) return new RuleSampler(rules);
  const sampling = config.get("tracing.sampling");
  if (typeof sampling === "object") return sampling;
  if (typeof sampling === "number") return new ParentBasedSampler(new RatioSampler(sampling));
  const [base, isParentBased] = sampling.startsWith("parentbased_")
    ? [sampling.slice("parentbased_".length), true]
    : [sampling, false];
  const root = rootSampler(base, config.get("tracing.samplingRatio"));
  return isParentBased ? new ParentBasedSampler(root) : root;
}

function rootSampler(name: string, ratio: number): Sampler {
  if (name === "always_off") return ALWAYS_OFF;
  return name === "traceidratio" ? new RatioSampler(ratio) : ALWAYS_ON;
}
