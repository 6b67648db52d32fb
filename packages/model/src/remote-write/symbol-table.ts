// The symbols of a remote write 2.0 request: every text once, "" first; series name them by number.

import { MessageWriter } from "../otlp/message-writer.ts";

const SYMBOL = 0x22;

/** Numbers texts as they come. */
export class SymbolTable {
  readonly #refs = new Map<string, number>();
  readonly #out = new MessageWriter(16 * 1024);

  constructor() {
    this.ref("");
  }

  /** Bytes of the table as it is sent. */
  get length(): number {
    return this.#out.at;
  }

  /** The number of a text. */
  ref(text: string): number {
    const known = this.#refs.get(text);
    if (known !== undefined) return known;
    const ref = this.#refs.size;
    this.#refs.set(text, ref);
    this.#out.text(SYMBOL, text);
    return ref;
  }

  /** A request of the table and the series that name its texts; the next table begins with "" again. */
  requestOf(series: Uint8Array): Uint8Array {
    const symbols = this.#out.take();
    this.#refs.clear();
    this.ref("");
    const request = new Uint8Array(symbols.length + series.length);
    request.set(symbols);
    request.set(series, symbols.length);
    return request;
  }
}
