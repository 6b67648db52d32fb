// What is asked of a place for spans. The embedded store is one (embedded-span-store.ts), an engine elsewhere may be
// another; API and commands know this interface only.
//
//   trace(id)            every span of a trace that is kept, late ones too
//   search(question)     traces with a span that fits, the newest first
//   spans(question)      the spans that fit
//
// An answer has everything that was acknowledged before it was asked. Questions are bounded by their limit and signal.

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

/** Whose side of a call a span is. */
export type SpanKind = "unspecified" | "internal" | "server" | "client" | "producer" | "consumer";

/** How a span ended. */
export type SpanStatus = "unset" | "ok" | "error";

/** The kinds by their numbers in OTLP. */
export const SPAN_KINDS: readonly SpanKind[] = [
  "unspecified",
  "internal",
  "server",
  "client",
  "producer",
  "consumer",
];

/** The statuses by their numbers in OTLP. */
export const SPAN_STATUSES: readonly SpanStatus[] = ["unset", "ok", "error"];

/** Something that happened during a span. */
export interface SpanEvent {
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes: Attributes;
  readonly droppedAttributes: number;
}

/** Another span that one has to do with. */
export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly flags: number;
  readonly attributes: Attributes;
  readonly droppedAttributes: number;
}

/** A span as it is kept. */
export interface StoredSpan {
  /** 32 hex digits, lower case. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly spanId: string;
  /** "" for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly flags: number;
  /** `service.name` of the resource; "" when it has none. */
  readonly service: string;
  readonly name: string;
  readonly kind: SpanKind;
  /** Nanoseconds since 1970. */
  readonly startNs: bigint;
  /** Never negative: a span that ends before it starts has none. */
  readonly durationNs: number;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  readonly attributes: Attributes;
  readonly droppedAttributes: number;
  readonly events: readonly SpanEvent[];
  readonly droppedEvents: number;
  readonly links: readonly SpanLink[];
  readonly droppedLinks: number;
  readonly resource: RecordResource;
  readonly scope: RecordScope;
}

/** A trace, its spans by start. */
export interface Trace {
  readonly traceId: string;
  readonly spans: readonly StoredSpan[];
  /** It has more spans than were asked for. */
  readonly isCut: boolean;
}

/** Which spans; what is not given fits all. */
export interface SpanQuestion {
  readonly range: RecordRange;
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly kind?: SpanKind | undefined;
  readonly status?: SpanStatus | undefined;
  readonly minDurationNs?: number | undefined;
  readonly maxDurationNs?: number | undefined;
  /** All of them must hold for one span. */
  readonly attributes: readonly AttributeCondition[];
  /** Only spans without a parent. */
  readonly isRoot?: boolean | undefined;
  /** Of `spans`: which come first, and stay when there are too many. Default: newest. */
  readonly order?: "newest" | "longest" | undefined;
  /** 1 to 10,000. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
}

/** An operation of a service. */
export interface Operation {
  readonly name: string;
  readonly kind: SpanKind;
}

/** One service calls another. */
export interface ServiceCall {
  readonly parent: string;
  readonly child: string;
  readonly count: number;
}

/** What a service did: rate, errors and duration of what came in to it, and of what it began itself. */
export interface ServiceActivity {
  readonly service: string;
  /** Spans of kind server or consumer, and roots. */
  readonly count: number;
  readonly errors: number;
  /** When the first of them began: before it the service may not have been there. */
  readonly firstMs: number;
  /** Half of them took at most so long, ns, to 5 percent. */
  readonly medianNs: number;
  /** 95 of a hundred took at most so long, ns, to 5 percent. */
  readonly p95Ns: number;
}

/** Answers questions about spans. */
export interface SpanStore {
  /** @param traceId 32 hex digits, lower case; undefined when nothing of it is kept */
  trace(traceId: string, options: AskOptions): Promise<Trace | undefined>;
  /** Traces with their spans (20,000 of all together, else they are cut), by their newest span that fits. */
  search(question: SpanQuestion): Promise<Limited<Trace>>;
  /** Spans, the newest first unless asked otherwise. */
  spans(question: SpanQuestion): Promise<Limited<StoredSpan>>;
  services(range: RecordRange, options: AskOptions): Promise<Limited<string>>;
  operations(service: string, range: RecordRange, options: AskOptions): Promise<Limited<Operation>>;
  /** Which services call which, by spans whose parent is another service's. */
  calls(range: RecordRange, options: AskOptions): Promise<Limited<ServiceCall>>;
  /** What each service did, the busiest first. */
  activity(range: RecordRange, options: AskOptions): Promise<Limited<ServiceActivity>>;
  statistics(): Promise<RecordStatistics>;
}
