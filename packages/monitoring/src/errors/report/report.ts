// A report of an error: plain data, redacted and bounded, from which every form is written.

import type { CodeFrame } from "./code-frame.ts";

/** Whose code a frame is of. */
export type FrameOwner = "own" | "framework" | "node" | "native";

/** A name and its value as one line. */
export interface ReportField {
  readonly name: string;
  readonly value: string;
}

/** Names and values for a line of a log: objects are texts. */
export type PlainFields = Readonly<Record<string, string | number | boolean>>;

/** One call. */
export interface ReportFrame {
  readonly kind: "frame";
  readonly owner: FrameOwner;
  /** Undefined for code outside of any function. */
  readonly functionName: string | undefined;
  /** Path or address. */
  readonly file: string | undefined;
  /** From 1. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly isAsync: boolean;
  readonly isConstructor: boolean;
  /** Of `node_modules`: which package. */
  readonly packageName: string | undefined;
  readonly code: CodeFrame | undefined;
  readonly locals: readonly ReportField[] | undefined;
}

/** Calls that are counted and not shown. */
export interface FoldedFrames {
  readonly kind: "folded";
  readonly count: number;
  /** "fastify", "Node", "recursion", "more". */
  readonly reason: string;
}

export type FrameEntry = ReportFrame | FoldedFrames;

/** What a context around the work said. */
export interface Breadcrumb {
  readonly message: string;
  readonly fields: readonly ReportField[];
}

/** One error with what it stands on. */
export interface ErrorReport {
  readonly type: string;
  readonly message: string;
  /** False for what is no error: a text that was thrown. */
  readonly isError: boolean;
  readonly code: string | undefined;
  readonly help: string | undefined;
  readonly docs: string | undefined;
  readonly notes: readonly string[];
  readonly properties: readonly ReportField[];
  /** Innermost first. */
  readonly frames: readonly FrameEntry[];
  readonly cause: ErrorReport | undefined;
  /** Of an AggregateError. */
  readonly errors: readonly ErrorReport[];
  /** Errors of an AggregateError that are not here. */
  readonly moreErrors: number;
  /** It stands further up already; nothing but type and message is here. */
  readonly isRepeated: boolean;
}

/** The report of what was thrown, with what was going on. */
export interface FullReport extends ErrorReport {
  readonly fingerprint: string;
  /** Of this occurrence, for support. */
  readonly errorId: string;
  readonly timeMs: number;
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
  /** Outermost first. */
  readonly breadcrumbs: readonly Breadcrumb[];
  /** What the log context, the innermost error context and whoever handles it say, for machines. */
  readonly fields: PlainFields;
}
