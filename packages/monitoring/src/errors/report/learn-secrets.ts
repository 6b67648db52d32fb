// Looks through an error for values of secrets' names, before anything of it is shown; see secret-filter.ts.
//
// Bounded: this many objects in all, this deep; getters are not called, proxies are not asked.

import { types } from "node:util";
import { pathBelow, type SecretPath } from "../../redaction/secret-paths.ts";
import type { SecretFilter } from "./secret-filter.ts";

const MAX_OBJECTS = 300;
const MAX_DEPTH = 6;
const MAX_FIELDS = 100;

/** Has the filter learn what stands under secrets' names in a value. Never throws. */
export function learnSecrets(value: unknown, filter: SecretFilter): void {
  try {
    visit(value, 0, { filter, seen: new Set() }, filter.rules.paths);
  } catch {
    // What cannot be looked through is not shown either.
  }
}

interface Work {
  readonly filter: SecretFilter;
  readonly seen: Set<object>;
}

function visit(value: unknown, depth: number, work: Work, paths: SecretPath | undefined): void {
  const { seen } = work;
  if (typeof value !== "object" || value === null || types.isProxy(value)) return;
  if (depth > MAX_DEPTH || seen.size >= MAX_OBJECTS || seen.has(value)) return;
  if (types.isArrayBufferView(value)) return;
  seen.add(value);
  if (types.isMap(value)) {
    for (const [key, each] of Map.prototype.entries.call(value)) {
      entry(key, each, depth, work, typeof key === "string" ? pathBelow(paths, key) : undefined);
    }
    return;
  }
  if (types.isSet(value)) {
    for (const each of Set.prototype.values.call(value)) {
      visit(each, depth + 1, work, pathBelow(paths, "*"));
    }
    return;
  }
  const names = Array.isArray(value) ? Object.keys(value) : Object.getOwnPropertyNames(value);
  let before: unknown;
  for (const name of names.slice(0, MAX_FIELDS)) {
    if (name === "stack") continue;
    const each = dataOf(value, name);
    entry(Array.isArray(value) ? before : name, each, depth, work, pathBelow(paths, name));
    before = each;
  }
}

function entry(
  name: unknown,
  value: unknown,
  depth: number,
  work: Work,
  below: SecretPath | undefined,
): void {
  const { filter } = work;
  const isSecret =
    below?.isEnd === true || (typeof name === "string" && filter.rules.isSecretName(name));
  if (isSecret) learnAll(value, 0, filter);
  else visit(value, depth + 1, work, below);
}

/** Everything below a secret's name is one. */
function learnAll(value: unknown, depth: number, filter: SecretFilter): void {
  if (typeof value === "string") filter.learn(value);
  if (typeof value !== "object" || value === null || types.isProxy(value) || depth > 2) return;
  for (const name of Object.keys(value).slice(0, 20)) {
    learnAll(dataOf(value, name), depth + 1, filter);
  }
}

/** Undefined for getters, and for a variable in its dead zone: a scope that is looked at as an object throws for it. */
function dataOf(owner: object, name: string): unknown {
  try {
    return Object.getOwnPropertyDescriptor(owner, name)?.value;
  } catch {
    return undefined;
  }
}
