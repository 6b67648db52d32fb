// Data to compare PromQL engines on: deterministic, awkward on purpose, and in both: a real Prometheus (by remote
// write) and memory.
//
//   reqs_total{job,instance,code}    counters with resets, gaps of missed scrapes, one that starts late, one that ends
//   errs_total{job,instance}         the same labels without code, for matching
//   temp{job,instance}               gauges with NaN, infinities, staleness markers and returns
//   lat_bucket{job,le}, lat_count    a classic histogram
//   up{job,instance}                 0 and 1
//   nh{job}                          native histograms (exponential), a counter with a reset
//
// All samples lie off any round second, each series with its own shift, so that no evaluation time of a test meets a
// sample exactly: Prometheus 2 and 3 differ there (closed and left-open windows), and nowhere else.
//
// A counter that appears, or returns after a gap, has a large value: Prometheus 3 extrapolates towards the zero point of
// a young counter a little differently from 2.

import { Labels, NativeHistogram, bitsOf, markStale } from "@flx/model";
import { MemoryQueryable } from "@flx/promql";
import { type RemoteHistogram, type RemoteSeries, remoteWrite, seededRandom } from "@flx/testkit";

/** Unix milliseconds of the first scrape, roughly. */
export const DATA_START_MS = 1_700_000_000_000;
/** How many scrapes there are, 15 s apart. */
export const SCRAPES = 300;
export const SCRAPE_MS = 15_000;
/** How much time of all series is written at once. */
const PIECE_MS = 20 * 60_000;

interface DataSeries {
  readonly labels: Labels;
  readonly timestamps: number[];
  /** A number, a native histogram, or the end of the series. */
  readonly samples: (number | NativeHistogram | "stale")[];
}

/** All series. */
export function promqlData(): readonly DataSeries[] {
  const random = seededRandom(42);
  return [...counters(random), ...gauges(random), ...classicHistograms(random), ...native(random)];
}

/** The data in memory, series by labels as Prometheus gives them: which of equal ones is chosen hangs on the order. */
export function dataInMemory(): MemoryQueryable {
  const memory = new MemoryQueryable();
  const inOrder = promqlData().toSorted((a, b) => a.labels.compare(b.labels));
  for (const { labels, timestamps, samples } of inOrder) {
    for (const [i, sample] of samples.entries()) memory.append(labels, timestamps[i]!, sample);
  }
  return memory;
}

/**
 * Writes the data to a Prometheus, in pieces of time, as its head wants it.
 *
 * @param shiftMs all of it is so much later
 */
export async function writeDataTo(url: string, shiftMs = 0): Promise<void> {
  const all = promqlData().map(({ labels, timestamps, samples }) => ({
    labels,
    timestamps: timestamps.map((time) => time + shiftMs),
    samples,
  }));
  const endMs = DATA_START_MS + shiftMs + (SCRAPES + 1) * SCRAPE_MS;
  for (let fromMs = DATA_START_MS + shiftMs; fromMs < endMs; fromMs += PIECE_MS) {
    const piece = all
      .map((series) => remoteSeries(series, fromMs, fromMs + PIECE_MS))
      .filter((series) => series.timestamps.length + (series.histograms?.length ?? 0) > 0);
    await remoteWrite(url, piece);
  }
}

type Random = () => number;

let shift = 0;

/** Scrape times of the next series: each has its own offset from the round second. */
function scrapeTimes(): number[] {
  shift = (shift + 1237) % 14_000;
  const offset = 101 + shift;
  return Array.from({ length: SCRAPES }, (_, i) => DATA_START_MS + i * SCRAPE_MS + offset);
}

function counters(random: Random): DataSeries[] {
  shift = 0;
  const found: DataSeries[] = [];
  for (const job of ["api", "web", "db"]) {
    for (const instance of ["a:1", "b:1"]) {
      for (const code of ["200", "404", "500"]) {
        const labels = { __name__: "reqs_total", job, instance, code };
        found.push(counter(Labels.from(labels), random, found.length));
      }
      found.push(counter(Labels.from({ __name__: "errs_total", job, instance }), random, 100));
    }
  }
  return found;
}

function counter(labels: Labels, random: Random, number: number): DataSeries {
  const series: DataSeries = { labels, timestamps: [], samples: [] };
  let value = 1e6 + Math.floor(random() * 1000);
  let gap = 0;
  const startAt = number === 4 ? 120 : 0;
  const endAt = number === 7 ? 200 : SCRAPES;
  for (const [i, time] of scrapeTimes().entries()) {
    value += Math.floor(random() * 20);
    if (random() < 0.01) value = 5e5 + Math.floor(random() * 10);
    if (gap === 0 && random() < 0.01) gap = 1 + Math.floor(random() * 30);
    if (gap > 0) gap--;
    else if (i >= startAt && i < endAt) push(series, time, value);
    else if (i === endAt) push(series, time, "stale");
  }
  return series;
}

function gauges(random: Random): DataSeries[] {
  const found: DataSeries[] = [];
  for (const job of ["api", "web"]) {
    for (const instance of ["a:1", "b:1", "c:1"]) {
      const temp: DataSeries = {
        labels: Labels.from({ __name__: "temp", job, instance, zone: `z${found.length % 2}` }),
        timestamps: [],
        samples: [],
      };
      const up: DataSeries = {
        labels: Labels.from({ __name__: "up", job, instance }),
        timestamps: [],
        samples: [],
      };
      let gone = 0;
      for (const time of scrapeTimes()) {
        if (gone > 0) gone--;
        else if (random() < 0.01) {
          push(temp, time, "stale");
          gone = Math.floor(random() * 25);
        } else push(temp, time, awkward(random));
      }
      for (const time of scrapeTimes()) push(up, time, random() < 0.9 ? 1 : 0);
      found.push(temp, up);
    }
  }
  return found;
}

function awkward(random: Random): number {
  const dice = random();
  if (dice < 0.01) return Number.NaN;
  if (dice < 0.015) return Infinity;
  if (dice < 0.02) return -Infinity;
  if (dice < 0.1) return 0;
  return Math.round((random() * 60 - 20) * 100) / 100;
}

function classicHistograms(random: Random): DataSeries[] {
  const found: DataSeries[] = [];
  for (const job of ["api", "web"]) {
    const bounds = ["0.1", "0.5", "1", "5", "+Inf"];
    const buckets = bounds.map((le) => emptySeries({ __name__: "lat_bucket", job, le }));
    const count = emptySeries({ __name__: "lat_count", job });
    const counts = bounds.map(() => 1000);
    for (const time of scrapeTimes()) {
      let below = 0;
      for (const [i, bucket] of buckets.entries()) {
        below += Math.floor(random() * 4);
        counts[i]! += below;
        push(bucket, time, counts[i]!);
      }
      push(count, time, counts.at(-1)!);
    }
    found.push(...buckets, count);
  }
  return found;
}

function native(random: Random): DataSeries[] {
  return ["api", "web"].map((job) => {
    const found = emptySeries({ __name__: "nh", job });
    let counts = [50, 100, 80, 20];
    for (const time of scrapeTimes()) {
      counts = counts.map((count) => count + Math.floor(random() * 5));
      if (random() < 0.005) counts = [5, 6, 7, 8];
      push(found, time, nativeHistogram(counts));
    }
    return found;
  });
}

function nativeHistogram(counts: readonly number[]): NativeHistogram {
  const [zero, ...positive] = counts as [number, ...number[]];
  return NativeHistogram.from({
    schema: 1,
    zeroThreshold: 0.001,
    zeroCount: zero,
    sum: counts.reduce((sum, count, i) => sum + count * i, 0),
    positive: { indexes: positive.map((_, i) => 2 * i), counts: positive },
  });
}

function emptySeries(labels: Record<string, string>): DataSeries {
  return { labels: Labels.from(labels), timestamps: [], samples: [] };
}

function push(target: DataSeries, time: number, sample: DataSeries["samples"][number]): void {
  target.timestamps.push(time);
  target.samples.push(sample);
}

function remoteSeries(data: DataSeries, fromMs: number, toMs: number): RemoteSeries {
  const floats: { time: number; value: number | "stale" }[] = [];
  const histograms: RemoteHistogram[] = [];
  for (const [i, time] of data.timestamps.entries()) {
    if (time < fromMs || time >= toMs) continue;
    const sample = data.samples[i]!;
    if (typeof sample === "object") histograms.push(remoteHistogram(time, sample));
    else floats.push({ time, value: sample });
  }
  const values = new Float64Array(floats.length);
  const bits = bitsOf(values);
  for (const [i, { value }] of floats.entries()) {
    if (value === "stale") markStale(bits, i);
    else values[i] = value;
  }
  const timestamps = floats.map(({ time }) => time);
  return { labels: data.labels.pairs, timestamps, values, histograms };
}

function remoteHistogram(timestampMs: number, histogram: NativeHistogram): RemoteHistogram {
  const { schema, zeroThreshold, zeroCount, count, sum, positive, negative } = histogram;
  const buckets = (columns: typeof positive): { index: number; count: number }[] =>
    Array.from(columns.indexes, (index, i) => ({ index, count: columns.counts[i]! }));
  return {
    timestampMs,
    schema,
    zeroThreshold,
    zeroCount,
    count,
    sum,
    positive: buckets(positive),
    negative: buckets(negative),
  };
}
