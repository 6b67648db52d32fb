// The child of kill.test.ts: appends step after step on a clock that runs a minute a step, and says what was acknowledged.

import { writeSync } from "node:fs";
import { Labels, NativeHistogram } from "@flx/model";
import { openEmbeddedStore } from "../../src/store/embedded-store.ts";
import { SampleBatch } from "../../src/store/metric-sink.ts";
import { FileWindows } from "../../src/store/windows/file-windows.ts";

const SERIES = 12;
const STEP_MS = 60_000;
const START = Date.UTC(2026, 0, 1);
const [folder = "", from = "0"] = process.argv.slice(2);
let step = Number(from);
const now = (): number => START + step * STEP_MS;
const store = await openEmbeddedStore({
  folder,
  now,
  snapshotBytes: 20_000,
  upkeepMs: 3,
  openWindows: (place) => FileWindows.open({ folder: place, retentionMs: 0, now }),
});
const under: Promise<void>[] = [];
// Series 1, 4, 7 ... come one step late, out of order; 2, 5, 8 ... are histograms; all from several sources.
for (; ; step++) {
  writeSync(1, `begun ${step}\n`);
  under.push(put(step));
  if (under.length >= 3) await under.shift();
}

async function put(at: number): Promise<void> {
  const batch = new SampleBatch();
  for (let series = 0; series < SERIES; series++) {
    const labels = Labels.from({ __name__: "x_total", i: String(series) });
    const ref = store.ref(labels, `source ${series % 4}`);
    const timestampMs = START + at * STEP_MS;
    const value = series * 1_000_000 + at;
    if (series % 3 === 0) batch.add(ref, timestampMs, value);
    else if (series % 3 === 1) {
      // Every other step brings two: this one and, after it, the one before.
      if (at % 2 === 1) {
        batch.add(ref, timestampMs, value);
        batch.add(ref, timestampMs - STEP_MS, value - 1);
      }
    } else {
      const counts = [1, at % 50];
      const positive = { indexes: [0, 3], counts };
      const histogram = NativeHistogram.from({ schema: 1, sum: value, positive });
      batch.histograms.push({ ref, timestampMs, startMs: 0, histogram });
    }
  }
  const { rejected } = await store.append(batch);
  if (rejected.length > 0) {
    writeSync(2, `${JSON.stringify(rejected)}\n`);
    process.exit(1);
  }
  writeSync(1, `kept ${at}\n`);
}
