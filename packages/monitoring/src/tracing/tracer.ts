// Makes spans: the decision whether to record, and the cheapest thing that is still right for each answer.
//
//   no parent,  sampler always drops      an UnsampledSpan with ids to come
//   no parent,  sampler asks              a trace id, then the answer
//   parent not recorded                   an UnsampledSpan of the parent's trace
//   parent recorded here                  a RecordedSpan that shares the parent's LocalTrace
//   parent remote and sampled             a RecordedSpan with a LocalTrace of its own

import type { OtlpScope } from "@flx/model/write";
import type { Context, Span, SpanContext, SpanOptions, Tracer } from "@opentelemetry/api";
import { clockAnchor } from "./clock.ts";
import { activeContext, runInContext } from "./context-manager.ts";
import { contextWithSpan, isSuppressed, spanOf } from "./context.ts";
import type { Sampler, SamplingAnswer } from "./sampler.ts";
import {
  FLAG_RANDOM,
  FLAG_SAMPLED,
  LocalTrace,
  type OnException,
  RecordedSpan,
  type SpanFamily,
  type SpanSink,
  textOf,
} from "./span.ts";
import type { SpanLimits } from "./span-limits.ts";
import { isSpanId, isTraceId, TraceId, wordOfHex } from "./trace-id.ts";
import { withThreshold } from "./trace-state.ts";
import { LazyTrace, UnsampledSpan } from "./unsampled-span.ts";

/** The kind of a span that says none: internal. */
const INTERNAL = 0;

const NO_OPTIONS: SpanOptions = {};

/** What all tracers share. */
export interface ProviderSettings {
  readonly sampler: Sampler;
  readonly sink: SpanSink;
  readonly limits: SpanLimits;
  /** The exporter's number for a scope. */
  readonly scopeId: (scope: OtlpScope) => number;
  readonly onException?: OnException | undefined;
  /** Called with each recorded span that has begun (baggage becoming attributes, for instance). */
  readonly onStart?: ((span: RecordedSpan, context: Context) => void) | undefined;
}

/** The settings as they are now. */
export interface TracingState {
  settings: ProviderSettings;
  /** Counts the times they were changed. */
  epoch: number;
}

/** OpenTelemetry's Tracer. */
export class FlxTracer implements Tracer {
  readonly #state: TracingState;
  readonly #scope: OtlpScope;
  #family: SpanFamily;
  #sampler: Sampler;
  #epoch = -1;

  constructor(state: TracingState, scope: OtlpScope) {
    this.#state = state;
    this.#scope = scope;
    this.#sampler = state.settings.sampler;
    this.#family = this.#follow();
  }

  /** Whether a span without a parent would be dropped, whatever it is. */
  get dropsRoots(): boolean {
    if (this.#epoch !== this.#state.epoch) this.#follow();
    return this.#sampler.constant === "drop";
  }

  /** Whether a span under this one (or none) would be dropped, whatever it is. */
  dropsUnder(parent: Span | undefined): boolean {
    if (parent === undefined) return this.dropsRoots;
    if (this.#epoch !== this.#state.epoch) this.#follow();
    return parent instanceof UnsampledSpan && this.#sampler.followsParent;
  }

  startSpan(name: string, options?: SpanOptions, context: Context = activeContext()): Span {
    try {
      return this.#begin(name, options, context);
    } catch {
      // Options with getters that throw, a context that is none: this costs the span, not the request.
      return new UnsampledSpan(new LazyTrace(FLAG_RANDOM));
    }
  }

  #begin(name: string, options: SpanOptions | undefined, context: Context): Span {
    if (this.#epoch !== this.#state.epoch) this.#follow();
    const given = options ?? NO_OPTIONS;
    const parent = given.root === true ? undefined : spanOf(context);
    if (isSuppressed(context)) return new UnsampledSpan(new LazyTrace(FLAG_RANDOM));
    if (parent === undefined) return this.#root(name, given, context);
    if (parent instanceof RecordedSpan && this.#sampler.followsParent) {
      return this.#start(
        parent.local,
        parent,
        false,
        name,
        given,
        context,
        performance.now(),
        undefined,
      );
    }
    if (parent instanceof UnsampledSpan && this.#sampler.followsParent) {
      return new UnsampledSpan(parent.trace);
    }
    return this.#foreign(parent, name, given, context);
  }

  startActiveSpan<Fn extends (span: Span) => unknown>(name: string, fn: Fn): ReturnType<Fn>;
  startActiveSpan<Fn extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    fn: Fn,
  ): ReturnType<Fn>;
  startActiveSpan<Fn extends (span: Span) => unknown>(
    name: string,
    options: SpanOptions,
    context: Context,
    fn: Fn,
  ): ReturnType<Fn>;
  startActiveSpan(name: string, ...rest: unknown[]): unknown {
    const fn = rest.at(-1);
    if (typeof fn !== "function") return undefined;
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : undefined;
    const context = rest.length > 2 ? (rest[1] as Context) : activeContext();
    const span = this.startSpan(name, options, context);
    return runInContext(contextWithSpan(context, span), () =>
      (fn as (span: Span) => unknown)(span),
    );
  }

  /** Takes over settings that have changed. */
  #follow(): SpanFamily {
    const { settings, epoch } = this.#state;
    const { sampler, sink, limits, scopeId, onException } = settings;
    this.#epoch = epoch;
    this.#sampler = sampler;
    this.#family = {
      sink,
      limits,
      scopeId: scopeId(this.#scope),
      scopeName: this.#scope.name,
      onException,
    };
    return this.#family;
  }

  #root(name: string, options: SpanOptions, context: Context): Span {
    const sampler = this.#sampler;
    if (sampler.constant === "drop") return new UnsampledSpan(new LazyTrace(FLAG_RANDOM));
    const traceId = TraceId.random();
    const answer = this.#ask(traceId, name, options, undefined, false, undefined);
    if (answer.decision === "drop") {
      return new UnsampledSpan({
        traceId: traceId.hex,
        traceFlags: FLAG_RANDOM,
        traceState: undefined,
      });
    }
    const startMs = performance.now();
    const flags = FLAG_RANDOM | (answer.decision === "sample" ? FLAG_SAMPLED : 0);
    const state = withThreshold(undefined, answer.threshold);
    const local = new LocalTrace(
      traceId,
      flags,
      state,
      state?.serialize() ?? "",
      clockAnchor(startMs),
    );
    return this.#start(local, undefined, false, name, options, context, startMs, answer);
  }

  /** A child of a span that is not ours, or of ours when the sampler wants to be asked about each. */
  #foreign(parent: Span, name: string, options: SpanOptions, context: Context): Span {
    const of = spanContextOf(parent);
    if (of === undefined) return this.#root(name, options, context);
    const remote = of.isRemote === true;
    const traceId = parent instanceof RecordedSpan ? parent.local.id : TraceId.fromHex(of.traceId);
    const sampled = (of.traceFlags & FLAG_SAMPLED) !== 0;
    const answer = this.#ask(traceId, name, options, sampled, remote, of.traceState);
    if (answer.decision === "drop") {
      return new UnsampledSpan({
        traceId: of.traceId,
        traceFlags: of.traceFlags & ~FLAG_SAMPLED,
        // A threshold says how many traces one that is kept stands for: this one is not.
        traceState: sampled ? withThreshold(of.traceState, "") : of.traceState,
      });
    }
    const startMs = performance.now();
    const flags =
      (of.traceFlags & ~FLAG_SAMPLED) | (answer.decision === "sample" ? FLAG_SAMPLED : 0);
    const state = withThreshold(of.traceState, answer.threshold);
    const same = parent instanceof RecordedSpan && parent.local.flags === flags;
    const local = same
      ? parent.local
      : new LocalTrace(traceId, flags, state, state?.serialize() ?? "", clockAnchor(startMs));
    const words = { span0: wordOfHex(of.spanId, 0), span1: wordOfHex(of.spanId, 8) };
    return this.#start(local, words, remote, name, options, context, startMs, answer);
  }

  #start(
    local: LocalTrace,
    parent: { readonly span0: number; readonly span1: number } | undefined,
    parentRemote: boolean,
    name: string,
    options: SpanOptions,
    context: Context,
    startMs: number,
    answer: SamplingAnswer | undefined,
  ): RecordedSpan {
    const { kind = INTERNAL, attributes, links, startTime } = options;
    const text = textOf(name);
    const span = new RecordedSpan(this.#family, local, parent, parentRemote, text, kind, startMs);
    if (startTime !== undefined) span.startAt(startTime);
    if (attributes !== undefined) span.setAttributes(attributes);
    if (answer?.attributes !== undefined) span.setAttributes(answer.attributes);
    if (links !== undefined) span.addLinks(links);
    this.#state.settings.onStart?.(span, context);
    return span;
  }

  #ask(
    traceId: TraceId,
    name: string,
    options: SpanOptions,
    parentSampled: boolean | undefined,
    parentRemote: boolean,
    traceState: SpanContext["traceState"] | undefined,
  ): SamplingAnswer {
    const { kind = INTERNAL, attributes, links } = options;
    try {
      return this.#sampler.sample({
        traceId,
        name,
        kind,
        attributes,
        links,
        parentSampled,
        parentRemote,
        traceState,
      });
    } catch {
      // A sampler of the service's own that fails costs the span, not the request.
      return { decision: "drop" };
    }
  }
}

/** The context of a span that is not ours, when it is a valid one. */
function spanContextOf(span: Span): SpanContext | undefined {
  try {
    const context = span.spanContext();
    return isTraceId(context?.traceId) && isSpanId(context.spanId) ? context : undefined;
  } catch {
    return undefined;
  }
}
