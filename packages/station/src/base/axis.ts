// What the axes of a plot have written on them, in a terminal and on a page.

/** Where an axis begins and ends; never the same. */
export interface AxisBounds {
  readonly min: number;
  readonly max: number;
}

/** The bounds of values, with room around a single one; undefined when none is finite. */
export function axisBounds(values: Iterable<number>): AxisBounds | undefined {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return undefined;
  if (min === max) {
    const room = min === 0 ? 1 : Math.abs(min) / 2;
    return { min: min - room, max: max + room };
  }
  return { min, max };
}

/** Round numbers along an axis, about so many: 1, 2 or 5 times a power of ten apart. */
export function roundTicks(min: number, max: number, wanted: number): number[] {
  const rough = (max - min) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough)!;
  const first = Math.ceil(min / step);
  const ticks: number[] = [];
  // Counted: of values that are nearly the same and very large, adding a step may change nothing.
  for (let i = 0; i <= wanted * 2 && (first + i) * step <= max + step * 1e-9; i++) {
    const tick = (first + i) * step;
    if (tick !== ticks.at(-1)) ticks.push(tick);
  }
  return ticks;
}

/** A number in a few characters: 1.5k, 20M, 0.001. */
export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && size < 1e-3) return value.toExponential(1).replace(".0e", "e");
  for (const [limit, unit] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const) {
    if (size >= limit) {
      return `${trimmed(value / (unit === "k" ? 1e3 : limit))}${unit}`;
    }
  }
  return trimmed(value);
}

function trimmed(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** A time of day, with the date when the axis is longer than a day; both in seconds. */
export function clockText(seconds: number, span: number): string {
  const text = new Date(seconds * 1_000).toISOString();
  if (span > 86_400) return text.slice(5, 16).replace("T", " ");
  return span < 600 ? text.slice(11, 19) : text.slice(11, 16);
}
