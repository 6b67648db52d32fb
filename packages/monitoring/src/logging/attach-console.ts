// console.log and its siblings as log records: the terminal shows what it showed, and the export worker gets a line.
//
//   console.error("charge failed", error)   ──►  terminal, as ever
//                                           └──► {"level":50,"msg":"charge failed","err":{...},"trace_id":...}
//
// What a call of console does while one is exported (a getter that logs) is not exported again.

import { format } from "node:util";
import type { Exporter } from "../export/exporter.ts";
import type { RedactionSettings } from "../redaction/redaction-rules.ts";
import { errorFields } from "./error-fields.ts";
import { cutText, KeyRedaction, LONGEST_TEXT } from "./key-redaction.ts";
import { LineSink } from "./line-sink.ts";
import type { LineCounter } from "./logger.ts";
import { ambientFields } from "./trace-fields.ts";

/** Where the lines of the console go. */
export interface ConsoleSettings {
  readonly exporter: Exporter;
  /** Baggage entries that lines have. */
  readonly baggage?: readonly string[] | undefined;
  /** Taken out beside the usual and what the process takes out. */
  readonly redaction?: RedactionSettings | undefined;
  readonly counter?: LineCounter | undefined;
}

const LEVELS = { debug: 20, log: 30, info: 30, warn: 40, error: 50 } as const;
const LABELS: Readonly<Record<number, string>> = {
  20: "debug",
  30: "info",
  40: "warn",
  50: "error",
};

type Method = keyof typeof LEVELS;

/** Attaches to the console of this process; disposing detaches. */
export function attachConsole(settings: ConsoleSettings): Disposable {
  const { exporter, baggage = [], counter } = settings;
  const redaction = new KeyRedaction(settings.redaction);
  const sink = new LineSink(exporter, "console");
  const originals = new Map<Method, (...args: unknown[]) => void>();
  let isBusy = false;
  const record = (level: number, args: readonly unknown[]): void => {
    if (isBusy) return;
    isBusy = true;
    try {
      const error = args.find((each) => each instanceof Error);
      sink.write(lineOf(level, args, error, baggage, redaction), error);
    } catch {
      exporter.lostEncoding("logs");
    } finally {
      isBusy = false;
    }
    counter?.counted(LABELS[level]!, false);
  };
  for (const method of Object.keys(LEVELS) as Method[]) {
    const original = console[method].bind(console);
    originals.set(method, console[method]);
    console[method] = (...args: unknown[]): void => {
      original(...args);
      record(LEVELS[method], args);
    };
  }
  return {
    [Symbol.dispose]() {
      for (const [method, original] of originals) console[method] = original;
    },
  };
}

function lineOf(
  level: number,
  args: readonly unknown[],
  error: Error | undefined,
  baggage: readonly string[],
  redaction: KeyRedaction,
): string {
  const words = args
    .filter((each) => each !== error)
    .map((each) => (typeof each === "object" && each !== null ? redaction.apply(each) : each));
  const { rules } = redaction;
  const err = error === undefined ? {} : { err: errorFields(error, rules) };
  const text = words.length === 0 && error !== undefined ? errorText(err) : format(...words);
  const msg = rules.withoutTold(text.length <= LONGEST_TEXT ? text : cutText(text));
  return JSON.stringify({ level, time: Date.now(), msg, ...err, ...ambientFields(baggage) });
}

/** The message of an error, secrets taken out. */
function errorText({ err }: { readonly err?: unknown }): string {
  const message = (err as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? message : "";
}
