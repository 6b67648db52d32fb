// The text of a series as it stands in an exposition, and of a metric's HELP and TYPE lines.

import {
  escapeHelp,
  escapeLabelValue,
  isLegacyLabelName,
  isLegacyMetricName,
} from "@flx/model/write";
import { wireText } from "./label-values.ts";

/** Printable ASCII without quotes and backslashes stands as it is. */
const plain = /^[ !#-[\]-~]*$/;

/**
 * What writes the labels of a metric's series, `name="value",name="value"`: its own, in declared order, then those defaults
 * that it does not have itself. What is the same for all series is done once.
 */
export function labelsWriter(
  names: readonly string[],
  defaults: ReadonlyMap<string, string>,
): (values: readonly string[]) => string {
  const { starts, fixed } = labelStarts(names, defaults);
  return (values) => {
    let text = "";
    for (let i = 0; i < starts.length; i++) {
      const value = values[i]!;
      if (value === "") continue; // the same as no label
      if (text !== "") text += ",";
      text += `${starts[i]!}${labelValue(value)}"`;
    }
    return text === "" ? fixed.slice(1) : text + fixed;
  };
}

/**
 * What the labels of all series of a metric have in common: `name="` of its own, and `,name="value"` of those defaults that
 * it does not have itself.
 */
export function labelStarts(
  names: readonly string[],
  defaults: ReadonlyMap<string, string>,
): { readonly starts: readonly string[]; readonly fixed: string } {
  let fixed = "";
  for (const [name, value] of defaults) {
    if (!names.includes(name)) fixed += `,${labelText(name, value)}`;
  }
  return { starts: names.map((name) => `${labelName(name)}="`), fixed };
}

/** `name="value"`, the name in quotes when it needs them. */
export function labelText(name: string, value: string): string {
  return `${labelName(name)}="${labelValue(value)}"`;
}

function labelName(name: string): string {
  return isLegacyLabelName(name) ? name : `"${escapeLabelValue(name)}"`;
}

function labelValue(value: string): string {
  return plain.test(value) ? value : escapeLabelValue(wireText(value));
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
