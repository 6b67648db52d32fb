// Answers of the Prometheus HTTP API about series, read: exemplars, metadata, sizes. Forms of several engines.

import { type MetricType } from "@flx/model";
import type {
  FamilyMetadata,
  NamedCount,
  SeriesExemplars,
  StoreStatistics,
} from "../metrics-source.ts";
import { type Json, labelsOf, listOf, numberOf, objectOf, textOf } from "./result-values.ts";

/** Data of `query_exemplars`; at most `limit` in all, the newest of each series first, 0 for all. */
export function readExemplars(data: Json, limit: number): readonly SeriesExemplars[] {
  const found: SeriesExemplars[] = [];
  let left = limit === 0 ? Infinity : limit;
  for (const each of listOf(data)) {
    if (left <= 0) break;
    const { seriesLabels, exemplars } = objectOf(each);
    const all = listOf(exemplars ?? []).map((exemplar) => {
      const { labels, value, timestamp } = objectOf(exemplar);
      const timestampMs = Math.round(numberOf(timestamp) * 1_000);
      return { labels: labelsOf(labels ?? {}), value: numberOf(value), timestampMs };
    });
    const newest = all.slice(Math.max(0, all.length - left));
    left -= newest.length;
    found.push({ labels: labelsOf(seriesLabels), exemplars: newest });
  }
  return found;
}

const TYPES: ReadonlySet<string> = new Set([
  "unknown",
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
]);

/** Data of `metadata`. */
export function* readMetadata(data: Json): Generator<[string, readonly FamilyMetadata[]]> {
  for (const [name, entries] of Object.entries(objectOf(data))) {
    yield [
      name,
      listOf(entries).map((entry): FamilyMetadata => {
        const { type = "unknown", help = "", unit = "" } = objectOf(entry);
        const word = textOf(type);
        return {
          type: TYPES.has(word) ? (word as MetricType) : "unknown",
          help: textOf(help),
          unit: textOf(unit),
        };
      }),
    ];
  }
}

/**
 * Data of `status/tsdb`: Prometheus' and VictoriaMetrics'.
 *
 * @param known series when the engine does not say
 */
export function readStatistics(data: Json, limit: number, known: number): StoreStatistics {
  const all = objectOf(data ?? {});
  const head = objectOf(all["headStats"] ?? {});
  const counts = (name: string): NamedCount[] =>
    listOf(all[name] ?? [])
      .slice(0, limit)
      .map((each) => {
        const { name: of, value } = objectOf(each);
        return { name: textOf(of), value: numberOf(value) };
      });
  const size = (value: Json, otherwise: number): number =>
    value === undefined ? otherwise : numberOf(value);
  return {
    series: size(head["numSeries"] ?? all["totalSeries"], known),
    chunks: size(head["chunkCount"], 0),
    minTimeMs: size(head["minTime"], NaN),
    maxTimeMs: size(head["maxTime"], NaN),
    labelPairs: size(head["numLabelPairs"] ?? all["totalLabelValuePairs"], 0),
    seriesByMetric: counts("seriesCountByMetricName"),
    valuesByLabel: counts("labelValueCountByLabelName"),
    bytesByLabel: counts("memoryInBytesByLabelName"),
    seriesByPair: counts("seriesCountByLabelValuePair"),
  };
}
