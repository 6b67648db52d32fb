// What could not be read, counted: a missing fact is undefined in the snapshot, and here is why.

/**
 * Why a file gave no fact.
 * - `missing`    it is not there: normal for what this kernel or container does not have
 * - `unreadable` opening or reading failed otherwise: no permission, a pseudo file that went away
 * - `oversized`  it is longer than any such file can reasonably be
 * - `malformed`  it was read but does not say what it should
 */
export type ReadErrorKind = "missing" | "unreadable" | "oversized" | "malformed";

/** How often reading a file went wrong in one way since the sampler was made. */
export interface ReadErrorCount {
  readonly path: string;
  readonly kind: ReadErrorKind;
  readonly count: number;
}

/** Paths that are kept apart; further ones (a tree with ever new names) are counted under "(others)". */
const MAX_PATHS = 256;

/** Counts read errors by path and kind. */
export class ReadErrors {
  readonly #counts = new Map<string, { path: string; kind: ReadErrorKind; count: number }>();

  add(path: string, kind: ReadErrorKind): void {
    const counted = this.#counts.get(`${kind} ${path}`);
    if (counted !== undefined) {
      counted.count += 1;
    } else if (this.#counts.size < MAX_PATHS || path === "(others)") {
      this.#counts.set(`${kind} ${path}`, { path, kind, count: 1 });
    } else {
      this.add("(others)", kind);
    }
  }

  /** All of them, in the order they first happened. */
  list(): readonly ReadErrorCount[] {
    return Array.from(this.#counts.values(), (each) => ({ ...each }));
  }
}
