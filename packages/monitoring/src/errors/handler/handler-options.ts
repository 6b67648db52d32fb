// What a RichErrorHandler takes.

import type { Exporter } from "../../export/exporter.ts";
import type { RedactionSettings } from "../../redaction/redaction-rules.ts";
import type { FingerprintRule } from "../fingerprint/fingerprint.ts";
import type { TerminalSettings } from "../render/terminal.ts";
import type { OutputStream } from "../render/terminal-abilities.ts";
import type { KindMap, KindRule } from "./error-kinds.ts";
import type { ErrorLimitSettings } from "./error-limit.ts";
import type { ErrorCounter } from "./error-metrics.ts";

/** Where reports are written. */
export interface ErrorOutput extends OutputStream {
  write(text: string): unknown;
}

/** The part of a logger that is used; pino's, console's and winston's fit. */
export interface ErrorLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * How reports look; all of it can be changed later by `configure`. Width, colours and links are those of the output, where
 * nothing else is said.
 */
export interface ErrorDisplay extends TerminalSettings {
  /** "auto": for people on a terminal or outside of production, otherwise JSON. */
  readonly format?: "auto" | "terminal" | "plain" | "json" | undefined;
  /**
   * Values of variables where the error was thrown. Default false. True: V8's debugger is on, and each `await` takes several
   * times as long, which is for development; "armed": it is on for a moment, for the next error of a new group.
   */
  readonly showLocals?: boolean | "armed" | undefined;
  /** Lines of source. Default true. */
  readonly showCode?: boolean | undefined;
  /** Node's own frames. Default false. */
  readonly showNode?: boolean | undefined;
  /** Own frames that are shown (default 20); the others are counted. */
  readonly maxFrames?: number | undefined;
  /** Packages or parts of paths whose frames are folded as a framework's are. */
  readonly suppress?: readonly (string | RegExp)[] | undefined;
  /** Lines of code before and after the failing one (default 3). */
  readonly codeLines?: number | undefined;
}

/** All options of a handler. */
export interface RichErrorHandlerOptions extends ErrorDisplay {
  /** Default: standard error. */
  readonly output?: ErrorOutput | undefined;
  /** Taken out beside the usual and what the process takes out. */
  readonly redaction?: RedactionSettings | undefined;
  /** Groups of one's own. */
  readonly rules?: readonly FingerprintRule[] | undefined;
  readonly kinds?: KindMap | undefined;
  readonly kindOf?: KindRule | undefined;
  /** Reports per fingerprint; false: each is written. */
  readonly limit?: ErrorLimitSettings | false | undefined;
  /** A logger, or what gives one when it is needed; it hears whether a report for people is written beside the line. */
  readonly logger?: ErrorLogger | ((isShown: boolean) => ErrorLogger | undefined) | undefined;
  readonly counter?: ErrorCounter | undefined;
  /** Errors become log records through it. */
  readonly exporter?: Exporter | undefined;
}
