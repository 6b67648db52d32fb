// How metrics of several processes or threads become one: by sum, minimum, maximum, mean, the first, or not at all.
//
// Samples belong together when name and label set are equal. The key of a label set carries the length of every part, so
// no value can imitate two others; order does not matter.

import type { MetricObject, SampleObject } from "./exposition.ts";

/** Puts metrics of one name together; undefined leaves the metric out. */
export type AggregatorFunction = (metrics: readonly MetricObject[]) => MetricObject | undefined;

/** The aggregators by the names that metrics are declared with. */
export const aggregators: Readonly<Record<string, AggregatorFunction>> = {
  sum: aggregatorOf((samples) => samples.reduce((sum, { value }) => sum + value, 0)),
  first: aggregatorOf((samples) => samples[0]!.value),
  omit: () => undefined,
  average: aggregatorOf(
    (samples) => samples.reduce((sum, { value }) => sum + value, 0) / samples.length,
  ),
  min: aggregatorOf((samples) =>
    samples.reduce((min, { value }) => Math.min(min, value), Infinity),
  ),
  max: aggregatorOf((samples) =>
    samples.reduce((max, { value }) => Math.max(max, value), -Infinity),
  ),
};

/**
 * The metrics of several registries as one list.
 *
 * @throws {Error} when an aggregator is not known
 */
export function aggregateMetrics(lists: readonly (readonly MetricObject[])[]): MetricObject[] {
  const byName = new Map<string, MetricObject[]>();
  for (const metric of lists.flat()) {
    const same = byName.get(metric.name);
    if (same === undefined) byName.set(metric.name, [metric]);
    else same.push(metric);
  }
  const aggregated: MetricObject[] = [];
  for (const metrics of byName.values()) {
    const name = metrics[0]!.aggregator ?? "sum";
    const aggregate = Object.hasOwn(aggregators, name) ? aggregators[name] : undefined;
    if (aggregate === undefined) throw new Error(`'${name}' is not a defined aggregator.`);
    const metric = aggregate(metrics);
    if (metric !== undefined) aggregated.push(metric);
  }
  return aggregated;
}

function aggregatorOf(valueOf: (samples: readonly SampleObject[]) => number): AggregatorFunction {
  return (metrics) => {
    const [first] = metrics;
    if (first === undefined) return undefined;
    const { help, name, type, aggregator } = first;
    const values = groups(metrics).map((samples): SampleObject => {
      const { labels, metricName } = samples[0]!;
      const value = valueOf(samples);
      return metricName === undefined ? { value, labels } : { value, labels, metricName };
    });
    return { help, name, type, values, aggregator };
  };
}

/** The samples by name and labels; names in the order they were first seen, and label sets within each. */
function groups(metrics: readonly MetricObject[]): SampleObject[][] {
  const byName = new Map<string, Map<string, SampleObject[]>>();
  for (const metric of metrics) {
    for (const sample of metric.values) {
      const name = sample.metricName ?? "";
      let byLabels = byName.get(name);
      if (byLabels === undefined) {
        byLabels = new Map();
        byName.set(name, byLabels);
      }
      const key = labelsKey(sample.labels ?? {});
      const same = byLabels.get(key);
      if (same === undefined) byLabels.set(key, [sample]);
      else same.push(sample);
    }
  }
  return [...byName.values()].flatMap((byLabels) => Array.from(byLabels.values()));
}

function labelsKey(labels: Readonly<Record<string, unknown>>): string {
  let key = "";
  for (const name of Object.keys(labels).toSorted()) {
    const value = labels[name];
    const text = String(value);
    if (value === undefined || value === null) continue;
    key += `${name.length}:${name}${text.length}:${text}`;
  }
  return key;
}
