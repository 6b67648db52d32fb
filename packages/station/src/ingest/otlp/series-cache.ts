// The series of OTLP points by the bytes of their attributes.
//
//   context (resource, scope, metric) ──► entries in the order they came first: bytes of the attributes, series references
//                                         after one comes the next, as a sender sends its points in the same order
//                                         otherwise: hash of the bytes ──► entries ──► bytes equal?
//
// A point whose attributes were seen before costs one comparison; nothing is decoded. A hash alone is never trusted.

import type { OtlpMetrics } from "@flx/model";
import type { SeriesRef } from "../../store/metric-sink.ts";

/** The series that one point's attributes stand for: one, or those of a histogram or summary in their order. */
export interface CachedSeries {
  readonly bytes: Uint8Array;
  /** The numbers that decided how many series there are: bounds or quantiles. */
  readonly shape: Float64Array;
  readonly refs: readonly SeriesRef[];
  readonly order: number;
}

const none = new Float64Array(0);
/** Attributes that a sender makes collide are not remembered, and cost it their decoding. */
const MAX_OF_A_HASH = 64;

/** The entries of one metric of one resource and scope. */
export class MetricSeries {
  readonly #entries: CachedSeries[] = [];
  readonly #byHash = new Map<number, CachedSeries[]>();
  /** The entry that is expected next. */
  #next = 0;

  /** The series of a point, when its attributes and shape were seen. */
  find(metrics: OtlpMetrics, point: number, shape: Float64Array = none): CachedSeries | undefined {
    if (!isOneRange(metrics, point)) return undefined;
    const is = (entry: CachedSeries): boolean =>
      same(metrics, point, entry.bytes) && equal(entry.shape, shape);
    let found = this.#entries[this.#next];
    if (found === undefined || !is(found)) found = this.#byHash.get(metrics.hash(point))?.find(is);
    if (found !== undefined) this.#next = found.order + 1;
    return found;
  }

  /** Remembers the series of a point; false when its attributes have no one place, or too many have their hash. */
  add(
    metrics: OtlpMetrics,
    point: number,
    refs: readonly SeriesRef[],
    shape: Float64Array = none,
  ): boolean {
    if (!isOneRange(metrics, point)) return false;
    const hash = metrics.hash(point);
    const others = this.#byHash.get(hash) ?? [];
    if (others.length === MAX_OF_A_HASH) return false;
    const bytes = metrics.bytes.slice(metrics.attributesFrom[point], metrics.attributesTo[point]);
    const order = this.#entries.length;
    const entry: CachedSeries = { bytes, shape: Float64Array.from(shape), refs, order };
    this.#entries.push(entry);
    this.#next = order + 1;
    others.push(entry);
    this.#byHash.set(hash, others);
    return true;
  }
}

function isOneRange(metrics: OtlpMetrics, point: number): boolean {
  return metrics.attributeCount[point] === 0 || metrics.attributesTo[point] !== 0;
}

function same(metrics: OtlpMetrics, point: number, known: Uint8Array): boolean {
  const from = metrics.attributesFrom[point]!;
  if (metrics.attributesTo[point]! - from !== known.length) return false;
  const bytes = metrics.bytes;
  for (let i = 0; i < known.length; i++) if (bytes[from + i] !== known[i]) return false;
  return true;
}

function equal(a: Float64Array, b: Float64Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
