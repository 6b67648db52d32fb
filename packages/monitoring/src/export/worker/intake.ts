// What comes out of the ring, as requests of each signal.
//
//   ring ─► scopes      known from then on
//        ├─► spans, log records, metrics ─► batcher of their signal
//        └─► lines of a logger ─► log records ─► batcher

import { encodeResource, type OtlpScope } from "@flx/model/write";
import type { ExportCounters } from "../export-counters.ts";
import type { RingReader } from "../shared-ring.ts";
import { RECORD, type Signal, signalOf } from "../signal.ts";
import { type Batch, Batcher, type EncodedScope, prepareScope } from "./batcher.ts";
import { logRecordOfLine } from "./log-line.ts";
import type { WorkerStart } from "./worker-start.ts";

/** The signals, in the order in which they are opened. */
export const SIGNALS: readonly Signal[] = ["traces", "logs", "metrics"];

/** Takes records from the ring. */
export class Intake {
  readonly #counters: ExportCounters;
  readonly #scopes = new Map<number, EncodedScope>();
  readonly #batchers = new Map<Signal, Batcher>();

  constructor({ settings, scopes }: WorkerStart, counters: ExportCounters) {
    this.#counters = counters;
    for (const [text, id] of scopes) this.define(id, text);
    const resource = encodeResource(settings.resource);
    for (const signal of SIGNALS) {
      if (settings.endpoints[signal] === undefined) continue;
      const { resourceSchemaUrl, batch } = settings;
      this.#batchers.set(signal, new Batcher(resource, resourceSchemaUrl, batch, this.#scopes));
    }
  }

  /** From now on the number means this scope. */
  define(id: number, text: string): void {
    this.#scopes.set(id, prepareScope(scopeOf(text)));
  }

  /** Takes what is in the ring, at most so many bytes. */
  drain(reader: RingReader, maxBytes: number): void {
    reader.drain((kind, scope, payload) => {
      if (kind === RECORD.scope) this.define(scope, Buffer.from(payload).toString());
      else if (kind === RECORD.logLine) this.#addLine(scope, payload);
      else {
        const signal = signalOf(kind);
        if (signal !== undefined) this.#batchers.get(signal)?.add(scope, payload);
      }
    }, maxBytes);
  }

  /** The requests of a signal that there are now. */
  cut(signal: Signal): Batch[] {
    return this.#batchers.get(signal)?.cut() ?? [];
  }

  #addLine(scope: number, line: Uint8Array): void {
    const record = logRecordOfLine(line);
    if (record === undefined) this.#counters.add("logs", "refused", 1);
    else this.#batchers.get("logs")?.add(scope, record);
  }
}

function scopeOf(text: string): OtlpScope {
  const [name, version, schemaUrl, attributes] = JSON.parse(text) as [
    string,
    string | null,
    string | null,
    Record<string, unknown> | null,
  ];
  return {
    name,
    version: version ?? undefined,
    schemaUrl: schemaUrl ?? undefined,
    attributes: attributes ?? undefined,
  };
}
