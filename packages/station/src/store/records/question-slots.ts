// Few questions at a time: each has a connection of its own, the others wait, and too many are refused. An answer is bounded
// by its texts as well as by its rows: ten thousand spans may have attributes of megabytes.

import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { FlxError } from "@flx/model";
import type { Ask, Row } from "./row.ts";

const AT_ONCE = 4;
const MAX_WAITING = 64;
/** Characters of all texts of an answer. */
const MAX_ANSWER = 32 * 1024 * 1024;

/** Connections for questions. */
export class QuestionSlots {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Answers a question on a connection of its own, as soon as there is one.
   *
   * @throws {FlxError} `FLX_STORE_BUSY` when too many wait; `FLX_STORE_ABORTED` when the signal says so;
   *   `FLX_STORE_ANSWER` when the answer is too large
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
        const left = { characters: MAX_ANSWER };
        return await work((sql) => rowsOf(connection, sql, signal, left));
      } catch (error) {
        checkAborted(signal);
        throw askError(error as Error);
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
  left: { characters: number },
): Promise<readonly Row[]> {
  checkAborted(signal);
  const result = await connection.stream(sql);
  const names = result.deduplicatedColumnNames();
  const rows: Row[] = [];
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return rows;
    checkAborted(signal);
    const columns = names.map((_, column) => chunk.getColumnVector(column));
    for (let i = 0; i < chunk.rowCount; i++) {
      const row: Record<string, unknown> = {};
      for (const [column, name] of names.entries()) {
        const value = columns[column]!.getItem(i);
        if (typeof value === "string") left.characters -= value.length;
        row[name] = value;
      }
      rows.push(row);
      if (left.characters < 0) throw tooLarge();
    }
  }
}

/** What RE2 in the database says of patterns that the check before has let through. */
const PATTERN_FAULT =
  /^Invalid Input Error: (?:pattern too large|invalid (?:perl operator|named capture|character class|escape|repetition|UTF-8)|missing|unexpected|bad repetition|no argument|trailing)/;

/** An error of the database that is the question's, not the store's. */
function askError(error: Error): Error {
  const { message } = error;
  if (PATTERN_FAULT.test(message)) {
    const reason = message.slice("Invalid Input Error: ".length, 200);
    return new FlxError("FLX_STORE_QUESTION", `the pattern cannot be used: ${reason}`);
  }
  if (message.startsWith("Out of Memory Error")) {
    const text = "the question needs more memory than there is for it: ask about less";
    return new FlxError("FLX_STORE_ANSWER", text, { cause: error });
  }
  return error;
}

function tooLarge(): FlxError {
  return new FlxError(
    "FLX_STORE_ANSWER",
    `the answer is larger than ${MAX_ANSWER} characters: ask with a smaller limit`,
  );
}
