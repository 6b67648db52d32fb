// What every question is checked for before it is asked.

import { FlxError } from "@flx/model";

/** No answer has more records. */
export const MAX_LIMIT = 10_000;

/** @throws {FlxError} `FLX_STORE_QUESTION` unless it is a whole number from 1 to 10,000 */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return;
  throw new FlxError("FLX_STORE_QUESTION", `a limit is from 1 to ${MAX_LIMIT}, not ${limit}`);
}

/** @throws {FlxError} `FLX_STORE_QUESTION` unless it is so many hex digits in lower case */
export function checkId(id: string, digits: number): void {
  if (id.length === digits && /^[0-9a-f]+$/.test(id)) return;
  throw new FlxError(
    "FLX_STORE_QUESTION",
    `an id is ${digits} hex digits, not ${JSON.stringify(id.slice(0, 64))}`,
  );
}
