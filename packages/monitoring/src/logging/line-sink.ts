// Where lines go beside the terminal: into the ring of the export worker, as they are.
//
// A line is JSON already, and the worker has time to read it; so the service's thread pays a copy of its bytes, and not
// for making an OTLP record of it.

import { MessageWriter } from "@flx/model/write";
import type { Exporter } from "../export/exporter.ts";
import { RECORD } from "../export/signal.ts";

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

  /** Takes a line of JSON. */
  write(line: string): void {
    if (isHeld || !this.#exporter.exports("logs")) return;
    if (line.length > MAX_LINE) {
      this.#exporter.lostEncoding("logs");
      return;
    }
    const out = this.#out;
    out.at = 0;
    out.reserve(line.length * 3);
    out.at = encoder.encodeInto(line, out.bytes).written;
    this.#exporter.write(RECORD.logLine, this.#scope, out);
  }
}
