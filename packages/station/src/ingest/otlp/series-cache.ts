// The series of OTLP points by the bytes of their attributes.
//
//   context (resource, scope, metric) ── hash of the attribute bytes ── entries ── bytes equal? ── series references
//
// A point whose attributes were seen before costs one lookup and one comparison; nothing is decoded. The hash alone
// is never trusted.

import type { OtlpMetrics } from "@flx/model";
import type { SeriesRef } from "../../store/metric-sink.ts";

/** The series that one point's attributes stand for: one, or those of a histogram or summary in their order. */
export interface CachedSeries {
  readonly bytes: Uint8Array;
  /** The numbers that decided how many series there are: bounds or quantiles. */
  readonly shape: Float64Array;
  readonly refs: readonly SeriesRef[];
}

const none = new Float64Array(0);

/** The entries of one metric of one resource and scope. */
export class MetricSeries {
  readonly #entries = new Map<number, CachedSeries[]>();

  /** The series of a point, when its attributes and shape were seen. */
  find(metrics: OtlpMetrics, point: number, shape: Float64Array = none): CachedSeries | undefined {
    if (!isOneRange(metrics, point)) return undefined;
    const entries = this.#entries.get(keyOf(metrics, point));
    if (entries === undefined) return undefined;
    return entries.find((entry) => same(metrics, point, entry.bytes) && equal(entry.shape, shape));
  }

  /** Remembers the series of a point; false when its attributes have no one place. */
  add(
    metrics: OtlpMetrics,
    point: number,
    refs: readonly SeriesRef[],
    shape: Float64Array = none,
  ): boolean {
    if (!isOneRange(metrics, point)) return false;
    const bytes = metrics.bytes.slice(metrics.attributesFrom[point], metrics.attributesTo[point]);
    const key = keyOf(metrics, point);
    const entries = this.#entries.get(key);
    const entry: CachedSeries = { bytes, shape: Float64Array.from(shape), refs };
    if (entries === undefined) this.#entries.set(key, [entry]);
    else entries.push(entry);
    return true;
  }
}

function isOneRange(metrics: OtlpMetrics, point: number): boolean {
  return metrics.attributeCount[point] === 0 || metrics.attributesTo[point] !== 0;
}

/** 53 of the 64 bits: a number that a Map takes without a text. */
function keyOf(metrics: OtlpMetrics, point: number): number {
  return (metrics.hashHigh[point]! >>> 11) * 4_294_967_296 + metrics.hashLow[point]!;
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
