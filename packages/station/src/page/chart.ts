// A chart of series as SVG, drawn here: nothing runs in the browser.
//
//   0.3 ┤          ╭──╮            a line a series, in colours that are told apart without seeing colour well,
//   0.2 ┤   ╭──────╯  ╰──          and from the ninth on dashed
//   0.1 ┤───╯
//       └┬────────┬────────        a gap of more than one and a half steps is left open
//      12:00    12:30
//
// Colours come from the style sheet by class (s0 ... s7), so that they follow light and dark.

import type { SeriesData } from "@flx/promql";
import { axisBounds, clockText, roundTicks, shortNumber } from "../base/axis.ts";
import { html, type Html } from "./html.ts";

const WIDTH = 1_000;
const HEIGHT = 300;
const LEFT = 56;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 26;
const COLORS = 8;

/** The times of a chart, Unix milliseconds. */
export interface ChartTimes {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** The class of a series' colour. */
export function seriesClass(index: number): string {
  return `s${index % COLORS}${index >= COLORS ? " dashed" : ""}`;
}

/** The chart; undefined when there is no number in it. */
export function chart(
  series: readonly SeriesData[],
  names: readonly string[],
  times: ChartTimes,
): Html | undefined {
  const values = (function* all() {
    for (const { values: own, histograms } of series) {
      for (const [i, value] of own.entries()) if (histograms?.[i] === undefined) yield value;
    }
  })();
  const bounds = axisBounds(values);
  if (bounds === undefined) return undefined;
  // Zero is on the axis when that costs little: what is near it looks near it.
  const low = bounds.min > 0 && bounds.min < bounds.max / 2 ? 0 : bounds.min;
  const span = Math.max(times.endMs - times.startMs, 1);
  const x = (ms: number): number => LEFT + ((ms - times.startMs) / span) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number =>
    HEIGHT - BOTTOM - shareOf(value, low, bounds.max) * (HEIGHT - TOP - BOTTOM);
  const label = `${series.length} series from ${clockText(times.startMs / 1_000, span / 1_000)} to ${clockText(times.endMs / 1_000, span / 1_000)}`;
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
    ${roundTicks(low, bounds.max, 5).map(
      (value) =>
        html`<line
            class="grid"
            x1="${LEFT}"
            x2="${WIDTH - RIGHT}"
            y1="${at(y(value))}"
            y2="${at(y(value))}"
          /><text class="tick" x="${LEFT - 8}" y="${at(y(value) + 4)}" text-anchor="end"
            >${shortNumber(value)}</text
          >`,
    )}
    ${timeTicks(times).map(
      ({ ms, text, anchor }) =>
        html`<line
            class="grid"
            x1="${at(x(ms))}"
            x2="${at(x(ms))}"
            y1="${TOP}"
            y2="${HEIGHT - BOTTOM}"
          /><text class="tick" x="${at(x(ms))}" y="${HEIGHT - 8}" text-anchor="${anchor}"
            >${text}</text
          >`,
    )}
    ${series.map(
      (each, i) =>
        html`<path class="line ${seriesClass(i)}" d="${pathOf(each, times.stepMs, x, y)}"
          ><title>${names[i]}</title></path
        >`,
    )}
  </svg>`;
}

/** Where a value is between two others, from 0 to 1. */
function shareOf(value: number, min: number, max: number): number {
  const height = max - min;
  // The difference of the largest numbers is none, that of their halves is.
  return Number.isFinite(height)
    ? (value - min) / height
    : (value / 2 - min / 2) / (max / 2 - min / 2);
}

/** A coordinate to a tenth. */
function at(value: number): number {
  return Math.round(value * 10) / 10;
}

function pathOf(
  { timestamps, values, histograms }: SeriesData,
  stepMs: number,
  x: (ms: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < timestamps.length; i++) {
    const value = values[i]!;
    if (histograms?.[i] !== undefined || !Number.isFinite(value)) continue;
    const ms = timestamps[i]!;
    const [left, top] = [at(x(ms)), at(y(value))];
    // A point of its own is a line of no length, which is drawn round.
    path += ms - beforeMs > stepMs * 1.5 ? `M${left} ${top}h0` : `L${left} ${top}`;
    beforeMs = ms;
  }
  return path;
}

interface TimeTick {
  readonly ms: number;
  readonly text: string;
  readonly anchor: "start" | "middle" | "end";
}

function timeTicks({ startMs, endMs }: ChartTimes): TimeTick[] {
  const count = 6;
  return Array.from({ length: count }, (_, i) => {
    const ms = startMs + ((endMs - startMs) * i) / (count - 1);
    const anchor = i === 0 ? "start" : i === count - 1 ? "end" : "middle";
    return { ms, text: clockText(ms / 1_000, (endMs - startMs) / 1_000), anchor };
  });
}
