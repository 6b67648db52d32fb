// The logger: pino, with what a monitored service wants of each line.
//
//   flx.logger.info({ orderId }, "placed")
//     ├─ level, message, error type ─► lines by level counted; repetitions held back
//     ├─ ids of the active span, fields of withLogContext, allowed baggage
//     ├─ secrets out, by key and by path
//     └─ one line of JSON ─► terminal (pretty in development), and the export worker
//
// pino is loaded when the first logger is made, not before: it costs as much as the rest of the SDK.
//
// Lines are written at once (synchronously): nothing is lost when the process ends, and what a crash has to say is on
// the terminal. `destination` may be any stream of pino's for those who want it otherwise.

import { FlxError } from "@flx/model/errors";
import { createRequire } from "node:module";
import type { DestinationStream, Logger, LoggerOptions } from "pino";
import type { Exporter } from "../export/exporter.ts";
import type { RedactionRules, RedactionSettings } from "../redaction/redaction-rules.ts";
import { runInContext } from "../tracing/context-manager.ts";
import { EMPTY_CONTEXT } from "../tracing/context.ts";
import { DuplicateLimit, type DuplicateSettings, type HeldLines } from "./duplicate-limit.ts";
import { errorFields } from "./error-fields.ts";
import { errorOfLine } from "./error-identity.ts";
import { cutText, KeyRedaction, LONGEST_TEXT } from "./key-redaction.ts";
import { Levels } from "./levels.ts";
import { LineSink } from "./line-sink.ts";
import { PrettyStream } from "./pretty.ts";
import { ambientFields } from "./trace-fields.ts";

/** Counts lines; metrics do. */
export interface LineCounter {
  counted(level: string, isHeld: boolean): void;
}

/** How a logger is made. */
export interface LogSettings {
  /** "trace", "debug", "info" (default), "warn", "error", "fatal", "silent". */
  readonly level?: string | undefined;
  /** On every line: service, version, environment. */
  readonly base?: Readonly<Record<string, unknown>> | undefined;
  /** Taken out beside the usual and what the process takes out. */
  readonly redaction?: RedactionSettings | undefined;
  /** false: every line passes. Default: on in production. */
  readonly duplicates?: DuplicateSettings | false | undefined;
  /** Baggage entries that lines have. */
  readonly baggage?: readonly string[] | undefined;
  /** Lines for people. Default: when the output is a terminal and NODE_ENV is not "production". */
  readonly pretty?: boolean | undefined;
  /** Default: standard output, synchronously. */
  readonly destination?: DestinationStream | undefined;
  /** Lines are exported through it. */
  readonly exporter?: Exporter | undefined;
  readonly counter?: LineCounter | undefined;
}

type PinoModule = ((options: LoggerOptions, stream: DestinationStream) => Logger) & {
  readonly destination: (options: { fd: number; sync: boolean }) => DestinationStream;
  readonly levels: { readonly labels: Readonly<Record<number, string>> };
};

/** A logger: pino's own, with our hooks. */
export function createLogger(settings: LogSettings = {}): Logger {
  const pino = createRequire(import.meta.url)("pino") as PinoModule;
  const about: AboutError = { error: undefined };
  const logger: Logger = pino(
    loggerOptions(settings, pino.levels.labels, () => logger, about),
    streamOf(settings, pino, about),
  );
  levels.root(logger);
  redactBindings(logger, new KeyRedaction(settings.redaction));
  return logger;
}

/** pino formats the bindings of the first logger only; children inherit these methods. */
function redactBindings(logger: Logger, redaction: KeyRedaction): void {
  const methods = logger as unknown as Record<
    "child" | "setBindings",
    (...args: unknown[]) => unknown
  >;
  for (const name of ["child", "setBindings"] as const) {
    const original = methods[name];
    methods[name] = function redacting(bindings: unknown, ...rest: unknown[]): unknown {
      const isObject = typeof bindings === "object" && bindings !== null;
      return Reflect.apply(original, this, [
        isObject ? redaction.apply(bindings) : bindings,
        ...rest,
      ]);
    };
  }
}

/**
 * Changes the level of a logger and of all its children, while they run; one that was set on a child itself is lost.
 *
 * @throws {FlxError} `FLX_LOG_LEVEL` for a level that the logger does not have
 */
export function setLogLevel(logger: Logger, level: string): void {
  if (level !== "silent" && !Object.hasOwn(logger.levels.values, level)) {
    const known = Object.keys(logger.levels.values).join(", ");
    throw new FlxError(
      "FLX_LOG_LEVEL",
      `a level is one of ${known}, silent; got ${JSON.stringify(level.slice(0, 40))}`,
    );
  }
  levels.set(logger, level);
}

const levels = new Levels();

/** The error of the line that is being written, between the call that logs and the stream. */
interface AboutError {
  error: Error | undefined;
}

/** The options that make a pino logger ours. */
function loggerOptions(
  settings: LogSettings,
  labels: Readonly<Record<number, string>>,
  logger: () => Logger,
  about: AboutError,
): LoggerOptions {
  const redaction = new KeyRedaction(settings.redaction);
  const { counter, baggage = [] } = settings;
  const limit = duplicateLimit(settings, (held) => {
    writeHeld(logger(), labels, held);
  });
  const serialized = (error: unknown): unknown => errorFields(error, redaction.rules);
  // A signal that ends the process has no "exit"; the exporter hears of it.
  if (limit !== undefined) settings.exporter?.atEnd(() => limit.flush());
  return {
    level: settings.level ?? "info",
    base: settings.base ?? {},
    messageKey: "msg",
    errorKey: "err",
    timestamp: () => `,"time":${Date.now()}`,
    mixin: () => ambientFields(baggage),
    // What was written on the line itself wins over what comes from around it.
    mixinMergeStrategy: (line, ambient) => Object.assign({}, ambient, line),
    serializers: { err: serialized, error: serialized },
    formatters: { log: (line) => redaction.apply(line) },
    onChild: (child) => levels.child(child),
    hooks: {
      logMethod(args, method, level) {
        const label = labels[level] ?? String(level);
        const passes =
          limit === undefined || limit.passes(level, messageOf(args), errorTypeOf(args));
        counter?.counted(label, !passes);
        if (!passes) return;
        const before = about.error;
        about.error = errorOfLine(args[0]);
        try {
          Reflect.apply(method, this, clean(args, redaction.rules));
        } catch {
          // What cannot be written is counted as a line, and no reason to fail for the service.
        } finally {
          about.error = before;
        }
      },
    },
  };
}

function duplicateLimit(
  { duplicates }: LogSettings,
  report: (held: HeldLines) => void,
): DuplicateLimit | undefined {
  if (duplicates === false) return undefined;
  const isProduction = process.env["NODE_ENV"] === "production";
  return duplicates === undefined && !isProduction
    ? undefined
    : new DuplicateLimit(duplicates ?? {}, report);
}

/** The line that stands for those that were held back. It does not go through the limit: it is one. */
function writeHeld(
  logger: Logger,
  labels: Readonly<Record<number, string>>,
  { level, message, repeated }: HeldLines,
): void {
  const label = labels[level] ?? "info";
  const write = (logger as unknown as Record<string, unknown>)[label];
  if (typeof write !== "function") return;
  // The timer that brought us here was started in the middle of somebody's work; the line belongs to nobody.
  runInContext(EMPTY_CONTEXT, () => {
    Reflect.apply(write, logger, [{ repeated }, `${message} (repeated ${repeated} times)`]);
  });
}

/**
 * The arguments with their texts cut, and without what the rules tell of; the same array when nothing is too long or told, as it
 * nearly always is.
 */
function clean<Args extends readonly unknown[]>(args: Args, rules: RedactionRules): Args {
  const isLong = (each: unknown) => typeof each === "string" && each.length > LONGEST_TEXT;
  if (!rules.isTold && !args.some(isLong)) return args;
  return args.map((each) => {
    if (typeof each !== "string") return each;
    return rules.withoutTold(each.length > LONGEST_TEXT ? cutText(each) : each);
  }) as unknown as Args;
}

function messageOf(args: readonly unknown[]): string {
  const [first, second] = args;
  if (typeof first === "string") return first;
  if (typeof second === "string") return second;
  return first instanceof Error ? first.message : "";
}

function errorTypeOf(args: readonly unknown[]): string {
  return errorOfLine(args[0])?.name ?? "";
}

function streamOf(settings: LogSettings, pino: PinoModule, about: AboutError): DestinationStream {
  const terminal = settings.destination ?? pino.destination({ fd: 1, sync: true });
  const isPretty =
    settings.pretty ??
    (settings.destination === undefined &&
      process.stdout.isTTY &&
      process.env["NODE_ENV"] !== "production");
  const shown = isPretty ? new PrettyStream(terminal) : terminal;
  if (settings.exporter === undefined) return shown;
  const sink = new LineSink(settings.exporter);
  return {
    write(line: string): void {
      shown.write(line);
      sink.write(line, about.error);
    },
  };
}
