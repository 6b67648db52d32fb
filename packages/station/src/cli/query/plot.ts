// A plot of series in a terminal, with dots of Braille: 2 x 4 dots a character.
//
//   1.5 ┤      ⡠⠔⠒⠢⡀          a: {job="api"}
//     1 ┤  ⢀⠔⠊     ⠈⠢⡀        b: {job="web"}
//   0.5 ┤⡠⠊            ⠑⠤⣀
//       └┬──────────┬────────
//       12:00     12:30
//
// Points that follow each other are joined by a line; a gap of more than one and a half steps is left open.

import {
  type AxisBounds,
  axisBounds,
  clockText,
  roundTicks,
  shortNumber,
} from "../../base/axis.ts";

/** A line of a plot. */
export interface PlotSeries {
  /** Unix seconds and value, in time order. */
  readonly points: readonly (readonly [number, number])[];
}

/** What is to be plotted, and where. */
export interface PlotOptions {
  /** Characters, axis included. */
  readonly width: number;
  /** Lines, without those below the axis. */
  readonly height: number;
  /** Unix seconds at both ends. */
  readonly start: number;
  readonly end: number;
  /** Distance of points, in seconds: wider gaps stay open. */
  readonly step: number;
  /** ANSI colours by series; without, all are alike. */
  readonly colors?: readonly string[];
}

const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

const RESET = "\x1b[0m";

/** The lines of a plot. */
export function plot(series: readonly PlotSeries[], options: PlotOptions): string[] {
  const bounds = boundsOf(series);
  if (bounds === undefined) return ["(no numbers to plot)"];
  const { min, max } = bounds;
  const ticks = ticksOf(min, max, options.height);
  const margin = Math.max(...ticks.map(({ text }) => text.length)) + 1;
  const columns = Math.max(10, options.width - margin - 1);
  const canvas = new Canvas(columns, options.height);
  for (const [i, { points }] of series.entries()) draw(canvas, points, i, min, max, options);
  const lines = canvas.lines(options.colors).map((line, row) => {
    const tick = ticks.find((each) => each.row === row);
    return `${(tick?.text ?? "").padStart(margin - 1)} ${tick === undefined ? "│" : "┤"}${line}`;
  });
  return [...lines, ...timeAxis(columns, margin, options)];
}

function boundsOf(series: readonly PlotSeries[]): AxisBounds | undefined {
  return axisBounds(
    (function* numbers() {
      for (const { points } of series) for (const [, value] of points) yield value;
    })(),
  );
}

function draw(
  canvas: Canvas,
  points: PlotSeries["points"],
  series: number,
  min: number,
  max: number,
  { start, end, step }: PlotOptions,
): void {
  const span = Math.max(end - start, 1e-9);
  let before: { x: number; y: number; time: number } | undefined;
  for (const [time, value] of points) {
    if (!Number.isFinite(value)) {
      before = undefined;
      continue;
    }
    const x = Math.round(((time - start) / span) * (canvas.dotsWide - 1));
    const y = Math.round((1 - (value - min) / (max - min)) * (canvas.dotsHigh - 1));
    if (before === undefined || time - before.time > step * 1.5) canvas.dot(x, y, series);
    else canvas.line(before.x, before.y, x, y, series);
    before = { x, y, time };
  }
}

class Canvas {
  readonly dotsWide: number;
  readonly dotsHigh: number;
  readonly #columns: number;
  readonly #rows: number;
  readonly #dots: Uint8Array;
  readonly #owner: Int16Array;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
    this.dotsWide = columns * 2;
    this.dotsHigh = rows * 4;
    this.#dots = new Uint8Array(columns * rows);
    this.#owner = new Int16Array(columns * rows).fill(-1);
  }

  dot(x: number, y: number, owner: number): void {
    if (x < 0 || y < 0 || x >= this.dotsWide || y >= this.dotsHigh) return;
    const cell = (y >> 2) * this.#columns + (x >> 1);
    this.#dots[cell]! |= DOTS[y & 3]![x & 1]!;
    this.#owner[cell] = owner;
  }

  line(fromX: number, fromY: number, toX: number, toY: number, owner: number): void {
    const steps = Math.max(Math.abs(toX - fromX), Math.abs(toY - fromY), 1);
    for (let i = 0; i <= steps; i++) {
      const x = Math.round(fromX + ((toX - fromX) * i) / steps);
      const y = Math.round(fromY + ((toY - fromY) * i) / steps);
      this.dot(x, y, owner);
    }
  }

  lines(colors: readonly string[] | undefined): string[] {
    return Array.from({ length: this.#rows }, (_, row) => {
      let text = "";
      let color = "";
      for (let column = 0; column < this.#columns; column++) {
        const cell = row * this.#columns + column;
        const dots = this.#dots[cell]!;
        const owner = this.#owner[cell]!;
        const wanted = dots === 0 || colors === undefined ? color : colors[owner % colors.length]!;
        if (wanted !== color) text += wanted;
        color = wanted;
        text += dots === 0 ? " " : String.fromCodePoint(0x28_00 + dots);
      }
      return color === "" ? text.trimEnd() : `${text.trimEnd()}${RESET}`;
    });
  }
}

function ticksOf(min: number, max: number, height: number): { row: number; text: string }[] {
  const ticks: { row: number; text: string }[] = [];
  for (const value of roundTicks(min, max, Math.max(2, Math.floor(height / 3)))) {
    const row = Math.round((1 - (value - min) / (max - min)) * (height - 1));
    if (!ticks.some((each) => each.row === row)) ticks.push({ row, text: shortNumber(value) });
  }
  return ticks;
}

function timeAxis(columns: number, margin: number, { start, end }: PlotOptions): string[] {
  const count = Math.max(2, Math.min(6, Math.floor(columns / 20) + 1));
  const marks = Array.from({ length: count }, (_, i) => ({
    column: Math.round((i * (columns - 1)) / (count - 1)),
    text: clockText(start + ((end - start) * i) / (count - 1), end - start),
  }));
  const axis = Array.from({ length: columns }, (_, i) =>
    marks.some(({ column }) => column === i) ? "┬" : "─",
  ).join("");
  let labels = "";
  for (const { column, text } of marks) {
    const at = Math.min(column, Math.max(0, columns - text.length));
    if (labels.length > 0 && at <= labels.length) continue;
    labels = labels.padEnd(at) + text;
  }
  return [`${" ".repeat(margin)}└${axis}`, `${" ".repeat(margin + 1)}${labels}`];
}
