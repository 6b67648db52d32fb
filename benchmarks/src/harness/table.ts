// A case as lines for a terminal. Pure.
//
//   counter.inc, 1000 label sets (ns/op)
//                             median     min  spread     cpu  garbage  x ours
//     ours                      50.2    48.9      3%    50.1      0 B
//     @prometheus-io/client      170     164      4%     169     82 B  3.4x ±2%   0.16.1
//     >= 3x @prometheus-io/client: 3.4x   met

import { figure, percent, type CaseReport, type Row } from "./report.ts";

const heads = ["", "median", "min", "spread", "cpu", "garbage", "x ours", ""];

/** The lines of one case, without a newline at the end. */
export function caseTable(report: CaseReport): string {
  const cells = [heads, ...report.rows.map(rowCells)];
  const used = heads.map((_, column) => column === 0 || cells.slice(1).some((row) => row[column]));
  const widths = heads.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .filter((_, column) => used[column])
      .join("  ")
      .trimEnd(),
  );
  const verdicts = report.verdicts.map(({ text, met }) => `${text}   ${met ? "met" : "NOT MET"}`);
  const noise = report.noise.map((why) => `noisy: ${why}`);
  return [
    `${report.name} (${report.unit})`,
    ...[...lines, ...verdicts, ...noise].map((line) => `  ${line}`.trimEnd()),
  ].join("\n");
}

function rowCells(row: Row, index: number): string[] {
  return [
    row.name,
    figure(row.median),
    figure(row.min),
    percent(row.spread),
    row.cpuMedian === undefined ? "" : figure(row.cpuMedian),
    row.garbageBytes === undefined ? "" : `${figure(row.garbageBytes)} B`,
    index === 0 ? "" : `${figure(row.timesOurs)}x ±${percent(row.timesSpread / 2)}`,
    row.version ?? "",
  ];
}

/** Names and versions to the left, figures to the right. */
function pad(cell: string, width: number, column: number): string {
  return column === 0 || column === heads.length - 1 ? cell.padEnd(width) : cell.padStart(width);
}
