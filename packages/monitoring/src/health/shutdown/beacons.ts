// Work that must be done before a process may end: each holds a beacon until it is.

/** Work under way. The process waits for it until `die()`. */
export interface Beacon extends Disposable {
  readonly name: string;
  /** The work is done. */
  die(): void;
}

/** The beacons that are alight. */
export class Beacons {
  readonly #alight = new Set<Beacon>();
  readonly #waiting: (() => void)[] = [];

  get size(): number {
    return this.#alight.size;
  }

  /** The names of the work under way. */
  names(): string[] {
    return [...this.#alight].map(({ name }) => name);
  }

  light(name: string): Beacon {
    const die = () => {
      this.#alight.delete(beacon);
      if (this.#alight.size > 0) return;
      for (const each of this.#waiting.splice(0)) each();
    };
    const beacon: Beacon = { name, die, [Symbol.dispose]: die };
    this.#alight.add(beacon);
    return beacon;
  }

  /** Settles when none is alight. */
  allDead(): Promise<void> {
    if (this.#alight.size === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    return promise;
  }
}
