// Runs a program in a process of its own to its end. It stands in this folder, so that it may import what is here.

import { spawn } from "node:child_process";
import { once } from "node:events";

/** What a process wrote, and its exit code; null when a signal ended it. */
export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
}

/** Runs a module given as text. It is ended after two minutes. */
export function runProgram(program: string, flags: readonly string[] = []): Promise<Ended> {
  return run([...flags, "--input-type=module", "--eval", program]);
}

/** Runs a file of this folder; see above. */
export function runFile(
  file: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<Ended> {
  return run([...flags, file, ...args]);
}

async function run(args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--conditions=@flx/source", ...args], {
    cwd: import.meta.dirname,
    env: { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1" },
    timeout: 120_000,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { stdout, stderr, code };
}
