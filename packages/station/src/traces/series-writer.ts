// Brings generated series into the store, some thousand at a time.
//
// A store that takes nothing now is no loss: counters are told again, with all that came since, at the next interval. A series
// for which it has no room is left out, and counted.

import { FlxError, type WrittenMetadata } from "@flx/model";
import { type MetricSink, SampleBatch, SinkRefusal } from "../store/metric-sink.ts";
import type { GeneratedSeries } from "./generated-series.ts";

const SERIES_AT_ONCE = 2_000;

/** Series of one interval, on their way. */
export class SeriesWriter {
  readonly #sink: MetricSink;
  readonly #nowMs: number;
  readonly #sinceMs: number;
  readonly #series: GeneratedSeries[] = [];
  readonly #ended: GeneratedSeries[] = [];

  /** @param sinceMs a time after the interval before */
  constructor(sink: MetricSink, nowMs: number, sinceMs: number) {
    this.#sink = sink;
    this.#nowMs = nowMs;
    this.#sinceMs = sinceMs;
  }

  /** The series goes on. */
  write(series: GeneratedSeries): void {
    this.#series.push(series);
  }

  /** The series ends. */
  end(series: GeneratedSeries): void {
    this.#ended.push(series);
  }

  /**
   * Writes what was given to it.
   *
   * @returns how many series the store had no room for
   * @throws {SinkRefusal} when the store takes nothing now
   */
  async commit(metadata: readonly WrittenMetadata[]): Promise<number> {
    let refused = 0;
    const all = [...this.#series, ...this.#ended];
    for (let from = 0; from < all.length; from += SERIES_AT_ONCE) {
      const batch = new SampleBatch();
      if (from === 0) batch.metadata.push(...metadata);
      const begun: GeneratedSeries[] = [];
      for (const [i, series] of all.slice(from, from + SERIES_AT_ONCE).entries()) {
        const isEnded = from + i >= this.#series.length;
        if (!this.#add(batch, series, isEnded, begun)) refused++;
      }
      try {
        if (batch.samples > 0) await this.#sink.append(batch);
      } catch (error) {
        for (const series of begun) series.isBegun = false;
        throw error;
      }
    }
    return refused;
  }

  #add(
    batch: SampleBatch,
    series: GeneratedSeries,
    isEnded: boolean,
    begun: GeneratedSeries[],
  ): boolean {
    try {
      if (isEnded) series.end(batch, this.#sink, this.#nowMs);
      else {
        if (!series.isBegun) begun.push(series);
        series.write(batch, this.#sink, this.#nowMs, this.#sinceMs);
      }
      return true;
    } catch (error) {
      if (error instanceof SinkRefusal || !(error instanceof FlxError)) throw error;
      return false;
    }
  }
}
