// From the first word of the command line to an exit code.
//
//   flx, flx help, flx --help, -h       the commands
//   flx NAME --help, flx help NAME      what that command takes
//   flx --version, -v                   the version
//   flx NAME ...                        the command
//   anything else                       64, with the nearest name

import { type Command, EXIT_USAGE, type Terminal, UsageError } from "./command.ts";

/** The commands by name, loaded when they are run. */
export type CommandTable = Readonly<
  Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>
>;

/** Runs a command line; the exit code. */
export async function runCommand(
  commands: CommandTable,
  name: string | undefined,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    const [about] = args;
    if (about !== undefined && Object.hasOwn(commands, about)) {
      terminal.out((await commands[about]!.load()).help);
      return 0;
    }
    terminal.out(overview(commands));
    return 0;
  }
  if (name === "--version" || name === "-v") {
    terminal.out(`${await version()}\n`);
    return 0;
  }
  if (!Object.hasOwn(commands, name)) return await unknownCommand(commands, name, terminal);
  const command = await commands[name]!.load();
  if (args.includes("--help") || args.includes("-h")) {
    terminal.out(command.help);
    return 0;
  }
  try {
    return await command.run(args, terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.error(`flx ${name}: ${error.message}\nTry: flx ${name} --help\n`);
    return EXIT_USAGE;
  }
}

function overview(commands: CommandTable): string {
  const width = Math.max(...Object.keys(commands).map(({ length }) => length)) + 2;
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}${summary}\n`,
  );
  return `Usage: flx COMMAND [OPTIONS]\n\n${lines.join("")}\nMore: flx COMMAND --help\n`;
}

async function unknownCommand(
  commands: CommandTable,
  name: string,
  terminal: Terminal,
): Promise<number> {
  const { nearest } = await import("../base/nearest.ts");
  const meant = nearest(name, Object.keys(commands));
  const hint = meant === undefined ? "" : `; did you mean ${meant}?`;
  terminal.error(`flx: there is no command ${JSON.stringify(name)}${hint}\nTry: flx --help\n`);
  return EXIT_USAGE;
}

async function version(): Promise<string> {
  const { readFile } = await import("node:fs/promises");
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
