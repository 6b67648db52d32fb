// Which loggers belong together, so that a change of level reaches children that exist already: pino's children keep the
// level they had when they were made. Children are held weakly; most live as long as a request.

import type { Logger } from "pino";

/** How many children are dropped from the list at once when they are gone. */
const SWEEP_EVERY = 1_000;

/** Levels of loggers and their children. */
export class Levels {
  readonly #children = new WeakMap<object, WeakRef<Logger>[]>();
  readonly #rootOf = new WeakMap<object, Logger>();

  /** Remembers a logger as the root of its children. */
  root(logger: Logger): void {
    this.#rootOf.set(logger, logger);
    this.#children.set(logger, []);
  }

  /** Remembers a child; its parent is its prototype, as pino makes them. */
  child(child: Logger): void {
    const parent = Object.getPrototypeOf(child) as object;
    const root = this.#rootOf.get(parent);
    if (root === undefined) return;
    this.#rootOf.set(child, root);
    const children = this.#children.get(root)!;
    if (children.length > 0 && children.length % SWEEP_EVERY === 0) {
      const alive = children.filter((each) => each.deref() !== undefined);
      children.splice(0, children.length, ...alive);
    }
    children.push(new WeakRef(child));
  }

  /** Sets the level of a logger and of all that come from the same root. */
  set(logger: Logger, level: string): void {
    const root = this.#rootOf.get(logger) ?? logger;
    root.level = level;
    for (const each of this.#children.get(root) ?? []) {
      const child = each.deref();
      if (child !== undefined) child.level = level;
    }
  }
}
