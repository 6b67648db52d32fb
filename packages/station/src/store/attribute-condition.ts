// Conditions on attributes, as spans and logs are asked for: those of the record, its scope and its resource.
//
//   http.route = "/orders"      http.route != "/health"      db.system (is there)      user.id =~ "7.*"
//
// A value is compared as text: the number 200 is "200", true is "true", lists and maps are JSON, bytes are base64. A
// pattern stands for the whole value, as in PromQL; it is run by an engine whose time is linear in the text.

import { FlxError } from "@flx/model";
import { RE2JS } from "re2js";

/** How a value is compared. `isNot` and `matchesNot` also hold where there is no such attribute. */
export type AttributeOperator = "exists" | "is" | "isNot" | "matches" | "matchesNot";

/** One condition. */
export interface AttributeCondition {
  readonly key: string;
  readonly operator: AttributeOperator;
  /** A text or pattern; "" for `exists`. */
  readonly value: string;
}

const MAX_CONDITIONS = 32;
const MAX_TEXT = 4_096;
const MAX_PATTERN = 1_024;

/**
 * Checks conditions before they are asked.
 *
 * @throws {FlxError} `FLX_STORE_QUESTION` when there are too many, one is too long, or a pattern is none
 */
export function checkConditions(conditions: readonly AttributeCondition[]): void {
  if (conditions.length > MAX_CONDITIONS) {
    throw refused(`at most ${MAX_CONDITIONS} attributes can be asked for at once`);
  }
  for (const { key, operator, value } of conditions) {
    if (key === "") throw refused("an attribute needs a name");
    if (key.length > MAX_TEXT || value.length > MAX_TEXT) {
      throw refused(`names and values of attributes have at most ${MAX_TEXT} characters`);
    }
    if (operator === "matches" || operator === "matchesNot") checkPattern(value);
  }
}

/**
 * Checks a pattern in RE2's syntax.
 *
 * @throws {FlxError} `FLX_STORE_QUESTION` when it is none, or longer than 1,024 characters
 */
export function checkPattern(pattern: string): void {
  if (pattern.length > MAX_PATTERN) {
    throw refused(`a pattern has at most ${MAX_PATTERN} characters`);
  }
  try {
    RE2JS.compile(pattern);
  } catch (cause) {
    throw refused(`${JSON.stringify(pattern.slice(0, 100))} is no pattern`, cause);
  }
}

function refused(message: string, cause?: unknown): FlxError {
  return new FlxError("FLX_STORE_QUESTION", message, cause === undefined ? undefined : { cause });
}
