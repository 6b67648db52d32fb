// What may be said about a family beside its samples: the same rules for every format.

import { FlxError } from "../errors.ts";
import type { MetricFamily } from "../metric-family.ts";
import { isLegacyMetricName } from "../names.ts";

/**
 * The help text, or "".
 *
 * @throws {FlxError} `FLX_EXPOSITION_METADATA` when it is not Unicode text
 */
export function checkedHelp({ name, help = "" }: MetricFamily): string {
  if (!help.isWellFormed()) {
    throw new FlxError("FLX_EXPOSITION_METADATA", `the help of ${name} is not Unicode text`);
  }
  return help;
}

/**
 * The unit, or "".
 *
 * @throws {FlxError} `FLX_EXPOSITION_UNIT` when it is not the end of the name, or the type has no units
 */
export function checkedUnit({ name, type, unit = "" }: MetricFamily): string {
  if (unit === "") return "";
  if (type === "info" || type === "stateset") {
    throw new FlxError("FLX_EXPOSITION_UNIT", `${type} ${name} cannot have a unit (${unit})`);
  }
  if (!name.endsWith(`_${unit}`) || !isLegacyMetricName(`_${unit}`)) {
    throw new FlxError(
      "FLX_EXPOSITION_UNIT",
      `the name ${name} must end with _${unit}, its unit, and a unit has letters, digits, _ and : only`,
    );
  }
  return unit;
}
