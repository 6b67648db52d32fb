// A request of one version as a request of the other: for what waits on disk when the message that is sent changes.
//
//   1.0 ──► 2.0   what 1.0 said of families is said of their series; exemplars go to the series that has samples
//   2.0 ──► 1.0   what 2.0 said of series is said of their families; times since when something counts are not there
//
// Both go by the columns of the readers: it is done rarely, so it need not be fast.

import type { Exemplar } from "../exemplar.ts";
import { FlxError } from "../errors.ts";
import type { Labels } from "../labels.ts";
import type { RemoteWriteBatch, RemoteWriteLimits, WrittenHistogram } from "./batch.ts";
import { familyOf } from "./family-names.ts";
import { readWriteRequest } from "./read-v1.ts";
import { readWriteRequestV2 } from "./read-v2.ts";
import { encodeSeriesLabels, WriteRequestWriter } from "./write-v1.ts";
import { WriteRequestV2Writer } from "./write-v2.ts";

/** What was taken once is taken here. */
const NO_LIMITS: RemoteWriteLimits = {
  maxSeries: Infinity,
  maxSamples: Infinity,
  maxLabels: Infinity,
  maxSymbols: Infinity,
  maxLabelBytes: Infinity,
  maxBuckets: Infinity,
};

/** The samples of one series of a request, by their places in its columns. */
interface SeriesSamples {
  readonly labels: Labels;
  readonly samples: number[];
  readonly histograms: WrittenHistogram[];
  readonly exemplars: Exemplar[];
}

/**
 * A 1.0 request as a 2.0 request.
 *
 * @throws {FlxError} `FLX_WIRE_MALFORMED` when it is none
 */
export function writeRequestToV2(request: Uint8Array): Uint8Array {
  const read = readWriteRequest(request, NO_LIMITS);
  const families = new Map(read.metadata.map((each) => [each.name, each]));
  const writer = new WriteRequestV2Writer();
  for (const { labels, samples, histograms, exemplars } of merged(read)) {
    const said = familyOf(labels.metricName ?? "", (name) => families.get(name));
    let left: readonly Exemplar[] = exemplars;
    const attach = (sampleMs: number): void => {
      for (const exemplar of left) writer.exemplar(exemplar, sampleMs);
      left = [];
      writer.endSeries();
    };
    if (samples.length > 0) {
      writer.beginSeries(labels, said);
      for (const i of samples) {
        writer.sample(read.timestampMs[i]!, read.words[2 * i]!, read.words[2 * i + 1]!, 0);
      }
      attach(read.timestampMs[samples.at(-1)!]!);
    }
    const last = histograms.at(-1);
    if (last === undefined) continue;
    writer.beginSeries(labels, said);
    for (const { timestampMs, histogram } of histograms) {
      if (!(histogram instanceof FlxError)) writer.histogram(timestampMs, histogram, 0);
    }
    attach(last.timestampMs);
  }
  return writer.take();
}

/**
 * A 2.0 request as a 1.0 request.
 *
 * @throws {FlxError} `FLX_WIRE_MALFORMED` when it is none
 */
export function writeRequestToV1(request: Uint8Array): Uint8Array {
  const read = readWriteRequestV2(request, NO_LIMITS);
  const writer = new WriteRequestWriter();
  for (const { labels, samples, histograms, exemplars } of merged(read)) {
    writer.beginSeries(encodeSeriesLabels(labels));
    for (const i of samples) {
      writer.sample(read.timestampMs[i]!, read.words[2 * i]!, read.words[2 * i + 1]!);
    }
    for (const { timestampMs, histogram } of histograms) {
      if (!(histogram instanceof FlxError)) writer.histogram(timestampMs, histogram);
    }
    for (const exemplar of exemplars) writer.exemplar(exemplar);
    writer.endSeries();
  }
  for (const each of read.metadata) writer.metadata(each);
  return writer.take();
}

/** All that a request has of a series in one place, in the order the series came. */
function merged(read: RemoteWriteBatch): Iterable<SeriesSamples> {
  const byKey = new Map<string, SeriesSamples>();
  const of: SeriesSamples[] = [];
  for (let series = 0; series < read.series; series++) {
    const labels = read.labelSource.labels(series);
    let found = byKey.get(labels.key);
    if (found === undefined) {
      found = { labels, samples: [], histograms: [], exemplars: [] };
      byKey.set(labels.key, found);
    }
    of.push(found);
  }
  for (let i = 0; i < read.samples; i++) of[read.sampleSeries[i]!]!.samples.push(i);
  for (const each of read.histograms) of[each.series]!.histograms.push(each);
  for (const { series, exemplar } of read.exemplars) of[series]!.exemplars.push(exemplar);
  return byKey.values();
}
