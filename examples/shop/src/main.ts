// The command line of the shop: finds the command, checks its words, turns the outcome into an exit code.

import { readArguments, unknownWord, UsageError } from "./cli/arguments.ts";
import { CommandError } from "./cli/command.ts";
import { commands } from "./cli/commands.ts";
import { commandHelp, helpText } from "./cli/help.ts";

/** Runs one command line; gives the exit code. */
async function main([name = "help", ...args]: readonly string[]): Promise<number> {
  if (["help", "--help", "-h"].includes(name)) return help(args[0]);
  const command = find(name);
  if (args.includes("--help") || args.includes("-h")) return help(name);
  const given = readArguments(args, command.options);
  const [least, most] = command.words;
  if (given.words.length < least || given.words.length > most) {
    throw new UsageError(`it is: shop ${command.name} ${command.takes}`.trimEnd());
  }
  const run = await command.load();
  const gateway = process.env["SHOP_PUSHGATEWAY"];
  // A command is gone before anybody scrapes it, so its metrics are pushed, when there is somewhere to push them.
  if (gateway === undefined || name === "up") return run(given);
  const { trackedAndPushed } = await import("./cli/pushed.ts");
  return trackedAndPushed(gateway, name, () => run(given));
}

function help(name: string | undefined): number {
  console.log(name === undefined ? helpText(commands) : commandHelp(find(name)));
  return 0;
}

function find(name: string): (typeof commands)[number] {
  const command = commands.find((known) => known.name === name);
  if (command !== undefined) return command;
  throw unknownWord("command", name, [...commands.map((known) => known.name), "help"]);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const usage = error instanceof UsageError;
  if (usage || error instanceof CommandError) console.error(`shop: ${error.message}`);
  else {
    const { getErrorHandler } = await import("@flx/monitoring/errors");
    getErrorHandler().printException(error);
  }
  if (usage) console.error("shop help shows every command.");
  process.exitCode = usage ? 2 : 1;
}
