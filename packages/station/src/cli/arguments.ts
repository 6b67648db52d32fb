// The words of a command line, checked against the options that a command has.
//
//   --name value   --name=value   --switch   -q      anything after --  is a word
//
// Why not parseArgs of node:util: it takes longer to load than a probe on this machine takes to be answered.

import { UsageError } from "./command.ts";
import { nearest } from "../base/nearest.ts";

/** An option; without `value` it is a switch. */
export interface OptionSpec {
  /** What it takes, for the help: "SECONDS". */
  readonly value?: string;
  /** One letter: "q" for -q. */
  readonly short?: string;
}

/** What was given. */
export interface GivenArguments {
  /** Options by name; a switch that is on has the value "". */
  readonly options: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/**
 * Reads arguments.
 *
 * @throws {UsageError} for an option that is not known, given twice, lacks its value, or has one too many
 */
export function readArguments(
  args: readonly string[],
  specs: Readonly<Record<string, OptionSpec>>,
): GivenArguments {
  const options = new Map<string, string>();
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      words.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      words.push(arg);
      continue;
    }
    const [flag, inline] = splitOnce(arg);
    const [name, spec] = findOption(flag, specs);
    const takesNext = spec.value !== undefined && inline === undefined;
    const value = takesNext ? args[++i] : inline;
    checkValue(flag, spec, value);
    if (options.has(name)) throw new UsageError(`--${name} is given twice`);
    options.set(name, value ?? "");
  }
  return { options, words };
}

function splitOnce(arg: string): readonly [string, string | undefined] {
  const at = arg.indexOf("=");
  return at < 0 ? [arg, undefined] : [arg.slice(0, at), arg.slice(at + 1)];
}

function findOption(
  flag: string,
  specs: Readonly<Record<string, OptionSpec>>,
): readonly [string, OptionSpec] {
  const found = Object.entries(specs).find(
    ([name, { short }]) => flag === `--${name}` || (short !== undefined && flag === `-${short}`),
  );
  if (found !== undefined) return found;
  const meant = nearest(
    flag,
    Object.keys(specs).map((name) => `--${name}`),
  );
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  throw new UsageError(`there is no option ${flag}${hint}`);
}

function checkValue(flag: string, spec: OptionSpec, value: string | undefined): void {
  if (spec.value === undefined) {
    if (value !== undefined) throw new UsageError(`${flag} takes no value`);
  } else if (value === undefined || value === "") {
    throw new UsageError(`${flag} needs a value: ${flag} ${spec.value}`);
  }
}
