// From a span that has ended to the export worker: written as OTLP into one scratch buffer, copied into the ring.
//
// A span that is too large for the ring is written once more with short values; one that cannot be written at all is
// counted. Nothing here throws into the service.

import { MessageWriter, type ValueLimits, writeSpan } from "@flx/model/write";
import type { Exporter } from "../export/exporter.ts";
import { RECORD } from "../export/signal.ts";
import { FLAG_SAMPLED, type RecordedSpan, type SpanSink } from "./span.ts";

/** A span larger than this is written again with short values. */
const LARGE_BYTES = 256 * 1024;
const SHORT: ValueLimits = { valueLength: 1024, depth: 3, items: 32 };

/** Exports sampled spans. */
export class ExportingSink implements SpanSink {
  readonly #exporter: Exporter;
  readonly #out = new MessageWriter(4096);

  constructor(exporter: Exporter) {
    this.#exporter = exporter;
  }

  ended(span: RecordedSpan): void {
    if ((span.flags & FLAG_SAMPLED) === 0) return;
    const out = this.#out;
    out.at = 0;
    try {
      writeSpan(out, span, span.family.limits.values);
      if (out.at > LARGE_BYTES) {
        out.at = 0;
        writeSpan(out, span, SHORT);
      }
    } catch {
      this.#exporter.lostEncoding("traces");
      return;
    }
    this.#exporter.write(RECORD.span, span.family.scopeId, out);
  }
}
