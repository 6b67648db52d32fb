// A value as one line, for people: what util.inspect shows, without secrets, bounded, and without calling anything of it.
//
//   Order { id: 7, card: [redacted], items: [ 'a', 'b', … 12 more ] }
//
// Getters are not called, proxies are not asked: what is looked at may be in the middle of its own work, or hostile.

import { types } from "node:util";
import { pathBelow, type SecretPath } from "../../redaction/secret-paths.ts";
import { REDACTED } from "../../redaction/secret-shapes.ts";
import { constructorName, isErrorLike, readText, typeOfThrown } from "./hostile.ts";
import type { SecretFilter } from "./secret-filter.ts";

/** How much of a value is shown. */
export interface DescribeLimits {
  readonly maxDepth: number;
  readonly maxFields: number;
  /** Characters of one text. */
  readonly maxText: number;
  /** Characters of all. */
  readonly maxLength: number;
}

export const DESCRIBE_LIMITS: DescribeLimits = {
  maxDepth: 3,
  maxFields: 16,
  maxText: 120,
  maxLength: 600,
};

/**
 * The value as one line. Never throws.
 *
 * @param paths where the value stands on the way of secrets' paths
 */
export function describeValue(
  value: unknown,
  filter: SecretFilter,
  limits: DescribeLimits = DESCRIBE_LIMITS,
  paths?: SecretPath,
): string {
  const work: Work = { filter, limits, left: limits.maxLength, seen: new Set() };
  try {
    return cut(describe(value, 0, work, paths), limits.maxLength + 64);
  } catch {
    return "[unreadable]";
  }
}

interface Work {
  readonly filter: SecretFilter;
  readonly limits: DescribeLimits;
  left: number;
  readonly seen: Set<object>;
}

/** What is on the way of secrets' paths; undefined where no path leads. */
type Paths = SecretPath | undefined;

function describe(value: unknown, depth: number, work: Work, paths: Paths): string {
  const text = plain(value, work) ?? ofObject(value as object, depth, work, paths);
  work.left -= text.length;
  return text;
}

/** What has no parts; undefined for an object. */
function plain(value: unknown, { filter, limits }: Work): string | undefined {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return quoted(filter.text(cut(value, limits.maxText * 4)), limits.maxText);
    case "number":
      return Object.is(value, -0) ? "-0" : filter.text(String(value));
    case "bigint":
      return `${filter.text(cut(String(value), limits.maxText))}n`;
    case "symbol":
      return filter.text(cut(value.toString(), limits.maxText));
    case "boolean":
    case "undefined":
      return String(value);
    case "function":
      return types.isProxy(value) ? "[Proxy]" : functionText(value, filter);
    case "object":
    default:
      return undefined;
  }
}

function functionText(value: object, filter: SecretFilter): string {
  const name = readText(value, "name");
  return name === undefined || name === "" ? "[function]" : `[function ${filter.text(name)}]`;
}

function ofObject(value: object, depth: number, work: Work, paths: Paths): string {
  if (types.isProxy(value)) return "[Proxy]";
  if (work.seen.has(value)) return "[circular]";
  const short = whole(value, work);
  if (short !== undefined) return short;
  const name = className(value, work);
  if (depth >= work.limits.maxDepth || work.left <= 0) {
    return Array.isArray(value) ? `[array of ${value.length}]` : `[${name || "object"}]`;
  }
  work.seen.add(value);
  try {
    if (Array.isArray(value)) return listText(value, depth, work, paths);
    if (types.isMap(value)) return mapText(value, depth, work, paths);
    if (types.isSet(value)) return setText(value, depth, work, pathBelow(paths, "*"));
    return fieldsText(name, value, depth, work, paths);
  } finally {
    work.seen.delete(value);
  }
}

/** Objects that are one word. */
function whole(value: object, { filter, limits }: Work): string | undefined {
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return Number.isNaN(time) ? "Invalid Date" : new Date(time).toISOString();
  }
  if (types.isRegExp(value)) return filter.text(cut(RegExp.prototype.toString.call(value), 200));
  if (types.isPromise(value)) return "Promise {}";
  if (types.isArrayBufferView(value) || types.isAnyArrayBuffer(value)) {
    return `${constructorName(value) ?? "Buffer"}(${value.byteLength} bytes)`;
  }
  if (value instanceof URL) return filter.text(cut(value.href, limits.maxText * 4));
  if (types.isBoxedPrimitive(value)) return "[boxed]";
  if (!isErrorLike(value)) return undefined;
  const message = readText(value, "message") ?? "";
  return `${filter.text(typeOfThrown(value))}: ${cut(filter.text(cut(message, 2_000)), limits.maxText)}`;
}

function className(value: object, { filter }: Work): string {
  const name = constructorName(value);
  return name === undefined || name === "Object" ? "" : filter.text(name);
}

function listText(list: readonly unknown[], depth: number, work: Work, paths: Paths): string {
  const parts: string[] = [];
  const count = Math.min(list.length, work.limits.maxFields);
  for (let i = 0; i < count && work.left > 0; i++) {
    // Pairs and raw headers: [name, value, name, value]
    const name = i > 0 ? dataOf(list, i - 1) : undefined;
    const isSecret = typeof name === "string" && work.filter.rules.isSecretName(name);
    parts.push(isSecret ? REDACTED : propertyText(list, i, depth, work, paths));
  }
  return bracketed("[", parts, list.length, "]");
}

function mapText(
  map: ReadonlyMap<unknown, unknown>,
  depth: number,
  work: Work,
  paths: Paths,
): string {
  const parts: string[] = [];
  for (const [key, value] of Map.prototype.entries.call(map)) {
    if (parts.length >= work.limits.maxFields || work.left <= 0) break;
    const below = typeof key === "string" ? pathBelow(paths, key) : undefined;
    const isSecret =
      below?.isEnd === true || (typeof key === "string" && work.filter.rules.isSecretName(key));
    const shown = isSecret ? REDACTED : describe(value, depth + 1, work, below);
    parts.push(`${describe(key, depth + 1, work, undefined)} => ${shown}`);
  }
  return `Map ${bracketed("{", parts, map.size, "}")}`;
}

function setText(set: ReadonlySet<unknown>, depth: number, work: Work, paths: Paths): string {
  const parts: string[] = [];
  for (const value of Set.prototype.values.call(set)) {
    if (parts.length >= work.limits.maxFields || work.left <= 0) break;
    parts.push(describe(value, depth + 1, work, paths));
  }
  return `Set ${bracketed("{", parts, set.size, "}")}`;
}

function fieldsText(name: string, value: object, depth: number, work: Work, paths: Paths): string {
  const keys = Object.keys(value);
  const parts: string[] = [];
  for (const key of keys.slice(0, work.limits.maxFields)) {
    if (work.left <= 0) break;
    parts.push(`${keyText(key, work)}: ${propertyText(value, key, depth, work, paths)}`);
  }
  return `${name === "" ? "" : `${name} `}${bracketed("{", parts, keys.length, "}")}`;
}

function keyText(key: string, { filter }: Work): string {
  const text = filter.text(cut(key, 64));
  return /^[\w$]+$/.test(text) ? text : quoted(text, 80);
}

function propertyText(
  owner: object,
  key: string | number,
  depth: number,
  work: Work,
  paths: Paths,
): string {
  const property = Object.getOwnPropertyDescriptor(owner, key);
  const below = pathBelow(paths, String(key));
  if (below?.isEnd === true) return REDACTED;
  if (typeof key === "string" && work.filter.rules.isSecretName(key)) return REDACTED;
  if (property === undefined) return "<empty>";
  return property.get !== undefined || property.set !== undefined
    ? "[getter]"
    : describe(property.value, depth + 1, work, below);
}

function dataOf(owner: object, key: number): unknown {
  return Object.getOwnPropertyDescriptor(owner, key)?.value;
}

function bracketed(open: string, parts: string[], count: number, close: string): string {
  if (count === 0) return open + close;
  if (parts.length < count) parts.push(`… ${count - parts.length} more`);
  return `${open} ${parts.join(", ")} ${close}`;
}

function quoted(text: string, max: number): string {
  const shown = cut(text, max).replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
  return shown.includes("'") ? `"${shown.replaceAll('"', '\\"')}"` : `'${shown}'`;
}

/** The beginning of a long text. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1)}…`;
}
