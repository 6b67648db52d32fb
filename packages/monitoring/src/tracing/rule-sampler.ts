// Sampling by rules: health probes never, checkouts always, the rest by a ratio.
//
//   [{ name: "GET /health*", ratio: 0 }, { attributes: { "http.route": "/checkout" }, ratio: 1 }, { ratio: 0.1 }]
//
// The first rule that fits decides; a root that fits none is kept. Children follow their parent.

import {
  RatioSampler,
  type Sampler,
  type SamplingAnswer,
  type SamplingQuestion,
} from "./sampler.ts";
import type { TraceKind } from "./traced.ts";

/** One rule; what it does not say fits everything. */
export interface SamplingRule {
  /** The span's name; `*` stands for any characters. */
  readonly name?: string | undefined;
  readonly kind?: TraceKind | undefined;
  /** Attributes the span begins with, compared as text; `*` as in names. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>> | undefined;
  /** The part that is kept, 0 to 1. */
  readonly ratio: number;
}

const KIND_NAMES: readonly TraceKind[] = ["internal", "server", "client", "producer", "consumer"];
const KEEP: SamplingAnswer = { decision: "sample" };
const DROP: SamplingAnswer = { decision: "drop" };

interface PreparedRule {
  readonly fits: (question: SamplingQuestion) => boolean;
  readonly sampler: RatioSampler;
}

/** Decides by the first rule that fits. */
export class RuleSampler implements Sampler {
  readonly description: string;
  readonly followsParent = true;
  readonly #rules: readonly PreparedRule[];

  constructor(rules: readonly SamplingRule[]) {
    this.#rules = rules.map((rule) => ({
      fits: prepare(rule),
      sampler: new RatioSampler(rule.ratio),
    }));
    this.description = `Rules{${rules.length}}`;
  }

  sample(question: SamplingQuestion): SamplingAnswer {
    if (question.parentSampled !== undefined) return question.parentSampled ? KEEP : DROP;
    const rule = this.#rules.find(({ fits }) => fits(question));
    return rule === undefined ? KEEP : rule.sampler.sample(question);
  }
}

function prepare({ name, kind, attributes }: SamplingRule): PreparedRule["fits"] {
  const fitsName = name === undefined ? undefined : pattern(name);
  const wanted = Object.entries(attributes ?? {}).map(([key, value]) => {
    return { key, fits: pattern(String(value)) };
  });
  return (question) => {
    if (fitsName?.(question.name) === false) return false;
    if (kind !== undefined && KIND_NAMES[question.kind] !== kind) return false;
    return wanted.every(({ key, fits }) => {
      const value = question.attributes?.[key];
      return isPrimitive(value) && fits(String(value));
    });
  };
}

function isPrimitive(value: unknown): value is string | number | boolean {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

/** `*` stands for any characters. Compared piece by piece, so that no pattern takes longer than the text times its pieces. */
function pattern(text: string): (value: string) => boolean {
  const [first = "", ...rest] = text.split("*");
  if (rest.length === 0) return (value) => value === text;
  const last = rest.pop()!;
  return (value) => {
    if (!value.startsWith(first)) return false;
    let at = first.length;
    for (const piece of rest) {
      const found = value.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return value.length - last.length >= at && value.endsWith(last);
  };
}
