// What of an exception stands on a span: type, message, stack, without secrets.
//
// Source: https://opentelemetry.io/docs/specs/semconv/exceptions/

import { Redactor } from "../redaction/redact.ts";

const redactor = new Redactor({ maxLength: 16_384 });

/** The attributes of an exception, whatever was thrown; undefined when there is nothing to say. */
export function exceptionAttributes(error: unknown): Record<string, string> | undefined {
  if (error === undefined || error === null) return undefined;
  if (typeof error !== "object" && typeof error !== "function") {
    return { "exception.message": safely(() => redactor.text(textOf(error))) };
  }
  const attributes: Record<string, string> = {};
  const type = safely(() => typeOf(error));
  const message = safely(() => redactor.text(textOf((error as { message?: unknown }).message)));
  const stack = safely(() => redactedStack(textOf((error as { stack?: unknown }).stack)));
  if (type !== "") attributes["exception.type"] = type;
  if (message !== "") attributes["exception.message"] = message;
  if (stack !== "") attributes["exception.stacktrace"] = stack;
  return Object.keys(attributes).length === 0 ? undefined : attributes;
}

/** The message stands at the head of a stack; its frames have no secrets. */
function redactedStack(stack: string): string {
  const frames = stack.indexOf("\n    at ");
  if (frames < 0) return redactor.text(stack);
  return redactor.text(stack.slice(0, frames)) + stack.slice(frames);
}

function typeOf(error: object): string {
  const { name, code } = error as { name?: unknown; code?: unknown };
  if (typeof code === "string" || typeof code === "number") return String(code);
  if (typeof name === "string") return name;
  return error.constructor?.name ?? "";
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : (value as { toString(): string }).toString();
}

/** Getters and conversions of foreign objects may throw. */
function safely(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
