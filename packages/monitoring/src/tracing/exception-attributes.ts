// What of an exception stands on a span: type, message, stack, without secrets.
//
//   exception.type   its class: "TypeError", "ServiceError"
//   error.type       what the operation failed with, of few values: the error's code where it has one ("ECONNREFUSED"), of
//                    gRPC the status' name ("UNAVAILABLE"), else its class
//
// A number is no type: gRPC's errors have 1 to 16 as `code`, and a DOMException has one of its own.
//
// Source: https://opentelemetry.io/docs/specs/semconv/exceptions/,
//         https://opentelemetry.io/docs/specs/semconv/registry/attributes/error/

import { GRPC_STATUS } from "../calls/grpc-status-names.ts";
import { isObject, readProperty, typeOfThrown } from "../errors/report/hostile.ts";
import { Redactor } from "../redaction/redact.ts";

const redactor = new Redactor({ maxLength: 16_384 });

/**
 * The attributes of an exception, whatever was thrown; undefined when there is nothing to say.
 *
 * @param message what its message is without secrets
 */
export function exceptionAttributes(
  error: unknown,
  message: string = exceptionMessage(error),
): Record<string, string> | undefined {
  if (error === undefined || error === null) return undefined;
  if (!isObject(error)) return { "exception.message": message };
  const attributes: Record<string, string> = { "exception.type": typeOfThrown(error) };
  const stack = safely(() => {
    return withHead(textOf(readProperty(error, "stack")), attributes["exception.type"]!, message);
  });
  if (message !== "") attributes["exception.message"] = message;
  if (stack !== "") attributes["exception.stacktrace"] = stack;
  return attributes;
}

/** The message of an exception without secrets; "" when there is none. */
export function exceptionMessage(error: unknown): string {
  if (error === undefined || error === null) return "";
  const message = isObject(error) ? readProperty(error, "message") : error;
  return safely(() => redactor.text(textOf(message)));
}

/** What an operation failed with, for `error.type`; undefined when there is nothing to say. */
export function errorTypeOf(error: unknown): string | undefined {
  if (!isObject(error)) return undefined;
  const code = readProperty(error, "code");
  if (typeof code === "string" && code !== "") return redactor.text(code.slice(0, 128));
  return grpcStatusName(error) ?? typeOfThrown(error);
}

/** The status' name of an error of gRPC, which has a number, and says details or has metadata. */
export function grpcStatusName(error: unknown): string | undefined {
  if (!isObject(error)) return undefined;
  const code = readProperty(error, "code");
  if (typeof code !== "number" || code === 0) return undefined;
  const hasDetails = typeof readProperty(error, "details") === "string";
  return hasDetails || isObject(readProperty(error, "metadata")) ? GRPC_STATUS[code] : undefined;
}

/** At the head of a stack stands the message, with its secrets; its frames have none. */
function withHead(stack: string, type: string, message: string): string {
  if (stack === "") return "";
  const frames = stack.indexOf("\n    at ");
  return `${type}: ${message}${frames < 0 ? "" : stack.slice(frames)}`;
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
