// <relabel_config> in Prometheus' words.
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config

import { FlxError } from "@flx/model";
import { choice, plainText, wholeNumber } from "../config/scalars.ts";
import { mapped, optional, type Shape } from "../config/shape.ts";
import { list, section } from "../config/structures.ts";
import { Relabeling, type RelabelRule } from "./relabel.ts";

/** One rule. `$1` and `${1}` in it are groups of its regex; nothing of it is a variable. */
const rule: Shape<RelabelRule> = mapped(
  section(
    {
      source_labels: list(plainText({ minLength: 1 })),
      separator: optional(plainText({ expands: false })),
      target_label: optional(plainText({ expands: false })),
      regex: optional(plainText({ expands: false })),
      modulus: optional(wholeNumber({ min: 1 })),
      replacement: optional(plainText({ expands: false })),
      action: optional(
        choice([
          "replace",
          "keep",
          "drop",
          "keepequal",
          "dropequal",
          "hashmod",
          "labelmap",
          "labeldrop",
          "labelkeep",
          "lowercase",
          "uppercase",
        ]),
      ),
    },
    {
      *rules(given) {
        try {
          compileRules([ruleOf(given)]);
        } catch (error) {
          if (!(error instanceof FlxError)) throw error;
          yield ["", error.message.replace(/^relabelling rule 1: /, "")];
        }
      },
    },
  ),
  ruleOf,
);

function compileRules(rules: readonly RelabelRule[]): Relabeling {
  return new Relabeling(rules);
}

interface GivenRule {
  readonly source_labels: readonly string[];
  readonly separator: string | undefined;
  readonly target_label: string | undefined;
  readonly regex: string | undefined;
  readonly modulus: number | undefined;
  readonly replacement: string | undefined;
  readonly action: RelabelRule["action"] | undefined;
}

function ruleOf(given: GivenRule): RelabelRule {
  const { separator, target_label, regex, modulus, replacement, action } = given;
  return {
    sourceLabels: given.source_labels,
    ...(separator !== undefined && { separator }),
    ...(target_label !== undefined && { targetLabel: target_label }),
    ...(regex !== undefined && { regex }),
    ...(modulus !== undefined && { modulus }),
    ...(replacement !== undefined && { replacement }),
    ...(action !== undefined && { action }),
  };
}

/** The rules of one step. */
export const relabelRules: Shape<readonly RelabelRule[]> = list(rule);
