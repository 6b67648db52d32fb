// Several ways of carrying a context at once.
//
// Injecting uses all of them. Extracting asks each in turn with what the ones before have found, so that the last one
// that knows a trace wins; one that throws is passed over.

import type { Context, TextMapGetter, TextMapPropagator, TextMapSetter } from "@opentelemetry/api";

/** Carries a context in all the headers of its parts. */
export class CompositePropagator implements TextMapPropagator {
  readonly #parts: readonly TextMapPropagator[];

  constructor(parts: readonly TextMapPropagator[]) {
    this.#parts = [...parts];
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    for (const part of this.#parts) {
      try {
        part.inject(context, carrier, setter);
      } catch {
        // A carrier that refuses one header may take the next.
      }
    }
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    let found = context;
    for (const part of this.#parts) {
      try {
        found = part.extract(found, carrier, getter);
      } catch {
        // Hostile carriers cost themselves only.
      }
    }
    return found;
  }

  fields(): string[] {
    return [...new Set(this.#parts.flatMap((part) => part.fields()))];
  }
}
