// A sink that keeps everything and refuses on demand: what receivers do is visible without a store.

import {
  bitsOf,
  FlxError,
  type FlxErrorCode,
  isStale,
  type Labels,
  type NativeHistogram,
} from "@flx/model";
import {
  type AppendOutcome,
  type MetricSink,
  type Rejection,
  type SampleBatch,
  type SeriesRef,
  SinkRefusal,
} from "../../src/store/metric-sink.ts";

/** Keeps samples by the text of their series. */
export class MemorySink implements MetricSink {
  generation = 1;
  /** Set: nothing is taken. */
  refusal: "overloaded" | "unavailable" | undefined;
  /** Series that may be there; `isFull` says it as the store does, and when it has been so for long. */
  maxSeries: number = Infinity;
  isFull: boolean | "for long" = false;
  readonly labels: Labels[] = [];
  readonly #refs = new Map<string, SeriesRef>();
  readonly floats: Map<string, [timestampMs: number, value: number | "stale", startMs: number][]> =
    new Map();
  readonly histograms: Map<string, [timestampMs: number, NativeHistogram][]> = new Map();
  readonly exemplars: string[] = [];
  /** When those were, in the same order. */
  readonly exemplarTimes: (number | undefined)[] = [];
  readonly metadata: Map<string, string> = new Map();

  ref(labels: Labels, _source: string): SeriesRef {
    const known = this.#refs.get(labels.key);
    if (known !== undefined) return known;
    if (this.isFull === "for long") throw new FlxError("FLX_STORE_FULL", "no new series for long");
    if (this.isFull) throw new FlxError("FLX_STORE_SERIES_LIMIT", "no new series: it is full");
    if (this.labels.length >= this.maxSeries) this.#refuse("overloaded");
    const ref = this.labels.push(labels) - 1;
    this.#refs.set(labels.key, ref);
    return ref;
  }

  #refuse(refusal: "overloaded" | "unavailable"): never {
    const code: FlxErrorCode = "FLX_INGEST_OVERLOADED";
    throw new SinkRefusal(code, "the sink takes nothing", refusal, 2_500);
  }

  append(batch: SampleBatch): Promise<AppendOutcome> {
    if (this.refusal !== undefined) this.#refuse(this.refusal);
    const bits = bitsOf(batch.values);
    const rejected: Rejection[] = [];
    for (let i = 0; i < batch.count; i++) {
      const name = this.labels[batch.refs[i]!]!.toString();
      const samples = this.floats.get(name) ?? [];
      this.floats.set(name, samples);
      const timestampMs = batch.timestampsMs[i]!;
      const last = samples.at(-1);
      if (last !== undefined && timestampMs < last[0]) {
        rejected.push({ index: i, kind: "out-of-order", reason: `${name} at ${timestampMs}` });
        continue;
      }
      samples.push([
        timestampMs,
        isStale(bits, i) ? "stale" : batch.values[i]!,
        batch.startsMs[i]!,
      ]);
    }
    for (const { ref, timestampMs, histogram } of batch.histograms) {
      const name = this.labels[ref]!.toString();
      this.histograms.set(name, [...(this.histograms.get(name) ?? []), [timestampMs, histogram]]);
    }
    for (const { ref, exemplar } of batch.exemplars) {
      this.exemplarTimes.push(exemplar.timestampMs);
      this.exemplars.push(
        `${this.labels[ref]!.toString()} ${exemplar.labels.toString()} ${exemplar.value}`,
      );
    }
    for (const { name, type, help } of batch.metadata) this.metadata.set(name, `${type} ${help}`);
    return Promise.resolve({ rejected });
  }

  /** The last value of each float series whose text matches. */
  last(pattern: RegExp = /./): Record<string, number | "stale"> {
    const entries = [...this.floats].filter(([name]) => pattern.test(name));
    return Object.fromEntries(entries.map(([name, samples]) => [name, samples.at(-1)![1]]));
  }
}
