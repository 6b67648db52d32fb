// Records become requests: those of one signal, side by side under their scopes, until a request is full or it is time.
//
//   ring ─► add(signal, scope, bytes) ─► per scope one growing array ─► cut() ─► Batch { body, records }
//
// A record is copied once more here and never looked into: it is already what the request contains.

import { encodeRequest, encodeScope, MessageWriter, type OtlpScope } from "@flx/model/write";
import type { BatchSettings } from "../export-settings.ts";

/** A request that is ready to be sent. */
export interface Batch {
  /** Protobuf of the request, uncompressed. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly records: number;
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

/** Collects the records of one signal. */
export class Batcher {
  readonly #resource: Uint8Array;
  readonly #schemaUrl: string;
  readonly #limits: BatchSettings;
  readonly #scopes: ReadonlyMap<number, EncodedScope>;
  readonly #full: Batch[] = [];
  readonly #open = new Map<number, MessageWriter>();
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
    const scopes = this.#open.entries().map(([id, pieces]) => {
      const scope = this.#scopes.get(id);
      return {
        scope: scope?.message ?? new Uint8Array(0),
        schemaUrl: scope?.schemaUrl ?? "",
        pieces: [pieces.bytes.subarray(0, pieces.at)],
      };
    });
    const body = encodeRequest(this.#resource, this.#schemaUrl, scopes);
    this.#full.push({ body, records: this.#records });
    this.#open.clear();
    this.#records = 0;
    this.#bytes = 0;
  }
}
