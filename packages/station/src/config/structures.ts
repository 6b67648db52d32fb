// Shapes of values that hold others: sections with known keys, maps with any keys, lists.

import { nearest } from "../base/nearest.ts";
import type { ConfigNode, MapEntry, MapNode } from "./document.ts";
import type { Place } from "./problem.ts";
import { isNothing, kindOf, type Reading, type Shape, type ValueOf } from "./shape.ts";

type Fields = Readonly<Record<string, Shape<unknown>>>;

/** What a section gives: its keys as they are written. */
export type SectionValue<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

/** Rules over several keys of a section. */
export interface SectionOptions<F extends Fields> {
  /**
   * What is wrong when each value alone is right: key ("" for the whole, "jobs[0].name" for one inside) and message.
   */
  readonly rules?: (value: SectionValue<F>) => Iterable<readonly [key: string, message: string]>;
  /** Keys of this kind of section that this product does not have, with what to do instead: refused. */
  readonly unsupported?: Readonly<Record<string, string>>;
  /** Keys that other products know and that do nothing here, with what that means: taken, and told as a warning. */
  readonly ignored?: Readonly<Record<string, string>>;
}

/** A map with known keys; others are refused with the nearest name. A section of which all keys are optional may be absent. */
export function section<F extends Fields>(
  fields: F,
  options: SectionOptions<F> = {},
): Shape<SectionValue<F>> {
  const required = Object.keys(fields).filter((key) => !fields[key]!.isOptional);
  return {
    isOptional: required.length === 0,
    jsonSchema: {
      type: "object",
      properties: Object.fromEntries([
        ...Object.entries(fields).map(([key, shape]) => [key, shape.jsonSchema]),
        ...Object.entries(options.ignored ?? {}).map(([key, why]) => [
          key,
          { description: `Has no effect: ${why}` },
        ]),
      ]),
      ...(required.length > 0 && { required }),
      additionalProperties: false,
    },
    read(node, path, at, reading) {
      const before = reading.problems.length;
      const map = mapOf(node, path, at, reading);
      if (map === undefined) return {} as SectionValue<F>;
      const value = Object.fromEntries(
        Object.entries(fields).map(([key, shape]) => [
          key,
          shape.read(map.entries.get(key)?.node, join(path, key), map.place, reading),
        ]),
      ) as SectionValue<F>;
      refuseUnknown(map, fields, options, path, reading);
      if (options.rules !== undefined && reading.problems.length === before) {
        for (const [key, message] of options.rules(value)) {
          const where = path === "" || key === "" ? path + key : `${path}.${key}`;
          reading.problem(where, placeOf(map, key), message);
        }
      }
      return value;
    },
  };
}

/** The place of something inside of a map; of what it is in when it is not there. */
function placeOf(map: MapNode, key: string): Place {
  let node: ConfigNode | undefined = map;
  let place = map.place;
  for (const step of key.split(/[.[\]]+/).filter((each) => each !== "")) {
    const entry: MapEntry | undefined = node.kind === "map" ? node.entries.get(step) : undefined;
    node = node.kind === "list" ? node.items[Number(step)] : entry?.node;
    if (node === undefined) break;
    place = entry?.keyPlace ?? node.place;
  }
  return place;
}

function refuseUnknown(
  map: MapNode,
  fields: Fields,
  options: Pick<SectionOptions<Fields>, "unsupported" | "ignored">,
  path: string,
  reading: Reading,
): void {
  const { unsupported = {}, ignored = {} } = options;
  for (const [key, { keyPlace }] of map.entries) {
    if (Object.hasOwn(fields, key)) continue;
    const where = join(path, key.slice(0, 100));
    if (Object.hasOwn(unsupported, key)) {
      reading.problem(where, keyPlace, `is not supported: ${unsupported[key]}`);
      continue;
    }
    if (Object.hasOwn(ignored, key)) {
      reading.warn(where, keyPlace, `has no effect: ${ignored[key]}`);
      continue;
    }
    const names = Object.keys(fields);
    const meant = nearest(key, names);
    const hint = meant === undefined ? `known are ${names.join(", ")}` : `did you mean ${meant}?`;
    reading.problem(where, keyPlace, `there is no such key; ${hint}`);
  }
}

/** Limits of a list or map. */
export interface SizeOptions {
  /** Default 0. */
  readonly min?: number;
  /** Default 100,000. */
  readonly max?: number;
}

/** A list; absent, it is empty, unless it needs items. */
export function list<T>(item: Shape<T>, options: SizeOptions = {}): Shape<readonly T[]> {
  const { min = 0, max = 100_000 } = options;
  return {
    isOptional: min === 0,
    jsonSchema: { type: "array", items: item.jsonSchema, ...(min > 0 && { minItems: min }) },
    read(node, path, at, reading) {
      if (node === undefined || isNothing(node)) {
        if (min > 0) reading.problem(path, node?.place ?? at, "must be given: a list");
        return [];
      }
      if (node.kind !== "list") {
        reading.problem(path, node.place, `expected a list, got ${kindOf(node)}`);
        return [];
      }
      const { length } = node.items;
      if (length < min || length > max) {
        reading.problem(path, node.place, `must have ${min} to ${max} items, has ${length}`);
        return [];
      }
      return node.items.map((each, i) => item.read(each, `${path}[${i}]`, node.place, reading));
    },
  };
}

/** A map whose keys are free; absent, it is empty. */
export function mapOfValues<T>(
  value: Shape<T>,
  options: SizeOptions & {
    /** What is wrong with a key; undefined when nothing is. */
    readonly key?: (key: string) => string | undefined;
  } = {},
): Shape<ReadonlyMap<string, T>> {
  const { max = 100_000, key: checkKey } = options;
  return {
    isOptional: true,
    jsonSchema: { type: "object", additionalProperties: value.jsonSchema },
    read(node, path, at, reading) {
      const values = new Map<string, T>();
      const map = mapOf(node, path, at, reading);
      if (map === undefined) return values;
      if (map.entries.size > max) {
        reading.problem(path, map.place, `must have up to ${max} keys, has ${map.entries.size}`);
        return values;
      }
      for (const [key, entry] of map.entries) {
        const problem = checkKey?.(key);
        if (problem !== undefined) reading.problem(join(path, key), entry.keyPlace, problem);
        values.set(key, value.read(entry.node, join(path, key), map.place, reading));
      }
      return values;
    },
  };
}

/** The map that is written; an empty one when nothing is. */
function mapOf(
  node: ConfigNode | undefined,
  path: string,
  at: Place,
  reading: Reading,
): MapNode | undefined {
  if (node === undefined || isNothing(node)) {
    return { kind: "map", entries: new Map(), place: node?.place ?? at };
  }
  if (node.kind === "map") return node;
  reading.problem(path, node.place, `expected a map, got ${kindOf(node)}`);
  return undefined;
}

function join(path: string, key: string): string {
  if (key === "") return path;
  const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
  return path === "" ? name : `${path}.${name}`;
}
