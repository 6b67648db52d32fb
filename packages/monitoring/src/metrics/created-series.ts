// Created times in OpenMetrics: `_created` lines, written only when they are asked for.
//
//   orders_placed_total{country="DE"} 5
//   orders_placed_created{country="DE"} 1520430000.123
//
// Off by default, as in the Prometheus clients for Go and Java: Prometheus reads the lines as created times only when its
// feature "created-timestamp-zero-ingestion" is on, otherwise each is one more series to store; and other scrapers know them
// only as that. The clients for Python write them by default, and have a switch to turn them off for the same reason. Protobuf
// carries created times in a field beside the value, which costs nobody a series, so there they always are; text 0.0.4 has no
// place for them.

import { formatSeconds, type MetricFamily, type MetricPoint, type UnixMs } from "@flx/model/write";
import { seriesText } from "./series-text.ts";

/** The line of one series; `name` is the family's, without `_created`. */
export function createdLine(name: string, labels: string, createdMs: UnixMs): string {
  return `${seriesText(`${name}_created`, labels)} ${formatSeconds(createdMs)}\n`;
}

/** The family without created times. */
export function withoutCreated(family: MetricFamily): MetricFamily {
  if (family.type !== "counter" && family.type !== "histogram" && family.type !== "summary") {
    return family;
  }
  const points: MetricPoint<unknown>[] = [];
  for (const point of family.points) {
    const { createdMs: _, ...value } = point.value;
    points.push({ ...point, value });
  }
  return { ...family, points } as MetricFamily;
}
