// The rule files of Prometheus: found and checked. Nothing evaluates them yet.
//
//   rule_files: ["rules/*.yml"] ──► groups ──► rules: record or alert, expr, for, labels, annotations
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/ and .../alerting_rules/

import { glob } from "node:fs/promises";
import type { DurationMs } from "@flx/model";
import { parseExpr, PromqlParseError } from "@flx/promql";
import { loadConfig } from "../config/load-config.ts";
import { duration, plainText, wholeNumber } from "../config/scalars.ts";
import { checked, optional, type Shape } from "../config/shape.ts";
import { list, mapOfValues, section } from "../config/structures.ts";

/** Templates and expressions have `$` of their own. */
const raw = plainText({ expands: false });

const expression = checked(plainText({ expands: false, minLength: 1 }), (text) => {
  try {
    parseExpr(text);
    return undefined;
  } catch (error) {
    if (error instanceof PromqlParseError) return error.message;
    throw error;
  }
});

/** One rule: it has one of `record` and `alert`. */
export interface Rule {
  readonly record: string | undefined;
  readonly alert: string | undefined;
  readonly expr: string;
  readonly for: DurationMs | undefined;
  readonly keep_firing_for: DurationMs | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

const rule: Shape<Rule> = section(
  {
    record: optional(plainText({ minLength: 1, expands: false })),
    alert: optional(plainText({ minLength: 1, expands: false })),
    expr: expression,
    for: optional(duration()),
    keep_firing_for: optional(duration()),
    labels: mapOfValues(raw),
    annotations: mapOfValues(raw),
  },
  {
    *rules({ record, alert, for: pending, keep_firing_for: keep, annotations }) {
      if ((record === undefined) === (alert === undefined)) {
        yield ["", "a rule has one of record and alert"];
      }
      if (record === undefined) return;
      if (pending !== undefined) yield ["for", "a recording rule has no for"];
      if (keep !== undefined) yield ["keep_firing_for", "a recording rule has no keep_firing_for"];
      if (annotations.size > 0) yield ["annotations", "a recording rule has no annotations"];
    },
  },
);

/** Rules that are evaluated together. */
export interface RuleGroup {
  readonly name: string;
  readonly interval: DurationMs | undefined;
  readonly limit: number | undefined;
  readonly query_offset: DurationMs | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly rules: readonly Rule[];
}

/** What a rule file holds. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

/** The shape of a rule file. */
export const ruleFileShape: Shape<RuleFile> = section({
  groups: list(
    section({
      name: plainText({ minLength: 1, expands: false }),
      interval: optional(duration()),
      limit: optional(wholeNumber()),
      query_offset: optional(duration()),
      labels: mapOfValues(raw),
      rules: list(rule),
    }),
  ),
});

/** A rule file that was found. */
export interface FoundRuleFile {
  readonly path: string;
  readonly groups: readonly RuleGroup[];
}

/**
 * Reads the rule files that patterns name, in order.
 *
 * @param patterns absolute paths, with * in them
 * @throws {ConfigError} `FLX_CONFIG` with every problem of the first file that has one
 */
export async function readRuleFiles(patterns: readonly string[]): Promise<FoundRuleFile[]> {
  const found: FoundRuleFile[] = [];
  for (const pattern of patterns) {
    const paths: string[] = [];
    for await (const path of glob(pattern)) paths.push(path);
    for (const path of paths.toSorted()) {
      const { value } = await loadConfig(path, ruleFileShape);
      found.push({ path, groups: value.groups });
    }
  }
  return found;
}
