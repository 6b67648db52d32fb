// Shapes of single values: texts, numbers, switches, durations, sizes, choices, addresses, secrets, files.
//
// Texts take variables (environment.ts) before they are read, so `port: ${PORT}` is a number.

import { resolve } from "node:path";
import { type Bytes, type DurationMs, FlxError, parseByteSize, parseDuration } from "@flx/model";
import { nearest } from "../base/nearest.ts";
import type { ConfigNode, ScalarNode } from "./document.ts";
import { expandVariables } from "./environment.ts";
import type { Place } from "./problem.ts";
import { Secret } from "./secret.ts";
import { isNothing, type JsonSchema, kindOf, type Reading, type Shape } from "./shape.ts";

/** What a scalar shape does with the text that is written. */
interface ScalarRules<T> {
  /** For messages: "a duration like 15s". */
  readonly what: string;
  readonly jsonSchema: JsonSchema;
  /**
   * The value.
   *
   * @throws {FlxError} whose message says what is wrong
   * @returns undefined when the text is none of these
   */
  readonly parse: (given: string, reading: Reading, node: ScalarNode) => T | undefined;
  /** How explain shows it; default: as it is written, with its variables put in. */
  readonly show?: (given: string) => string;
  /** Default true. */
  readonly expands?: boolean;
}

function scalar<T>(rules: ScalarRules<T>): Shape<T> {
  const { what, jsonSchema, parse, show = (given: string) => given, expands = true } = rules;
  return {
    isOptional: false,
    jsonSchema,
    read(node, path, at, reading) {
      const found = scalarText(node, path, at, reading, what, expands);
      if (found === undefined) return undefined as T;
      let value: T | undefined;
      try {
        value = parse(found.text, reading, found.node);
      } catch (error) {
        if (!(error instanceof FlxError)) throw error;
        reading.problem(path, found.node.place, error.message);
        return undefined as T;
      }
      if (value === undefined) {
        const got = JSON.stringify(withoutUser(found.node.text).slice(0, 60));
        reading.problem(path, found.node.place, `expected ${what}, got ${got}`);
        return undefined as T;
      }
      reading.explain(path, show(found.text), found.node.place, found.used);
      return value;
    },
  };
}

interface FoundText {
  readonly node: ScalarNode;
  readonly text: string;
  readonly used: readonly string[];
}

function scalarText(
  node: ConfigNode | undefined,
  path: string,
  at: Place,
  reading: Reading,
  what: string,
  expands: boolean,
): FoundText | undefined {
  if (node === undefined || isNothing(node)) {
    reading.problem(path, node?.place ?? at, `must be given: ${what}`);
    return undefined;
  }
  if (node.kind !== "scalar") {
    reading.problem(path, node.place, `expected ${what}, got ${kindOf(node)}`);
    return undefined;
  }
  if (!expands) return { node, text: node.text, used: [] };
  const { text, used, missing } = expandVariables(node.text, reading.variables);
  if (missing.length > 0) {
    const names = missing.join(", ");
    reading.problem(
      path,
      node.place,
      `not set in the environment: ${names}; set it, or write \${NAME:-default}`,
    );
    return undefined;
  }
  return { node, text, used };
}

/** Limits of a text. */
export interface TextOptions {
  /** Default 0. */
  readonly minLength?: number;
  /** Default 65,536. */
  readonly maxLength?: number;
  /** The whole text must match; with `what` it is. */
  readonly pattern?: RegExp;
  /** For messages: "a label name". Default "a text". */
  readonly what?: string;
  /** Whether ${NAME} is a variable. Default true; templates and replacements say false. */
  readonly expands?: boolean;
}

/** A text. */
export function plainText(options: TextOptions = {}): Shape<string> {
  const { minLength = 0, maxLength = 65_536, pattern, what = "a text", expands = true } = options;
  return scalar({
    what,
    expands,
    jsonSchema: {
      type: ["string", "number", "boolean"],
      ...(minLength > 0 && { minLength }),
      ...(pattern !== undefined && { pattern: pattern.source }),
    },
    parse: (given) => {
      const fits = given.length >= minLength && given.length <= maxLength;
      return fits && (pattern === undefined || pattern.test(given)) ? given : undefined;
    },
  });
}

/** true or false. */
export function flag(): Shape<boolean> {
  return scalar({
    what: "true or false",
    jsonSchema: { type: "boolean" },
    parse: (given) => ({ true: true, false: false })[given.toLowerCase()],
  });
}

/** A number within bounds, both inclusive. */
export function number(options: { min?: number; max?: number } = {}): Shape<number> {
  const { min = -Infinity, max = Infinity } = options;
  return scalar({
    what: `a number${bounds(min, max)}`,
    jsonSchema: { type: "number", ...jsonBounds(min, max) },
    parse: (given) => numberIn(given, min, max),
  });
}

/** A whole number within bounds, both inclusive. */
export function wholeNumber(options: { min?: number; max?: number } = {}): Shape<number> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return scalar({
    what: `a whole number${bounds(min, max)}`,
    jsonSchema: { type: "integer", ...jsonBounds(min, max) },
    parse: (given) => {
      const value = numberIn(given, min, max);
      return Number.isSafeInteger(value) ? value : undefined;
    },
  });
}

function numberIn(given: string, min: number, max: number): number | undefined {
  if (!/^[-+]?(?:\d[\d_]*)?\.?\d+(?:e[-+]?\d+)?$/i.test(given)) return undefined;
  const value = Number(given);
  return value >= min && value <= max ? value : undefined;
}

function bounds(min: number, max: number): string {
  if (min === -Infinity && max === Infinity) return "";
  if (max === Infinity || max === Number.MAX_SAFE_INTEGER) return ` of at least ${min}`;
  return min === -Infinity ? ` up to ${max}` : ` from ${min} to ${max}`;
}

function jsonBounds(min: number, max: number): JsonSchema {
  return {
    ...(min !== -Infinity && { minimum: min }),
    ...(max !== Infinity && max !== Number.MAX_SAFE_INTEGER && { maximum: max }),
  };
}

/** A duration in Prometheus' notation, in milliseconds. */
export function duration(options: { minMs?: number; maxMs?: number } = {}): Shape<DurationMs> {
  const { minMs = 0, maxMs = Number.MAX_SAFE_INTEGER } = options;
  return scalar({
    what: "a duration like 15s or 1h30m",
    jsonSchema: { type: ["string", "integer"], pattern: "^(0|(\\d+(y|w|d|h|m|s|ms))+)$" },
    parse: (given) => {
      const ms = parseDuration(given);
      if (ms >= minMs && ms <= maxMs) return ms;
      throw new FlxError(
        "FLX_CONFIG_RANGE",
        `the duration ${given} is not within ${minMs} ms and ${maxMs} ms`,
      );
    },
  });
}

/** A size in Prometheus' notation, in bytes. */
export function byteSize(options: { min?: number; max?: number } = {}): Shape<Bytes> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = options;
  return scalar({
    what: "a size like 512MB",
    jsonSchema: { type: ["string", "integer"], pattern: "^(0|(\\d+(\\.\\d+)?([KMGTPE]i?)?B)+)$" },
    parse: (given) => {
      const size = parseByteSize(given);
      if (size >= min && size <= max) return size;
      throw new FlxError(
        "FLX_CONFIG_RANGE",
        `the size ${given} is not within ${min} and ${max} bytes`,
      );
    },
  });
}

/** One of some words. */
export function choice<const W extends string>(words: readonly W[]): Shape<W> {
  return scalar({
    what: words.join(", "),
    jsonSchema: { enum: words },
    parse: (given) => {
      const found = words.find((word) => word === given);
      if (found !== undefined) return found;
      const meant = nearest(given, words);
      const hint = meant === undefined ? `one of ${words.join(", ")}` : `did you mean ${meant}?`;
      throw new FlxError(
        "FLX_CONFIG_CHOICE",
        `${JSON.stringify(given.slice(0, 60))} is none of these; ${hint}`,
      );
    },
  });
}

/** A URL with one of some schemes; user and password in it are shown masked. */
export function url(schemes: readonly string[] = ["http", "https"]): Shape<URL> {
  return scalar({
    what: `a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
    jsonSchema: { type: "string", format: "uri" },
    parse: (given) => {
      const parsed = URL.canParse(given) ? new URL(given) : undefined;
      return parsed !== undefined && schemes.includes(parsed.protocol.slice(0, -1))
        ? parsed
        : undefined;
    },
    show: withoutPassword,
  });
}

/** Something that should have been a URL, without what stands before the host. */
function withoutUser(given: string): string {
  return given.replace(/\/\/[^/@]*@/, "//xxxxx@");
}

function withoutPassword(given: string): string {
  const parsed = new URL(given);
  if (parsed.password !== "") parsed.password = "xxxxx";
  return decodeURI(parsed.href);
}

/** `host:port` of where to listen or whom to call; `:port` is every address. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** An address `host:port`, `[::1]:port`, `:port`, or a port alone, which is on `defaultHost`. */
export function address(defaultHost = "127.0.0.1"): Shape<Address> {
  return scalar({
    what: "an address like 127.0.0.1:3590, or a port",
    jsonSchema: { type: ["string", "integer"] },
    parse: (given) => {
      const found = /^(?:(?:\[([\da-fA-F:.]+)\]|([^:[\]\s]*)):)?(\d{1,5})$/.exec(given);
      const port = Number(found?.[3] ?? 65_536);
      if (found === null || port > 65_535) return undefined;
      const host = found[1] ?? found[2];
      if (host === undefined) return { host: defaultHost, port };
      return { host: host === "" ? "::" : host, port };
    },
  });
}

/** A secret that stands in the configuration. */
export function secret(): Shape<Secret> {
  return scalar({
    what: "a text",
    jsonSchema: { type: "string" },
    parse: (given) => Secret.of(given),
    show: () => "<secret>",
  });
}

/** The path of a file with a secret; relative ones start at the folder of the configuration. */
export function secretFile(): Shape<Secret> {
  return scalar({
    what: "the path of a file",
    jsonSchema: { type: "string", minLength: 1 },
    parse: (given, reading) =>
      given === "" ? undefined : Secret.inFile(resolve(reading.folder, given)),
  });
}

/** The path of a file or folder, made absolute; relative ones start at the folder of the configuration. */
export function filePath(): Shape<string> {
  return scalar({
    what: "a path",
    jsonSchema: { type: "string", minLength: 1 },
    parse: (given, reading) =>
      given === "" || given.includes("\0") ? undefined : resolve(reading.folder, given),
  });
}
