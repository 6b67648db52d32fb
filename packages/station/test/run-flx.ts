// A command of flx as a process: how it ended, and what it printed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const main = join(import.meta.dirname, "../src/main.ts");

/** What a command did. */
export interface CommandEnd {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

/** Runs `flx ARGS` to its end. */
export async function runFlx(...args: readonly string[]): Promise<CommandEnd> {
  const child = spawn(process.execPath, ["--conditions=@flx/source", main, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let [out, error] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out, error };
}
