// What every command of the shop is made of.

import { resolve } from "node:path";
import { defaultDataFolder } from "../settings.ts";
import type { Given, OptionSpec } from "./arguments.ts";

/** One command; `run` gives the exit code: 0 done, 1 failed. A wrong command line (UsageError) ends with 2. */
export type Command = {
  readonly name: string;
  /** The words after the name, for example "ORDER_ID". */
  readonly takes: string;
  readonly summary: string;
  /** How many words there may be. */
  readonly words: readonly [least: number, most: number];
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** Loaded on use, so that `shop help` does not load gRPC. */
  readonly load: () => Promise<(given: Given) => Promise<number>>;
};

/** Something is not as the command needs it; the message says what to do. The process ends with code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code = "command_failed";
}

/** The data folder a command line names, or the default. */
export function dataFolderOf({ options }: Given): string {
  return resolve(options["data"] ?? process.env["SHOP_DATA"] ?? defaultDataFolder);
}
