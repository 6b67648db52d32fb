// One row of the table of system metrics: a metric family and where its values come from.
//
//   gauge("system_load1", "...", ({ snapshot }) => snapshot.host.load?.oneMinute)            one value
//   counterBy(["device"], "...", "...", ({ snapshot }) => [[{ device: "eth0" }, 1]])         one a label set
//
// `undefined` is "not known here" and gives no series, never 0. Names have no prefix; the unit is what they end with.
// Pure: a row reads what it is given.

import type { Activity, SystemSnapshot } from "../system/index.ts";

/** What values are taken from. */
export interface SystemFacts {
  readonly snapshot: SystemSnapshot;
  /** What keeps the event loop alive now; read when it is asked for, once an exposition. */
  readonly activity: () => Activity;
}

/** Label values by label name. */
export type SeriesLabels = Readonly<Record<string, string | number>>;

/** The value of one label set; undefined is no series. */
export type SeriesValue = readonly [labels: SeriesLabels, value: number | undefined];

/** What every family has. */
interface AnyFamily {
  /** Without prefix. */
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** A family whose values are asked for at each exposition; an info has the value 1 and says all by its labels. */
export interface ReadFamily extends AnyFamily {
  readonly type: "counter" | "gauge" | "info";
  readonly read: (facts: SystemFacts) => readonly SeriesValue[];
}

/** A family that is told of each event as it happens. */
export interface ObservedFamily extends AnyFamily {
  readonly type: "histogram";
  readonly buckets: readonly number[];
}

/** A row of the table. */
export type SystemFamily = ReadFamily | ObservedFamily;

/** Families of one subject. */
export interface FamilyGroup {
  readonly title: string;
  readonly families: readonly SystemFamily[];
}

type ReadOne = (facts: SystemFacts) => number | undefined;

const NO_LABELS: SeriesLabels = {};

function single(type: "counter" | "gauge", name: string, help: string, read: ReadOne): ReadFamily {
  return { type, name, help, labelNames: [], read: (facts) => [[NO_LABELS, read(facts)]] };
}

/** A gauge without labels. */
export function gauge(name: string, help: string, read: ReadOne): ReadFamily {
  return single("gauge", name, help, read);
}

/** A counter without labels. */
export function counter(name: string, help: string, read: ReadOne): ReadFamily {
  return single("counter", name, help, read);
}

/** A gauge with labels. */
export function gaugeBy(
  labelNames: readonly string[],
  name: string,
  help: string,
  read: ReadFamily["read"],
): ReadFamily {
  return { type: "gauge", name, help, labelNames, read };
}

/** A counter with labels. */
export function counterBy(
  labelNames: readonly string[],
  name: string,
  help: string,
  read: ReadFamily["read"],
): ReadFamily {
  return { type: "counter", name, help, labelNames, read };
}

/** Facts as labels; a fact that is not known is the empty text, with which a label is left out. */
export function info(
  name: string,
  help: string,
  labelNames: readonly string[],
  read: (
    snapshot: SystemSnapshot,
  ) => Readonly<Record<string, string | number | undefined>> | undefined,
): ReadFamily {
  const labelsOf = (snapshot: SystemSnapshot): readonly SeriesValue[] => {
    const facts = read(snapshot);
    if (facts === undefined) return [];
    return [[Object.fromEntries(labelNames.map((label) => [label, facts[label] ?? ""])), 1]];
  };
  return { type: "info", name, help, labelNames, read: ({ snapshot }) => labelsOf(snapshot) };
}

/** Percent as a ratio, the base unit. */
export function ratioOf(percent: number | undefined): number | undefined {
  return percent === undefined ? undefined : percent / 100;
}

const UNITS: ReadonlySet<string> = new Set(["bytes", "percent", "ratio", "seconds"]);

/** The unit a name ends with, "_total" aside; undefined when it counts things. */
export function unitOf(name: string): string | undefined {
  const last = name
    .replace(/_total$/, "")
    .split("_")
    .at(-1)!;
  return UNITS.has(last) ? last : undefined;
}
