// Relabelling: rules that change, keep or drop label sets, in Prometheus' words.
//
//   labels ── rule ── rule ── rule ── labels, or undefined: dropped
//
//   replace     source labels joined; when the regex matches the whole, target_label = replacement with $1 ${name}
//   keep drop   by the regex          keepequal dropequal   by comparing with target_label
//   hashmod     target_label = hash of the source modulo      lowercase uppercase   target_label = source
//   labelmap    every label whose name matches is copied      labeldrop labelkeep   labels by their name
//
// Regexes are RE2's, matched in linear time and against the whole text. hashmod takes the last eight bytes of MD5, as
// Prometheus does, so that shards agree.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config

import { createHash } from "node:crypto";
import { FlxError, Labels } from "@flx/model";
import { RE2JS } from "re2js";

/** What a rule does. */
export type RelabelAction =
  | "replace"
  | "keep"
  | "drop"
  | "keepequal"
  | "dropequal"
  | "hashmod"
  | "labelmap"
  | "labeldrop"
  | "labelkeep"
  | "lowercase"
  | "uppercase";

/** One rule as configuration has it; everything has Prometheus' default. */
export interface RelabelRule {
  readonly action?: RelabelAction;
  readonly sourceLabels?: readonly string[];
  readonly separator?: string;
  readonly regex?: string;
  readonly targetLabel?: string;
  readonly replacement?: string;
  readonly modulus?: number;
}

/** Labels being relabelled: a map that rules change. */
type Draft = Map<string, string>;

/** A compiled rule: false drops. */
type Step = (labels: Draft) => boolean;

/** Compiled rules. */
export class Relabeling {
  readonly #steps: readonly Step[];

  /** @throws {FlxError} `FLX_RELABEL` with the position of the rule that cannot be */
  constructor(rules: readonly RelabelRule[]) {
    this.#steps = rules.map((rule, i) => compile(rule, i));
  }

  /** Whether there are no rules. */
  get isEmpty(): boolean {
    return this.#steps.length === 0;
  }

  /** The labels after all rules, or `undefined` when one dropped them. */
  apply(labels: Labels): Labels | undefined {
    if (this.#steps.length === 0) return labels;
    const draft: Draft = new Map(labels);
    for (const step of this.#steps) if (!step(draft)) return undefined;
    return Labels.from(draft);
  }
}

function compile(rule: RelabelRule, position: number): Step {
  const {
    action = "replace",
    sourceLabels = [],
    separator = ";",
    regex = "(.*)",
    targetLabel = "",
    replacement = "$1",
    modulus = 0,
  } = rule;
  const wrong = (reason: string, cause?: unknown): never => {
    throw new FlxError("FLX_RELABEL", `relabelling rule ${position + 1}: ${reason}`, { cause });
  };
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(`^(?s:${regex})$`);
  } catch (cause) {
    return wrong((cause as Error).message, cause);
  }
  const needsTarget = ["replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal"];
  if (needsTarget.includes(action) && targetLabel === "") wrong(`${action} needs target_label`);
  if (action === "hashmod" && !(modulus > 0)) wrong("hashmod needs a modulus above 0");
  const source = (labels: Draft): string =>
    sourceLabels.map((name) => labels.get(name) ?? "").join(separator);
  const matches = (text: string): boolean => pattern.matcher(text).find();
  const set = (labels: Draft, name: string, value: string): boolean => {
    if (value === "") labels.delete(name);
    else labels.set(name, value);
    return true;
  };
  switch (action) {
    case "keep":
      return (labels) => matches(source(labels));
    case "drop":
      return (labels) => !matches(source(labels));
    case "keepequal":
      return (labels) => source(labels) === (labels.get(targetLabel) ?? "");
    case "dropequal":
      return (labels) => source(labels) !== (labels.get(targetLabel) ?? "");
    case "lowercase":
      return (labels) => set(labels, targetLabel, source(labels).toLowerCase());
    case "uppercase":
      return (labels) => set(labels, targetLabel, source(labels).toUpperCase());
    case "hashmod":
      return (labels) => set(labels, targetLabel, String(hashModulo(source(labels), modulus)));
    case "labeldrop":
      return (labels) => removeNames(labels, matches);
    case "labelkeep":
      return (labels) => removeNames(labels, (name) => !matches(name));
    case "labelmap":
      return (labels) => {
        // A copy: what is set here must not be seen by the loop.
        const before = new Map(labels);
        for (const [name, value] of before) {
          const found = pattern.matcher(name);
          if (found.find()) set(labels, expand(replacement, found), value);
        }
        return true;
      };
    case "replace":
    default:
      return (labels) => {
        const found = pattern.matcher(source(labels));
        if (!found.find()) return true;
        const name = expand(targetLabel, found);
        // A target that is no label name changes nothing, as in Prometheus.
        return name === "" ? true : set(labels, name, expand(replacement, found));
      };
  }
}

function removeNames(labels: Draft, removed: (name: string) => boolean): boolean {
  for (const name of labels.keys()) if (removed(name)) labels.delete(name);
  return true;
}

function hashModulo(text: string, modulus: number): bigint {
  return createHash("md5").update(text).digest().readBigUInt64BE(8) % BigInt(modulus);
}

const REFERENCE = /\$(?:\$|(\d+|[A-Za-z_]\w*)|\{(\w+)\})/g;

/** `$1`, `${1}`, `$name`, `${name}` and `$$`, as Go's regexp expands them; unknown groups are empty. */
function expand(template: string, found: ReturnType<RE2JS["matcher"]>): string {
  if (!template.includes("$")) return template;
  return template.replaceAll(REFERENCE, (all, bare?: string, braced?: string) => {
    if (all === "$$") return "$";
    const name = bare ?? braced ?? "";
    try {
      return (/^\d+$/.test(name) ? found.group(Number(name)) : found.group(name)) ?? "";
    } catch {
      return "";
    }
  });
}
