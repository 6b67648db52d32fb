// Durations as Prometheus writes them: "1h30m", "15s", "1w2d", "500ms".
//
//   units, largest first, each at most once:  y w d h m s ms        y = 365 d, w = 7 d, d = 24 h
//
// Source: https://prometheus.io/docs/prometheus/latest/configuration/configuration/ (<duration>) and the
// documentation of PromQL's time durations.

import { FlxError } from "./errors.ts";
import { DAY, type DurationMs, HOUR, MILLISECOND, MINUTE, SECOND, WEEK, YEAR } from "./units.ts";

const notation = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const lengths = [YEAR, WEEK, DAY, HOUR, MINUTE, SECOND, MILLISECOND] as const;

/** No duration text is longer: seven units of up to 17 digits would still fit. */
const MAX_TEXT = 128;

/**
 * The length of a duration text.
 *
 * @param text as Prometheus writes it; "0" needs no unit
 * @throws {FlxError} `FLX_DURATION` when the text is not a duration, or too long to be exact in milliseconds
 * @example parseDuration("1h30m") // 5400000
 */
export function parseDuration(text: string): DurationMs {
  if (text === "0") return 0 as DurationMs;
  const match = text.length <= MAX_TEXT ? notation.exec(text) : null;
  if (text === "" || match === null) {
    throw new FlxError(
      "FLX_DURATION",
      `not a duration: ${JSON.stringify(text.slice(0, MAX_TEXT))}; write it like 15s, 1h30m, 500ms, 2w ` +
        "(units y w d h m s ms, largest first, whole numbers)",
    );
  }
  let total = 0;
  for (const [i, length] of lengths.entries()) total += Number(match[i + 1] ?? 0) * length;
  if (total > Number.MAX_SAFE_INTEGER) {
    throw new FlxError("FLX_DURATION", `the duration ${text} is too long`);
  }
  return total as DurationMs;
}

/**
 * The shortest text of a duration that reads back as the same length. Weeks and years only when nothing else is left,
 * as Prometheus does: "1w" but "8d".
 *
 * @param duration a whole number of milliseconds; negative ones get a minus sign
 * @throws {FlxError} `FLX_DURATION` when it is not a whole number of milliseconds
 * @example formatDuration(5_400_000 as DurationMs) // "1h30m"
 */
export function formatDuration(duration: DurationMs): string {
  if (!Number.isSafeInteger(duration)) {
    throw new FlxError("FLX_DURATION", `not a whole number of milliseconds: ${duration}`);
  }
  if (duration === 0) return "0s";
  let rest = Math.abs(duration);
  let text = duration < 0 ? "-" : "";
  const take = (unit: string, length: DurationMs, onlyWhole: boolean) => {
    if (rest < length || (onlyWhole && rest % length !== 0)) return;
    text += `${Math.floor(rest / length)}${unit}`;
    rest %= length;
  };
  take("y", YEAR, true);
  take("w", WEEK, true);
  take("d", DAY, false);
  take("h", HOUR, false);
  take("m", MINUTE, false);
  take("s", SECOND, false);
  take("ms", MILLISECOND, false);
  return text;
}
