// The table of flx top: as wide as the terminal, names first, what is down in red.

import { durationText } from "../../base/units.ts";
import type { Screen } from "../query/show.ts";
import { cell } from "../records/cells.ts";
import type { TopRow, TopView } from "./look.ts";

const HEADS: Readonly<Record<TopView, readonly string[]>> = {
  jobs: ["JOB"],
  targets: ["JOB", "INSTANCE"],
  metrics: ["METRIC"],
};

/** Widths of the columns of numbers. */
const UP = 7;
const NUMBER = 11;
const SCRAPE = 8;
const MAX_NAME = 60;

const RED = "\x1b[31m";
const BOLD = "\x1b[1m";
const RESET = "\x1b[0m";

/** Lines: a head, and one for each row. */
export function topTable(
  view: TopView,
  rows: readonly TopRow[],
  { width, isColored }: Screen,
): string[] {
  const heads = HEADS[view];
  const hasScrapes = view !== "metrics";
  const fixed = 2 * (NUMBER + 2) + (hasScrapes ? UP + SCRAPE + 4 : 0);
  const room = Math.max(8, Math.floor((width - fixed) / heads.length) - 2);
  const names = heads.map((head, i) => {
    const longest = Math.max(head.length, ...rows.map(({ name }) => name[i]!.length));
    return Math.min(longest, room, MAX_NAME);
  });
  const line = (name: readonly string[], numbers: readonly string[], rest: string): string => {
    const left = name.map((text, i) => cell(text === "" ? "-" : text, names[i]!));
    const cells = [...left, ...numbers].join("  ");
    const more = Math.max(0, width - names.reduce((sum, each) => sum + each + 2, 0) - fixed);
    return rest === "" || more < 4 ? cells.trimEnd() : `${cells}  ${cell(rest, more).trimEnd()}`;
  };
  const numbersOf = (up: string, samples: string, series: string, scrape: string): string[] => [
    ...(hasScrapes ? [cell(up, UP, "right")] : []),
    cell(samples, NUMBER, "right"),
    cell(series, NUMBER, "right"),
    ...(hasScrapes ? [cell(scrape, SCRAPE, "right")] : []),
  ];
  const head = line(
    heads,
    numbersOf("UP", "SAMPLES/S", "SERIES", "SCRAPE"),
    hasScrapes ? "ERROR" : "",
  );
  const lines = rows.map(({ name, samplesPerSecond, series, up, scrapeSeconds, error = "" }) => {
    const text = line(
      name,
      numbersOf(
        up === undefined ? "" : `${up[0]}/${up[1]}`,
        samplesPerSecond.toFixed(1),
        series.toLocaleString("en"),
        scrapeSeconds === undefined ? "" : durationText(scrapeSeconds * 1e9),
      ),
      error,
    );
    return isColored && up !== undefined && up[0] < up[1] ? `${RED}${text}${RESET}` : text;
  });
  if (rows.length === 0) lines.push("(nothing came in the last minute)");
  return [isColored ? `${BOLD}${head}${RESET}` : head, ...lines];
}
