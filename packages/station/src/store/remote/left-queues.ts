// Queues of remotes that are not configured any more: told while something waits in them, removed when nothing does.

import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FlxError } from "@flx/model";
import { DurableQueue } from "./durable-queue.ts";

/** Where queues are. */
export interface LeftQueuesOptions {
  /** Each is a folder in it. */
  readonly folder: string;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly onProblem: (error: FlxError) => void;
}

/** The folders that nobody has open. */
export class LeftQueues {
  readonly #options: LeftQueuesOptions;

  constructor(options: LeftQueuesOptions) {
    this.#options = options;
  }

  /**
   * Looks at all but those in use.
   *
   * @throws {FlxError} `FLX_STORE_DISK` when one cannot be read
   */
  async look(inUse: readonly string[]): Promise<void> {
    const { folder } = this.#options;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory() && !inUse.includes(entry.name)) await this.#look(entry.name);
    }
  }

  async #look(name: string): Promise<void> {
    const { now, onProblem } = this.#options;
    const folder = join(this.#options.folder, name);
    let samples: number;
    {
      await using queue = await DurableQueue.open({
        folder,
        maxBytes: Infinity,
        whenFull: "refuse",
        now,
        onProblem,
      });
      ({ samples } = queue);
    }
    if (samples === 0) {
      await rm(folder, { recursive: true, force: true });
      return;
    }
    const message =
      `${samples} samples wait in ${folder} for a remote that is not configured any more: ` +
      "configure it again to send them, or remove the folder";
    onProblem(new FlxError("FLX_REMOTE_WRITE", message));
  }
}
