// Runs a writer for a while and kills it; what it told.
//
// It tells into a file: a pipe that its reader is slow to empty would stop it.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { temporaryFolder } from "@flx/testkit";

/**
 * Runs a writer of this folder, and kills it.
 *
 * @param sign    a line after which it is killed
 * @param afterMs so long after it
 */
export async function killedWriter(
  writer: string,
  args: readonly string[],
  sign: string,
  afterMs: number,
): Promise<string> {
  await using folder = await temporaryFolder("told");
  const told = folder.file("told");
  await using output = await open(told, "w");
  const path = join(import.meta.dirname, writer);
  const child = spawn(process.execPath, ["--conditions=@flx/source", path, ...args], {
    stdio: ["ignore", output.fd, "inherit"],
  });
  const ended = once(child, "close");
  while (child.exitCode === null && !(await readFile(told, "utf8")).includes(`${sign}\n`)) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  child.kill("SIGKILL");
  await ended;
  const text = await readFile(told, "utf8");
  assert.equal(child.signalCode, "SIGKILL", `it ran until it was killed:\n${text.slice(-2_000)}`);
  return text;
}
