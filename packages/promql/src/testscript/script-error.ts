// A script that cannot be run: what is wrong, and in which line.

import { FlxError } from "@flx/model";

/** A test script that does not parse. `line` counts from 1. */
export class ScriptError extends FlxError {
  override readonly name = "ScriptError";
  readonly file: string;
  readonly line: number;
  /** What is wrong, without the place. */
  readonly reason: string;

  constructor(file: string, line: number, reason: string, options?: ErrorOptions) {
    super("FLX_PROMQL_SCRIPT", `${file}:${line}: ${reason}`, options);
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}
