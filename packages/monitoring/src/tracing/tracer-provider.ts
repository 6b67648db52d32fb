// OpenTelemetry's TracerProvider: a tracer for each library, by name and version.

import type { OtlpScope } from "@flx/model";
import type { TracerOptions, TracerProvider } from "@opentelemetry/api";
import type { RecordedSpan, SpanSink } from "./span.ts";
import type { SpanLimits } from "./span-limits.ts";
import { FlxTracer, type TracerSettings } from "./tracer.ts";

/** Tracers beyond this number are made anew each time they are asked for: names are made by a loop then. */
const MAX_TRACERS = 4096;

/** What all tracers share. */
export interface ProviderSettings extends TracerSettings {
  readonly sink: SpanSink;
  readonly limits: SpanLimits;
  /** The exporter's number for a scope. */
  readonly scopeId: (scope: OtlpScope) => number;
  readonly onException?: ((error: unknown, span: RecordedSpan) => boolean) | undefined;
}

/** Gives tracers. */
export class FlxTracerProvider implements TracerProvider {
  readonly #settings: ProviderSettings;
  readonly #tracers = new Map<string, FlxTracer>();

  constructor(settings: ProviderSettings) {
    this.#settings = settings;
  }

  getTracer(name: string, version?: string, options?: TracerOptions): FlxTracer {
    const schemaUrl = options?.schemaUrl;
    const key = JSON.stringify([name, version, schemaUrl]);
    const known = this.#tracers.get(key);
    if (known !== undefined) return known;
    const { sink, limits, scopeId, onException } = this.#settings;
    const scope = { name: name === "" ? "unknown" : name, version, schemaUrl };
    const tracer = new FlxTracer(
      { sink, limits, scopeId: scopeId(scope), scopeName: scope.name, onException },
      this.#settings,
    );
    if (this.#tracers.size < MAX_TRACERS) this.#tracers.set(key, tracer);
    return tracer;
  }
}
