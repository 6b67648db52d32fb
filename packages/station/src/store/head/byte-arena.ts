// Chunks of one window in large pages: written one behind the other, freed all at once when the window is closed.
//
//   place of a chunk = page * PAGE + offset      a chunk never crosses the end of a page

const PAGE = 256 * 1024;

/** Bytes that are only ever added. */
export class ByteArena {
  readonly #pages: Uint8Array[] = [];
  readonly #views: DataView[] = [];
  #used = PAGE;

  /** Memory of all pages. */
  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + page.length, 0);
  }

  /** Copies bytes in; their place. */
  add(bytes: Uint8Array): number {
    if (bytes.length > PAGE) {
      // A page of its own, full from the beginning.
      this.#push(bytes.slice());
      this.#used = PAGE;
      return (this.#pages.length - 1) * PAGE;
    }
    if (this.#used + bytes.length > PAGE) {
      this.#push(new Uint8Array(PAGE));
      this.#used = 0;
    }
    const page = this.#pages.length - 1;
    this.#pages[page]!.set(bytes, this.#used);
    const place = page * PAGE + this.#used;
    this.#used += bytes.length;
    return place;
  }

  #push(page: Uint8Array): void {
    this.#pages.push(page);
    this.#views.push(new DataView(page.buffer, page.byteOffset, page.length));
  }

  /** The page that holds a place, for reading several bytes at once. */
  view(place: number): DataView {
    return this.#views[Math.floor(place / PAGE)]!;
  }

  /** The page that holds a place. */
  page(place: number): Uint8Array {
    return this.#pages[Math.floor(place / PAGE)]!;
  }

  /** Where in its page a place is. */
  static offset(place: number): number {
    return place % PAGE;
  }
}
