// A point while its samples arrive: one class for each kind of value.
//
//   foo_bucket{le="1"} 3      ┐
//   foo_bucket{le="+Inf"} 4   ├─ add(sample) ─ add(sample) ─ ...  finish() -> HistogramValue, or what is wrong
//   foo_count 4, foo_sum 5    ┘

import { ClassicHistogram } from "../classic-histogram.ts";
import type { Exemplar } from "../exemplar.ts";
import type { Labels } from "../labels.ts";
import type {
  CounterValue,
  HistogramValue,
  MetricType,
  StateSetValue,
  SummaryValue,
} from "../metric-family.ts";
import type { UnixMs } from "../units.ts";
import type { ExpositionFormat } from "./format.ts";
import { parseNumber } from "./number-text.ts";
import {
  complaint,
  counterComplaint,
  exemplarComplaint,
  histogramComplaint,
  summaryComplaint,
  type Complaint,
} from "./point-rules.ts";
import type { SampleSuffix } from "./sample-names.ts";

/** One sample on its way into a point. */
export interface PointSample {
  readonly suffix: SampleSuffix;
  /** The value of the type's reserved label, where the sample has it. */
  readonly reserved: string | undefined;
  readonly value: number;
  /** The value as a time, for `_created`. */
  readonly createdMs: UnixMs | undefined;
  readonly exemplar: Exemplar | undefined;
}

/** The value of any type, or the complaint why there is none. */
export type Finished = { readonly value: unknown } | { readonly complaint: Complaint };

/** What collects the samples of one point. */
export interface PointDraft {
  /** Takes a sample in, or says why not; then the draft is as before. */
  add(sample: PointSample): Complaint | undefined;
  finish(): Finished;
}

/** What all drafts know. */
export interface DraftPlace {
  readonly labels: Labels;
  readonly timestampMs: UnixMs | undefined;
  /** Where the first sample stands. */
  readonly line: number;
}

/** A new draft for a type. */
export function startDraft(type: MetricType, format: ExpositionFormat): PointDraft {
  switch (type) {
    case "counter":
      return new CounterDraft();
    case "histogram":
    case "gaugehistogram":
      return new HistogramDraft(type, format);
    case "summary":
      return new SummaryDraft(format);
    case "stateset":
      return new StateSetDraft();
    case "info":
      return new InfoDraft();
    case "gauge":
    case "unknown":
      return new NumberDraft();
    default:
      return type satisfies never;
  }
}

function twice(): Complaint {
  return complaint("FLX_EXPOSITION_DUPLICATE", "this series is given twice");
}

function badCreated(): Complaint {
  return complaint("FLX_EXPOSITION_TIMESTAMP", "a _created value must be a finite time in seconds");
}

class NumberDraft implements PointDraft {
  #value: number | undefined;

  add({ value }: PointSample): Complaint | undefined {
    if (this.#value !== undefined) return twice();
    this.#value = value;
    return undefined;
  }

  finish(): Finished {
    return { value: this.#value };
  }
}

class InfoDraft implements PointDraft {
  #seen = false;

  add({ value }: PointSample): Complaint | undefined {
    if (this.#seen) return twice();
    if (value !== 1) {
      return complaint("FLX_EXPOSITION_VALUE", `the value of an info metric is 1, got ${value}`);
    }
    this.#seen = true;
    return undefined;
  }

  finish(): Finished {
    return { value: 1 };
  }
}

class CounterDraft implements PointDraft {
  #total: number | undefined;
  #createdMs: UnixMs | undefined;
  #exemplar: Exemplar | undefined;

  add({ suffix, value, createdMs, exemplar }: PointSample): Complaint | undefined {
    if (suffix === "_created") {
      if (this.#createdMs !== undefined) return twice();
      if (createdMs === undefined) return badCreated();
      this.#createdMs = createdMs;
      return undefined;
    }
    if (this.#total !== undefined) return twice();
    const wrong = counterComplaint(value);
    if (wrong !== undefined) return wrong;
    this.#total = value;
    this.#exemplar = exemplar;
    return undefined;
  }

  finish(): Finished {
    if (this.#total === undefined) {
      return {
        complaint: complaint("FLX_EXPOSITION_SAMPLE", "a counter has _created but no _total"),
      };
    }
    // Most counters have nothing else.
    if (this.#createdMs === undefined && this.#exemplar === undefined) {
      return { value: { total: this.#total } };
    }
    const value: CounterValue = {
      total: this.#total,
      ...(this.#createdMs === undefined ? {} : { createdMs: this.#createdMs }),
      ...(this.#exemplar === undefined ? {} : { exemplar: this.#exemplar }),
    };
    return { value };
  }
}

class HistogramDraft implements PointDraft {
  readonly #type: "histogram" | "gaugehistogram";
  readonly #format: ExpositionFormat;
  readonly #bounds: number[] = [];
  readonly #counts: number[] = [];
  #exemplars: Map<number, Exemplar> | undefined;
  #count: number | undefined;
  #sum: number | undefined;
  #createdMs: UnixMs | undefined;

  constructor(type: "histogram" | "gaugehistogram", format: ExpositionFormat) {
    this.#type = type;
    this.#format = format;
  }

  add(sample: PointSample): Complaint | undefined {
    switch (sample.suffix) {
      case "_bucket":
        return this.#addBucket(sample);
      case "_count":
      case "_gcount":
        if (this.#count !== undefined) return twice();
        this.#count = sample.value;
        return undefined;
      case "_sum":
      case "_gsum":
        if (this.#sum !== undefined) return twice();
        this.#sum = sample.value;
        return undefined;
      case "_created":
        if (this.#createdMs !== undefined) return twice();
        if (sample.createdMs === undefined) return badCreated();
        this.#createdMs = sample.createdMs;
        return undefined;
      case "":
      case "_total":
      case "_info":
        return complaint("FLX_EXPOSITION_SAMPLE", "not a sample of a histogram");
      default:
        return sample.suffix satisfies never;
    }
  }

  #addBucket({ reserved = "", value, exemplar }: PointSample): Complaint | undefined {
    const bound = parseNumber(reserved, 0, reserved.length);
    if (bound === undefined || Number.isNaN(bound)) {
      return complaint(
        "FLX_EXPOSITION_HISTOGRAM",
        `le=${JSON.stringify(reserved)} is not a bucket bound`,
      );
    }
    if (this.#bounds.includes(bound)) return twice();
    if (exemplar !== undefined) {
      const wrong = exemplarComplaint(exemplar, bound);
      if (wrong !== undefined) return wrong;
      this.#exemplars ??= new Map();
      this.#exemplars.set(this.#bounds.length, exemplar);
    }
    this.#bounds.push(bound);
    this.#counts.push(value);
    return undefined;
  }

  finish(): Finished {
    const wrong = histogramComplaint(
      { bounds: this.#bounds, counts: this.#counts, count: this.#count, sum: this.#sum },
      this.#type,
      this.#format,
    );
    if (wrong !== undefined) return { complaint: wrong };
    const histogram = ClassicHistogram.from({
      upperBounds: this.#bounds.slice(0, -1),
      cumulativeCounts: this.#counts,
      sum: this.#sum,
    });
    const value: HistogramValue = {
      histogram,
      ...(this.#createdMs === undefined ? {} : { createdMs: this.#createdMs }),
      ...(this.#exemplars === undefined ? {} : { exemplars: this.#exemplars }),
    };
    return { value };
  }
}

class SummaryDraft implements PointDraft {
  readonly #format: ExpositionFormat;
  readonly #quantiles: { quantile: number; value: number }[] = [];
  #count: number | undefined;
  #sum: number | undefined;
  #createdMs: UnixMs | undefined;

  constructor(format: ExpositionFormat) {
    this.#format = format;
  }

  add({ suffix, reserved, value, createdMs }: PointSample): Complaint | undefined {
    switch (suffix) {
      case "":
        return this.#addQuantile(reserved ?? "", value);
      case "_count":
        if (this.#count !== undefined) return twice();
        this.#count = value;
        return undefined;
      case "_sum":
        if (this.#sum !== undefined) return twice();
        this.#sum = value;
        return undefined;
      case "_created":
        if (this.#createdMs !== undefined) return twice();
        if (createdMs === undefined) return badCreated();
        this.#createdMs = createdMs;
        return undefined;
      case "_bucket":
      case "_gcount":
      case "_gsum":
      case "_total":
      case "_info":
        return complaint("FLX_EXPOSITION_SAMPLE", "not a sample of a summary");
      default:
        return suffix satisfies never;
    }
  }

  #addQuantile(text: string, value: number): Complaint | undefined {
    const quantile = parseNumber(text, 0, text.length);
    if (quantile === undefined) {
      return complaint("FLX_EXPOSITION_SUMMARY", `quantile=${JSON.stringify(text)} is no number`);
    }
    if (this.#quantiles.some((other) => other.quantile === quantile)) return twice();
    this.#quantiles.push({ quantile, value });
    return undefined;
  }

  finish(): Finished {
    // OpenMetrics lets quantiles come in any order, the text format does not.
    const quantiles =
      this.#format === "openmetrics"
        ? this.#quantiles.toSorted((a, b) => a.quantile - b.quantile)
        : this.#quantiles;
    const numbers = { quantiles, sum: this.#sum, count: this.#count };
    const wrong = summaryComplaint(numbers, this.#format);
    if (wrong !== undefined) return { complaint: wrong };
    const value: SummaryValue = {
      quantiles,
      ...(this.#sum === undefined ? {} : { sum: this.#sum }),
      ...(this.#count === undefined ? {} : { count: this.#count }),
      ...(this.#createdMs === undefined ? {} : { createdMs: this.#createdMs }),
    };
    return { value };
  }
}

class StateSetDraft implements PointDraft {
  readonly #states = new Map<string, boolean>();

  add({ reserved = "", value }: PointSample): Complaint | undefined {
    if (this.#states.has(reserved)) return twice();
    if (value !== 0 && value !== 1) {
      return complaint("FLX_EXPOSITION_STATESET", `a state is 0 or 1, got ${value}`);
    }
    this.#states.set(reserved, value === 1);
    return undefined;
  }

  finish(): Finished {
    const value: StateSetValue = this.#states;
    return { value };
  }
}
