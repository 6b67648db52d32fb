// A log record as one line: when, how severe, whose, what it says, what else it carries.
//
//   2026-11-28 09:16:00.342  ERROR  orders        could not place  exception.type=Error ... trace=48bfa7fd...
//
// What the sender says of itself stands in a column of its own already. A stack is no line: `flx errors FINGERPRINT` shows
// it frame by frame, and `--json` prints everything.

import { printable } from "../../base/printable.ts";
import { timeText } from "../../base/units.ts";
import type { Screen } from "../query/show.ts";
import { cell } from "./cells.ts";

/** A log record of the API, as far as a line shows it. */
export interface ShownRecord {
  readonly timeNs: string;
  readonly service: string;
  readonly severity: number;
  readonly body?: unknown;
  readonly eventName?: string | undefined;
  readonly traceId: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

const RESET = "\x1b[0m";
const DIM = "\x1b[2m";

/** Severities by their number divided by four, with their colours. */
const SEVERITIES = ["", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const COLORS = ["", DIM, DIM, "", "\x1b[33m", "\x1b[31m", "\x1b[1;31m"];

const OF_THE_SENDER: ReadonlySet<string> = new Set(["service", "version", "environment"]);
const STACKS: ReadonlySet<string> = new Set(["exception.stacktrace", "flx.error.frames"]);

/** The line of a record. */
export function logLine(record: ShownRecord, { isColored }: Screen): string {
  const level = Math.min(6, Math.ceil(record.severity / 4));
  const painted = (text: string, color: string): string =>
    isColored && color !== "" && text !== "" ? `${color}${text}${RESET}` : text;
  return `${[
    timeText(record.timeNs),
    painted(cell(SEVERITIES[level]!, 5), COLORS[level]!),
    cell(record.service, 12),
    printable(textOf(record), 10_000),
    painted(printable(restOf(record), 2_000), DIM),
  ]
    .join("  ")
    .trimEnd()}\n`;
}

function textOf({ body, eventName = "" }: ShownRecord): string {
  if (body === undefined || body === null || body === "") return eventName;
  return typeof body === "string" ? body : JSON.stringify(body);
}

function restOf({ attributes, traceId }: ShownRecord): string {
  const shown = Object.entries(attributes)
    .filter(([key]) => !OF_THE_SENDER.has(key) && !STACKS.has(key))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return [...shown, ...(traceId === "" ? [] : [`trace=${traceId}`])].join(" ");
}
