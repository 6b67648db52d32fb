// Names of any characters for readers that take the classic ones only.
//
//                 http.requests        http_requests      größe           9lives
//   allow-utf-8   http.requests        http_requests      größe           9lives          as it is, in quotes where needed
//   underscores   http_requests        http_requests      gr__e           _lives          one for each character
//   dots          http_dot_requests    http__requests     gr__e           _lives          `_` doubled: dots can be told apart
//   values        U__http_2e_requests  http_requests      U__gr_f6__df_e  U___39_lives    names that need nothing stay
//
// A reader says in its Accept header which one it wants; without a word it is underscores. Only values can be turned
// back. Escaping can make two names one; that must be looked for where names stand together.
//
// Labels have the same rules, but for `:`, which no classic label name has: it is escaped there.
//
// Source: https://prometheus.io/docs/instrumenting/escaping_schemes/

import type { Exemplar } from "../exemplar.ts";
import { Labels } from "../labels.ts";
import type { CounterValue, HistogramValue, MetricFamily, MetricPoint } from "../metric-family.ts";
import { isLegacyLabelName, isLegacyMetricName } from "../names.ts";

/** How names outside the classic characters are written. */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

/** All schemes, as they are called in headers. */
export const ESCAPING_SCHEMES: readonly EscapingScheme[] = [
  "allow-utf-8",
  "underscores",
  "dots",
  "values",
];

/**
 * A metric name in a scheme.
 *
 * @example escapeMetricName("http.requests", "values") // "U__http_2e_requests"
 */
export function escapeMetricName(name: string, scheme: EscapingScheme): string {
  return escaped(name, scheme, isLegacyMetricName);
}

/**
 * A label name in a scheme.
 *
 * @example escapeLabelName("http.method", "underscores") // "http_method"
 */
export function escapeLabelName(name: string, scheme: EscapingScheme): string {
  return escaped(name, scheme, isLegacyLabelName);
}

/**
 * The family with its name and all label names in a scheme.
 *
 * @throws {FlxError} `FLX_LABEL_DUPLICATE` when two labels of a series get the same name
 */
export function escapeFamily(family: MetricFamily, scheme: EscapingScheme): MetricFamily {
  if (scheme === "allow-utf-8") return family;
  const points: MetricPoint<unknown>[] = [];
  for (const point of family.points) {
    const value = escapeExemplars(family.type, point.value, scheme);
    points.push({ ...point, labels: escapeLabels(point.labels, scheme), value });
  }
  const { unit, ...rest } = family;
  const name = escapeFamilyName(family, scheme);
  // A unit is the end of the name, which it may not be any more.
  const about = unit !== undefined && name.endsWith(`_${unit}`) ? { unit } : {};
  return { ...rest, ...about, name, points } as MetricFamily;
}

/** `_total` and `_info` belong to the name that is escaped; what histograms and summaries add to it does not. */
function escapeFamilyName(family: MetricFamily, scheme: EscapingScheme): string {
  const { name, type } = family;
  // The name of a stateset is a label, too.
  if (type === "stateset") return escapeLabelName(name, scheme);
  const ending = type === "info" ? "_info" : type === "counter" && !family.bareName ? "_total" : "";
  return escapeMetricName(name + ending, scheme).slice(0, -ending.length || undefined);
}

/** The labels with their names in a scheme. */
function escapeLabels(labels: Labels, scheme: EscapingScheme): Labels {
  const pairs = [...labels];
  if (pairs.every(([name]) => escapeLabelName(name, scheme) === name)) return labels;
  return Labels.from(pairs.map(([name, value]) => [escapeLabelName(name, scheme), value] as const));
}

function escapeExemplars(
  type: MetricFamily["type"],
  value: unknown,
  scheme: EscapingScheme,
): unknown {
  const escape = (exemplar: Exemplar): Exemplar => {
    return { ...exemplar, labels: escapeLabels(exemplar.labels, scheme) };
  };
  if (type === "counter") {
    const { exemplar } = value as CounterValue;
    return exemplar === undefined
      ? value
      : { ...(value as CounterValue), exemplar: escape(exemplar) };
  }
  if (type !== "histogram" && type !== "gaugehistogram") return value;
  const { exemplars, nativeExemplars, ...rest } = value as HistogramValue;
  const histogram: { -readonly [Key in keyof HistogramValue]: HistogramValue[Key] } = rest;
  if (exemplars !== undefined) {
    histogram.exemplars = new Map([...exemplars].map(([bucket, one]) => [bucket, escape(one)]));
  }
  if (nativeExemplars !== undefined) histogram.nativeExemplars = nativeExemplars.map(escape);
  return histogram;
}

function escaped(
  name: string,
  scheme: EscapingScheme,
  isLegacy: (name: string) => boolean,
): string {
  if (scheme === "allow-utf-8" || (scheme !== "dots" && isLegacy(name))) return name;
  let text = scheme === "values" ? "U__" : "";
  let first = true;
  for (const character of name) {
    // Asked behind a letter, where digits are allowed.
    const fits = first ? isLegacy(character) : isLegacy(`a${character}`);
    text +=
      scheme !== "underscores" && character === "_"
        ? "__"
        : fits
          ? character
          : stand(character, scheme);
    first = false;
  }
  return text;
}

/** What stands for a character that may not be there. */
function stand(character: string, scheme: EscapingScheme): string {
  if (scheme === "values") return `_${character.codePointAt(0)!.toString(16)}_`;
  return scheme === "dots" && character === "." ? "_dot_" : "_";
}
