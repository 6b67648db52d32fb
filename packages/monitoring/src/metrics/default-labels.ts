// The labels of a registry in the families it exposes.

import { Labels, type MetricFamily, type MetricPoint } from "@flx/model/write";
import { wireText } from "./label-values.ts";

/**
 * The family with the default labels in its series, except those that the metric declares itself.
 *
 * @param declared the label names of the metric
 */
export function withDefaultLabels(
  family: MetricFamily,
  defaults: ReadonlyMap<string, string>,
  declared: readonly string[],
): MetricFamily {
  const added = [...defaults].filter(
    ([name]) => !declared.includes(name) && !(family.type === "stateset" && name === family.name),
  );
  if (added.length === 0) return family;
  const pairs = added.map(([name, value]) => [name, wireText(value)] as const);
  const points: MetricPoint<unknown>[] = [];
  for (const point of family.points) {
    points.push({ ...point, labels: Labels.from([...pairs, ...point.labels]) });
  }
  return { ...family, points } as MetricFamily;
}
