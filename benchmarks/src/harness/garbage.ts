// Bytes an op allocates, live or not.
//
// The used heap is read before and after a number of ops that is small enough for no collection to happen
// between; the reading itself allocates a little, so an empty run is subtracted. The median of several runs;
// a run in which the heap shrank was collected and does not count.

import { median } from "./statistics.ts";

/** Less than this per op is the noise of the reading. */
const noiseBytes = 0.5;
/** The young generation starts at about 1 MiB; well below that nothing is collected. */
const safeBytes = 256 * 1024;
const samples = 9;

/**
 * Bytes allocated per op, rounded to one decimal; 0 below half a byte.
 *
 * @param run runs so many ops; must be warm, or the compiler's feedback is counted too
 */
export async function bytesPerOp(
  run: (count: number) => number | Promise<number>,
): Promise<number> {
  let count = 8192;
  while (count > 1 && (await allocated(run, count)) > safeBytes) count >>= 2;
  const empty: number[] = [];
  const full: number[] = [];
  for (let i = 0; i < samples; i++) {
    empty.push(await allocated(run, 0));
    const bytes = await allocated(run, count);
    if (bytes >= 0) full.push(bytes);
  }
  const perOp = (median(full) - median(empty)) / count;
  return perOp < noiseBytes ? 0 : Math.round(perOp * 10) / 10;
}

async function allocated(
  run: (count: number) => number | Promise<number>,
  count: number,
): Promise<number> {
  collectYoung();
  const before = process.memoryUsage().heapUsed;
  const pending = run(count);
  // Awaiting allocates: only where there is something to wait for.
  if (typeof pending !== "number") await pending;
  return process.memoryUsage().heapUsed - before;
}

/** Empties the young generation. @throws {TypeError} without --expose-gc */
export function collectYoung(): void {
  collector()({ type: "minor" });
}

/** Collects everything. @throws {TypeError} without --expose-gc */
export function collectAll(): void {
  collector()();
}

function collector(): NodeJS.GCFunction {
  if (globalThis.gc === undefined) {
    throw new TypeError("benchmarks run with node --expose-gc (npm run bench does)");
  }
  return globalThis.gc;
}
