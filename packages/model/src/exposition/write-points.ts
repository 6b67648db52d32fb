// That the points of a family may be written: what a reader would refuse is refused here, where somebody can mend it.

import { FlxError } from "../errors.ts";
import { METRIC_NAME, type Labels } from "../labels.ts";
import type { HistogramValue, MetricFamily, MetricPoint } from "../metric-family.ts";
import type { UnixMs } from "../units.ts";
import { exemplarLength } from "./exemplar-text.ts";
import type { ExpositionFormat } from "./format.ts";
import { DEFAULT_EXPOSITION_LIMITS } from "./limits.ts";
import {
  complaint,
  counterComplaint,
  exemplarComplaint,
  histogramComplaint,
  summaryComplaint,
  type Complaint,
} from "./point-rules.ts";
import { reservedLabel } from "./sample-names.ts";
import type { Exemplar } from "../exemplar.ts";

/** Checks the points of one family in the order they are written. */
export class PointChecker {
  readonly #family: MetricFamily;
  readonly #format: ExpositionFormat;
  readonly #reserved: string | undefined;
  readonly #seen = new Set<string>();
  #last: MetricPoint<unknown> | undefined;

  constructor(family: MetricFamily, format: ExpositionFormat) {
    this.#family = family;
    this.#format = format;
    this.#reserved = reservedLabel(family.type, family.name);
  }

  /** @throws {FlxError} with the code of the rule that the point breaks */
  check(point: MetricPoint<unknown>): void {
    const wrong =
      this.#labelComplaint(point.labels) ??
      timeComplaint(point.timestampMs, this.#format) ??
      this.#placeComplaint(point) ??
      this.#valueComplaint(point);
    if (wrong === undefined) return;
    const { name, type } = this.#family;
    throw new FlxError(wrong.code, `${type} ${name}${point.labels.toString()}: ${wrong.reason}`);
  }

  #labelComplaint(labels: Labels): Complaint | undefined {
    if (labels.has(METRIC_NAME)) {
      return complaint("FLX_EXPOSITION_LABEL", `label ${METRIC_NAME} is the metric name`);
    }
    if (this.#reserved !== undefined && labels.has(this.#reserved)) {
      return complaint(
        "FLX_EXPOSITION_LABEL",
        `label ${this.#reserved} is reserved in a ${this.#family.type}`,
      );
    }
    return undefined;
  }

  /** Each label set once; in OpenMetrics also several times in a row, at later and later times. */
  #placeComplaint(point: MetricPoint<unknown>): Complaint | undefined {
    const last = this.#last;
    this.#last = point;
    const { size } = this.#seen;
    if (this.#seen.add(point.labels.key).size > size) return undefined;
    const later =
      this.#format === "openmetrics" &&
      last?.labels.equals(point.labels) === true &&
      last.timestampMs !== undefined &&
      point.timestampMs !== undefined &&
      point.timestampMs > last.timestampMs;
    return later
      ? undefined
      : complaint("FLX_EXPOSITION_DUPLICATE", "this label set is given twice");
  }

  #valueComplaint(point: MetricPoint<unknown>): Complaint | undefined {
    const family = this.#family;
    // The point is one of the family's; TypeScript cannot follow that through the union.
    const { value } = point as MetricFamily["points"][number];
    switch (family.type) {
      case "counter": {
        const { total, createdMs, exemplar } = value as (typeof family.points)[number]["value"];
        return (
          counterComplaint(total) ??
          timeComplaint(createdMs, "openmetrics") ??
          this.#exemplarComplaint(exemplar, undefined)
        );
      }
      case "histogram":
      case "gaugehistogram":
        return this.#histogramComplaint(value as HistogramValue, family.type);
      case "summary": {
        const summary = value as (typeof family.points)[number]["value"];
        return (
          summaryComplaint(summary, this.#format) ?? timeComplaint(summary.createdMs, "openmetrics")
        );
      }
      case "stateset": {
        const states = value as (typeof family.points)[number]["value"];
        // No states would be no lines, and the empty name is no label.
        return states.size > 0 && !states.has("")
          ? undefined
          : complaint("FLX_EXPOSITION_STATESET", "a stateset needs states, with names");
      }
      case "gauge":
      case "info":
      case "unknown":
        return undefined;
      default:
        return family satisfies never;
    }
  }

  #histogramComplaint(
    { histogram, createdMs, exemplars }: HistogramValue,
    type: "histogram" | "gaugehistogram",
  ): Complaint | undefined {
    const { upperBounds, cumulativeCounts } = histogram;
    const sum = writtenSum(histogram, type, this.#format);
    const count = this.#format === "text" || sum !== undefined ? histogram.count : undefined;
    const bounds = [...upperBounds, Infinity];
    const wrong =
      histogramComplaint({ bounds, counts: cumulativeCounts, count, sum }, type, this.#format) ??
      timeComplaint(createdMs, "openmetrics");
    if (wrong !== undefined || exemplars === undefined) return wrong;
    for (const [bucket, exemplar] of exemplars) {
      const bound = bucket === upperBounds.length ? Infinity : upperBounds[bucket];
      if (bound === undefined) {
        return complaint("FLX_EXPOSITION_EXEMPLAR", `there is no bucket ${bucket}`);
      }
      const bad = this.#exemplarComplaint(exemplar, bound);
      if (bad !== undefined) return bad;
    }
    return undefined;
  }

  #exemplarComplaint(
    exemplar: Exemplar | undefined,
    bound: number | undefined,
  ): Complaint | undefined {
    if (exemplar === undefined || this.#format === "text") return undefined;
    const most = DEFAULT_EXPOSITION_LIMITS.maxExemplarLength;
    if (exemplarLength(exemplar.labels.pairs) > most) {
      return complaint(
        "FLX_EXPOSITION_LIMIT_EXEMPLAR",
        `the exemplar's labels have more than ${most} characters`,
      );
    }
    if (exemplar.labels.has(METRIC_NAME)) {
      return complaint("FLX_EXPOSITION_LABEL", `an exemplar cannot have the label ${METRIC_NAME}`);
    }
    return (
      timeComplaint(exemplar.timestampMs, this.#format) ??
      (bound === undefined ? undefined : exemplarComplaint(exemplar, bound))
    );
  }
}

/**
 * The sum that may be written: OpenMetrics has none for a histogram with negative bounds, where it is no counter; and
 * without a sum it has no count either.
 */
export function writtenSum(
  { upperBounds, sum }: HistogramValue["histogram"],
  type: "histogram" | "gaugehistogram",
  format: ExpositionFormat,
): number | undefined {
  const negative = upperBounds.length > 0 && upperBounds[0]! < 0;
  return format === "openmetrics" && type === "histogram" && negative ? undefined : sum;
}

function timeComplaint(
  timeMs: UnixMs | undefined,
  format: ExpositionFormat,
): Complaint | undefined {
  if (timeMs === undefined) return undefined;
  const fits =
    format === "text" ? Number.isSafeInteger(Math.round(timeMs)) : Number.isFinite(timeMs);
  return fits ? undefined : complaint("FLX_EXPOSITION_TIMESTAMP", `${timeMs} ms cannot be written`);
}
