// Reading what was thrown. It may be anything: null, a proxy, an object whose getters throw, an error of another realm.
//
// Nothing here throws, whatever it is given; what cannot be read is undefined, or a word.

import { types } from "node:util";

/** A property, its getter called; undefined when reading fails, or the owner is a proxy. */
export function readProperty(owner: object, key: PropertyKey): unknown {
  try {
    return types.isProxy(owner) ? undefined : (owner as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** A property that is a text. */
export function readText(owner: object, key: PropertyKey): string | undefined {
  const value = readProperty(owner, key);
  return typeof value === "string" ? value : undefined;
}

/** Whether a value is an object or function. */
export function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** Whether it is an error: of this realm, of another, or what a library made in its likeness. */
export function isErrorLike(value: unknown): value is object {
  if (!isObject(value) || types.isProxy(value)) return false;
  if (types.isNativeError(value)) return true;
  return readText(value, "message") !== undefined && readText(value, "stack") !== undefined;
}

/** What the type of a thrown value is called. */
export function typeOfThrown(value: unknown): string {
  if (value === null) return "null";
  if (!isObject(value)) return typeof value;
  if (types.isProxy(value)) return "Proxy";
  const name = readText(value, "name");
  const made = constructorName(value);
  // A class that extends Error and does not say its name has that of its parent.
  if (isErrorLike(value) && (name === undefined || name === "" || name === "Error")) {
    return made ?? "Error";
  }
  return name !== undefined && name !== "" && isErrorLike(value)
    ? name.slice(0, 256)
    : (made ?? "Object");
}

/** The name of an object's class. */
export function constructorName(value: object): string | undefined {
  const made = readProperty(value, "constructor");
  const name = typeof made === "function" ? readText(made, "name") : undefined;
  return name === undefined || name === "" ? undefined : name.slice(0, 256);
}
