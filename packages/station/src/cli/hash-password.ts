// flx hash-password: a password in, the line for `password_hash` out. The password is never an argument: arguments are
// seen by everybody on the machine, and stay in the shell's history.

import type { ReadStream } from "node:tty";
import { FlxError } from "@flx/model";
import { hashPassword } from "../base/access/password-hash.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";

const help = `Usage: flx hash-password

Reads a password from the terminal (nothing is shown) or from standard input (its first line), and prints its hash for
access.users[].password_hash in the station's configuration. The hash is made with scrypt and a salt of its own.

Exit codes:
  0   the hash was printed
  1   the password is empty or too long, or the two do not agree
  64  the command line is wrong
`;

/** The command. */
export const hashPasswordCommand: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { words } = readArguments(args, {});
  if (words.length > 0) throw new UsageError("a password is no argument: it is asked for");
  const password = process.stdin.isTTY ? await askTwice(terminal) : await firstLine();
  if (password === undefined) {
    terminal.error("flx hash-password: the two passwords do not agree\n");
    return 1;
  }
  try {
    terminal.out(`${await hashPassword(password)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof FlxError)) throw error;
    terminal.error(`flx hash-password: ${error.message}\n`);
    return 1;
  }
}

async function askTwice(terminal: Terminal): Promise<string | undefined> {
  const { stdin } = process;
  stdin.setRawMode(true);
  try {
    const first = await hiddenLine("Password: ", stdin, terminal);
    const second = await hiddenLine("Again:    ", stdin, terminal);
    return first === second ? first : undefined;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
  }
}

/** A line that is typed and not shown; Ctrl-C ends the command as it would elsewhere. */
function hiddenLine(prompt: string, stdin: ReadStream, terminal: Terminal): Promise<string> {
  terminal.error(prompt);
  return new Promise((resolve) => {
    let line = "";
    const onData = (typed: Buffer): void => {
      for (const letter of typed.toString()) {
        if (letter === "\u0003") {
          stdin.setRawMode(false);
          process.kill(process.pid, "SIGINT");
        } else if (letter === "\u007F" || letter === "\b") {
          line = line.replace(/.$/su, "");
        } else if (letter === "\r" || letter === "\n" || letter === "\u0004") {
          stdin.off("data", onData);
          terminal.error("\n");
          resolve(line);
          return;
        } else line += letter;
      }
    };
    stdin.on("data", onData);
  });
}

async function firstLine(): Promise<string> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const piece of process.stdin as AsyncIterable<string>) {
    text += piece;
    if (text.includes("\n") || text.length > 4_096) break;
  }
  return text.split(/\r?\n/, 1)[0]!;
}
