// Spans on this machine: questions checked here, answered by the thread of records.

import { FlxError } from "@flx/model";
import { checkConditions } from "../attribute-condition.ts";
import type { Limited } from "../metrics-source.ts";
import type { EmbeddedRecords } from "../records/embedded-records.ts";
import type { AskOptions, RecordRange, RecordStatistics } from "../stored-record.ts";
import { checkId, checkLimit } from "../records/check-question.ts";
import type {
  Operation,
  ServiceActivity,
  ServiceCall,
  SpanQuestion,
  SpanStore,
  StoredSpan,
  Trace,
} from "./span-store.ts";

/** Spans that are kept here. */
export class EmbeddedSpanStore implements SpanStore {
  readonly #records: EmbeddedRecords;

  constructor(records: EmbeddedRecords) {
    this.#records = records;
  }

  async trace(traceId: string, options: AskOptions): Promise<Trace | undefined> {
    checkId(traceId, 32);
    checkLimit(options.limit);
    const question = { traceId, ...options };
    return (await this.#records.ask("spans.trace", question)) as Trace | undefined;
  }

  async search(question: SpanQuestion): Promise<Limited<Trace>> {
    check(question);
    return (await this.#records.ask("spans.search", question)) as Limited<Trace>;
  }

  async spans(question: SpanQuestion): Promise<Limited<StoredSpan>> {
    check(question);
    return (await this.#records.ask("spans.spans", question)) as Limited<StoredSpan>;
  }

  async services(range: RecordRange, options: AskOptions): Promise<Limited<string>> {
    checkLimit(options.limit);
    return (await this.#records.ask("spans.services", { range, ...options })) as Limited<string>;
  }

  async operations(
    service: string,
    range: RecordRange,
    options: AskOptions,
  ): Promise<Limited<Operation>> {
    checkLimit(options.limit);
    const question = { service, range, ...options };
    return (await this.#records.ask("spans.operations", question)) as Limited<Operation>;
  }

  async calls(range: RecordRange, options: AskOptions): Promise<Limited<ServiceCall>> {
    checkLimit(options.limit);
    return (await this.#records.ask("spans.calls", { range, ...options })) as Limited<ServiceCall>;
  }

  async activity(range: RecordRange, options: AskOptions): Promise<Limited<ServiceActivity>> {
    checkLimit(options.limit);
    const question = { range, ...options };
    return (await this.#records.ask("spans.activity", question)) as Limited<ServiceActivity>;
  }

  statistics(): Promise<RecordStatistics> {
    return this.#records.statistics("spans");
  }
}

function check({ attributes, limit, minDurationNs, maxDurationNs }: SpanQuestion): void {
  checkConditions(attributes);
  checkLimit(limit);
  for (const duration of [minDurationNs, maxDurationNs]) {
    if (duration === undefined || duration >= 0) continue;
    throw new FlxError("FLX_STORE_QUESTION", "a duration is not negative");
  }
}
