// Fields that every line of a piece of work has: who is logged in, which order, which job.
//
//   await withLogContext({ orderId }, async () => { logger.info("placed") });      {"msg":"placed","orderId":7}
//
// They travel with OpenTelemetry's context, so there is one asynchronous store for spans, baggage and these. Inner fields
// win over outer ones of the same name.

import { activeContext, runInContext } from "../tracing/context-manager.ts";

/** Fields of a line. */
export type LogFields = Readonly<Record<string, unknown>>;

const KEY = Symbol.for("flx.logging.fields");

/** Runs a function; lines that are logged in it, and in what it awaits, have these fields. */
export function withLogContext<Result>(fields: LogFields, fn: () => Result): Result {
  const context = activeContext();
  const outer = context.getValue(KEY) as LogFields | undefined;
  const merged = outer === undefined ? { ...fields } : { ...outer, ...fields };
  return runInContext(context.setValue(KEY, merged), fn);
}

/** The fields of the running work; undefined when there are none. */
export function logContext(): LogFields | undefined {
  return activeContext().getValue(KEY) as LogFields | undefined;
}
