// Sizes as Prometheus writes them in its flags and configuration: "512MB", "1GB512MB", "64KiB".
//
// All units count in powers of two: 1KB is 1,024 bytes, the same as 1KiB.
//
// Source: https://prometheus.io/docs/prometheus/latest/storage/ (retention.size) and <size> of the configuration.

import { FlxError } from "./errors.ts";
import type { Bytes } from "./units.ts";

const units = ["B", "KB", "MB", "GB", "TB", "PB", "EB"] as const;
const term = /(\d+(?:\.\d+)?)([KMGTPE]i?B|B)/y;

/** No size text is longer. */
const MAX_TEXT = 64;

/**
 * The size a text stands for.
 *
 * @param text one or more numbers with units B, KB, MB, GB, TB, PB, EB (or KiB ... EiB); "0" needs no unit
 * @throws {FlxError} `FLX_BYTE_SIZE` when the text is not a size, not whole bytes, or too large to be exact
 * @example parseByteSize("512MB") // 536870912
 */
export function parseByteSize(text: string): Bytes {
  if (text === "0") return 0 as Bytes;
  let total = 0;
  let at = 0;
  while (at < text.length && text.length <= MAX_TEXT) {
    term.lastIndex = at;
    const match = term.exec(text);
    if (match === null) break;
    total += Number(match[1]) * factor(match[2]!);
    at = term.lastIndex;
  }
  if (text === "" || at !== text.length) {
    throw new FlxError(
      "FLX_BYTE_SIZE",
      `not a size: ${JSON.stringify(text.slice(0, MAX_TEXT))}; write it like 512MB, 1GB512MB, 64KB ` +
        "(units B KB MB GB TB PB EB, powers of 1024)",
    );
  }
  if (!Number.isSafeInteger(total)) {
    throw new FlxError(
      "FLX_BYTE_SIZE",
      `the size ${text} is not a whole number of bytes up to 2^53`,
    );
  }
  return total as Bytes;
}

/**
 * The shortest text of a size that reads back as the same number of bytes, in units of 1,024.
 *
 * @param size a whole number of bytes >= 0
 * @throws {FlxError} `FLX_BYTE_SIZE` when it is not
 * @example formatByteSize((1536 * 1024 * 1024) as Bytes) // "1GB512MB"
 */
export function formatByteSize(size: Bytes): string {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new FlxError("FLX_BYTE_SIZE", `not a whole number of bytes >= 0: ${size}`);
  }
  if (size === 0) return "0B";
  let rest: number = size;
  let text = "";
  for (const unit of units.toReversed()) {
    const length = factor(unit);
    if (rest >= length) text += `${Math.floor(rest / length)}${unit}`;
    rest %= length;
  }
  return text;
}

/** How many bytes a unit stands for; only its first letter says it. */
function factor(unit: string): number {
  return (
    1024 **
    Math.max(
      0,
      units.findIndex((u) => u[0] === unit[0]),
    )
  );
}
