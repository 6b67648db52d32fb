// The evaluation times of a query or subquery: start, start + step, ... up to end.

/** Times in Unix milliseconds. */
export interface Grid {
  readonly startMs: number;
  /** The last evaluation time may be before it. */
  readonly endMs: number;
  /** > 0; has no meaning when there is one step. */
  readonly stepMs: number;
  /** How many evaluation times there are; 0 when the end lies before the start. */
  readonly steps: number;
}

/** The grid from `startMs` to `endMs`, both included. */
export function gridOf(startMs: number, endMs: number, stepMs: number): Grid {
  const steps = endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1;
  return { startMs, endMs, stepMs, steps };
}

/** The grid of one evaluation time. */
export function instantGrid(timeMs: number): Grid {
  return { startMs: timeMs, endMs: timeMs, stepMs: 1, steps: 1 };
}
