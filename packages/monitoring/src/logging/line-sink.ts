// Where lines go beside the terminal: into the ring of the export worker, as they are.
//
// A line is JSON already, and the worker has time to read it; so the service's thread pays a copy of its bytes, and not
// for making an OTLP record of it.
//
// A line of an error gets what tells the error from others: fingerprint, id, frames. Only the exported one: a terminal has the
// stack. It is the process's handler that knows them, so the record is one with that of a report of the same error.

import { MessageWriter } from "@flx/model/write";
import type { Exporter } from "../export/exporter.ts";
import { RECORD } from "../export/signal.ts";
import { identityOf } from "./error-identity.ts";

/** Lines longer than this are not exported, and counted as lost; the terminal has them. */
const MAX_LINE = 256 * 1024;

const encoder = new TextEncoder();

/** Whether lines stay on the terminal for now. */
let isHeld = false;

/** Runs something that writes lines, at once, of what is exported in another form: no sink takes them. */
export function withoutExport<Result>(work: () => Result): Result {
  const before = isHeld;
  isHeld = true;
  try {
    return work();
  } finally {
    isHeld = before;
  }
}

/** Hands lines to the export worker. */
export class LineSink {
  readonly #exporter: Exporter;
  readonly #scope: number;
  readonly #out = new MessageWriter(4096);

  constructor(exporter: Exporter, scopeName = "@flx/monitoring/logging") {
    this.#exporter = exporter;
    this.#scope = exporter.scopeId({ name: scopeName });
  }

  /**
   * Takes a line of JSON.
   *
   * @param error what the line is about: it stands in it as `err`
   */
  write(line: string, error?: Error): void {
    if (isHeld || !this.#exporter.exports("logs")) return;
    if (line.length > MAX_LINE) {
      this.#exporter.lostEncoding("logs");
      return;
    }
    const text = error === undefined ? line : withIdentity(line, error);
    const out = this.#out;
    out.at = 0;
    out.reserve(text.length * 3);
    out.at = encoder.encodeInto(text, out.bytes).written;
    this.#exporter.write(RECORD.logLine, this.#scope, out);
  }
}

/** The line with what tells its error from others, before its last brace. */
function withIdentity(line: string, error: Error): string {
  const fields = identityOf(error);
  if (fields === undefined) return line;
  const end = line.lastIndexOf("}");
  return end <= 1 ? line : `${line.slice(0, end)},${fields}}`;
}
