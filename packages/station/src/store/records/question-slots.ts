// Few questions at a time: each has a connection of its own, the others wait, and too many are refused.

import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { FlxError } from "@flx/model";
import type { Ask, Row } from "./row.ts";

const AT_ONCE = 4;
const MAX_WAITING = 64;

/** Connections for questions. */
export class QuestionSlots {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Answers a question on a connection of its own, as soon as there is one.
   *
   * @throws {FlxError} `FLX_STORE_BUSY` when too many wait; `FLX_STORE_ABORTED` when the signal says so
   */
  async run<T>(
    instance: DuckDBInstance,
    signal: AbortSignal,
    work: (ask: Ask) => Promise<T>,
  ): Promise<T> {
    await this.#enter();
    try {
      checkAborted(signal);
      const connection = await instance.connect();
      const interrupt = (): void => connection.interrupt();
      signal.addEventListener("abort", interrupt);
      try {
        return await work((sql) => rowsOf(connection, sql, signal));
      } catch (error) {
        checkAborted(signal);
        throw error;
      } finally {
        signal.removeEventListener("abort", interrupt);
        connection.closeSync();
      }
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    if (this.#running >= AT_ONCE) {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new FlxError("FLX_STORE_BUSY", "too many questions are waiting; ask again later");
      }
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#running++;
  }
}

function checkAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new FlxError("FLX_STORE_ABORTED", "nobody waits for the answer");
}

async function rowsOf(
  connection: DuckDBConnection,
  sql: string,
  signal: AbortSignal,
): Promise<readonly Row[]> {
  checkAborted(signal);
  const result = await connection.runAndReadAll(sql);
  return result.getRowObjects();
}
