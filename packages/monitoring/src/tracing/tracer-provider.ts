// OpenTelemetry's TracerProvider: a tracer for each library, by name and version.
//
// There is one for a process, and it can be set up again: tracers are kept in module variables from the first line of a
// program to its last, and must follow.

import type { TracerOptions, TracerProvider } from "@opentelemetry/api";
import { ALWAYS_OFF } from "./sampler.ts";
import { FlxTracer, type ProviderSettings, type TracingState } from "./tracer.ts";

/** Tracers beyond this number are made anew each time they are asked for: names are made by a loop then. */
const MAX_TRACERS = 4096;

/** Gives tracers. */
export class FlxTracerProvider implements TracerProvider {
  readonly #state: TracingState;
  readonly #tracers = new Map<string, FlxTracer>();

  constructor(settings: ProviderSettings) {
    this.#state = { settings, epoch: 0 };
  }

  /** Sets all tracers up again, also those that were given out. */
  configure(settings: ProviderSettings): void {
    this.#state.settings = settings;
    this.#state.epoch++;
  }

  /** From now on no span is recorded; those that have begun still end as they would have. */
  stop(): void {
    this.configure({ ...this.#state.settings, sampler: ALWAYS_OFF });
  }

  getTracer(name: string, version?: string, options?: TracerOptions): FlxTracer {
    const schemaUrl = options?.schemaUrl;
    const key = JSON.stringify([name, version, schemaUrl]);
    const known = this.#tracers.get(key);
    if (known !== undefined) return known;
    const tracer = new FlxTracer(this.#state, { name: name || "unknown", version, schemaUrl });
    if (this.#tracers.size < MAX_TRACERS) this.#tracers.set(key, tracer);
    return tracer;
  }
}
