// Error groups: occurrences with one fingerprint, what is known of them together, and what people said about them.
//
//              ┌── ignore ──► ignored ──┐
//   new ─► open                         ├── reopen ──► open
//              └── resolve ─► resolved ─┘
//                                └── an occurrence that happens after it ──► open, and regressed
//
// A group that is ignored stays so whatever happens. One that was resolved "in" a release comes back only with an
// occurrence of another release than those it was seen in before: old instances may still run.
//
// Who finds errors in spans and logs (diagnose) hands occurrences to the sink; API and commands ask the store.

import type { Limited } from "../metrics-source.ts";

/** A name and its value as one line. */
export interface ErrorField {
  readonly name: string;
  readonly value: string;
}

/** One call of a stack, innermost first. */
export interface ErrorFrame {
  readonly function: string | undefined;
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Of the service's own code. */
  readonly isOwn: boolean;
  readonly locals: readonly ErrorField[];
}

/** One error that happened. */
export interface ErrorOccurrence {
  /** 16 hex digits: the SDK's function, whoever sent the error. */
  readonly fingerprint: string;
  /** Unique: the same occurrence given twice counts once. Undefined: counts each time. */
  readonly id: string | undefined;
  readonly timeMs: number;
  readonly service: string;
  /** `service.version`; "" when it is not known. */
  readonly release: string;
  readonly environment: string;
  readonly type: string;
  readonly message: string;
  /** As it came; "" when there is none. */
  readonly stack: string;
  readonly frames: readonly ErrorFrame[];
  /** 32 hex digits; "" when it belongs to no trace. */
  readonly traceId: string;
  readonly spanId: string;
  /** It ended the process, or nobody caught it. */
  readonly isFatal: boolean;
  /** What else was said: breadcrumbs, attributes of the request. */
  readonly fields: readonly ErrorField[];
}

/** Further errors of a group that were only counted where they happened. */
export interface ErrorRepeats {
  readonly fingerprint: string;
  /** As that of an occurrence. */
  readonly id: string;
  /** When they were told; they happened before. */
  readonly timeMs: number;
  readonly service: string;
  readonly release: string;
  /** "" when it was not said. */
  readonly type: string;
  readonly repeats: number;
}

/** What is told of errors. */
export type ErrorSighting = ErrorOccurrence | ErrorRepeats;

/** Takes what is told of errors; everything is durable when it resolves. */
export interface ErrorSink {
  record(sightings: readonly ErrorSighting[]): Promise<void>;
}

export type ErrorState = "open" | "resolved" | "ignored";

/** What happened to a group, oldest first. */
export interface ErrorChange {
  readonly timeMs: number;
  readonly change: "new" | "resolved" | "ignored" | "reopened" | "regressed";
  /** Who said so; "" when the station did. */
  readonly by: string;
  /** The release that it is about; "" when none. */
  readonly release: string;
  readonly note: string;
}

/** A group without its occurrences. */
export interface ErrorGroup {
  readonly fingerprint: string;
  readonly state: ErrorState;
  /** Open again after it was resolved. */
  readonly isRegressed: boolean;
  /** Of the latest occurrence. */
  readonly type: string;
  readonly message: string;
  /** Innermost own frame of the latest occurrence, as "function (file:line)"; "" when there is none. */
  readonly culprit: string;
  readonly count: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
  readonly services: readonly ErrorTally[];
  readonly releases: readonly ErrorTally[];
  readonly firstRelease: string;
  /** The release that brought it back; "" when it never came back. */
  readonly regressedIn: string;
}

/** How often under one name. */
export interface ErrorTally {
  readonly name: string;
  readonly count: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** A group with what belongs to it. */
export interface ErrorGroupDetail extends ErrorGroup {
  readonly history: readonly ErrorChange[];
  /** Occurrences, the newest first: the first ones and the latest. */
  readonly examples: readonly ErrorOccurrence[];
}

/** Which groups; what is not given fits all. */
export interface ErrorQuestion {
  readonly state?: ErrorState | undefined;
  readonly service?: string | undefined;
  readonly release?: string | undefined;
  /** In type, message or culprit, in any case. */
  readonly text?: string | undefined;
  /** Seen at this time or later. */
  readonly sinceMs?: number | undefined;
  readonly order: "lastSeen" | "firstSeen" | "count";
  readonly limit: number;
}

/** What somebody does to a group. */
export interface ErrorAction {
  readonly action: "resolve" | "ignore" | "reopen";
  readonly by: string;
  readonly note: string;
  /** `resolve`: fixed in this release. "" when not said. */
  readonly release: string;
}

/** Keeps error groups. */
export interface ErrorStore extends ErrorSink {
  list(question: ErrorQuestion): Promise<Limited<ErrorGroup>>;
  get(fingerprint: string): Promise<ErrorGroupDetail | undefined>;
  /** The group after it; undefined when there is none. Doing again what is done changes nothing. */
  act(fingerprint: string, action: ErrorAction): Promise<ErrorGroupDetail | undefined>;
}
