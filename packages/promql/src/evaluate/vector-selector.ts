// An instant selector for all evaluation times: per series the newest sample that is not too old.
//
//   samples     s1        s2   s3(stale)         s4
//   times            t0        t1        t2           t3
//                    s1        .         .            s4        the lookback is open on its left side
//
// One pointer moves over the samples, whatever the number of times.

import { firstAfter } from "../series/search.ts";
import { isStaleAt } from "../series/stale.ts";
import type { SeriesData } from "../series/queryable.ts";
import type { Execution } from "./execution.ts";
import type { Grid } from "./grid.ts";
import { Matrix } from "./matrix.ts";
import type { SelectorNode } from "./plan-nodes.ts";
import { smoothedSelector } from "./smoothed-selector.ts";
import { sampleSize } from "../histogram/float-histogram.ts";
import { statsOf } from "../histogram/stats-only.ts";

/** How many series are worked on between two looks at the clock. */
const PIECE = 1024;

/** The samples a selector selects. */
export async function evaluateSelector(
  node: SelectorNode,
  grid: Grid,
  execution: Execution,
): Promise<Matrix> {
  const series = execution.series.get(node.id) ?? [];
  if (node.extended === "smoothed") return smoothedSelector(node, series, grid, execution);
  execution.reserve(grid.steps, series.length);
  const matrix = new Matrix(grid.steps, series.length);
  const walk = new SelectorWalk(node, grid, execution.lookbackMs);
  for (let from = 0; from < series.length; from += PIECE) {
    await execution.checkpoint();
    const to = Math.min(series.length, from + PIECE);
    for (let i = from; i < to; i++) walk.addRow(matrix, series[i]!);
    execution.read(node, walk.takeRead());
  }
  return matrix;
}

class SelectorWalk {
  readonly #node: SelectorNode;
  readonly #grid: Grid;
  readonly #lookbackMs: number;
  #read = 0;

  constructor(node: SelectorNode, grid: Grid, lookbackMs: number) {
    this.#node = node;
    this.#grid = grid;
    this.#lookbackMs = lookbackMs;
  }

  takeRead(): number {
    const read = this.#read;
    this.#read = 0;
    return read;
  }

  addRow(matrix: Matrix, series: SeriesData): void {
    const { timestamps, values, histograms } = series;
    const { offsetMs, atMs, statsOnly } = this.#node;
    const { startMs, stepMs, steps } = this.#grid;
    const begin = matrix.beginRow();
    const { kinds } = matrix;
    const column = matrix.values;
    let found = 0;
    let refMs = (atMs ?? startMs) - offsetMs;
    let at = firstAfter(timestamps, refMs) - 1;
    for (let step = 0; step < steps; step++) {
      while (at + 1 < timestamps.length && timestamps[at + 1]! <= refMs) at++;
      if (at >= 0 && timestamps[at]! > refMs - this.#lookbackMs) {
        const histogram = histograms?.[at];
        if (histogram !== undefined) {
          matrix.putHistogram(begin + step, statsOnly ? statsOf(histogram) : histogram);
          found += sampleSize(histogram);
        } else {
          const value = values[at]!;
          if (value === value || !isStaleAt(values, at)) {
            column[begin + step] = value;
            kinds[begin + step] = 1;
            found++;
          }
        }
      }
      if (atMs === undefined) refMs += stepMs;
    }
    this.#read += found;
    if (found > 0) matrix.endRow(series.labels, false);
  }
}
