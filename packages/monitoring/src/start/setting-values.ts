// Reading one value of the configuration, wherever it comes from: an option has its type already, a variable is text, and a file
// has either.
//
// What cannot be is refused with the name of the place where it stands, before anything is started. Texts of people are shown
// short, and those of secrets not at all.

import { FlxError } from "@flx/model/errors";
import { nearestName } from "../health/nearest-name.ts";

/** Turns what stands somewhere into a value; `where` names the place for the error. */
export type ReadValue<Value> = (raw: unknown, where: string) => Value;

/** @throws {FlxError} `FLX_CONFIG_VALUE` always */
export function refuse(where: string, expected: string, raw: unknown): never {
  throw new FlxError("FLX_CONFIG_VALUE", `${where} must be ${expected}, got ${shown(raw)}`);
}

/** Stands for a value that may be a secret. */
const HIDDEN = Symbol("hidden");

function shown(raw: unknown): string {
  if (raw === HIDDEN) return "something else";
  if (typeof raw === "string") return JSON.stringify(raw.slice(0, 100));
  if (typeof raw === "number" || typeof raw === "boolean") return String(raw);
  if (raw === null) return "null";
  return Array.isArray(raw) ? "a list" : `a value of type ${typeof raw}`;
}

/** A text that is not empty. */
export const text: ReadValue<string> = (raw, where) => {
  if (typeof raw === "number" || typeof raw === "boolean") return String(raw);
  if (typeof raw !== "string" || raw.trim() === "") refuse(where, "a text", raw);
  return raw.trim();
};

/** As OpenTelemetry reads its variables: "true" in any case, and everything else but "false" is refused. */
export const flag: ReadValue<boolean> = (raw, where) => {
  if (typeof raw === "boolean") return raw;
  const given = typeof raw === "string" ? raw.trim().toLowerCase() : "";
  if (given === "true" || given === "1" || given === "on") return true;
  if (given === "false" || given === "0" || given === "off" || given === "none") return false;
  return refuse(where, "true or false", raw);
};

/** A whole number, or with `isWhole: false` any, from `least` to `most`. */
export function number(least: number, most: number, isWhole = true): ReadValue<number> {
  return (raw, where) => {
    const value = typeof raw === "string" && raw.trim() !== "" ? Number(raw) : raw;
    const fits = typeof value === "number" && value >= least && value <= most;
    if (fits && (!isWhole || Number.isInteger(value))) return value;
    return refuse(where, `${isWhole ? "a whole" : "a"} number from ${least} to ${most}`, raw);
  };
}

/** Like `number`, but "no limit" (undefined in an option, null in a file) is one, too. */
export function limit(most: number): ReadValue<number> {
  const read = number(0, most);
  return (raw, where) => (raw === Infinity ? most : read(raw, where));
}

/** One of some words. */
export function word<const Word extends string>(...words: readonly Word[]): ReadValue<Word> {
  return (raw, where) => {
    const given = typeof raw === "string" ? raw.trim().toLowerCase() : raw;
    const found = words.find((each) => each === given);
    if (found !== undefined) return found;
    const nearest = typeof given === "string" ? nearestName(given, words) : undefined;
    const hint = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
    return refuse(where, `one of ${words.join(", ")}${hint}`, raw);
  };
}

/** Words separated by commas, or a list of them. */
export function list<Item>(item: ReadValue<Item>): ReadValue<readonly Item[]> {
  return (raw, where) => {
    if (typeof raw !== "string" && !Array.isArray(raw)) refuse(where, "a list", raw);
    const items: readonly unknown[] = typeof raw === "string" ? raw.split(",") : raw;
    return items
      .filter((each) => typeof each !== "string" || each.trim() !== "")
      .map((each) => item(each, where));
  };
}

/** `key=value` pairs separated by commas with percent-encoded values, as OpenTelemetry has them in variables; or an object. */
export function pairs<Item>(item: ReadValue<Item>): ReadValue<Readonly<Record<string, Item>>> {
  return (raw, where) => {
    const entries =
      typeof raw === "string"
        ? raw.split(",").flatMap((pair) => onePair(pair, where))
        : Object.entries(
            typeof raw === "object" && raw !== null && !Array.isArray(raw)
              ? raw
              : refuse(where, "pairs of key=value", raw),
          );
    const given = entries.filter(([, value]) => value !== undefined && value !== null);
    return Object.fromEntries(given.map(([key, value]) => [key, item(value, `${where}, ${key}`)]));
  };
}

function onePair(pair: string, where: string): [string, string][] {
  if (pair.trim() === "") return [];
  const equals = pair.indexOf("=");
  const key = pair.slice(0, Math.max(equals, 0)).trim();
  // The value may be the secret, so the pair is not shown.
  if (key === "") refuse(where, "pairs of key=value separated by commas", HIDDEN);
  const value = pair.slice(equals + 1).trim();
  try {
    return [[decodeURIComponent(key), decodeURIComponent(value)]];
  } catch {
    return [[key, value]];
  }
}

/** Regular expressions, or their source; in a text of several separated by blanks, as many of them have commas. */
export const patterns: ReadValue<readonly RegExp[]> = (raw, where) => {
  if (raw instanceof RegExp) return [raw];
  if (typeof raw !== "string" && !Array.isArray(raw)) refuse(where, "a list", raw);
  const all: readonly unknown[] = typeof raw === "string" ? raw.trim().split(/\s+/) : raw;
  return all.map((each) => {
    if (each instanceof RegExp) return each;
    try {
      return new RegExp(text(each, where));
    } catch {
      return refuse(where, "a list of regular expressions", each);
    }
  });
};

/** The value as it is. */
export const anything: ReadValue<unknown> = (raw) => raw;

/** An http or https address; one without a protocol gets http. */
export const address: ReadValue<string> = (raw, where) => {
  const given = text(raw, where);
  const url = given.includes("://") ? given : `http://${given}`;
  // What is wrong is not shown: it may have a password in it.
  if (!/^https?:/i.test(url) || !URL.canParse(url)) {
    refuse(where, "an address that begins with http:// or https://", HIDDEN);
  }
  return url;
};
