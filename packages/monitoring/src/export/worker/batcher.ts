// Records become requests: those of one signal, side by side under their scopes, until a request is full or it is time.
//
//   ring ─► add(signal, scope, bytes) ─► per scope one growing array ─► cut() ─► Batch { body, records }
//                                            ▲ emptied, kept                        │
//                                            └──── arrays of bodies, too ◄──────────┘ release()
//
// A record is copied once more here and never looked into: it is already what the request contains.
//
// Arrays are used again: this thread makes little garbage of its own, so its collector runs seldom, and what lies outside of the
// heap until then would be megabytes a second.

import {
  encodeScope,
  MessageWriter,
  type OtlpScope,
  type ScopeRecords,
  writeRequest,
} from "@flx/model/write";
import type { BatchSettings } from "../export-settings.ts";

/** A request that is ready to be sent. */
export interface Batch {
  /** Protobuf of the request, uncompressed. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly records: number;
  /** Gives the body's memory back: from then on there is something else in it. */
  readonly release?: (() => void) | undefined;
}

/** A scope as requests have it. */
export interface EncodedScope {
  readonly message: Uint8Array;
  readonly schemaUrl: string;
}

/** A scope ready for requests. */
export function prepareScope(scope: OtlpScope): EncodedScope {
  return { message: encodeScope(scope), schemaUrl: scope.schemaUrl ?? "" };
}

/** What the arrays of one signal may take while there is nothing in them. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Bodies whose memory waits for the next request. */
const MAX_SPARE = 2;

/** Collects the records of one signal. */
export class Batcher {
  readonly #resource: Uint8Array;
  readonly #schemaUrl: string;
  readonly #limits: BatchSettings;
  readonly #scopes: ReadonlyMap<number, EncodedScope>;
  readonly #full: Batch[] = [];
  readonly #open = new Map<number, MessageWriter>();
  readonly #spare: MessageWriter[] = [];
  #records = 0;
  #bytes = 0;

  constructor(
    resource: Uint8Array,
    schemaUrl: string,
    limits: BatchSettings,
    scopes: ReadonlyMap<number, EncodedScope>,
  ) {
    this.#resource = resource;
    this.#schemaUrl = schemaUrl;
    this.#limits = limits;
    this.#scopes = scopes;
  }

  /** Copies a record in. */
  add(scope: number, record: Uint8Array): void {
    const { maxBytes, maxRecords } = this.#limits;
    if (this.#records > 0 && this.#bytes + record.length > maxBytes) this.#close();
    let pieces = this.#open.get(scope);
    if (pieces === undefined) {
      pieces = new MessageWriter(4096);
      this.#open.set(scope, pieces);
    }
    pieces.raw(record);
    this.#records++;
    this.#bytes += record.length;
    if (this.#records >= maxRecords) this.#close();
  }

  /** All requests there are, the last one as full as it is. */
  cut(): Batch[] {
    if (this.#records > 0) this.#close();
    return this.#full.splice(0);
  }

  #close(): void {
    const scopes: ScopeRecords[] = [];
    for (const [id, pieces] of this.#open) {
      if (pieces.at === 0) continue;
      const scope = this.#scopes.get(id);
      scopes.push({
        scope: scope?.message ?? new Uint8Array(0),
        schemaUrl: scope?.schemaUrl ?? "",
        pieces: [pieces.bytes.subarray(0, pieces.at)],
      });
    }
    this.#full.push(this.#batch(scopes));
    this.#records = 0;
    this.#bytes = 0;
    this.#empty();
  }

  #batch(scopes: readonly ScopeRecords[]): Batch {
    const out = this.#spare.pop() ?? new MessageWriter(0);
    out.at = 0;
    writeRequest(out, this.#resource, this.#schemaUrl, scopes);
    let isReleased = false;
    return {
      body: out.bytes.subarray(0, out.at),
      records: this.#records,
      release: () => {
        if (isReleased || this.#spare.length >= MAX_SPARE) return;
        isReleased = true;
        if (out.bytes.length <= MAX_KEPT_BYTES) this.#spare.push(out);
      },
    };
  }

  /** The arrays are kept for the next request, unless they are many or one of them is large. */
  #empty(): void {
    let kept = 0;
    for (const [id, pieces] of this.#open) {
      kept += pieces.bytes.length;
      if (kept > MAX_KEPT_BYTES) this.#open.delete(id);
      else pieces.at = 0;
    }
  }
}
