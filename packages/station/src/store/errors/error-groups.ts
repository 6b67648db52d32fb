// Error groups in memory: what occurrences and people's words make of them. Pure: times and numbers come with what happens.
//
//   occurrence ─► group by fingerprint ─► count, first and last seen, services, releases, examples, state
//   repeats ─────► the same group ───────► count, last seen
//
// Everything is bounded: groups (the one not seen for longest goes), names of services and releases in a group, examples
// (the first two and the latest five), the history; their texts by who hands them in (`boundedOccurrence`). Occurrences
// carry a number that grows; a group knows the last one it has, so that giving it one twice (a snapshot and a log overlap)
// changes nothing.

import type {
  ErrorAction,
  ErrorChange,
  ErrorFrame,
  ErrorGroup,
  ErrorGroupDetail,
  ErrorOccurrence,
  ErrorQuestion,
  ErrorRepeats,
  ErrorSighting,
  ErrorState,
  ErrorTally,
} from "./error-store.ts";
import type { Limited } from "../metrics-source.ts";

const MAX_GROUPS = 10_000;
const MAX_NAMES = 50;
/** Of a group in a list. */
const LISTED_NAMES = 10;
const MAX_HISTORY = 100;
const FIRST_EXAMPLES = 2;
const LAST_EXAMPLES = 5;
const MAX_KNOWN_IDS = 100;

interface Tally {
  count: number;
  firstSeenMs: number;
  lastSeenMs: number;
}

/** A group as it is kept. */
interface Group {
  readonly fingerprint: string;
  /** Of the last thing that was done to it. */
  applied: number;
  state: ErrorState;
  isRegressed: boolean;
  type: string;
  message: string;
  culprit: string;
  count: number;
  firstSeenMs: number;
  lastSeenMs: number;
  readonly services: Map<string, Tally>;
  readonly releases: Map<string, Tally>;
  firstRelease: string;
  regressedIn: string;
  resolvedMs: number;
  resolvedIn: string;
  history: ErrorChange[];
  firstExamples: ErrorOccurrence[];
  lastExamples: ErrorOccurrence[];
  knownIds: string[];
}

/** Something that happened, numbered. */
export type ErrorEntry =
  | { readonly kind: "occurrence"; readonly occurrence: ErrorOccurrence }
  | { readonly kind: "repeats"; readonly repeats: ErrorRepeats }
  | {
      readonly kind: "action";
      readonly fingerprint: string;
      readonly action: ErrorAction;
      readonly timeMs: number;
    };

/** The groups. */
export class ErrorGroups {
  readonly #groups = new Map<string, Group>();
  readonly #maxGroups: number;
  /** Groups that had to go. */
  forgotten = 0;

  constructor(maxGroups: number = MAX_GROUPS) {
    this.#maxGroups = maxGroups;
  }

  get size(): number {
    return this.#groups.size;
  }

  has(fingerprint: string): boolean {
    return this.#groups.has(fingerprint);
  }

  /** Applies what happened, unless the group has it. */
  apply(number: number, entry: ErrorEntry): void {
    if (entry.kind === "action") {
      const group = this.#groups.get(entry.fingerprint);
      if (group === undefined || group.applied >= number) return;
      group.applied = number;
      act(group, entry.action, entry.timeMs);
      return;
    }
    const sighting = entry.kind === "repeats" ? entry.repeats : entry.occurrence;
    let group = this.#groups.get(sighting.fingerprint);
    if (group === undefined) {
      this.#makeRoom();
      group = newGroup(sighting);
      this.#groups.set(sighting.fingerprint, group);
    } else if (group.applied >= number) return;
    group.applied = number;
    if (isNewId(group, sighting.id)) {
      if (entry.kind === "repeats") addRepeats(group, entry.repeats);
      else addOccurrence(group, entry.occurrence);
    } else if (entry.kind === "occurrence") addDetail(group, entry.occurrence);
  }

  #makeRoom(): void {
    if (this.#groups.size < this.#maxGroups) return;
    let oldest: Group | undefined;
    for (const group of this.#groups.values()) {
      if (oldest === undefined || group.lastSeenMs < oldest.lastSeenMs) oldest = group;
    }
    if (oldest === undefined) return;
    this.#groups.delete(oldest.fingerprint);
    this.forgotten++;
  }

  list(question: ErrorQuestion): Limited<ErrorGroup> {
    const fitting = [...this.#groups.values()].filter((group) => fits(group, question));
    const value = (group: Group): number =>
      question.order === "count"
        ? group.count
        : question.order === "firstSeen"
          ? group.firstSeenMs
          : group.lastSeenMs;
    const sorted = fitting.toSorted(
      (a, b) => value(b) - value(a) || (a.fingerprint < b.fingerprint ? -1 : 1),
    );
    return {
      items: sorted.slice(0, question.limit).map((group) => summary(group, LISTED_NAMES)),
      isCut: sorted.length > question.limit,
    };
  }

  get(fingerprint: string): ErrorGroupDetail | undefined {
    const group = this.#groups.get(fingerprint);
    if (group === undefined) return undefined;
    const examples = [...group.firstExamples, ...group.lastExamples];
    return {
      ...summary(group),
      history: [...group.history],
      examples: examples.toSorted((a, b) => b.timeMs - a.timeMs),
    };
  }

  /** Each group as a line of JSON. */
  *lines(): Generator<string> {
    for (const group of this.#groups.values()) {
      const { services, releases, ...rest } = group;
      yield JSON.stringify({ ...rest, services: [...services], releases: [...releases] });
    }
  }

  /** Takes a line back. */
  addLine(line: string): void {
    const parsed = JSON.parse(line) as Omit<Group, "services" | "releases"> & {
      readonly services: [string, Tally][];
      readonly releases: [string, Tally][];
    };
    const group = {
      ...parsed,
      services: new Map(parsed.services),
      releases: new Map(parsed.releases),
    };
    this.#groups.set(group.fingerprint, group);
  }
}

function newGroup({ fingerprint, timeMs, release }: ErrorSighting): Group {
  return {
    fingerprint,
    applied: 0,
    state: "open",
    isRegressed: false,
    type: "",
    message: "",
    culprit: "",
    count: 0,
    firstSeenMs: timeMs,
    lastSeenMs: -Infinity,
    services: new Map(),
    releases: new Map(),
    firstRelease: release,
    regressedIn: "",
    resolvedMs: 0,
    resolvedIn: "",
    history: [{ timeMs, change: "new", by: "", release, note: "" }],
    firstExamples: [],
    lastExamples: [],
    knownIds: [],
  };
}

/** Whether it is not known yet; it is from now on. */
function isNewId(group: Group, id: string | undefined): boolean {
  if (id === undefined) return true;
  if (group.knownIds.includes(id)) return false;
  group.knownIds.push(id);
  if (group.knownIds.length > MAX_KNOWN_IDS) group.knownIds.shift();
  return true;
}

/**
 * They are counted, and no more: when they happened is known only roughly, so they do not bring back what was resolved. Who
 * tells of them also sends whole ones each minute.
 */
function addRepeats(group: Group, { timeMs, service, release, type, repeats }: ErrorRepeats): void {
  group.count += repeats;
  if (group.type === "") group.type = type;
  group.lastSeenMs = Math.max(group.lastSeenMs, timeMs);
  tally(group.services, service, timeMs, repeats);
  if (release !== "") tally(group.releases, release, timeMs, repeats);
}

function addOccurrence(group: Group, occurrence: ErrorOccurrence): void {
  const { timeMs, service, release, type, message, frames } = occurrence;
  if (isRegression(group, occurrence)) regress(group, occurrence);
  group.count++;
  if (timeMs < group.firstSeenMs) {
    group.firstSeenMs = timeMs;
    group.firstRelease = release;
  }
  if (timeMs >= group.lastSeenMs || group.firstExamples.length === 0) {
    group.type = type;
    group.message = message;
    group.culprit = culpritOf(frames);
  }
  group.lastSeenMs = Math.max(group.lastSeenMs, timeMs);
  tally(group.services, service, timeMs);
  if (release !== "") tally(group.releases, release, timeMs);
  if (group.firstExamples.length < FIRST_EXAMPLES) group.firstExamples.push(occurrence);
  else {
    group.lastExamples.push(occurrence);
    if (group.lastExamples.length > LAST_EXAMPLES) group.lastExamples.shift();
  }
}

/**
 * An occurrence comes once in its span and once as a log record, in any order: it is counted once, and the example is the one
 * that says more. The record has the values of variables, the span has not.
 */
function addDetail(group: Group, occurrence: ErrorOccurrence): void {
  for (const examples of [group.firstExamples, group.lastExamples]) {
    const i = examples.findIndex(({ id }) => id === occurrence.id);
    if (i >= 0 && detailOf(occurrence) > detailOf(examples[i]!)) examples[i] = occurrence;
  }
}

function detailOf({ frames, fields }: ErrorOccurrence): number {
  return frames.reduce((sum, { locals }) => sum + locals.length, fields.length + frames.length);
}

/** After it was resolved; and where it says in which release, not from the releases that had it before. */
function isRegression(group: Group, { timeMs, release }: ErrorOccurrence): boolean {
  if (group.state !== "resolved" || timeMs <= group.resolvedMs) return false;
  if (group.resolvedIn === "" || release === "" || release === group.resolvedIn) return true;
  return !group.releases.has(release);
}

function regress(group: Group, { timeMs, release }: ErrorOccurrence): void {
  group.state = "open";
  group.isRegressed = true;
  group.regressedIn = release;
  remember(group, { timeMs, change: "regressed", by: "", release, note: "" });
}

function act(group: Group, { action, by, note, release }: ErrorAction, timeMs: number): void {
  const wanted = { resolve: "resolved", ignore: "ignored", reopen: "open" } as const;
  const state = wanted[action];
  if (group.state === state) return;
  group.state = state;
  group.isRegressed = false;
  group.resolvedMs = action === "resolve" ? timeMs : 0;
  group.resolvedIn = action === "resolve" ? release : "";
  const change = state === "open" ? "reopened" : state;
  remember(group, {
    timeMs,
    change,
    by: cut(by, 200),
    release: cut(release, 200),
    note: cut(note, 2_000),
  });
}

/** Keeps how it began and what was last. */
function remember(group: Group, change: ErrorChange): void {
  group.history.push(change);
  if (group.history.length > MAX_HISTORY) group.history.splice(1, 1);
}

function tally(into: Map<string, Tally>, name: string, timeMs: number, count = 1): void {
  const known = into.get(name);
  if (known !== undefined) {
    known.count += count;
    known.firstSeenMs = Math.min(known.firstSeenMs, timeMs);
    known.lastSeenMs = Math.max(known.lastSeenMs, timeMs);
    return;
  }
  if (into.size >= MAX_NAMES) {
    const [stalest] = [...into].toSorted(([, a], [, b]) => a.lastSeenMs - b.lastSeenMs);
    into.delete(stalest![0]);
  }
  into.set(name, { count, firstSeenMs: timeMs, lastSeenMs: timeMs });
}

function culpritOf(frames: readonly ErrorFrame[]): string {
  const frame = frames.find(({ isOwn }) => isOwn) ?? frames[0];
  if (frame === undefined) return "";
  const place = `${frame.file ?? "native"}${frame.line === undefined ? "" : `:${frame.line}`}`;
  return frame.function === undefined ? place : `${frame.function} (${place})`;
}

function fits(group: Group, question: ErrorQuestion): boolean {
  const { state, service, release, text, sinceMs } = question;
  if (state !== undefined && group.state !== state) return false;
  if (service !== undefined && !group.services.has(service)) return false;
  if (release !== undefined && !group.releases.has(release)) return false;
  if (sinceMs !== undefined && group.lastSeenMs < sinceMs) return false;
  if (text === undefined) return true;
  const wanted = text.toLowerCase();
  return [group.type, group.message, group.culprit].some((each) =>
    each.toLowerCase().includes(wanted),
  );
}

function summary(group: Group, names: number = MAX_NAMES): ErrorGroup {
  return {
    fingerprint: group.fingerprint,
    state: group.state,
    isRegressed: group.isRegressed,
    type: group.type,
    message: group.message,
    culprit: group.culprit,
    count: group.count,
    firstSeenMs: group.firstSeenMs,
    lastSeenMs: group.lastSeenMs,
    services: tallies(group.services).slice(0, names),
    releases: tallies(group.releases).slice(0, names),
    firstRelease: group.firstRelease,
    regressedIn: group.regressedIn,
  };
}

function tallies(from: ReadonlyMap<string, Tally>): ErrorTally[] {
  return [...from]
    .map(([name, { count, firstSeenMs, lastSeenMs }]) => ({
      name,
      count,
      firstSeenMs,
      lastSeenMs,
    }))
    .toSorted((a, b) => b.lastSeenMs - a.lastSeenMs);
}

/** Repeats likewise. */
export function boundedRepeats(repeats: ErrorRepeats): ErrorRepeats {
  return {
    ...repeats,
    service: cut(repeats.service, 200),
    release: cut(repeats.release, 200),
    type: cut(repeats.type, 200),
  };
}

/** An occurrence with all its texts cut to what is kept: some 16 KiB. */
export function boundedOccurrence(occurrence: ErrorOccurrence): ErrorOccurrence {
  const fields = (list: ErrorOccurrence["fields"], count: number) =>
    list
      .slice(0, count)
      .map(({ name, value }) => ({ name: cut(name, 100), value: cut(value, 300) }));
  return {
    ...occurrence,
    service: cut(occurrence.service, 200),
    release: cut(occurrence.release, 200),
    environment: cut(occurrence.environment, 200),
    type: cut(occurrence.type, 200),
    message: cut(occurrence.message, 1_000),
    stack: cut(occurrence.stack, 8_192),
    frames: occurrence.frames
      .slice(0, 20)
      .map(({ function: name, file, line, column, isOwn, locals }) => ({
        function: name === undefined ? undefined : cut(name, 200),
        file: file === undefined ? undefined : cut(file, 500),
        line,
        column,
        isOwn,
        locals: fields(locals, 10),
      })),
    fields: fields(occurrence.fields, 20),
  };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
