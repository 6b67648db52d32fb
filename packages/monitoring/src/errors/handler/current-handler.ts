// The error handler of the process: one for all copies of the package, found by a registered symbol; logging
// looks there, too (logging/error-identity.ts).

import type { ErrorDisplay } from "./handler-options.ts";
import { RichErrorHandler } from "./rich-error-handler.ts";
import type { ErrorContextOptions, ErrorScope } from "./error-context.ts";

const KEY = Symbol.for("flx.errors.handler");
const holder = globalThis as unknown as Record<symbol, RichErrorHandler | undefined>;

/** The handler of the process; made when it is asked for first. */
export function getErrorHandler(): RichErrorHandler {
  return (holder[KEY] ??= new RichErrorHandler());
}

/** Makes a handler that of the process, and gives the one before; undefined when there was none. */
export function setErrorHandler(
  handler: RichErrorHandler | undefined,
): RichErrorHandler | undefined {
  const before = holder[KEY];
  holder[KEY] = handler;
  return before;
}

/** Reports for production: one line of JSON, no values of variables, no source, few frames. What is given counts more. */
export function configureProductionTraceback(display: ErrorDisplay = {}): RichErrorHandler {
  return configured({
    format: "json",
    showLocals: false,
    showCode: false,
    maxFrames: 10,
    ...display,
  });
}

/** Reports for development: on the terminal, with values of variables and source. What is given counts more. */
export function configureDevelopmentTraceback(display: ErrorDisplay = {}): RichErrorHandler {
  return configured({
    format: "terminal",
    showLocals: true,
    showCode: true,
    maxFrames: 20,
    ...display,
  });
}

function configured(display: ErrorDisplay): RichErrorHandler {
  const handler = getErrorHandler();
  handler.configure(display);
  return handler;
}

/** `errorContext` of the process's handler. */
export function errorContext(message: string, options?: ErrorContextOptions): ErrorScope;
export function errorContext<Result>(message: string, fn: () => Result): Result;
export function errorContext<Result>(
  message: string,
  options: ErrorContextOptions & { readonly reRaise: false },
  fn: () => Result,
): Result extends PromiseLike<infer Value> ? Promise<Value | undefined> : Result | undefined;
export function errorContext<Result>(
  message: string,
  options: ErrorContextOptions,
  fn: () => Result,
): Result;
export function errorContext(...args: readonly unknown[]): unknown {
  const handler = getErrorHandler() as unknown as {
    errorContext(...given: readonly unknown[]): unknown;
  };
  return handler.errorContext(...args);
}

/** `withErrorContext` of the process's handler, the one that there is when a call fails. */
export function withErrorContext<Args extends unknown[], Result>(
  message: string,
  options: ErrorContextOptions,
  fn: (...args: Args) => Result,
): (...args: Args) => Result {
  return getErrorHandler().withErrorContext(message, options, fn);
}
