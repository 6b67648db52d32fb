// A data folder with metrics of the past, as a station that ran then would have left it: closed windows, log, snapshot.

import { Labels } from "@flx/model";
import { openEmbeddedStore } from "../../src/store/embedded-store.ts";
import { SampleBatch } from "../../src/store/metric-sink.ts";
import { FileWindows } from "../../src/store/windows/file-windows.ts";

/** What is written. */
export interface PastMetrics {
  /** Label sets; the value of series number i at step n is `valueOf(i, n)`. */
  readonly series: readonly Readonly<Record<string, string>>[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  readonly valueOf: (series: number, step: number) => number;
}

/** Writes them into a data folder, through the store. */
export async function fillStore(folder: string, past: PastMetrics): Promise<void> {
  const { series, fromMs, toMs, stepMs, valueOf } = past;
  let now = fromMs;
  await using store = await openEmbeddedStore({
    folder,
    now: () => now,
    upkeepMs: 0,
    openWindows: (place) => FileWindows.open({ folder: place, retentionMs: 0, now: () => now }),
  });
  const labels = series.map((each) => Labels.from(each));
  for (let step = 0; now < toMs; step++) {
    const batch = new SampleBatch();
    for (const [i, each] of labels.entries()) {
      batch.add(store.ref(each, "test"), now, valueOf(i, step));
    }
    const { rejected } = await store.append(batch);
    if (rejected.length > 0) throw new Error(rejected[0]!.reason);
    if (step % 60 === 0) await store.maintain();
    now += stepMs;
  }
  await store.maintain();
}
