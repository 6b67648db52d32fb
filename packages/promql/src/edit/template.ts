// Variables of dashboards in the text of a query, replaced before it is parsed.
//
//   $job   ${job}   ${job:regex}   [[job]]          values of a variable
//   $__interval  $__rate_interval  $__range ...     from the times of the panel
//
//   format     one value     several
//   (none)     as it is      (a|b), as patterns
//   raw        as it is      a,b
//   regex      as a pattern  (a|b)
//   pipe       as it is      a|b
//   csv        as it is      a,b
//   doublequote "a"          "a","b"
//
// A `$` that begins no known variable stays: it may be the end of a pattern.
//
// Source: Grafana's documentation of variable syntax, and of $__rate_interval for Prometheus.

import { type DurationMs, FlxError, formatDuration } from "@flx/model";

/** The values of variables by name. */
export type TemplateVariables = Readonly<Record<string, string | readonly string[]>>;

/** A query with its variables put in. */
export interface FilledTemplate {
  readonly text: string;
  /** Variables that the text has in braces or brackets and nobody gave a value; they stay as they are. */
  readonly missing: readonly string[];
}

const VARIABLE = /\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)(?::(\w+))?\]\]|\$(\w+)/g;

/** No list of values is longer: the query would be refused anyway. */
const MAX_VALUES = 10_000;

/**
 * Replaces variables.
 *
 * @throws {FlxError} `FLX_PROMQL_TEMPLATE` for a format that is none, or a variable with more than 10,000 values
 * @example fillTemplate('up{job=~"$job"}', { job: ["a", "b"] }).text // 'up{job=~"(a|b)"}'
 */
export function fillTemplate(query: string, variables: TemplateVariables): FilledTemplate {
  const missing = new Set<string>();
  const text = query.replaceAll(
    VARIABLE,
    (
      whole: string,
      braced: string | undefined,
      bracedFormat: string | undefined,
      bracketed: string | undefined,
      bracketedFormat: string | undefined,
      bare: string | undefined,
    ) => {
      const name = braced ?? bracketed ?? bare!;
      if (!Object.hasOwn(variables, name)) {
        if (bare === undefined) missing.add(name);
        return whole;
      }
      return shown(name, variables[name]!, bracedFormat ?? bracketedFormat);
    },
  );
  return { text, missing: [...missing] };
}

function shown(
  name: string,
  value: string | readonly string[],
  format: string | undefined,
): string {
  const values = typeof value === "string" ? [value] : value;
  if (values.length > MAX_VALUES) {
    throw new FlxError(
      "FLX_PROMQL_TEMPLATE",
      `the variable ${name} has ${values.length} values; up to ${MAX_VALUES} can be put into a query`,
    );
  }
  switch (format) {
    case undefined:
      return values.length === 1 ? values[0]! : alternatives(values);
    case "regex":
      return values.length === 1 ? escapePattern(values[0]!) : alternatives(values);
    case "pipe":
      return values.join("|");
    case "raw":
    case "csv":
      return values.join(",");
    case "doublequote":
      return values.map((each) => JSON.stringify(each)).join(",");
    default:
      throw new FlxError(
        "FLX_PROMQL_TEMPLATE",
        `there is no format ${JSON.stringify(format)}; known are raw, regex, pipe, csv, doublequote`,
      );
  }
}

function alternatives(values: readonly string[]): string {
  return `(${values.map(escapePattern).join("|")})`;
}

/** A text that matches itself: escaped as a pattern, and then as a string of PromQL, in which it stands. */
function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll("\\", "\\\\");
}

/** The times of a panel, in milliseconds. */
export interface PanelTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  /** How often the data is scraped; default 15,000. */
  readonly scrapeIntervalMs?: number;
}

/**
 * The variables that the times of a panel give: `__interval`, `__interval_ms`, `__rate_interval`,
 * `__rate_interval_ms`, `__range`, `__range_s`, `__range_ms`.
 *
 * `__rate_interval` is the larger of interval + scrape interval and four scrape intervals, so that a rate always has
 * two samples and none is left out between two points.
 */
export function timeVariables(times: PanelTimes): Readonly<Record<string, string>> {
  const { startMs, endMs, stepMs, scrapeIntervalMs = 15_000 } = times;
  const intervalMs = Math.max(1, Math.round(stepMs));
  const rateMs = Math.round(Math.max(intervalMs + scrapeIntervalMs, 4 * scrapeIntervalMs));
  const rangeMs = Math.max(0, Math.round(endMs - startMs));
  return {
    __interval: formatDuration(intervalMs as DurationMs),
    __interval_ms: String(intervalMs),
    __rate_interval: formatDuration(rateMs as DurationMs),
    __rate_interval_ms: String(rateMs),
    __range: `${Math.round(rangeMs / 1_000)}s`,
    __range_s: String(Math.round(rangeMs / 1_000)),
    __range_ms: String(rangeMs),
  };
}
