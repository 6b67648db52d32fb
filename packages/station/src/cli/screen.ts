// The terminal that a command writes to: its size, and whether it wants colours.

import type { Screen } from "./query/show.ts";

/** What standard output is: 100 x 30 without colours when it is no terminal. */
export function screenOf(stream: NodeJS.WriteStream = process.stdout): Screen {
  return {
    width: stream.columns ?? 100,
    height: stream.rows ?? 30,
    isColored: isColored(stream),
  };
}

function isColored(stream: NodeJS.WriteStream): boolean {
  if ((process.env["NO_COLOR"] ?? "") !== "") return false;
  if ((process.env["FORCE_COLOR"] ?? "") !== "") return process.env["FORCE_COLOR"] !== "0";
  return stream.isTTY;
}
