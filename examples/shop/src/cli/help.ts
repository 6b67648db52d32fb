// The texts of `shop help` and `shop help COMMAND`.

import type { Command } from "./command.ts";

/** All commands, one line each. */
export function helpText(commands: readonly Command[]): string {
  const rows = commands.map(
    ({ name, takes, summary }) => [`shop ${name} ${takes}`.trim(), summary] as const,
  );
  return [
    "A small shop to be watched: processes, traffic, and faults on a switch.",
    "",
    ...columns(rows),
    "",
    "shop help COMMAND shows its options. Exit codes: 0 done, 1 failed, 2 wrong command line.",
  ].join("\n");
}

/** One command with its options. */
export function commandHelp({ name, takes, summary, options }: Command): string {
  const rows = Object.entries(options).map(
    ([option, { value, help }]) =>
      [`--${option}${value === undefined ? "" : ` ${value}`}`, help] as const,
  );
  return [`shop ${name} ${takes}`.trim(), `  ${summary}`, "", ...columns(rows)].join("\n");
}

/** Two columns, the first as wide as its widest cell. */
function columns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
