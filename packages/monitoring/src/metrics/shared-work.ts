// Work that several callers wait for together: done once, and stopped when nobody waits any more.
//
//   caller A ──┐                       A leaves: the work goes on for B
//   caller B ──┴── one run of start()  B leaves: its signal is aborted

/** Work under way, by key. */
export class SharedWork<Result> {
  readonly #running = new Map<string, Run<Result>>();

  /**
   * Joins the work of a key that is under way, or starts it.
   *
   * @param signal when it is aborted, this caller no longer waits
   * @throws what `start` throws; the signal's reason
   */
  async join(
    key: string,
    signal: AbortSignal | undefined,
    start: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted();
    let run = this.#running.get(key);
    if (run === undefined) {
      const stop = new AbortController();
      const started: Run<Result> = { stop, waiting: 0, result: start(stop.signal) };
      const forget = () => {
        if (this.#running.get(key) === started) this.#running.delete(key);
      };
      started.result.then(forget, forget);
      this.#running.set(key, started);
      run = started;
    }
    run.waiting++;
    return signal === undefined ? run.result : this.#until(signal, key, run);
  }

  async #until(signal: AbortSignal, key: string, run: Run<Result>): Promise<Result> {
    let leave = () => {};
    const left = new Promise<never>((_, reject) => {
      leave = () => {
        if (--run.waiting === 0) {
          // Whoever comes now must not join what is being stopped.
          if (this.#running.get(key) === run) this.#running.delete(key);
          run.stop.abort(signal.reason);
        }
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
    });
    try {
      return await Promise.race([run.result, left]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }
}

interface Run<Result> {
  readonly stop: AbortController;
  readonly result: Promise<Result>;
  /** Callers that still want it. */
  waiting: number;
}
