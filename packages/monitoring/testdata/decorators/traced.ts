// `@traced()` on a class, for standard decorators and `experimentalDecorators` alike; see test/decorators.test.ts.
// Types only are imported, so that the compiled file stands alone.

import type { traced } from "@flx/monitoring/tracing";

/** What the test calls. */
export interface Basket {
  readonly size: number;
  add(name: string, count?: number): number;
  pay(): Promise<string>;
}

/** A class whose members are spans. */
export function basketOf(decorate: typeof traced): {
  new (): Basket;
  parse(text: string): number;
} {
  class ShoppingBasket implements Basket {
    #count = 0;

    @decorate()
    static parse(text: string): number {
      return Number(text);
    }

    @decorate("basket.size")
    get size(): number {
      return this.#count;
    }

    @decorate(undefined, { attributes: (name: string) => ({ name }) })
    add(_name: string, count = 1): number {
      this.#count += count;
      return this.#count;
    }

    @decorate("basket.pay", { kind: "client" })
    async pay(): Promise<string> {
      await Promise.resolve();
      throw new Error("declined");
    }
  }
  return ShoppingBasket;
}
