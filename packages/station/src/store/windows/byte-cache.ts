// What was read is kept while there is room: the one not used for longest goes first. What is being read is read once.

/** A cache with a budget of bytes. */
export class ByteCache<T> {
  readonly #maxBytes: number;
  readonly #entries = new Map<string, { readonly value: T; readonly bytes: number }>();
  readonly #reading = new Map<string, Promise<T>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The value of a key; read when it is not there. */
  async get(key: string, read: () => Promise<T>, bytesOf: (value: T) => number): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.value;
    }
    let reading = this.#reading.get(key);
    if (reading === undefined) {
      reading = read();
      this.#reading.set(key, reading);
      reading.then(
        (value) => this.#keep(key, value, bytesOf(value)),
        () => this.#reading.delete(key),
      );
    }
    return reading;
  }

  #keep(key: string, value: T, bytes: number): void {
    this.#reading.delete(key);
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  /** Forgets the keys that begin so. */
  forget(prefix: string): void {
    for (const [key, { bytes }] of this.#entries) {
      if (!key.startsWith(prefix)) continue;
      this.#entries.delete(key);
      this.#bytes -= bytes;
    }
  }
}
