// Reload, all or nothing: every part says whether it could, and only when all of them can, all of them do.
//
//   new configuration ──► part 1 prepare ──► part 2 prepare ──► ... ──► commit, commit, ...
//                              │ throws
//                              └──► those prepared so far are discarded; the old configuration stays in force
//
// A commit must not fail: what can fail (opening files, compiling rules, binding a port) belongs into prepare.

/** What a part has ready. */
export interface Prepared {
  /** Puts the new configuration into force; must not throw. */
  commit(): void | Promise<void>;
  /** Gives up what was opened for it. */
  discard?(): void | Promise<void>;
}

/** A part of the station that can take a new configuration while it runs. */
export interface Reloadable<T> {
  /** Gets everything ready, changes nothing; throws when the configuration cannot be used. */
  prepare(config: T): Prepared | Promise<Prepared>;
}

/** Brings configurations into force, one after the other. */
export class Reloader<T> {
  readonly #parts: readonly Reloadable<T>[];
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: readonly Reloadable<T>[]) {
    this.#parts = parts;
  }

  /**
   * Loads a configuration and brings it into force.
   *
   * @throws whatever `load` or a part's `prepare` throws; then nothing has changed
   */
  reload(load: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => this.#reload(load));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #reload(load: () => Promise<T>): Promise<T> {
    const config = await load();
    const prepared: Prepared[] = [];
    try {
      for (const part of this.#parts) prepared.push(await part.prepare(config));
    } catch (error) {
      for (const each of prepared.toReversed()) await each.discard?.();
      throw error;
    }
    for (const each of prepared) await each.commit();
    return config;
  }
}
