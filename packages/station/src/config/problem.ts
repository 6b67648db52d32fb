// What is wrong with a configuration: every problem at once, each with its place.
//
//   flx.yaml:3:5: scrape_configs[0].scrap_interval: there is no such key; did you mean scrape_interval?
//   flx.yaml:9:12: global.scrape_timeout: not a duration: "10"; write it like 15s ...

import { FlxError } from "@flx/model";

/** A place in a text, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong. */
export interface ConfigProblem extends Place {
  /** Where in the structure: `scrape_configs[0].job_name`; "" for the whole. */
  readonly path: string;
  readonly message: string;
}

/** Problems shown in a message; the rest is counted. */
const MAX_SHOWN = 20;

/** A configuration that cannot be used. Nothing of it was. */
export class ConfigError extends FlxError {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  /**
   * @param file     what it was read from, for the message
   * @param problems one or more, in the order of the text
   */
  constructor(file: string, problems: readonly ConfigProblem[]) {
    const shown = problems.slice(0, MAX_SHOWN).map((problem) => showProblem(file, problem));
    const more = problems.length - shown.length;
    if (more > 0) shown.push(`and ${more} more`);
    super("FLX_CONFIG", shown.join("\n"));
    this.problems = problems;
  }
}

/** A problem as one line with its place. */
export function showProblem(file: string, { line, column, path, message }: ConfigProblem): string {
  return `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}
