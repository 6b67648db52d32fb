// What nobody catches: told once, flushed, and the process ends as it would have, with its exit code.
//
//   uncaughtException      report ─► exit(1)              unless somebody else listens: then they decide
//   unhandledRejection     report ─► exit(1)              the same; --unhandled-rejections=warn|none: report only
//   rejectionHandled       told: the one above was handled late
//   warning                reported where it is asked for
//
//   exit(1) ─► "exit" ─► the exporter hands over what there is, bounded (export/exporter.ts)
//
// An error inside of this is written in plain and ends the process, too: a crash handler that crashes is no excuse.

import { getErrorHandler } from "./current-handler.ts";
import type { RichErrorHandler } from "./rich-error-handler.ts";
import type { ErrorCounter } from "./error-metrics.ts";

/** How crashes are handled. */
export interface InstallOptions {
  /** Default: the process's handler, as it is when something happens. */
  readonly handler?: RichErrorHandler | undefined;
  /** Whether an unhandled rejection ends the process, as Node has it. Default true. */
  readonly exitOnRejection?: boolean | undefined;
  /** Whether warnings of Node are reported. Default false. */
  readonly warnings?: boolean | undefined;
  /** How many frames errors have (default 30, when it is Node's 10; 0: as it is). */
  readonly stackTraceLimit?: number | undefined;
  readonly counter?: ErrorCounter | undefined;
  /** Told of what the process survives. */
  readonly onUnhandled?: ((error: unknown, origin: string) => void) | undefined;
}

const NODE_LIMIT = 10;
const OUR_LIMIT = 30;

/** Handles crashes from now on, until it is disposed of. */
export function installErrorHandler(options: InstallOptions = {}): Disposable {
  const crashes = new Crashes(options);
  crashes.listen();
  return crashes;
}

class Crashes implements Disposable {
  readonly #options: InstallOptions;
  readonly #late = new WeakSet<Promise<unknown>>();
  readonly #limitBefore = Error.stackTraceLimit;
  #isEnding = false;
  #preparing: Disposable | undefined;

  constructor(options: InstallOptions) {
    this.#options = options;
  }

  listen(): void {
    const { stackTraceLimit = OUR_LIMIT, warnings } = this.#options;
    if (stackTraceLimit > 0 && Error.stackTraceLimit === NODE_LIMIT) {
      Error.stackTraceLimit = stackTraceLimit;
    }
    process.on("uncaughtException", this.#onException);
    process.on("unhandledRejection", this.#onRejection);
    process.on("rejectionHandled", this.#onLate);
    if (warnings === true) process.on("warning", this.#onWarning);
    this.#preparing = this.#handler().prepareWhenIdle();
  }

  [Symbol.dispose](): void {
    this.#preparing?.[Symbol.dispose]();
    process.removeListener("uncaughtException", this.#onException);
    process.removeListener("unhandledRejection", this.#onRejection);
    process.removeListener("rejectionHandled", this.#onLate);
    process.removeListener("warning", this.#onWarning);
    Error.stackTraceLimit = this.#limitBefore;
  }

  readonly #onException = (error: unknown): void => {
    this.#crash(error, "uncaught_exception", process.listenerCount("uncaughtException") === 1);
  };

  readonly #onRejection = (reason: unknown, promise: Promise<unknown>): void => {
    this.#late.add(promise);
    const isLast = process.listenerCount("unhandledRejection") === 1;
    const ends = isLast && this.#options.exitOnRejection !== false && rejectionsEnd();
    this.#crash(reason, "unhandled_rejection", ends);
  };

  readonly #onLate = (promise: Promise<unknown>): void => {
    if (!this.#late.delete(promise)) return;
    process.stderr.write("  the rejection that was reported as unhandled has been handled, late\n");
  };

  readonly #onWarning = (warning: Error): void => {
    this.#count("warning");
    this.#handler().handle(warning, { kind: "operational", origin: "warning" });
  };

  #crash(error: unknown, origin: string, ends: boolean): void {
    // The second one comes from what the first one has broken.
    if (this.#isEnding) return;
    this.#isEnding = ends;
    try {
      this.#count(origin);
      this.#handler().handle(error, { kind: "bug", isFatal: ends, origin });
      this.#options.onUnhandled?.(error, origin);
    } catch {
      process.stderr.write("  an error that could not be reported\n");
    }
    if (ends) process.exit(1);
  }

  #count(origin: string): void {
    this.#options.counter?.unhandled(origin);
  }

  #handler(): RichErrorHandler {
    return this.#options.handler ?? getErrorHandler();
  }
}

/** Node ends a process for unhandled rejections unless it was told otherwise. */
function rejectionsEnd(): boolean {
  const flags = `${process.execArgv.join(" ")} ${process.env["NODE_OPTIONS"] ?? ""}`;
  return !/--unhandled-rejections[= ](?:warn|none)\b/.test(flags);
}
