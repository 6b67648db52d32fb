// Baggage: what a request carries along through all services, by name.
//
//   withBaggage({ tenant: "acme" }, async () => { ... })    everything inside, and every service called from there
//   getBaggage("tenant")                                    "acme", here and there
//
// What is allowed becomes an attribute of each span that begins, and of log records (setting tracing.baggage), and labels of
// metrics (setting metrics.baggage, or where a call says so: `placed.inc({ country, ...baggageLabels(["tenant"]) })`). Never
// without a list: anybody can send us baggage, and a label is a series; the limit of series of a metric holds for these, too.

import type { Baggage, Context } from "@opentelemetry/api";
import { activeContext, enterContext, runInContext } from "./context-manager.ts";
import { BAGGAGE_KEY, BaggageMap, baggageOf } from "./propagation/w3c-baggage.ts";
import type { RecordedSpan } from "./span.ts";

/** Characters of a value that becomes an attribute or a label. */
const MAX_VALUE = 256;

/** An entry of the baggage of the running work. */
export function getBaggage(name: string): string | undefined {
  return baggageOf(activeContext())?.getEntry(name)?.value;
}

/** All of it. */
export function allBaggage(): Readonly<Record<string, string>> {
  const entries = baggageOf(activeContext())?.getAllEntries() ?? [];
  return Object.fromEntries(entries.map(([name, { value }]) => [name, value]));
}

/** Runs a function with entries added to the baggage; `undefined` takes one away. */
export function withBaggage<Result>(
  entries: Readonly<Record<string, string | undefined>>,
  fn: () => Result,
): Result {
  return runInContext(contextWithBaggage(activeContext(), entries), fn);
}

/** Adds an entry for the rest of the running work, where no function can be wrapped; `undefined` takes it away. */
export function setBaggage(name: string, value: string | undefined): void {
  enterContext(contextWithBaggage(activeContext(), { [name]: value }));
}

function contextWithBaggage(
  context: Context,
  entries: Readonly<Record<string, string | undefined>>,
): Context {
  let baggage: Baggage = baggageOf(context) ?? new BaggageMap(new Map());
  for (const [name, value] of Object.entries(entries)) {
    baggage = value === undefined ? baggage.removeEntry(name) : baggage.setEntry(name, { value });
  }
  return context.setValue(BAGGAGE_KEY, baggage);
}

/**
 * Labels from the baggage of the running work: each name with its value, or "" where there is none.
 *
 *     placed.inc({ country: "DE", ...baggageLabels(["tenant"]) });
 */
export function baggageLabels<const Name extends string>(
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  const baggage = baggageOf(activeContext());
  return Object.fromEntries(
    names.map((name) => [name, baggage?.getEntry(name)?.value.slice(0, MAX_VALUE) ?? ""]),
  ) as Record<Name, string>;
}

/** Sets allowed entries of a context's baggage as attributes of a span that begins, under their own names. */
export function baggageToAttributes(
  names: readonly string[],
): ((span: RecordedSpan, context: Context) => void) | undefined {
  if (names.length === 0) return undefined;
  return (span, context) => {
    const baggage = baggageOf(context);
    if (baggage === undefined) return;
    for (const name of names) {
      const value = baggage.getEntry(name)?.value;
      if (typeof value === "string") span.setAttribute(name, value.slice(0, MAX_VALUE));
    }
  };
}
