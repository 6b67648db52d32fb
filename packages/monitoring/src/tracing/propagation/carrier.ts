// Reading headers from whatever carries them.
//
// Node joins repeated headers with ", "; other carriers give arrays. A `traceparent` that is there twice is invalid,
// a `tracestate` in several pieces is one list: the caller says which it is.

import type { TextMapGetter } from "@opentelemetry/api";

/** Longer headers are not looked at: a tracestate can have 16,448 characters, nothing else of ours has as many. */
export const MAX_HEADER = 16_448;

/** The one value of a header; undefined when it is missing, there several times, or too long. */
export function singleHeader(
  carrier: unknown,
  getter: TextMapGetter,
  name: string,
): string | undefined {
  const value = read(carrier, getter, name);
  const one = Array.isArray(value) && value.length === 1 ? (value[0] as unknown) : value;
  return typeof one === "string" && one.length <= MAX_HEADER ? one : undefined;
}

/** All values of a header as one list; undefined when it is missing or too long. */
export function listHeader(
  carrier: unknown,
  getter: TextMapGetter,
  name: string,
): string | undefined {
  const value = read(carrier, getter, name);
  const text = Array.isArray(value)
    ? value.filter((each) => typeof each === "string").join(",")
    : value;
  return typeof text === "string" && text.length <= MAX_HEADER ? text : undefined;
}

/** A foreign getter, or a carrier with getters, may throw. */
function read(carrier: unknown, getter: TextMapGetter, name: string): unknown {
  try {
    return getter.get(carrier, name);
  } catch {
    return undefined;
  }
}
