// Labels that no call gives: they come from what the running work belongs to (baggage, as startMonitoring has it).
//
//   new Counter({ name, help, labelNames: ["country"], contextLabels: { names: ["tenant"], read: () => ({ tenant: "acme" }) } })
//   counter.inc({ country: "DE" })                       country="DE",tenant="acme"
//   counter.inc({ country: "DE", tenant: "other" })      what a call says counts more
//
// A metric without them pays nothing: its labels are found before anybody asks. One with them is looked up with all its labels
// on every call, bound handles too. `maxSeries` holds for the whole label set: what strangers send opens no more series than that.

/** Names, and where their values come from. */
export interface ContextLabels {
  readonly names: readonly string[];
  /** The values now; a name without one is "". Asked on each call, must not throw. */
  readonly read: () => Readonly<Record<string, string | undefined>>;
}

/** Labels of a call, with those of the context that it does not have. */
export function withContextLabels(
  labels: Readonly<Record<string, unknown>>,
  names: readonly string[],
  read: ContextLabels["read"],
): Record<string, unknown> {
  const all: Record<string, unknown> = { ...labels };
  let values: Readonly<Record<string, string | undefined>> | undefined;
  for (const name of names) {
    if (Object.hasOwn(all, name)) continue;
    values ??= read();
    all[name] = values[name] ?? "";
  }
  return all;
}
