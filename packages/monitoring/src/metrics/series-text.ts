// The text of a series as it stands in an exposition, and of a metric's HELP and TYPE lines.

import { escapeHelp, escapeLabelValue, isLegacyLabelName, isLegacyMetricName } from "@flx/model";
import { wireText } from "./label-values.ts";

/** `name="value",name="value"`: the labels of a series, then those defaults that it does not have itself. */
export function labelsText(
  names: readonly string[],
  values: readonly string[],
  defaults: ReadonlyMap<string, string>,
): string {
  let text = "";
  for (let i = 0; i < names.length; i++) {
    if (values[i] === "") continue; // the same as no label
    text += `${text === "" ? "" : ","}${labelText(names[i]!, values[i]!)}`;
  }
  for (const [name, value] of defaults) {
    if (!names.includes(name)) text += `${text === "" ? "" : ","}${labelText(name, value)}`;
  }
  return text;
}

/** `name="value"`, the name in quotes when it needs them. */
export function labelText(name: string, value: string): string {
  const written = isLegacyLabelName(name) ? name : `"${escapeLabelValue(name)}"`;
  return `${written}="${escapeLabelValue(wireText(value))}"`;
}

/** `name`, `name{labels}`, or `{"name",labels}` for a name that needs quotes. */
export function seriesText(name: string, labels: string): string {
  if (isLegacyMetricName(name)) return labels === "" ? name : `${name}{${labels}}`;
  const quoted = `"${escapeLabelValue(name)}"`;
  return labels === "" ? `{${quoted}}` : `{${quoted},${labels}}`;
}

/** The lines that go before the samples of a family. */
export function headerText(
  name: string,
  type: string,
  help: string,
  unit: string | undefined,
  openMetrics: boolean,
): string {
  const written = isLegacyMetricName(name) ? name : `"${escapeLabelValue(name)}"`;
  const text = help.toWellFormed();
  if (!openMetrics) {
    return `# HELP ${written} ${escapeHelp(text)}\n# TYPE ${written} ${type}\n`;
  }
  const unitLine = unit === undefined ? "" : `# UNIT ${written} ${unit}\n`;
  return `# TYPE ${written} ${type}\n${unitLine}# HELP ${written} ${escapeLabelValue(text)}\n`;
}
