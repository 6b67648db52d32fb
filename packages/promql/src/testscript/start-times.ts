// When the samples of a series began to count: a line of offsets before the line of samples.
//
//   my_counter@st   -1m  -2mx3  0s-30sx2  _
//   my_counter       10   20x3   30+5x2   40
//
// Each is relative to the time of its sample; `_` says nothing.

import { parseDuration } from "@flx/model";

const item = /^(?:_(?:x(\d+))?|([+-]?)(\d+[a-z]*?)(?:([+-])(\d+[a-z]*?))?(?:x(\d+))?)$/i;

/**
 * The offsets of a line in milliseconds; `undefined` where there is none.
 *
 * @throws {SyntaxError} with the item that is none
 */
export function parseStartTimes(text: string): (number | undefined)[] {
  return text
    .trim()
    .split(/\s+/)
    .flatMap((part) => parseItem(part));
}

function parseItem(part: string): (number | undefined)[] {
  const match = item.exec(part);
  if (match === null) throw new SyntaxError(`invalid start time ${part}; write -1m, 0sx3 or _`);
  const [, gaps, sign, first, stepSign, step, times] = match;
  if (first === undefined) return Array.from({ length: Number(gaps ?? 1) }, () => undefined);
  const count = times === undefined ? 1 : Number(times) + 1;
  const start = parseDuration(first) * (sign === "-" ? -1 : 1);
  const difference = step === undefined ? 0 : parseDuration(step) * (stepSign === "-" ? -1 : 1);
  return Array.from({ length: count }, (_, i) => start + i * difference);
}
