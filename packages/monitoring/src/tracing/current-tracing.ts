// The tracing of this process: what `setupTracing` has set up, found by everything that traces.
//
// Held in one place for all copies of the package (a service and a library of it may bring two), by a registered symbol.
// Before tracing is set up, and after it was shut down, there is none: wrappers call their functions and nothing else.

import type { FlxTracer } from "./tracer.ts";
import type { FlxTracerProvider } from "./tracer-provider.ts";

/** What is set up. */
export interface CurrentTracing {
  readonly provider: FlxTracerProvider;
  /** The tracer of the wrappers. */
  readonly tracer: FlxTracer;
}

const KEY = Symbol.for("flx.tracing.current");
const holder = globalThis as unknown as Record<symbol, { current: CurrentTracing | undefined }>;
const slot = (holder[KEY] ??= { current: undefined });

/** The tracing that is set up. */
export function currentTracing(): CurrentTracing | undefined {
  return slot.current;
}

/** Sets it, or takes it away. */
export function setCurrentTracing(tracing: CurrentTracing | undefined): void {
  slot.current = tracing;
}
