// Several remote write 2.0 requests as one: symbols are numbered anew, everything else is copied as it is.
//
//   request  symbols "" a b   series [1 2] ...         request  symbols "" a b c
//   request  symbols "" b c   series [1 2] ...   ──►            series [1 2] ...  series [2 3] ...
//
// Nothing is decoded but symbols and references, so joining costs less than writing.

import { MessageWriter } from "../otlp/message-writer.ts";
import { malformed, textOf, WireReader } from "../wire/wire-reader.ts";
import { SymbolTable } from "./symbol-table.ts";

const SYMBOL = 0x22;
const TIMESERIES = 0x2a;
const LABELS = 0x0a;
const EXEMPLAR = 0x22;
const METADATA = 0x2a;
const HELP = 0x18;
const UNIT = 0x20;

/**
 * The request of all; fields that this version does not know are kept.
 *
 * @param requests as `WriteRequestV2Writer` writes them: references are packed, and symbols stand first
 * @throws {FlxError} `FLX_WIRE_MALFORMED` when one is no request
 */
export function joinWriteRequestsV2(requests: readonly Uint8Array[]): Uint8Array {
  const joining = new Joining();
  for (const request of requests) joining.add(request);
  return joining.take();
}

class Joining {
  readonly #symbols = new SymbolTable();
  readonly #out = new MessageWriter(64 * 1024);
  #reader = new WireReader(new Uint8Array());
  /** The new numbers of the request that is being read. */
  #refs: number[] = [];

  add(request: Uint8Array): void {
    const reader = new WireReader(request);
    this.#reader = reader;
    this.#refs = [];
    const end = request.length;
    reader.blocks(end, (tag, stop) => {
      if (tag === SYMBOL) this.#symbol(stop);
      else if (tag === TIMESERIES) this.#series(stop);
    });
  }

  take(): Uint8Array {
    return this.#symbols.requestOf(this.#out.take());
  }

  #symbol(stop: number): void {
    const { bytes, at } = this.#reader;
    this.#refs.push(this.#symbols.ref(textOf(bytes, at, stop)));
  }

  #series(stop: number): void {
    const start = this.#out.begin(TIMESERIES);
    this.#copy(stop, (tag, end) => {
      if (tag === LABELS) this.#labels(tag, end);
      else if (tag === EXEMPLAR) this.#exemplar(end);
      else if (tag === METADATA) this.#metadata(end);
      else return false;
      return true;
    });
    this.#out.end(start);
  }

  #labels(tag: number, end: number): void {
    const reader = this.#reader;
    const start = this.#out.begin(tag);
    while (reader.at < end) this.#out.varint(this.#ref(reader.uint32(end)));
    this.#out.end(start);
  }

  #exemplar(stop: number): void {
    const start = this.#out.begin(EXEMPLAR);
    this.#copy(stop, (tag, end) => {
      if (tag !== LABELS) return false;
      this.#labels(tag, end);
      return true;
    });
    this.#out.end(start);
  }

  #metadata(stop: number): void {
    const reader = this.#reader;
    const start = this.#out.begin(METADATA);
    while (reader.at < stop) {
      const from = reader.at;
      const tag = reader.tag(stop);
      if (tag === HELP || tag === UNIT) this.#out.uint(tag, this.#ref(reader.uint32(stop)));
      else {
        reader.skip(tag, stop, 2);
        this.#out.raw(reader.bytes.subarray(from, reader.at));
      }
    }
    this.#out.end(start);
  }

  /** Copies the fields of a message, but for those with a length that `rewrite` has written itself. */
  #copy(stop: number, rewrite: (tag: number, end: number) => boolean): void {
    const reader = this.#reader;
    while (reader.at < stop) {
      const from = reader.at;
      const tag = reader.tag(stop);
      if ((tag & 7) === 2) {
        const end = reader.length(stop);
        if (rewrite(tag, end)) continue;
        reader.at = end;
      } else reader.skip(tag, stop, 2);
      this.#out.raw(reader.bytes.subarray(from, reader.at));
    }
  }

  #ref(old: number): number {
    return this.#refs[old] ?? malformed(`there is no symbol ${old}`);
  }
}
