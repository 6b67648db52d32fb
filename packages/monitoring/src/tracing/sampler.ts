// Which spans are recorded and exported: asked once for each root, and for children only when they shall differ.
//
//   parent-based (default)   a child does as its parent does; a root asks the root sampler
//   ratio                    consistent: the last 56 bits of the trace id against a threshold, so that all services that
//                            keep 10 % keep the same traces, and what a service keeps at 1 % it would keep at 10 %
//
// The threshold travels in tracestate (`ot=th:...`), so that a reader can count 1/ratio traces for each kept one.
//
// Source: https://opentelemetry.io/docs/specs/otel/trace/sdk/#sampling and tracestate-probability-sampling

import type { Attributes, Link, SpanKind, TraceState } from "@opentelemetry/api";
import type { TraceId } from "./trace-id.ts";

/** What becomes of a span. */
export type Decision = "drop" | "record" | "sample";

/** What a sampler decides by. */
export interface SamplingQuestion {
  readonly traceId: TraceId;
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes | undefined;
  readonly links: readonly Link[] | undefined;
  /** Whether the parent is sampled; undefined for a root. */
  readonly parentSampled: boolean | undefined;
  /** Whether the parent is in another process. */
  readonly parentRemote: boolean;
  /** The parent's. */
  readonly traceState?: TraceState | undefined;
}

/** What a sampler answers. */
export interface SamplingAnswer {
  readonly decision: Decision;
  /** Attributes the span gets. */
  readonly attributes?: Attributes | undefined;
  /** The threshold to write into tracestate, of up to 14 hexadecimal digits; "" takes an old one away. */
  readonly threshold?: string | undefined;
}

/** Decides about spans. */
export interface Sampler {
  /** One line for people: the sampler and its settings. */
  readonly description: string;
  /**
   * The answer to every question that is not about a child, when it is always the same one: lets roots be dropped
   * without asking, and without ids.
   */
  readonly constant?: Decision | undefined;
  /** Whether children follow their parent without a question. */
  readonly followsParent: boolean;
  sample(question: SamplingQuestion): SamplingAnswer;
}

const DROP: SamplingAnswer = { decision: "drop" };
const SAMPLE: SamplingAnswer = { decision: "sample" };

/** Records everything. */
export const ALWAYS_ON: Sampler = {
  description: "AlwaysOn",
  constant: "sample",
  followsParent: false,
  sample: () => SAMPLE,
};

/** Records nothing. */
export const ALWAYS_OFF: Sampler = {
  description: "AlwaysOff",
  constant: "drop",
  followsParent: false,
  sample: () => DROP,
};

/** 2^56: as many values the random part of a trace id has. */
const RANGE = 2 ** 56;
const TWO_24 = 2 ** 24;

/** Records a part of all traces, the same part everywhere. */
export class RatioSampler implements Sampler {
  readonly description: string;
  readonly constant: Decision | undefined;
  readonly followsParent = false;
  readonly #answer: SamplingAnswer;
  /** The threshold's upper 24 and lower 32 bits. */
  readonly #high: number;
  readonly #low: number;

  /** @param ratio the part that is recorded, 0 to 1; anything else counts as 1 */
  constructor(ratio: number) {
    const kept = ratio >= 0 && ratio <= 1 ? ratio : 1;
    this.description = `TraceIdRatioBased{${kept}}`;
    const threshold = Math.round((1 - kept) * RANGE);
    this.constant = kept === 0 ? "drop" : threshold === 0 ? "sample" : undefined;
    this.#high = Math.floor(threshold / 2 ** 32);
    this.#low = threshold % 2 ** 32;
    const digits = threshold.toString(16).padStart(14, "0").replace(/0+$/, "");
    this.#answer = { decision: "sample", threshold: digits === "" ? "0" : digits };
  }

  sample({ traceId, traceState }: SamplingQuestion): SamplingAnswer {
    if (this.constant === "drop") return DROP;
    const random = traceState === undefined ? undefined : randomnessOf(traceState);
    const high = random?.high ?? (traceId.word2 >>> 0) % TWO_24;
    const low = random?.low ?? traceId.word3 >>> 0;
    const kept = high > this.#high || (high === this.#high && low >= this.#low);
    return kept ? this.#answer : DROP;
  }
}

/** The randomness that whoever began the trace has chosen (`ot=rv:...`), where it is not in the trace id. */
function randomnessOf(state: TraceState): { high: number; low: number } | undefined {
  const digits = /(?:^|;)rv:([0-9a-f]{14})(?:;|$)/.exec(state.get("ot") ?? "")?.[1];
  if (digits === undefined) return undefined;
  return {
    high: Number.parseInt(digits.slice(0, 6), 16),
    low: Number.parseInt(digits.slice(6), 16),
  };
}

/** Children do as their parents do; roots ask another sampler. */
export class ParentBasedSampler implements Sampler {
  readonly description: string;
  readonly constant: Decision | undefined;
  readonly followsParent = true;
  readonly #root: Sampler;

  constructor(root: Sampler) {
    this.#root = root;
    this.description = `ParentBased{root=${root.description}}`;
    this.constant = root.constant;
  }

  sample(question: SamplingQuestion): SamplingAnswer {
    if (question.parentSampled === undefined) return this.#root.sample(question);
    return question.parentSampled ? SAMPLE : DROP;
  }
}
