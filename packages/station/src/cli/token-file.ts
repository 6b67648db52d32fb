// A bearer token that stands in a file, so that it is in no command line.

import { readFile } from "node:fs/promises";
import { fileFault } from "../base/file-fault.ts";
import { UsageError } from "./command.ts";

/**
 * The token in a file.
 *
 * @throws {UsageError} when the file cannot be read, or holds anything else
 */
export async function readToken(file: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(file, "utf8")).trim();
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${fileFault(error)}`);
  }
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(`${file} holds no token: one line of printable characters`);
}
