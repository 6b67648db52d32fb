// Contexts handed to child processes: the same texts as in headers, as environment variables.
//
//   TRACEPARENT=00-...   TRACESTATE=...   BAGGAGE=...
//
// Source: https://opentelemetry.io/docs/specs/otel/context/env-carriers/

import type { Context, TextMapPropagator } from "@opentelemetry/api";

/** The environment of a child process with the context in it; `environment` itself does not change. */
export function environmentWithContext(
  propagator: TextMapPropagator,
  context: Context,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const result = { ...environment };
  for (const field of propagator.fields()) delete result[variableOf(field)];
  propagator.inject(context, result, {
    set: (_, name, value) => {
      result[variableOf(name)] = value;
    },
  });
  return result;
}

/** The context that a parent process has put into the environment. */
export function contextFromEnvironment(
  propagator: TextMapPropagator,
  context: Context,
  environment: Readonly<Record<string, string | undefined>>,
): Context {
  return propagator.extract(context, environment, {
    get: (_, name) => environment[variableOf(name)],
    keys: () => propagator.fields(),
  });
}

/** The variable for a header: upper case, and an underscore for what a variable may not have. */
function variableOf(header: string): string {
  return header.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
}
