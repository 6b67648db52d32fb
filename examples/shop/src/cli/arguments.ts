// The words of a command line, checked against what a command takes. What is unknown is refused with the nearest name.

import { parseArgs } from "node:util";
import { nearest } from "../nearest.ts";

/** An option of a command; `value` names what it takes (absent: it is a switch). */
export type OptionSpec = { readonly value?: string; readonly help: string };

/** What was given: options by name, and the other words. */
export type Given = {
  readonly options: Readonly<Record<string, string | undefined>>;
  readonly words: readonly string[];
};

/** The command line is wrong; the process ends with code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code = "usage";
}

/** Reads `args` (without the command itself). A switch that is on has the value "true". */
export function readArguments(
  args: readonly string[],
  specs: Readonly<Record<string, OptionSpec>>,
): Given {
  const known = Object.keys(specs);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      known.map((name) => [
        name,
        { type: specs[name]?.value === undefined ? "boolean" : "string" },
      ]),
    ),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const options: Record<string, string> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const spec = specs[token.name];
    if (spec === undefined)
      throw unknownWord(
        "option",
        token.rawName,
        known.map((name) => `--${name}`),
      );
    if (spec.value === undefined && token.value !== undefined) {
      throw new UsageError(`--${token.name} takes no value`);
    }
    if (spec.value !== undefined && (token.value === undefined || token.value === "")) {
      throw new UsageError(`--${token.name} needs a value: --${token.name} ${spec.value}`);
    }
    options[token.name] = token.value ?? "true";
  }
  return { options, words };
}

/** A usage error for a word that is not known, with the nearest one that is. */
export function unknownWord(what: string, typed: string, known: readonly string[]): UsageError {
  const hint = nearest(typed, known);
  const meant = hint === undefined ? `there are ${known.join(", ")}` : `did you mean "${hint}"?`;
  return new UsageError(`unknown ${what} "${typed}"; ${meant}`);
}

/** The number an option gives, or `fallback`; throws a UsageError unless `least` <= number <= `most`. */
export function numberOption(
  { options }: Given,
  name: string,
  fallback: number,
  [least, most]: readonly [number, number],
): number {
  const text = options[name];
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() !== "" && value >= least && value <= most) return value;
  throw new UsageError(`--${name} must be a number from ${least} to ${most}, got "${text}"`);
}

/** A length of time like 30s, 4m or a plain number of seconds, in milliseconds; throws a UsageError. */
export function durationMs(name: string, text: string): number {
  const [, amount, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit];
  if (amount === undefined || unitMs === undefined || Number(amount) === 0) {
    throw new UsageError(`--${name} must be a time like 30s or 4m, got "${text}"`);
  }
  return Number(amount) * unitMs;
}
