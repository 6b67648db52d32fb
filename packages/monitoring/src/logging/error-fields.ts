// An error on a line: type, message, stack, code, causes and the errors of an AggregateError, bounded and without cycles.
//
//   {"err":{"type":"TypeError","message":"...","stack":"...","code":"...","cause":{...},"errors":[...]}}

import { Redactor } from "../redaction/redact.ts";
import { processRedaction, type RedactionRules } from "../redaction/redaction-rules.ts";

const MAX_CAUSES = 8;
const MAX_ERRORS = 10;
/** Of all of them together. */
const MAX_ALL = 20;
const MAX_STACK = 8_192;
const MAX_MESSAGE = 2_048;

const redactors = new WeakMap<RedactionRules, Redactor>();

/** What a line says of an error; anything else is passed on as it is. */
export function errorFields(error: unknown, rules: RedactionRules = processRedaction()): unknown {
  return error instanceof Error ? fieldsOf(error, 0, new Set(), redactorOf(rules)) : error;
}

function redactorOf(rules: RedactionRules): Redactor {
  let redactor = redactors.get(rules);
  if (redactor === undefined) {
    redactor = new Redactor({ rules });
    redactors.set(rules, redactor);
  }
  return redactor;
}

function fieldsOf(
  error: Error,
  depth: number,
  seen: Set<unknown>,
  redactor: Redactor,
): Record<string, unknown> {
  if (seen.has(error)) return { type: "[circular]" };
  if (seen.size >= MAX_ALL) return { type: "[more left out]" };
  seen.add(error);
  const fields: Record<string, unknown> = {
    type: safely(() => error.constructor.name || error.name) ?? "Error",
    message: redactor.text((safely(() => error.message) ?? "").slice(0, MAX_MESSAGE)),
  };
  const stack = safely(() => error.stack);
  if (typeof stack === "string") fields["stack"] = redactStack(stack.slice(0, MAX_STACK), redactor);
  const code = safely(() => (error as { code?: unknown }).code);
  if (typeof code === "string" || typeof code === "number") fields["code"] = code;
  if (depth >= MAX_CAUSES) return fields;
  const cause = safely(() => error.cause);
  if (cause instanceof Error) fields["cause"] = fieldsOf(cause, depth + 1, seen, redactor);
  else if (typeof cause === "string") fields["cause"] = redactor.text(cause.slice(0, MAX_MESSAGE));
  const errors = safely(() => (error as { errors?: unknown }).errors);
  if (Array.isArray(errors)) {
    fields["errors"] = errors
      .slice(0, MAX_ERRORS)
      .map((each) =>
        each instanceof Error ? fieldsOf(each, depth + 1, seen, redactor) : undefined,
      );
  }
  return fields;
}

/** The message stands at the head of the stack, and may have secrets; the frames have none. */
function redactStack(stack: string, redactor: Redactor): string {
  const frames = stack.indexOf("\n    at ");
  if (frames < 0) return redactor.text(stack);
  return redactor.text(stack.slice(0, frames)) + stack.slice(frames);
}

function safely<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
