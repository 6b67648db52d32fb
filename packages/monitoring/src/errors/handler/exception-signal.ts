// How exceptions of spans are told, as OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN has it.
//
//   (not set)   events of spans
//   logs        log records
//   logs/dup    both, for the time of a change
//
// Errors that a handler handles are log records in any case; this decides about the event, and about what is recorded on
// spans by others.
//
// Source: https://opentelemetry.io/docs/specs/semconv/exceptions/

/** Where exceptions of spans go. */
export interface ExceptionSignal {
  readonly events: boolean;
  readonly logs: boolean;
}

/** What the environment says; unknown words are as if nothing was said. */
export function exceptionSignal(
  env: Readonly<Record<string, string | undefined>> = process.env,
): ExceptionSignal {
  const said = (env["OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN"] ?? "").split(",");
  const words = new Set(said.map((word) => word.trim()));
  if (words.has("logs/dup")) return { events: true, logs: true };
  if (words.has("logs")) return { events: false, logs: true };
  return { events: true, logs: false };
}
