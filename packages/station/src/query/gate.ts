// How many queries run at the same time: the others wait in line, up to a length and a time.
//
//   enter ──► running (max) ──► leave
//     └─────► waiting (maxWaiting) ──► running, or refused when the signal says so
//
// Why a line at all: queries are evaluated on one thread; twenty at once would all be slow, and each holds its memory.

import { FlxError } from "@flx/model";

/** A gate that lets some in at a time. */
export class Gate {
  readonly #max: number;
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(max: number, maxWaiting: number) {
    this.#max = max;
    this.#maxWaiting = maxWaiting;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /**
   * Runs something when it is its turn.
   *
   * @throws {FlxError} `FLX_QUERY_BUSY` when the line is full, `FLX_QUERY_WAIT` when the signal aborts the wait
   */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw abandoned();
    if (this.#running < this.#max) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new FlxError(
        "FLX_QUERY_BUSY",
        `${this.#running} queries run and ${this.#waiting.length} wait; try again later`,
      );
    }
    await new Promise<void>((resolve, reject) => {
      const give = (): void => {
        signal?.removeEventListener("abort", leave);
        this.#running++;
        resolve();
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        reject(abandoned());
      };
      this.#waiting.push(give);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }
}

function abandoned(): FlxError {
  return new FlxError("FLX_QUERY_WAIT", "query was canceled in query queue");
}
