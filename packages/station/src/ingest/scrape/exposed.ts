// What a target exposes as one list of samples, whatever the format.
//
//   text, OpenMetrics ── ExpositionLineParser      protobuf ── families, taken apart into the same samples
//
// Text is read line by line: every line is a sample, as in Prometheus. What cannot be read fails the whole scrape.

import {
  type Exemplar,
  ExpositionLineParser,
  expositionFormat,
  type ExpositionLimits,
  FlxError,
  formatNumber,
  type Labels,
  type MetricFamily,
  type MetricType,
  type NativeHistogram,
  parseProtobufExpositionStrict,
  type UnixMs,
  type WrittenMetadata,
} from "@flx/model";
import type { Answer } from "./fetch-exposition.ts";

/** One sample of an exposition. */
export interface ExposedSample {
  /** With the name. */
  readonly labels: Labels;
  readonly value: number | NativeHistogram;
  readonly timestampMs: number | undefined;
  readonly exemplars: readonly Exemplar[];
}

/** What was exposed. */
export interface Exposed {
  readonly samples: ExposedSample[];
  readonly metadata: WrittenMetadata[];
}

/**
 * Reads an answer.
 *
 * @throws {FlxError} `FLX_SCRAPE_BODY` with the first problem
 */
export function readExposed(answer: Answer, limits: Partial<ExpositionLimits>): Exposed {
  if (answer.contentType.startsWith("application/vnd.google.protobuf")) {
    return fromFamilies(protobufFamilies(answer.body, limits));
  }
  const samples: ExposedSample[] = [];
  const metadata = new Map<
    string,
    { name: string; type: MetricType; help: string; unit: string }
  >();
  const format = expositionFormat(answer.contentType) ?? "text";
  const parser = new ExpositionLineParser<Labels>(
    {
      find: () => undefined,
      open: (_text, name, labels) => labels.with("__name__", name),
      sample: (labels, value, timestampMs, exemplar) => {
        const exemplars = exemplar === undefined ? [] : [exemplar];
        samples.push({ labels, value, timestampMs, exemplars });
      },
      metadata: (kind, name, text) => {
        const known = metadata.get(name) ?? { name, type: "unknown", help: "", unit: "" };
        if (kind === "TYPE") known.type = text as MetricType;
        else if (kind === "HELP") known.help = text;
        else known.unit = text;
        metadata.set(name, known);
      },
    },
    { format, limits },
  );
  parser.push(answer.body);
  parser.end();
  const [problem] = parser.problems;
  if (problem !== undefined) {
    throw new FlxError("FLX_SCRAPE_BODY", `line ${problem.line}: ${problem.reason}`);
  }
  return { samples, metadata: [...metadata.values()] };
}

function protobufFamilies(body: Uint8Array, limits: Partial<ExpositionLimits>): MetricFamily[] {
  try {
    return parseProtobufExpositionStrict(body, limits);
  } catch (cause) {
    throw new FlxError("FLX_SCRAPE_BODY", (cause as Error).message, { cause });
  }
}

function fromFamilies(families: readonly MetricFamily[]): Exposed {
  const exposed: Exposed = { samples: [], metadata: [] };
  for (const family of families) {
    const { name, type, help = "", unit = "" } = family;
    exposed.metadata.push({ name: wireName(family), type, help, unit });
    const add = (
      suffix: string,
      labels: Labels,
      value: number | NativeHistogram,
      timestampMs: UnixMs | undefined,
      exemplars: readonly (Exemplar | undefined)[] = [],
    ): void => {
      const given = exemplars.filter((exemplar) => exemplar !== undefined);
      const named = labels.with("__name__", name + suffix);
      exposed.samples.push({ labels: named, value, timestampMs, exemplars: given });
    };
    addPoints(family, add);
  }
  return exposed;
}

function wireName(family: MetricFamily): string {
  if (family.type === "counter" && family.bareName !== true) return `${family.name}_total`;
  return family.type === "info" ? `${family.name}_info` : family.name;
}

type Add = (
  suffix: string,
  labels: Labels,
  value: number | NativeHistogram,
  timestampMs: UnixMs | undefined,
  exemplars?: readonly (Exemplar | undefined)[],
) => void;

function addPoints(family: MetricFamily, add: Add): void {
  switch (family.type) {
    case "counter":
      for (const { labels, value, timestampMs } of family.points) {
        const suffix = family.bareName === true ? "" : "_total";
        add(suffix, labels, value.total, timestampMs, [value.exemplar]);
      }
      return;
    case "gauge":
    case "unknown":
      for (const { labels, value, timestampMs } of family.points)
        add("", labels, value, timestampMs);
      return;
    case "info":
      for (const { labels, timestampMs } of family.points) add("_info", labels, 1, timestampMs);
      return;
    case "stateset":
      for (const { labels, value, timestampMs } of family.points) {
        for (const [state, holds] of value) {
          add("", labels.with(family.name, state), holds ? 1 : 0, timestampMs);
        }
      }
      return;
    case "summary":
      for (const { labels, value, timestampMs } of family.points) {
        for (const { quantile, value: at } of value.quantiles) {
          add("", labels.with("quantile", formatNumber(quantile)), at, timestampMs);
        }
        if (value.sum !== undefined) add("_sum", labels, value.sum, timestampMs);
        if (value.count !== undefined) add("_count", labels, value.count, timestampMs);
      }
      return;
    case "histogram":
    case "gaugehistogram":
      for (const { labels, value, timestampMs } of family.points) {
        // With both forms the native one is kept, as Prometheus does by default.
        if (value.native !== undefined) {
          add("", labels, value.native, timestampMs, value.nativeExemplars ?? []);
          continue;
        }
        const { upperBounds, cumulativeCounts, sum } = value.histogram;
        for (let i = 0; i < cumulativeCounts.length; i++) {
          const le = i < upperBounds.length ? formatNumber(upperBounds[i]!) : "+Inf";
          const exemplar = value.exemplars?.get(i);
          add("_bucket", labels.with("le", le), cumulativeCounts[i]!, timestampMs, [exemplar]);
        }
        if (sum !== undefined) add("_sum", labels, sum, timestampMs);
        add("_count", labels, value.histogram.count, timestampMs);
      }
  }
}
