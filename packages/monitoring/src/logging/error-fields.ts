// An error on a line: type, message, stack, code, causes and the errors of an AggregateError, bounded and without cycles.
//
//   {"err":{"type":"TypeError","message":"...","stack":"...","code":"...","cause":{...},"errors":[...]}}

import { redact } from "../redaction/redact.ts";

const MAX_CAUSES = 8;
const MAX_ERRORS = 10;
/** Of all of them together. */
const MAX_ALL = 20;
const MAX_STACK = 8_192;
const MAX_MESSAGE = 2_048;

/** What a line says of an error; anything else is passed on as it is. */
export function errorFields(error: unknown): unknown {
  return error instanceof Error ? fieldsOf(error, 0, new Set()) : error;
}

function fieldsOf(error: Error, depth: number, seen: Set<unknown>): Record<string, unknown> {
  if (seen.has(error)) return { type: "[circular]" };
  if (seen.size >= MAX_ALL) return { type: "[more left out]" };
  seen.add(error);
  const fields: Record<string, unknown> = {
    type: safely(() => error.constructor.name || error.name) ?? "Error",
    message: redact((safely(() => error.message) ?? "").slice(0, MAX_MESSAGE)),
  };
  const stack = safely(() => error.stack);
  if (typeof stack === "string") fields["stack"] = redactStack(stack.slice(0, MAX_STACK));
  const code = safely(() => (error as { code?: unknown }).code);
  if (typeof code === "string" || typeof code === "number") fields["code"] = code;
  if (depth >= MAX_CAUSES) return fields;
  const cause = safely(() => error.cause);
  if (cause instanceof Error) fields["cause"] = fieldsOf(cause, depth + 1, seen);
  else if (typeof cause === "string") fields["cause"] = redact(cause.slice(0, MAX_MESSAGE));
  const errors = safely(() => (error as { errors?: unknown }).errors);
  if (Array.isArray(errors)) {
    fields["errors"] = errors
      .slice(0, MAX_ERRORS)
      .map((each) => (each instanceof Error ? fieldsOf(each, depth + 1, seen) : undefined));
  }
  return fields;
}

/** The message stands at the head of the stack, and may have secrets; the frames have none. */
function redactStack(stack: string): string {
  const frames = stack.indexOf("\n    at ");
  return frames < 0 ? redact(stack) : redact(stack.slice(0, frames)) + stack.slice(frames);
}

function safely<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
