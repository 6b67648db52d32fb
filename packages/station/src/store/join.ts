// Answers about older and newer times, made one.

import { bitsOf, isStale } from "@flx/model";
import type { SeriesData, ThinnedColumns } from "@flx/promql";
import type { Limited, SeriesExemplars } from "./metrics-source.ts";

/** Series with the samples of both: all of `older` come before all of `newer`. */
export function joinSeries(
  older: readonly SeriesData[],
  newer: readonly SeriesData[],
): readonly SeriesData[] {
  if (older.length === 0) return newer;
  if (newer.length === 0) return older;
  const byKey = new Map(newer.map((data) => [data.labels.key, data]));
  const joined: SeriesData[] = [];
  for (const data of older) {
    const { key } = data.labels;
    const next = byKey.get(key);
    byKey.delete(key);
    joined.push(next === undefined ? data : append(data, next));
  }
  joined.push(...byKey.values());
  return joined;
}

/** One series' samples, and those after them. */
function append(first: SeriesData, next: SeriesData): SeriesData {
  const length = first.timestamps.length + next.timestamps.length;
  const at = first.timestamps.length;
  const timestamps = joinDoubles(first.timestamps, next.timestamps);
  const values = joinDoubles(first.values, next.values);
  let histograms: SeriesData["histograms"];
  if (first.histograms !== undefined || next.histograms !== undefined) {
    const all = Array.from<undefined>({ length }) as NonNullable<
      SeriesData["histograms"]
    >[number][];
    for (const [i, each] of (first.histograms ?? []).entries()) all[i] = each;
    for (const [i, each] of (next.histograms ?? []).entries()) all[at + i] = each;
    histograms = all;
  }
  let startTimestamps: Float64Array | undefined;
  if (first.startTimestamps !== undefined || next.startTimestamps !== undefined) {
    startTimestamps = new Float64Array(length);
    if (first.startTimestamps !== undefined) startTimestamps.set(first.startTimestamps);
    if (next.startTimestamps !== undefined) startTimestamps.set(next.startTimestamps, at);
  }
  const joined = { labels: first.labels, timestamps, values, histograms, startTimestamps };
  if (first.thinned === undefined && next.thinned === undefined) return joined;
  return { ...joined, thinned: joinThinned(first, next) };
}

/** Samples of which none was left out stand for themselves. */
function joinThinned(first: SeriesData, next: SeriesData): ThinnedColumns {
  const [a, b] = [thinnedOf(first), thinnedOf(next)];
  const lost = joinDoubles(a.lost, b.lost);
  const before = lastSample(first.values);
  const bits = bitsOf(next.values);
  const after = next.values.findIndex((_, i) => !isStale(bits, i));
  // A reset between the two is known only now.
  if (after >= 0 && next.values[after]! < before) lost[a.lost.length + after] = before;
  return { weights: joinDoubles(a.weights, b.weights), lost };
}

/** The last value that is no staleness marker; NaN when there is none. */
function lastSample(values: Float64Array): number {
  const bits = bitsOf(values);
  return values.findLast((_, i) => !isStale(bits, i)) ?? Number.NaN;
}

function thinnedOf({ values, thinned }: SeriesData): ThinnedColumns {
  if (thinned !== undefined) return thinned;
  return { weights: new Float64Array(values.length).fill(1), lost: lostToResets(values) };
}

/** What a counter had lost to resets at each sample. */
function lostToResets(values: Float64Array): Float64Array {
  const lost = new Float64Array(values.length);
  const bits = bitsOf(values);
  let before = Number.NaN;
  for (const [i, value] of values.entries()) {
    if (isStale(bits, i)) continue;
    if (value < before) lost[i] = before;
    before = value;
  }
  return lost;
}

/** As words: copying doubles could change the bits of a NaN. */
function joinDoubles(a: Float64Array, b: Float64Array): Float64Array {
  const words = new Uint32Array(2 * (a.length + b.length));
  words.set(new Uint32Array(a.buffer, a.byteOffset, 2 * a.length));
  words.set(new Uint32Array(b.buffer, b.byteOffset, 2 * b.length), 2 * a.length);
  return new Float64Array(words.buffer);
}

/** Items of both, each once. */
export function joinLimited<T>(
  a: Limited<T>,
  b: Limited<T>,
  limit: number,
  key: (item: T) => string,
): Limited<T> {
  const items = [...new Map([...a.items, ...b.items].map((item) => [key(item), item])).values()];
  const isCut = a.isCut || b.isCut;
  if (limit === 0 || items.length <= limit) return { items, isCut };
  return { items: items.slice(0, limit), isCut: true };
}

/** Exemplars of both, by series, oldest first. */
export function joinExemplars(
  older: readonly SeriesExemplars[],
  newer: readonly SeriesExemplars[],
  limit: number,
): readonly SeriesExemplars[] {
  const byKey = new Map(older.map((each) => [each.labels.key, each]));
  for (const each of newer) {
    const first = byKey.get(each.labels.key);
    const exemplars = [...(first?.exemplars ?? []), ...each.exemplars];
    byKey.set(each.labels.key, { labels: each.labels, exemplars });
  }
  const all = [...byKey.values()];
  if (limit === 0) return all;
  const limited: SeriesExemplars[] = [];
  let left = limit;
  for (const { labels, exemplars } of all) {
    if (left <= 0) break;
    const newest = exemplars.slice(-left);
    left -= newest.length;
    limited.push({ labels, exemplars: newest });
  }
  return limited;
}
