// Values that are worth keeping as long as somebody asks for them now and then, by key.

/** Keeps values until a number of askings in a row were for others. */
export class RecentlyUsed<Value> {
  readonly #unusedAskings: number;
  readonly #kept = new Map<string, { readonly value: Value; readonly askedAt: number }>();
  #askings = 0;

  /** @param unusedAskings a value that so many askings were not for is dropped */
  constructor(unusedAskings: number) {
    this.#unusedAskings = unusedAskings;
  }

  /** The value of a key, made when there is none. */
  get(key: string, make: () => Value): Value {
    const now = ++this.#askings;
    const value = this.#kept.get(key)?.value ?? make();
    this.#kept.set(key, { value, askedAt: now });
    for (const [other, { askedAt }] of this.#kept) {
      if (now - askedAt >= this.#unusedAskings) this.#kept.delete(other);
    }
    return value;
  }

  /** Calls a function with every value kept. */
  each(visit: (value: Value) => void): void {
    for (const { value } of this.#kept.values()) visit(value);
  }
}
