// W3C tracestate: what other tracing systems hang on a trace, kept in order and passed on.
//
//   tracestate: ot=th:8;rv:ffffff..., vendor=value, tenant@system=value
//
//   at most 32 members, newest first; a member that breaks the rules makes the whole list invalid; a key that is there
//   again is left out, since the first one is the newest (the standard lets us, and wants the rest passed on)
//
// `ot` is OpenTelemetry's own member; its `th` is the sampling threshold.
//
// Source: https://www.w3.org/TR/trace-context-2/#tracestate-header

import type { TraceState } from "@opentelemetry/api";

const MAX_MEMBERS = 32;
/** As long as a valid list can get; longer headers are not read at all. */
const MAX_LENGTH = MAX_MEMBERS * (256 + 1 + 256 + 1);

const KEY = /^[a-z0-9][a-z0-9_\-*/@]{0,255}$/;
const VALUE = /^[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

interface Member {
  readonly key: string;
  readonly value: string;
}

/** A list of members that does not change. */
export class TraceStateList implements TraceState {
  readonly #members: readonly Member[];
  #text: string | undefined;

  constructor(members: readonly Member[]) {
    this.#members = members;
  }

  /** How many members there are. */
  get size(): number {
    return this.#members.length;
  }

  get(key: string): string | undefined {
    return this.#members.find((member) => member.key === key)?.value;
  }

  /** The same with a member first; unchanged when key or value break the rules. */
  set(key: string, value: string): TraceStateList {
    if (!KEY.test(key) || !VALUE.test(value)) return this;
    const others = this.#members.filter((member) => member.key !== key);
    return new TraceStateList([{ key, value }, ...others].slice(0, MAX_MEMBERS));
  }

  unset(key: string): TraceStateList {
    return new TraceStateList(this.#members.filter((member) => member.key !== key));
  }

  serialize(): string {
    return (this.#text ??= this.#members.map(({ key, value }) => `${key}=${value}`).join(","));
  }
}

/** Reads a header; undefined when it is empty or breaks the rules. */
export function parseTraceState(header: string): TraceStateList | undefined {
  if (header.length > MAX_LENGTH) return undefined;
  const members: Member[] = [];
  const seen = new Set<string>();
  let count = 0;
  for (const part of header.split(",")) {
    // Only spaces and tabs are optional white space, and empty members are allowed.
    const member = part.replace(/^[ \t]+|[ \t]+$/g, "");
    if (member === "") continue;
    const equals = member.indexOf("=");
    const key = member.slice(0, Math.max(equals, 0));
    const value = member.slice(equals + 1);
    if (equals < 0 || !KEY.test(key) || !VALUE.test(value)) return undefined;
    if (++count > MAX_MEMBERS) return undefined;
    if (seen.has(key)) continue;
    seen.add(key);
    members.push({ key, value });
  }
  return members.length === 0 ? undefined : new TraceStateList(members);
}

/** A trace state with the sampling threshold in its `ot` member; "" takes it out, undefined leaves all as it is. */
export function withThreshold(
  state: TraceState | undefined,
  threshold: string | undefined,
): TraceState | undefined {
  if (threshold === undefined) return state;
  if (state === undefined) return threshold === "" ? undefined : stateOfThreshold(threshold);
  const others = (state.get("ot") ?? "")
    .split(";")
    .filter((field) => field !== "" && !field.startsWith("th:"));
  const fields = threshold === "" ? others : [`th:${threshold}`, ...others];
  if (fields.length === 0) return state.unset("ot");
  return state.set("ot", fields.join(";"));
}

/** The state of a trace that begins here: a process has a few thresholds, and they are immutable. */
const byThreshold = new Map<string, TraceState>();

function stateOfThreshold(threshold: string): TraceState {
  const known = byThreshold.get(threshold);
  if (known !== undefined) return known;
  const state = new TraceStateList([]).set("ot", `th:${threshold}`);
  if (byThreshold.size < 1000) byThreshold.set(threshold, state);
  return state;
}
