// Lines for people: time, level, message, then what else there is; errors with their stacks below.
//
//   21:04:17.123  INFO  placed  orderId=7 country="DE"  trace=0af76519
//   21:04:17.130 ERROR  charge failed
//       TypeError: amount is undefined
//         at charge (payments.ts:12:9)
//       caused by RangeError: ...
//
// Frames of Node and of this package are left out of stacks. Colours only where they are wanted: NO_COLOR, FORCE_COLOR and the terminal decide. Control characters of what is
// logged are shown as such, so that no line can forge another.

import type { DestinationStream } from "pino";

const LEVELS: Readonly<Record<number, readonly [string, string]>> = {
  10: ["TRACE", "90"],
  20: ["DEBUG", "36"],
  30: ["INFO", "32"],
  40: ["WARN", "33"],
  50: ["ERROR", "31"],
  60: ["FATAL", "41;97"],
};

/** Fields that have a place of their own, or say nothing to a person at the terminal. */
const KNOWN: ReadonlySet<string> = new Set([
  "level",
  "time",
  "msg",
  "err",
  "pid",
  "hostname",
  "trace_id",
  "span_id",
  "trace_flags",
]);

/** Turns lines of JSON into lines for people. */
export class PrettyStream implements DestinationStream {
  readonly #out: DestinationStream;
  readonly #isColoured: boolean;

  constructor(out: DestinationStream, isColoured: boolean = wantsColour()) {
    this.#out = out;
    this.#isColoured = isColoured;
  }

  write(line: string): void {
    this.#out.write(prettyLine(line, this.#isColoured));
  }
}

/** One line of JSON for people; what is no JSON stays as it is. */
export function prettyLine(line: string, isColoured: boolean): string {
  let fields: Record<string, unknown>;
  try {
    fields = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const paint = (code: string, text: string) =>
    isColoured ? `\u001b[${code}m${text}\u001b[0m` : text;
  const [label, colour] = LEVELS[fields["level"] as number] ?? ["LOG", "37"];
  const time = clockTime(Number(fields["time"] ?? 0));
  // An error may be called `error`, too.
  const errorKey = fields["err"] === undefined && hasStack(fields["error"]) ? "error" : "err";
  const rest = Object.entries(fields)
    .filter(([key]) => !KNOWN.has(key) && key !== errorKey)
    .map(([key, value]) => `${paint("90", `${printable(key)}=`)}${printable(textOf(value))}`);
  const trace = fields["trace_id"];
  if (typeof trace === "string") rest.push(paint("90", `trace=${trace.slice(0, 8)}`));
  const parts = [
    paint("90", time),
    paint(colour, label.padStart(5)),
    // A message of several lines goes on further in, so that it cannot look like another line.
    printable(textOf(fields["msg"] ?? "", true)).replaceAll("\\u000a", "\n    "),
    ...rest,
  ];
  return `${parts.join("  ")}\n${errorLines(fields[errorKey], "    ", paint)}`;
}

function hasStack(value: unknown): boolean {
  return typeof value === "object" && value !== null && "stack" in value && "type" in value;
}

function clockTime(ms: number): string {
  return Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString().slice(-13, -1) : "--:--:--.---";
}

function errorLines(
  error: unknown,
  indent: string,
  paint: (code: string, text: string) => string,
): string {
  if (typeof error !== "object" || error === null) return "";
  const { type, message, stack, cause, errors } = error as Record<string, unknown>;
  const text =
    typeof stack === "string" ? stack : `${textOf(type, true)}: ${textOf(message, true)}`;
  const [head = "", ...frames] = text.split("\n").map(printable);
  let lines = `${indent}${paint("31", head)}\n`;
  for (const frame of shownFrames(frames)) lines += `${indent}${paint("90", frame)}\n`;
  if (typeof cause === "object") {
    const inner = errorLines(cause, indent, paint);
    if (inner !== "") lines += `${indent}caused by ${inner.trimStart()}`;
  }
  if (Array.isArray(errors)) {
    for (const each of errors) lines += errorLines(each, `${indent}  `, paint);
  }
  return lines;
}

/** Without the frames of Node and of this package, unless there are no others. */
function shownFrames(lines: readonly string[]): readonly string[] {
  const shown = lines.filter((line) => !isOurFrame(line));
  return shown.some((line) => FRAME.test(line)) ? shown : lines;
}

const FRAME = /^ +at /;

function isOurFrame(line: string): boolean {
  if (!FRAME.test(line)) return false;
  if (/[\\/]node_modules[\\/]@flx[\\/]monitoring[\\/]/.test(line)) return true;
  return line.includes("(node:") || /^ +at (?:async )?node:/.test(line);
}

function textOf(value: unknown, isBare = false): string {
  if (typeof value === "string") return isBare ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}

/** Control characters, and the marks that turn the direction of writing, as escapes. */
function printable(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function wantsColour(): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== "0";
  return process.stdout.isTTY;
}
