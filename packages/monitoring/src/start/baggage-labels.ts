// Entries of baggage as labels of metrics: metrics.baggage = ["tenant", "plan.name"] gives tenant="acme",plan_name="gold".
//
// What a label cannot have in its name is an underscore there. Where a request has no such entry, the series is without the label.

import type { ContextLabels } from "../metrics/context-labels.ts";
import { baggageLabels } from "../tracing/baggage.ts";

/** Labels from the baggage of the running work; undefined when no entry is allowed. */
export function labelsFromBaggage(entries: readonly string[]): ContextLabels | undefined {
  if (entries.length === 0) return undefined;
  // Two entries may come to the same name: the first one counts.
  const sources = new Map(entries.toReversed().map((entry) => [labelName(entry), entry]));
  const names = [...sources.keys()].toReversed();
  const read = (): Record<string, string | undefined> => {
    const values = baggageLabels(entries);
    return Object.fromEntries(names.map((name) => [name, values[sources.get(name)!]]));
  };
  return { names, read };
}

function labelName(entry: string): string {
  // Names that begin with two are not ours to give.
  return entry.replaceAll(/[^a-zA-Z0-9_]/g, "_").replace(/^_*(?=[0-9])|^__+/, "_");
}
