// A store in memory behind the contract of stores, for tests of what stands above it. It keeps everything and checks
// nothing: the embedded store has tests of its own.

import type { Labels } from "@flx/model";
import { isStale, bitsOf } from "@flx/model";
import { type Matcher, MemoryQueryable, type SeriesData, type TimeRange } from "@flx/promql";
import type { OpenedStore } from "../src/station.ts";
import type { AppendOutcome, SampleBatch, SeriesRef } from "../src/store/metric-sink.ts";
import type { MetricStore, StoreCondition } from "../src/store/metric-store.ts";
import type {
  FamilyMetadata,
  Limited,
  SeriesQuestion,
  StoreStatistics,
} from "../src/store/metrics-source.ts";

/** Keeps samples until it is closed. */
export class MemoryStore implements MetricStore {
  readonly generation = 1;
  condition: StoreCondition = { state: "ready", reason: "" };
  readonly memory: MemoryQueryable = new MemoryQueryable();
  readonly #labels: Labels[] = [];
  readonly #refs = new Map<string, SeriesRef>();
  readonly #last = new Map<SeriesRef, number>();
  readonly #metadata = new Map<string, FamilyMetadata[]>();

  ref(labels: Labels, _source: string): SeriesRef {
    const known = this.#refs.get(labels.key);
    if (known !== undefined) return known;
    const ref = this.#labels.push(labels) - 1;
    this.#refs.set(labels.key, ref);
    return ref;
  }

  append(batch: SampleBatch): Promise<AppendOutcome> {
    const bits = bitsOf(batch.values);
    for (let i = 0; i < batch.count; i++) {
      const ref = batch.refs[i]!;
      const timestampMs = batch.timestampsMs[i]!;
      if (timestampMs <= (this.#last.get(ref) ?? -Infinity)) continue;
      this.#last.set(ref, timestampMs);
      const sample = isStale(bits, i) ? "stale" : batch.values[i]!;
      this.memory.append(this.#labels[ref]!, timestampMs, sample);
    }
    for (const { name, type, help, unit } of batch.metadata) {
      this.#metadata.set(name, [{ type, help, unit }]);
    }
    return Promise.resolve({ rejected: [] });
  }

  select(matchers: readonly Matcher[], range: TimeRange): readonly SeriesData[] {
    return this.memory.select(matchers, range);
  }

  #matching({ selectors, range }: SeriesQuestion): Labels[] {
    const all = selectors.length === 0 ? [[]] : selectors;
    return all.flatMap((each) => this.memory.select(each, range).map(({ labels }) => labels));
  }

  labelNames(question: SeriesQuestion): Promise<Limited<string>> {
    const names = new Set(
      this.#matching(question).flatMap((labels) => [...labels].map(([n]) => n)),
    );
    return Promise.resolve({ items: [...names].toSorted(), isCut: false });
  }

  labelValues(name: string, question: SeriesQuestion): Promise<Limited<string>> {
    const values = new Set(this.#matching(question).map((labels) => labels.get(name) ?? ""));
    values.delete("");
    return Promise.resolve({ items: [...values].toSorted(), isCut: false });
  }

  series(question: SeriesQuestion): Promise<Limited<Labels>> {
    return Promise.resolve({ items: this.#matching(question), isCut: false });
  }

  exemplars(): Promise<[]> {
    return Promise.resolve([]);
  }

  metadata(name: string | undefined): Promise<ReadonlyMap<string, readonly FamilyMetadata[]>> {
    if (name === undefined) return Promise.resolve(this.#metadata);
    const found = this.#metadata.get(name);
    return Promise.resolve(new Map(found === undefined ? [] : [[name, found]]));
  }

  statistics(): Promise<StoreStatistics> {
    const none = { seriesByMetric: [], valuesByLabel: [], bytesByLabel: [], seriesByPair: [] };
    const counts = { series: this.memory.size, chunks: 0, labelPairs: 0 };
    return Promise.resolve({ ...counts, ...none, minTimeMs: 0, maxTimeMs: 0 });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.memory.clear();
    return Promise.resolve();
  }
}

/** Opens a store in memory for a station. */
export function openMemoryStore(): Promise<OpenedStore> {
  return Promise.resolve({ store: new MemoryStore(), reconfigure: () => undefined });
}
