// Handles errors: a report for people, a line for machines, the span, the metrics, the log record; each error once.
//
//   handle(error)
//   ├─ report       types, causes, code, locals, without secrets
//   ├─ limit        of each fingerprint the first ones; all are counted
//   ├─ output       terminal in development, one line of JSON in production
//   ├─ logger       one line, with the ids; in production it is the report
//   ├─ span         status, error.type, fingerprint
//   └─ exporter     one log record; the logger's line is no second one
//
// An error that comes by again (through the next context, up to the crash) is known by its identity and not told again, unless
// it was thrown again (error-occurrences.ts).
// Nothing here throws, whatever the error, the logger or the output do.

import { withoutExport } from "../../logging/line-sink.ts";
import { logContext } from "../../logging/log-context.ts";
import type { Span } from "@opentelemetry/api";
import { getCurrentSpan } from "../../tracing/active-span.ts";
import { callInContext, enterContext, activeContext } from "../../tracing/context-manager.ts";
import { exceptionAttributes } from "../../tracing/exception-attributes.ts";
import type { ToldException } from "../../tracing/span.ts";
import { LocalsCapture } from "../capture/locals-capture.ts";
import { renderHtml } from "../render/html.ts";
import { renderHeld, renderJson, reportJson } from "../render/json.ts";
import { renderPlain, renderTerminal, type TerminalSettings } from "../render/terminal.ts";
import { terminalAbilities } from "../render/terminal-abilities.ts";
import { ReportBuilder, type ReportSettings } from "../report/build-report.ts";
import { isObject } from "../report/hostile.ts";
import type { PlacedStack } from "../report/known-frames.ts";
import { rehearse } from "../report/rehearsal.ts";
import type { FullReport } from "../report/report.ts";
import { bareFrames } from "../report/stack-frames.ts";
import type { Redactor } from "../../redaction/redact.ts";
import { errorRedactor } from "../report/secret-filter.ts";
import { contextWithCrumb, type Crumb, crumbsOf, rememberCrumbs } from "./breadcrumbs.ts";
import { type ErrorKind, kindOf } from "./error-kinds.ts";
import { ErrorLimit, type HeldErrors } from "./error-limit.ts";
import {
  callSite,
  ErrorOccurrences,
  newId,
  type Occurrence,
  type Sighting,
} from "./error-occurrences.ts";
import { type ErrorContextOptions, type ErrorScope, splitOptions } from "./error-context.ts";
import { framesJson, exceptionRecord, ExceptionRecords } from "./exception-record.ts";
import type { HandledError } from "./handled-error.ts";
import { exceptionSignal } from "./exception-signal.ts";
import type {
  ErrorDisplay,
  ErrorLogger,
  ErrorOutput,
  RichErrorHandlerOptions,
} from "./handler-options.ts";
import { recordOnSpan } from "./span-record.ts";
import { whenIdle } from "./when-idle.ts";

/** How one error is handled. */
export interface HandleOptions {
  readonly kind?: ErrorKind | undefined;
  /** The process ends by it. */
  readonly isFatal?: boolean | undefined;
  readonly logLevel?: "info" | "warn" | "error" | undefined;
  /** What was being done; stands before the error on the line. */
  readonly message?: string | undefined;
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
  /** Where it was seen when nobody had handled it: "uncaught_exception". */
  readonly origin?: string | undefined;
  /** What failed by it and is answered now, an object: the same error of another request is another occurrence. */
  readonly request?: object | undefined;
}

const LEVELS = { expected: "info", operational: "warn", bug: "error" } as const;

/** Makes reports of errors and tells them. */
export class RichErrorHandler {
  readonly #builder = new ReportBuilder();
  readonly #redactor: Redactor;
  readonly #limit: ErrorLimit | undefined;
  readonly #records: ExceptionRecords | undefined;
  readonly #occurrences = new ErrorOccurrences();
  readonly #sentFrames = new WeakMap<PlacedStack, string | undefined>();
  readonly #signal = exceptionSignal();
  #options: RichErrorHandlerOptions;
  #settings: ReportSettings;
  #capture: LocalsCapture | undefined;

  /** @throws {FlxError} `FLX_REDACTION_SECRET`, `FLX_REDACTION_PATTERN` for rules of redaction that cannot be */
  constructor(options: RichErrorHandlerOptions = {}) {
    this.#options = options;
    this.#redactor = errorRedactor(options.redaction);
    this.#limit =
      options.limit === false
        ? undefined
        : new ErrorLimit(options.limit ?? {}, (held) => this.#tellHeld(held));
    this.#records =
      options.exporter === undefined ? undefined : new ExceptionRecords(options.exporter);
    // A signal that ends the process has no "exit"; the exporter hears of it.
    options.exporter?.atEnd(() => this.#limit?.flush());
    this.#settings = this.#settingsOf(options);
    this.#capturing();
  }

  /** Changes how reports look, from now on. */
  configure(display: ErrorDisplay): void {
    const before = this.#options.showLocals;
    this.#options = { ...this.#options, ...display };
    this.#settings = this.#settingsOf(this.#options);
    // What was captured already stays.
    if (this.#options.showLocals !== before) this.#capturing();
  }

  /** The report of a thrown value, as plain data. Never throws. */
  report(error: unknown): FullReport {
    const { id } = this.#occurrences.last(error) ?? this.#occurrences.of(error, { by: "span" });
    return this.#report(error, id, undefined);
  }

  #report(
    error: unknown,
    errorId: string,
    given: HandleOptions["fields"],
    builder: ReportBuilder = this.#builder,
  ): FullReport {
    const span = getCurrentSpan()?.spanContext();
    const breadcrumbs = crumbsOf(error);
    const around = [logContext(), breadcrumbs.at(-1)?.fields, given];
    return builder.build(error, this.#settings, {
      errorId,
      timeMs: Date.now(),
      traceId: span?.traceId,
      spanId: span?.spanId,
      breadcrumbs,
      fields: around.filter((each) => each !== undefined),
    });
  }

  /** The report as it would be written to the output. Never throws. */
  format(error: unknown): string {
    return this.#text(this.report(error));
  }

  /** The report as one line of JSON. Never throws. */
  toJson(error: unknown): string {
    return renderJson(this.report(error));
  }

  /** The report as a page; serve it with `htmlSecurityPolicy()`. Never throws. */
  toHtml(error: unknown): string {
    return renderHtml(this.report(error));
  }

  /** Writes the report to the output, and does nothing else. Never throws. */
  printException(error: unknown): void {
    this.#write(this.format(error));
  }

  /** Reports, counts, logs, records; each error once, see error-occurrences.ts. Never throws. */
  handle(error: unknown, options: HandleOptions = {}): HandledError {
    const { request, origin } = options;
    const isOutside = request !== undefined || origin !== undefined;
    return this.#handle(error, options, {
      by: "handler",
      request,
      isLast: origin !== undefined,
      // oxlint-disable-next-line typescript/unbound-method -- it is only compared
      site: isOutside || !isObject(error) ? undefined : callSite(this.handle),
    });
  }

  #handle(error: unknown, options: HandleOptions, sighting: Sighting): HandledError {
    const occurrence = this.#occurrences.of(error, sighting);
    const before = occurrence.handled;
    if (before !== undefined) {
      if (options.isFatal === true) this.#toldBefore(before.report);
      return { ...before, isWritten: false };
    }
    const report = this.#report(error, occurrence.id, options.fields);
    const kind = options.kind ?? kindOf(error, this.#options.kinds, this.#options.kindOf);
    const isWritten = this.#tell(error, occurrence, report, kind, options);
    occurrence.handled = { report, kind, isWritten };
    return occurrence.handled;
  }

  /** What became of an error that was handled before. */
  handledBefore(error: unknown): HandledError | undefined {
    return this.#occurrences.last(error)?.handled;
  }

  /**
   * For tracing: an exception that somebody records on a span. Its event says which error it is of, so that it is one with what
   * is said of it elsewhere. Never throws.
   */
  recordedOnSpan(error: unknown, span?: Span): ToldException {
    const occurrence = this.#occurrences.of(error, { by: "span", span });
    // It stands on the span it was handled in.
    if (occurrence.handled !== undefined) {
      return { message: occurrence.handled.report.message, event: undefined };
    }
    if (this.#signal.logs) this.#record(error, occurrence);
    const { message, fingerprint } = this.#builder.brief(error, this.#settings);
    const isWanted = this.#signal.events || this.#records === undefined;
    const attributes = isWanted ? exceptionAttributes(error, message) : undefined;
    if (attributes === undefined) return { message, event: undefined };
    const ids = { "flx.error.fingerprint": fingerprint, "flx.error.id": occurrence.id };
    return { message, event: { ...attributes, ...ids } };
  }

  /**
   * For logging: what the record of a line says of the error on it, so that it is one with what is said of it elsewhere, as
   * members of an object of JSON: `"flx.error.fingerprint":"...","flx.error.id":"...",...`. Made once for an occurrence.
   * Never throws.
   */
  loggedFields(error: object): string | undefined {
    return safely(() => {
      const occurrence = this.#occurrences.of(error, { by: "log" });
      return (occurrence.logged ??= this.#fieldsOf(error, occurrence));
    });
  }

  #fieldsOf(error: object, { id, handled }: Occurrence): string {
    const { fingerprint, stack } = this.#builder.brief(error, this.#settings);
    // It is told after all, and not one of those that were not.
    if (handled?.isWritten === false) this.#limit?.isTold(fingerprint);
    const ids = `"flx.error.fingerprint":"${fingerprint}","flx.error.id":"${id}"`;
    const frames = this.#framesOf(stack);
    return frames === undefined ? ids : `${ids},"flx.error.frames":${frames}`;
  }

  /** Made once for all errors of one place. */
  #framesOf(stack: PlacedStack): string | undefined {
    if (!this.#sentFrames.has(stack)) {
      this.#sentFrames.set(stack, framesJson(bareFrames(stack.placed, this.#settings)));
    }
    return this.#sentFrames.get(stack);
  }

  /**
   * Runs work in a context: its errors say what was being done. Without work, the context lasts until it is disposed of.
   *
   *     await handler.errorContext("importing batch", { batchId }, () => importBatch(batchId));
   *     using _ = handler.errorContext("importing batch", { batchId });
   *
   * @param options `reRaise: false` gives undefined in place of the error; `logLevel`; all others are fields
   * @throws what the work throws, unless `reRaise` is false
   */
  errorContext(message: string, options?: ErrorContextOptions): ErrorScope;
  errorContext<Result>(message: string, fn: () => Result): Result;
  errorContext<Result>(
    message: string,
    options: ErrorContextOptions & { readonly reRaise: false },
    fn: () => Result,
  ): Result extends PromiseLike<infer Value> ? Promise<Value | undefined> : Result | undefined;
  errorContext<Result>(message: string, options: ErrorContextOptions, fn: () => Result): Result;
  errorContext(
    message: string,
    second: ErrorContextOptions | (() => unknown) = {},
    third?: () => unknown,
  ): unknown {
    const options = typeof second === "function" ? {} : second;
    const fn = typeof second === "function" ? second : third;
    const { reRaise, logLevel, fields } = splitOptions(options);
    const crumb: Crumb = { message, fields };
    if (fn === undefined) return scopeOf(crumb);
    const context = contextWithCrumb(crumb);
    const failed = (error: unknown): undefined => {
      callInContext(context, () => {
        rememberCrumbs(error, crumbsOf(undefined));
        this.#handle(error, { message, logLevel }, { by: "context", isLast: !reRaise });
      }, []);
      if (reRaise) throw error;
      return undefined;
    };
    let result: unknown;
    try {
      result = callInContext(context, fn, []);
    } catch (error) {
      return failed(error);
    }
    return isThenable(result) ? result.then(undefined, failed) : result;
  }

  /** A function whose calls run in a context; same type, name and length. */
  withErrorContext<Args extends unknown[], Result>(
    message: string,
    options: ErrorContextOptions,
    fn: (...args: Args) => Result,
  ): (...args: Args) => Result {
    const errorContext = (run: () => Result): Result => this.errorContext(message, options, run);
    const wrapped = function (this: unknown, ...args: Args): Result {
      return errorContext(() => Reflect.apply(fn, this, args));
    };
    Object.defineProperty(wrapped, "name", { value: fn.name, configurable: true });
    Object.defineProperty(wrapped, "length", { value: fn.length, configurable: true });
    return wrapped;
  }

  /** Has what the first report needs compiled, at once: tens of milliseconds. */
  prepare(): void {
    for (const _ of this.#rehearsal()) {
      // Each piece is one step.
    }
  }

  /** The same in pieces of a few milliseconds when the process is idle; keeps no process alive. */
  prepareWhenIdle(): Disposable {
    return whenIdle(this.#rehearsal());
  }

  /** Ends the capture of locals. */
  close(): void {
    this.#capture?.close();
    this.#capture = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Goes the ways of `format` and `handle`, without telling anybody. */
  #rehearsal(): Iterable<void> & Iterator<void> {
    const occurrences = new ErrorOccurrences();
    const make = (error: Error, builder: ReportBuilder): FullReport => {
      const { id } = occurrences.of(error, { by: "handler", site: callSite(make) });
      return this.#report(error, id, undefined, builder);
    };
    return rehearse({
      report: make,
      brief: (error, builder) => builder.brief(error, this.#settings),
      writers: [
        (report) => this.#text(report),
        (report) => JSON.stringify(exceptionRecord(report, { kind: "bug" })),
      ],
    });
  }

  /** One log record an occurrence: when it is handled later, this was it. */
  #record(error: unknown, occurrence: Occurrence): void {
    const records = this.#records;
    if (records === undefined || !isObject(error) || occurrence.isRecorded) return;
    occurrence.isRecorded = true;
    const { kinds, kindOf: rule } = this.#options;
    safely(() => {
      const report = this.#report(error, occurrence.id, undefined);
      records.write(report, { kind: kindOf(error, kinds, rule) });
    });
  }

  #tell(
    error: unknown,
    { isRecorded, logged }: Occurrence,
    report: FullReport,
    kind: ErrorKind,
    options: HandleOptions,
  ): boolean {
    const { fingerprint, type, timeMs } = report;
    const passes =
      this.#limit === undefined ||
      options.isFatal === true ||
      this.#limit.take({ fingerprint, type, kind }, timeMs, {
        isAsked: this.#hasLocals(error),
        isTold: logged !== undefined,
      });
    const { counter } = this.#options;
    safely(() => counter?.handled(kind, type, !passes));
    safely(() => recordOnSpan(error, report, this.#signal.events || this.#records === undefined));
    if (kind === "bug") this.#capture?.want(fingerprint, error);
    if (!passes) return false;
    if (!isRecorded) {
      safely(() => {
        this.#records?.write(report, { ...options, kind });
      });
    }
    this.#show(report, kind, options);
    return true;
  }

  /** What the debugger was armed for is told, however many of its group were told without. */
  #hasLocals(error: unknown): boolean {
    if (this.#options.showLocals !== "armed" || typeof error !== "object" || error === null) {
      return false;
    }
    return this.#capture?.localsOf(error) !== undefined;
  }

  #show(report: FullReport, kind: ErrorKind, options: HandleOptions): void {
    const isMachine = this.#format() === "json";
    const isShort = kind === "expected" && options.isFatal !== true;
    const isShown = !isMachine && !isShort;
    const logger = this.#logger(isShown);
    if (logger !== undefined) {
      const level = options.logLevel ?? (options.isFatal === true ? "error" : LEVELS[kind]);
      const fields = lineFields(report, kind, options, isMachine);
      this.#log(logger, level, fields, shortLine(report, options));
      if (!isShown) return;
    }
    this.#write(isShort && !isMachine ? `  ${shortLine(report, options)}\n` : this.#text(report));
  }

  /** A line of the logger; it is not exported when there is a record of the same. */
  #log(
    logger: ErrorLogger,
    level: "info" | "warn" | "error",
    fields: object,
    message: string,
  ): void {
    const log = (): void => logger[level](fields, message);
    safely(() => {
      if (this.#records === undefined) log();
      else withoutExport(log);
    });
  }

  /** What was not written of a group. */
  #tellHeld(held: HeldErrors): void {
    const { fingerprint, type, kind, count } = held;
    const text = `${type} again: ${count} more of group ${fingerprint} were not written`;
    safely(() => this.#records?.writeHeld(held, newId(), text));
    const isMachine = this.#format() === "json";
    const logger = this.#logger(!isMachine);
    const fields = { fingerprint, error_kind: kind, repeated: count };
    if (logger !== undefined) this.#log(logger, LEVELS[kind], fields, text);
    if (!isMachine) this.#write(`  ${text}\n`);
    else if (logger === undefined) {
      this.#write(`${renderHeld({ fingerprint, type, repeated: count, timeMs: Date.now() })}\n`);
    }
  }

  #toldBefore(report: FullReport): void {
    if (this.#format() === "json") return;
    this.#write(`  ${report.type} ends the process; reported above as error ${report.errorId}\n`);
  }

  #logger(isShown: boolean): ErrorLogger | undefined {
    const { logger } = this.#options;
    return typeof logger === "function" ? safely(() => logger(isShown)) : logger;
  }

  #output(): ErrorOutput {
    return this.#options.output ?? process.stderr;
  }

  #write(text: string): void {
    safely(() => this.#output().write(text));
  }

  #format(): "terminal" | "plain" | "json" {
    const { format = "auto" } = this.#options;
    if (format !== "auto") return format;
    return isProduction() ? "json" : "terminal";
  }

  #text(report: FullReport): string {
    const format = this.#format();
    if (format === "json") return `${renderJson(report)}\n`;
    const render = format === "plain" ? renderPlain : renderTerminal;
    return render(report, this.#terminal());
  }

  #terminal(): TerminalSettings {
    const { width, color, links, theme, editor, root } = this.#options;
    const can = terminalAbilities(this.#output());
    return {
      width: width ?? can.width,
      color: color ?? can.color,
      links: links ?? (color !== false && can.links),
      theme,
      editor,
      root,
    };
  }

  #settingsOf(options: RichErrorHandlerOptions): ReportSettings {
    const { maxFrames = 20, suppress = [], showNode = false, showCode = true } = options;
    return {
      maxFrames: Math.max(1, maxFrames),
      suppress,
      showNode,
      showCode,
      around: Math.min(20, Math.max(0, options.codeLines ?? 3)),
      redactor: this.#redactor,
      rules: options.rules ?? [],
      localsOf: (error) => this.#capture?.localsOf(error),
    };
  }

  #capturing(): void {
    const { showLocals = false } = this.#options;
    this.#capture?.close();
    this.#capture = undefined;
    if (showLocals === false) return;
    this.#capture = new LocalsCapture({
      redactor: this.#redactor,
      isAlwaysOn: showLocals === true,
    });
  }
}

function scopeOf(crumb: Crumb): ErrorScope {
  const before = activeContext();
  const inside = contextWithCrumb(crumb);
  enterContext(inside);
  return {
    [Symbol.dispose]() {
      if (activeContext() === inside) enterContext(before);
    },
  };
}

/** What the logger's line has: the context's fields, the ids, and the report where the line is the report. */
function lineFields(
  report: FullReport,
  kind: ErrorKind,
  { origin }: HandleOptions,
  isMachine: boolean,
): object {
  return {
    ...report.fields,
    error_id: report.errorId,
    fingerprint: report.fingerprint,
    error_kind: kind,
    ...(origin !== undefined && { origin }),
    ...(isMachine && { error: reportJson(report) }),
  };
}

function shortLine(report: FullReport, { message }: HandleOptions): string {
  const text = `${report.type}: ${report.message.split("\n", 1)[0]}`.slice(0, 1_000);
  return message === undefined ? text : `${message}: ${text}`;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

function isProduction(): boolean {
  return process.env["NODE_ENV"] === "production";
}

/** What a logger, an output or a counter does must not become another error. */
function safely<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
