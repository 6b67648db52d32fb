// What a component may be registered with; the rest is refused at once, with the value and what is allowed.

import { FlxError } from "@flx/model/errors";
import { CHECK_KINDS, type ComponentOptions } from "./check-options.ts";

const MAX_NAME = 128;
const MAX_TAG = 64;

/** No control characters: names stand in URLs, lines of text and label values. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u;

/** The group of everything has no name, but people and metrics call it so. */
const RESERVED: ReadonlySet<string> = new Set([...CHECK_KINDS, "overall"]);

/** @throws {FlxError} `FLX_HEALTH_NAME` when it is empty, too long, or has control characters */
export function checkName(name: unknown): void {
  if (typeof name === "string" && name.length <= MAX_NAME && PRINTABLE.test(name)) return;
  throw new FlxError(
    "FLX_HEALTH_NAME",
    `a component's name is a text of 1 to ${MAX_NAME} printable characters, got ${shown(name)}`,
  );
}

/** @throws {FlxError} `FLX_HEALTH_OPTION` when kinds, tags or dependencies are not what they may be */
export function checkComponentOptions(name: string, options: ComponentOptions): void {
  const { kind = [], tags = [], dependsOn = [] } = options;
  for (const each of typeof kind === "string" ? [kind] : kind) {
    if (!CHECK_KINDS.includes(each)) {
      refuse(name, "kind", each, `one of ${CHECK_KINDS.join(", ")}, or several of them`);
    }
  }
  for (const tag of tags) {
    const isText = typeof tag === "string" && tag.length <= MAX_TAG && PRINTABLE.test(tag);
    if (!isText || RESERVED.has(tag)) {
      refuse(
        name,
        "tags",
        tag,
        `texts of 1 to ${MAX_TAG} characters, other than ${[...RESERVED].join(", ")}`,
      );
    }
  }
  for (const each of dependsOn) {
    if (typeof each !== "string" || each === "") {
      refuse(name, "dependsOn", each, "names of components");
    }
  }
}

/** @throws {FlxError} `FLX_HEALTH_OPTION` when it is no number of milliseconds above 0 */
export function checkMs(name: string, option: string, value: number): void {
  if (typeof value === "number" && value >= 1 && value < Infinity) return;
  refuse(name, option, value, "a number of milliseconds, 1 or more");
}

/** @throws {FlxError} `FLX_HEALTH_OPTION` when it is no whole number above 0 */
export function checkCount(name: string, option: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  refuse(name, option, value, "a whole number, 1 or more");
}

function refuse(name: string, option: string, value: unknown, wanted: string): never {
  throw new FlxError(
    "FLX_HEALTH_OPTION",
    `${name}: ${option} must be ${wanted}, got ${shown(value)}`,
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 200)) : String(value);
}
