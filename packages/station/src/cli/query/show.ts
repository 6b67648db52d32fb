// Results of queries for people: a table of an instant vector, a plot and a table of a range.

import { printable } from "../../base/printable.ts";
import { histogramText, metricText, type Result, type SeriesJson } from "./answer.ts";
import { plot } from "./plot.ts";

/** Where it is shown. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  /** Whether colours are wanted. */
  readonly isColored: boolean;
}

/** The times of a range query, in Unix seconds. */
export interface Times {
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

const COLORS = [36, 33, 32, 35, 34, 31, 96, 93, 92, 95].map((code) => `\x1b[${code}m`);
const RESET = "\x1b[0m";
const DIM = "\x1b[2m";

/** Series in a plot: more are only counted. */
const MAX_PLOTTED = 10;

/** A result as lines. */
export function showResult(result: Result, screen: Screen, times: Times | undefined): string[] {
  switch (result.resultType) {
    case "scalar":
    case "string":
      return [printable(result.result[1], 10_000)];
    case "vector":
      return table(
        result.result.map(({ metric, value, histogram }) => [
          printable(metricText(metric), 2_000),
          value === undefined ? histogramText(histogram![1]) : value[1],
        ]),
      );
    case "matrix":
    default:
      return times === undefined
        ? pointLists(result.result)
        : plotted(result.result, screen, times);
  }
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  if (rows.length === 0) return ["(nothing)"];
  const width = Math.min(100, Math.max(...rows.map(([name]) => name.length)));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** Samples of a range selector, one line each. */
function pointLists(series: readonly SeriesJson[]): string[] {
  if (series.length === 0) return ["(nothing)"];
  return series.flatMap(({ metric, values = [], histograms = [] }) => [
    printable(metricText(metric), 2_000),
    ...values.map(([time, value]) => `  ${isoTime(time)}  ${value}`),
    ...histograms.map(([time, histogram]) => `  ${isoTime(time)}  ${histogramText(histogram)}`),
  ]);
}

function plotted(series: readonly SeriesJson[], screen: Screen, times: Times): string[] {
  if (series.length === 0) return ["(nothing)"];
  const shown = series.slice(0, MAX_PLOTTED);
  const lines = plot(
    shown.map(({ values = [] }) => ({
      points: values.map(([time, value]) => [time, numberOf(value)] as const),
    })),
    {
      width: screen.width,
      height: Math.max(6, Math.min(18, screen.height - 4 - shown.length)),
      ...times,
      ...(screen.isColored && { colors: COLORS }),
    },
  );
  const legend = shown.map(({ metric, values = [], histograms = [] }, i) => {
    const last = values.at(-1)?.[1] ?? (histograms.length > 0 ? "(histograms)" : "");
    const mark = screen.isColored ? `${COLORS[i % COLORS.length]!}■${RESET}` : "■";
    return `${mark} ${printable(metricText(metric), 500)}  ${dim(`last ${last}`, screen)}`;
  });
  const more = series.length - shown.length;
  if (more > 0)
    legend.push(dim(`and ${more} more series; narrow the query, or use --json`, screen));
  return [...lines, ...legend];
}

function dim(text: string, { isColored }: Screen): string {
  return isColored ? `${DIM}${text}${RESET}` : text;
}

/** A number as the API writes it. */
export function numberOf(text: string): number {
  if (text === "+Inf") return Infinity;
  return text === "-Inf" ? -Infinity : Number(text);
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1_000).toISOString();
}
