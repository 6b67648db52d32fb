// What is asked of a place for log records. The embedded store is one (embedded-log-store.ts); API and commands know
// this interface only.
//
// Each record has a position, in the order in which records came: whoever follows asks for those after the last position
// they have seen, and misses no record, however late its time is.

import type { OtlpValue } from "@flx/model";
import type { AttributeCondition } from "../attribute-condition.ts";
import type { Limited } from "../metrics-source.ts";
import type {
  AskOptions,
  Attributes,
  RecordRange,
  RecordResource,
  RecordScope,
  RecordStatistics,
} from "../stored-record.ts";

/** A log record as it is kept. */
export interface StoredLog {
  /** Grows with each record that came. */
  readonly position: number;
  /** Nanoseconds since 1970: when it happened, or when it was seen if that is not known. */
  readonly timeNs: bigint;
  readonly observedNs: bigint;
  /** `service.name` of the resource; "" when it has none. */
  readonly service: string;
  /** 1 to 24 as in OTLP, 0 when not said: 9 is INFO, 13 WARN, 17 ERROR, 21 FATAL. */
  readonly severity: number;
  readonly severityText: string;
  readonly body: OtlpValue;
  readonly eventName: string;
  /** 32 hex digits; "" when it belongs to no trace. */
  readonly traceId: string;
  /** 16 hex digits; "" when it belongs to no span. */
  readonly spanId: string;
  readonly flags: number;
  readonly attributes: Attributes;
  readonly droppedAttributes: number;
  readonly resource: RecordResource;
  readonly scope: RecordScope;
}

/** Which records; what is not given fits all. */
export interface LogQuestion {
  readonly range: RecordRange;
  readonly service?: string | undefined;
  /** This severity or worse. */
  readonly minSeverity?: number | undefined;
  /** Stands somewhere in the body, in any case. */
  readonly text?: string | undefined;
  /** Matches somewhere in the body; RE2's syntax. */
  readonly pattern?: string | undefined;
  readonly traceId?: string | undefined;
  readonly spanId?: string | undefined;
  readonly eventName?: string | undefined;
  readonly attributes: readonly AttributeCondition[];
  /** Only records that came after this position, in the order they came. */
  readonly after?: number | undefined;
  /** `newest` first unless said otherwise; `after` goes by position. */
  readonly order?: "newest" | "oldest" | undefined;
  /** 1 to 10,000. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

/** Answers questions about log records. */
export interface LogStore {
  search(question: LogQuestion): Promise<Limited<StoredLog>>;
  /** Position of the newest record: where to begin to follow. 0 when there is none. */
  lastPosition(): Promise<number>;
  services(range: RecordRange, options: AskOptions): Promise<Limited<string>>;
  statistics(): Promise<RecordStatistics>;
}
