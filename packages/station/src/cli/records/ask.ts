// What the commands of traces, logs and errors share: options that become parameters, failures that become exit codes.

import { type Terminal, UsageError } from "../command.ts";
import { lengthOption, StationClient, StationError } from "../station-client.ts";

/** Options that a command hands on as they are, by their parameter. */
export function parametersOf(
  options: ReadonlyMap<string, string>,
  names: Readonly<Record<string, string>>,
): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [option, parameter] of Object.entries(names)) {
    const value = options.get(option);
    if (value !== undefined) parameters.set(parameter, value);
  }
  return parameters;
}

/** Adds `start` by --since: so long ago. */
export function addSince(parameters: URLSearchParams, options: ReadonlyMap<string, string>): void {
  if (!options.has("since")) return;
  const sinceMs = lengthOption(options, "since", 0);
  parameters.set("start", String((Date.now() - sinceMs) / 1_000));
}

/** Adds conditions on attributes: words like name=value. */
export function addAttributes(parameters: URLSearchParams, words: readonly string[]): void {
  for (const word of words) {
    if (/^[=!~]/.test(word)) throw new UsageError(`${word} is not like name=value`);
    parameters.append("attribute", word);
  }
}

/** The text of a path and its parameters. */
export function urlOf(path: string, parameters: URLSearchParams): string {
  const query = parameters.toString();
  return query === "" ? path : `${path}?${query}`;
}

/** Asks a station, and ends with the exit code of what went wrong. */
export async function withStation(
  name: string,
  options: ReadonlyMap<string, string>,
  terminal: Terminal,
  work: (client: StationClient) => Promise<void>,
): Promise<number> {
  const client = await StationClient.from(options);
  try {
    await work(client);
    return 0;
  } catch (error) {
    if (!(error instanceof StationError)) throw error;
    terminal.error(`flx ${name}: ${error.message}\n`);
    return error.exitCode;
  }
}

/** The exit codes, for the help. */
export const exitCodesHelp = `Exit codes:
  0   answered
  1   the station refused, or has no such thing
  2   no station answered
  64  the command line is wrong
`;
