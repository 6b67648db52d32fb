// The bytes of an exposition on their way out: written piece by piece, handed out in chunks of about 64 KiB.
//
// Pieces are copied, since the pages they come from change with the next scrape. Who makes its bytes anew each time asks for
// `room` and writes there. Chunks are not filled with zeros before they are written (that would take as long as writing them);
// what is handed out ends where writing ended.

const CHUNK_BYTES = 64 * 1024;
const encoder = new TextEncoder();

/** A place in what was written. */
export interface TextMark {
  readonly chunks: number;
  readonly current: Uint8Array<ArrayBuffer>;
  readonly length: number;
}

/** Collects bytes into chunks. */
export class TextChunks {
  readonly chunks: Uint8Array[] = [];
  /** Where in the array given by `room` the next byte goes. */
  length = 0;
  #current: Uint8Array<ArrayBuffer> = Buffer.allocUnsafeSlow(CHUNK_BYTES);

  /** Appends bytes. */
  write(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#current.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Appends text as UTF-8. */
  text(text: string): void {
    this.#reserve(text.length * 3);
    this.length += encoder.encodeInto(text, this.#current.subarray(this.length)).written;
  }

  /** The array for `size` bytes from `length` on; whoever wrote there moves `length` to their end. */
  room(size: number): Uint8Array<ArrayBuffer> {
    this.#reserve(size);
    return this.#current;
  }

  /** Where writing stands, for `back`. */
  mark(): TextMark {
    return { chunks: this.chunks.length, current: this.#current, length: this.length };
  }

  /** Forgets everything written since the mark. */
  back(mark: TextMark): void {
    this.chunks.length = mark.chunks;
    this.#current = mark.current;
    this.length = mark.length;
  }

  /** Closes the last chunk. */
  finish(): readonly Uint8Array[] {
    this.#close();
    return this.chunks;
  }

  #reserve(size: number): void {
    if (this.length + size <= this.#current.length) return;
    this.#close();
    this.#current = Buffer.allocUnsafeSlow(Math.max(CHUNK_BYTES, size));
  }

  #close(): void {
    if (this.length > 0) this.chunks.push(this.#current.subarray(0, this.length));
    this.length = 0;
    this.#current = new Uint8Array(0);
  }
}
