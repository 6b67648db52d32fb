// Makes our tracing the one that everybody finds through OpenTelemetry's API.
//
// The API package exists twice in a process when some import it and some require it: two copies, one global object. What
// is registered through one copy is found by both, but tracers that were asked for before that (at the top of a module)
// belong to their own copy and wait for it to be told. So a copy that was required already is told as well.

import {
  context,
  type ContextManager,
  propagation,
  type TextMapPropagator,
  trace,
  type TracerProvider,
} from "@opentelemetry/api";
import { createRequire } from "node:module";

/** What is registered. */
export interface Globals {
  readonly provider: TracerProvider;
  readonly contextManager: ContextManager;
  readonly propagator: TextMapPropagator;
}

/**
 * Registers; gives what takes it back, except for the provider: tracers that were given out keep to it, so it stays, and
 * says itself that it has stopped. What somebody else had registered is replaced.
 */
export function registerGlobals({ provider, contextManager, propagator }: Globals): () => void {
  context.disable();
  propagation.disable();
  context.setGlobalContextManager(contextManager);
  propagation.setGlobalPropagator(propagator);
  // Taken away only when it is somebody else's: that cuts off the tracers which were given out before.
  if (!isRegistered(provider)) {
    if (!trace.setGlobalTracerProvider(provider)) {
      trace.disable();
      trace.setGlobalTracerProvider(provider);
    }
    requiredProxy()?.setDelegate?.(provider);
  }
  return () => {
    context.disable();
    propagation.disable();
  };
}

interface Proxy {
  readonly getDelegate?: () => TracerProvider;
  readonly setDelegate?: (provider: TracerProvider) => void;
}

function isRegistered(provider: TracerProvider): boolean {
  return (trace.getTracerProvider() as Proxy).getDelegate?.() === provider;
}

/** What stands for the provider in the copy of the API that `require` gives, if somebody has required it. */
function requiredProxy(): Proxy | undefined {
  try {
    const require = createRequire(import.meta.url);
    const path = require.resolve("@opentelemetry/api");
    const api = require.cache[path]?.exports as
      | { readonly trace: Readonly<Record<string, Proxy>> }
      | undefined;
    return api?.trace["_proxyTracerProvider"];
  } catch {
    return undefined;
  }
}
