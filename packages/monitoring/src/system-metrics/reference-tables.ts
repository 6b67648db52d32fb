// The tables of docs/reference/system-metrics.md, made from the table in code; a test keeps them equal.
//
//   ## Memory                        <- title of a group
//   | Family | Type | Labels | ...   <- its families, columns padded as the formatter does
//
//   node --conditions=@flx/source packages/monitoring/src/system-metrics/reference-tables.ts     writes them into the page

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { familyGroups } from "./families.ts";
import type { FamilyGroup, SystemFamily } from "./family.ts";

/** The page, in this repository. */
export const REFERENCE_PAGE: string = join(
  import.meta.dirname,
  "../../../../docs/reference/system-metrics.md",
);

const BEGIN = "<!-- The families: written by reference-tables.ts -->\n";

/** The page with its tables as they are in code; what stands above them is kept. */
export function withReferenceTables(page: string): string {
  const [above = ""] = page.split(BEGIN);
  return `${above}${BEGIN}\n${familyGroups.map(section).join("\n")}`;
}

function section({ title, families }: FamilyGroup): string {
  return `## ${title}\n\n${table([HEAD, ...families.map(row)])}`;
}

const HEAD: readonly string[] = ["Family", "Type", "Labels", "What it says"];

function row({ name, type, labelNames, help }: SystemFamily): readonly string[] {
  const labels = labelNames.map((label) => `\`${label}\``).join(", ");
  return [`\`flx_${name}\``, type, labels, help];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |\n`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return rows.map((cells, i) => (i === 0 ? line(cells) + rule : line(cells))).join("");
}

if (import.meta.main) {
  writeFileSync(REFERENCE_PAGE, withReferenceTables(readFileSync(REFERENCE_PAGE, "utf8")));
}
