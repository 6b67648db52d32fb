// flx config: what a configuration file says, without starting a station.

import { FlxError } from "@flx/model";
import { ConfigError, type ConfigProblem, showProblem } from "../config/problem.ts";
import type { ExplainedValue, JsonSchema } from "../config/shape.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";

/** A configuration as this command sees it. */
export interface CheckedConfig {
  readonly explained: readonly ExplainedValue[];
  readonly warnings: readonly ConfigProblem[];
  /** One line for people: "2 scrape jobs, 1 rule file". */
  readonly summary: string;
}

/** What knows the configuration of a station. */
export interface ConfigSource {
  /** Reads everything a file says and names; of no file, the defaults. */
  read(this: void, file: string | undefined): Promise<CheckedConfig>;
  schema(this: void): JsonSchema;
}

const help = `Usage: flx config check FILE
       flx config explain [FILE] [--changed]
       flx config schema

What a configuration file of the station says; a prometheus.yml will do.

  check     says what is wrong with line and column, and what has no effect
  explain   each value and where it comes from; secrets are masked; without FILE the defaults
  schema    the JSON Schema of the file, for editors

  --changed   only what is not a default
  --strict    check: what has no effect is a problem, too

Exit codes: 0 good, 1 the configuration cannot be used, 2 the file cannot be read, 64 wrong command line
`;

const EXIT_PROBLEMS = 1;
const EXIT_FILE = 2;

/** The command over a source of configuration. */
export function configCommand(source: ConfigSource): Command {
  return { help, run: (args, terminal) => run(source, args, terminal) };
}

async function run(
  source: ConfigSource,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { options, words } = readArguments(args, { changed: {}, strict: {} });
  const [action = "", file, ...more] = words;
  if (more.length > 0) throw new UsageError("one file is enough");
  try {
    switch (action) {
      case "check":
        if (file === undefined) throw new UsageError("check needs a file");
        return check(file, await source.read(file), options.has("strict"), terminal);
      case "explain":
        explain(await source.read(file), options.has("changed"), terminal);
        return 0;
      case "schema":
        terminal.out(`${JSON.stringify(source.schema(), undefined, 2)}\n`);
        return 0;
      default:
        throw new UsageError("it is check, explain or schema");
    }
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    terminal.error(`${error.message}\n`);
    return error instanceof ConfigError ? EXIT_PROBLEMS : EXIT_FILE;
  }
}

function check(
  file: string,
  { warnings, summary }: CheckedConfig,
  isStrict: boolean,
  terminal: Terminal,
): number {
  for (const warning of warnings) terminal.error(`${showProblem(file, warning)}\n`);
  if (isStrict && warnings.length > 0) return EXIT_PROBLEMS;
  terminal.out(`${file} is good: ${summary}\n`);
  return 0;
}

function explain({ explained }: CheckedConfig, isChangedOnly: boolean, { out }: Terminal): void {
  const shown = explained.filter(({ source }) => !isChangedOnly || source !== "default");
  const pathWidth = Math.max(0, ...shown.map(({ path }) => path.length));
  const valueWidth = Math.min(40, Math.max(0, ...shown.map(({ shown: value }) => value.length)));
  for (const { path, shown: value, source } of shown) {
    out(`${path.padEnd(pathWidth)}  ${value.padEnd(valueWidth)}  ${source}\n`);
  }
}
