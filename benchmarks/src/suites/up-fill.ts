// Fills a data folder for the suite of `flx up`, in a process of its own: so many series every 15 seconds from one time to
// another, with values that nothing makes smaller.
//
//   node up-fill.ts FOLDER SERIES FROM_MS TO_MS

import { fillStore } from "../../../packages/station/test/store/fill-store.ts";
import { labelsOfSeries, STEP_MS } from "./up-series.ts";

const [folder = "", series, fromMs, toMs] = process.argv.slice(2);
let seed = 1;

/** 32 random bits. */
function random(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed;
}

await fillStore(folder, {
  series: Array.from({ length: Number(series) }, (_, i) => labelsOfSeries(i)),
  fromMs: Number(fromMs),
  toMs: Number(toMs),
  stepMs: STEP_MS,
  valueOf: () => (random() / 4_294_967_296 + random()) / 4_294_967_296,
});
