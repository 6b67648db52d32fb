// Closed windows in memory, for tests of what is before them.

import { MemoryQueryable, type SampleInput } from "@flx/promql";
import { isStale, bitsOf } from "@flx/model";
import type {
  WindowSeries,
  WindowStatistics,
  WindowStore,
} from "../../src/store/windows/window-store.ts";
import { WINDOW_MS } from "../../src/store/windows/window-store.ts";

/** Keeps windows; outlives the stores that are opened on it. */
export class MemoryWindows implements WindowStore, AsyncDisposable {
  closedUntilMs: number = -Infinity;
  /** Set: closing fails. */
  failure: Error | undefined;
  readonly #memory = new MemoryQueryable();
  windows = 0;

  close(startMs: number, series: Iterable<WindowSeries>): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    for (const { labels, timestamps, values, histograms } of series) {
      const bits = bitsOf(Float64Array.from(values));
      new Uint32Array(bits.buffer).set(
        new Uint32Array(values.buffer, values.byteOffset, 2 * values.length),
      );
      for (let i = 0; i < timestamps.length; i++) {
        const sample: SampleInput = histograms?.[i] ?? (isStale(bits, i) ? "stale" : values[i]!);
        this.#memory.append(labels, timestamps[i]!, sample);
      }
    }
    this.closedUntilMs = startMs + WINDOW_MS;
    this.windows++;
    return Promise.resolve();
  }

  select: WindowStore["select"] = (matchers, range) => this.#memory.select(matchers, range);
  labelNames: WindowStore["labelNames"] = () => Promise.resolve({ items: [], isCut: false });
  labelValues: WindowStore["labelValues"] = () => Promise.resolve({ items: [], isCut: false });
  series: WindowStore["series"] = () => Promise.resolve({ items: [], isCut: false });
  exemplars: WindowStore["exemplars"] = () => Promise.resolve([]);

  statistics(): WindowStatistics {
    const nothing = { bytes: 0, samples: 0, minTimeMs: Number.NaN, maxTimeMs: Number.NaN };
    return { windows: this.windows, ...nothing, quarantined: [] };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
