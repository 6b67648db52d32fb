// Log records on this machine: questions checked here, answered by the thread of records.

import { FlxError } from "@flx/model";
import { checkConditions, checkPattern } from "../attribute-condition.ts";
import type { Limited } from "../metrics-source.ts";
import { checkId, checkLimit } from "../records/check-question.ts";
import type { EmbeddedRecords } from "../records/embedded-records.ts";
import type { AskOptions, RecordRange, RecordStatistics } from "../stored-record.ts";
import type { LogQuestion, LogStore, StoredLog } from "./log-store.ts";

const MAX_TEXT = 4_096;

/** Log records that are kept here. */
export class EmbeddedLogStore implements LogStore {
  readonly #records: EmbeddedRecords;

  constructor(records: EmbeddedRecords) {
    this.#records = records;
  }

  async search(question: LogQuestion): Promise<Limited<StoredLog>> {
    check(question);
    return (await this.#records.ask("logs.search", question)) as Limited<StoredLog>;
  }

  lastPosition(): Promise<number> {
    return this.#records.lastLogPosition();
  }

  async services(range: RecordRange, options: AskOptions): Promise<Limited<string>> {
    checkLimit(options.limit);
    return (await this.#records.ask("logs.services", { range, ...options })) as Limited<string>;
  }

  statistics(): Promise<RecordStatistics> {
    return this.#records.statistics("logs");
  }
}

function check({ attributes, limit, text = "", pattern, traceId, spanId }: LogQuestion): void {
  checkConditions(attributes);
  checkLimit(limit);
  if (pattern !== undefined) checkPattern(pattern);
  if (traceId !== undefined) checkId(traceId, 32);
  if (spanId !== undefined) checkId(spanId, 16);
  if (text.length > MAX_TEXT) {
    throw new FlxError("FLX_STORE_QUESTION", `a text has at most ${MAX_TEXT} characters`);
  }
}
