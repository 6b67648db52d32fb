// Parameters of Prometheus' API: times, durations, selectors, numbers; with Prometheus' own words for what is wrong.
//
//   time       1435781430.781   2015-07-01T20:10:51.781Z        Unix seconds or RFC 3339
//   duration   15   0.5   1m30s                                 seconds or Prometheus' notation

import { parseDuration } from "@flx/model";
import { type Matcher, parseSelector, PromqlParseError } from "@flx/promql";
import { Refusal } from "../http/refusal.ts";
import type { ApiRequest } from "../http/request.ts";

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;

/** As far as a Date reaches. */
const MAX_TIME_MS = 8.64e15;

/** The names of the first and last time there is, as Go's clients send them for "no bound". */
const MIN_TIME = "-292273086-05-16T16:47:06Z";
const MAX_TIME = "292277025-08-18T07:12:54.999999999Z";

/**
 * A time, in Unix milliseconds.
 *
 * @throws {Refusal} `bad_data` when it is none
 */
export function timeParameter(request: ApiRequest, name: string, otherwise: number): number {
  const text = request.parameter(name);
  return text === undefined ? otherwise : parseTime(text, name);
}

/** A time that must be given. */
export function requiredTime(request: ApiRequest, name: string): number {
  return parseTime(request.parameter(name) ?? "", name);
}

function parseTime(text: string, name: string): number {
  if (NUMBER.test(text)) {
    const ms = Math.round(Number(text) * 1_000);
    if (Math.abs(ms) <= MAX_TIME_MS) return ms;
  } else if (RFC_3339.test(text)) {
    const ms = Date.parse(text);
    if (!Number.isNaN(ms)) return ms;
  } else if (text === MIN_TIME) return -MAX_TIME_MS;
  else if (text === MAX_TIME) return MAX_TIME_MS;
  throw invalid(name, `cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid timestamp`);
}

/**
 * A length of time in milliseconds; undefined when it is not given.
 *
 * @throws {Refusal} `bad_data` when it is none
 */
export function durationParameter(request: ApiRequest, name: string): number | undefined {
  const text = request.parameter(name);
  return text === undefined ? undefined : parseLength(text, name);
}

/** A length of time that must be given. */
export function requiredDuration(request: ApiRequest, name: string): number {
  return parseLength(request.parameter(name) ?? "", name);
}

function parseLength(text: string, name: string): number {
  if (NUMBER.test(text)) {
    const ms = Math.round(Number(text) * 1_000);
    if (Math.abs(ms) <= MAX_TIME_MS) return ms;
    throw invalid(
      name,
      `cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid duration. It overflows int64`,
    );
  }
  try {
    return parseDuration(text);
  } catch {
    throw invalid(name, `cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid duration`);
  }
}

/**
 * A whole number >= 0; 0 when it is not given.
 *
 * @throws {Refusal} `bad_data` when it is none
 */
export function limitParameter(request: ApiRequest, name = "limit"): number {
  const text = request.parameter(name);
  if (text === undefined) return 0;
  if (!/^[-+]?\d{1,15}$/.test(text)) {
    throw invalid(name, `cannot parse ${JSON.stringify(text.slice(0, 100))} to a number`);
  }
  if (Number(text) < 0) throw invalid(name, "limit must be non-negative");
  return Number(text);
}

/**
 * Selectors of `match[]`.
 *
 * @throws {Refusal} `bad_data` when one is none, or matches everything
 */
export function matchParameters(request: ApiRequest): readonly (readonly Matcher[])[] {
  return request.parameters("match[]").map((text) => {
    const matchers = selector(text, "match[]");
    if (matchers.every((matcher) => matcher.matches(""))) {
      throw invalid("match[]", "match[] must contain at least one non-empty matcher");
    }
    return matchers;
  });
}

/**
 * One selector; no matchers when it is not given.
 *
 * @throws {Refusal} `bad_data` when it is none
 */
export function selectorParameter(request: ApiRequest, name: string): readonly Matcher[] {
  const text = request.parameter(name);
  return text === undefined ? [] : selector(text, name);
}

function selector(text: string, name: string): readonly Matcher[] {
  try {
    return parseSelector(text);
  } catch (error) {
    if (error instanceof PromqlParseError) throw invalid(name, error.message, error);
    throw error;
  }
}

/** The refusal of a parameter, in Prometheus' words. */
export function invalid(name: string, reason: string, cause?: unknown): Refusal {
  return new Refusal("bad_data", `invalid parameter ${JSON.stringify(name)}: ${reason}`, { cause });
}
