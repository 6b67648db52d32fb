// What a probe is told.
//
//                 a stranger               with access                     with access and ?verbose
//   text          the word                 the word                        a line for each component
//   json          {"status":"degraded"}    status of each component        everything known of each
//   health+json   {"status":"warn"}        checks with their status        checks with what they measured
//
// What has no `verbose` depends on statuses only: it stays the same to the byte until one changes, whatever is
// measured meanwhile, so that those who compare answers (Consul does) see no change where there is none.
//
// Source: draft-inadarei-api-health-check-06 for application/health+json.

import type { ComponentHealth } from "../component-health.ts";
import type { GroupState } from "../health-source.ts";
import type { HealthStatus } from "../health-status.ts";
import type { ProbeFormat } from "./probe-format.ts";

/** What is told. */
export interface ProbeFacts {
  /** "readyz" */
  readonly probe: string;
  readonly state: Pick<GroupState, "status" | "serving" | "word">;
  /** undefined for strangers. */
  readonly components: readonly ComponentHealth[] | undefined;
  readonly isVerbose: boolean;
}

/** The types of bodies. */
export const CONTENT_TYPES: Readonly<Record<ProbeFormat, string>> = {
  text: "text/plain; charset=utf-8",
  json: "application/json; charset=utf-8",
  "health+json": "application/health+json; charset=utf-8",
};

/** The body of an answer. */
export function probeBody(facts: ProbeFacts, format: ProbeFormat): string {
  if (format === "text") return textBody(facts);
  return `${JSON.stringify(format === "json" ? jsonBody(facts) : healthJsonBody(facts))}\n`;
}

function textBody({ probe, state, components, isVerbose }: ProbeFacts): string {
  if (components === undefined || !isVerbose) return `${state.word}\n`;
  return `${components.map(textLine).join("")}${probe}: ${state.word}\n`;
}

const SIGNS: Readonly<Record<HealthStatus, string>> = {
  healthy: "[+]",
  degraded: "[~]",
  unknown: "[?]",
  unhealthy: "[-]",
};

function textLine(component: ComponentHealth): string {
  const { name, status, durationMs, runningSinceMs, causedBy, consecutiveFailures } = component;
  const parts = [
    component.message,
    component.error,
    consecutiveFailures > 1 ? `${consecutiveFailures} failures in a row` : undefined,
    runningSinceMs === undefined ? undefined : `still running since ${iso(runningSinceMs)}`,
    causedBy.length === 0 ? undefined : `caused by ${causedBy.join(", ")}`,
    durationMs === undefined ? undefined : `${roundMs(durationMs)} ms`,
  ].filter((part) => part !== undefined);
  const words = parts.join("; ").replaceAll(/\s*[\r\n]+\s*/g, " ");
  return `${SIGNS[status]}${name} ${status}${words === "" ? "" : `: ${words}`}\n`;
}

function jsonBody({ state, components, isVerbose }: ProbeFacts): object {
  if (components === undefined) return { status: state.word };
  return {
    status: state.word,
    components: Object.fromEntries(
      components.map((each) => [each.name, isVerbose ? everything(each) : inShort(each)]),
    ),
  };
}

function inShort({ status, causedBy }: ComponentHealth): object {
  return causedBy.length === 0 ? { status } : { status, causedBy };
}

function everything(component: ComponentHealth): object {
  const { status, critical, kinds, tags, message, error, consecutiveFailures } = component;
  const { measurements, details, components, causedBy } = component;
  return {
    status,
    critical,
    kinds,
    tags: notEmpty(tags),
    message,
    error,
    checkedAt: iso(component.checkedAtMs),
    durationMs: component.durationMs === undefined ? undefined : roundMs(component.durationMs),
    changedAt: iso(component.changedAtMs),
    consecutiveFailures,
    runningSince: iso(component.runningSinceMs),
    causedBy: notEmpty(causedBy),
    measurements: notEmpty(measurements),
    details: notEmpty(details),
    components: notEmpty(components),
  };
}

function healthJsonBody({ state, components, isVerbose }: ProbeFacts): object {
  const status = state.serving ? (state.status === "healthy" ? "pass" : "warn") : "fail";
  const output = state.word === state.status ? undefined : state.word;
  if (components === undefined) return { status, output };
  const checks = components.flatMap((each) => (isVerbose ? measured(each) : [named(each)]));
  return { status, output, checks: Object.fromEntries(checks) };
}

type NamedCheck = readonly [name: string, checks: readonly object[]];

function named(component: ComponentHealth): NamedCheck {
  return [component.name, [{ status: passOf(component) }]];
}

/** A component as it is in the draft: one entry for each thing that was measured, and one for how long that took. */
function measured(component: ComponentHealth): readonly NamedCheck[] {
  const { name, durationMs, error, message, causedBy } = component;
  const output = [
    error ?? message,
    causedBy.length > 0 ? `caused by ${causedBy.join(", ")}` : undefined,
  ]
    .filter((part) => part !== undefined)
    .join("; ");
  const status = passOf(component);
  const time = iso(component.checkedAtMs);
  const base = { status, time, output: status === "pass" || output === "" ? undefined : output };
  const took =
    durationMs === undefined ? {} : { observedValue: roundMs(durationMs), observedUnit: "ms" };
  return [
    [`${name}:responseTime`, [{ ...took, ...base }]],
    ...Object.entries(component.measurements).map(([what, { value, unit }]): NamedCheck => {
      return [`${name}:${what}`, [{ observedValue: value, observedUnit: unit, status, time }]];
    }),
  ];
}

function passOf({ status, critical }: ComponentHealth): "pass" | "warn" | "fail" {
  if (status === "healthy") return "pass";
  if (status === "degraded") return "warn";
  return status === "unhealthy" || critical ? "fail" : "warn";
}

function iso(timeMs: number): string;
function iso(timeMs: number | undefined): string | undefined;
function iso(timeMs: number | undefined): string | undefined {
  return timeMs === undefined ? undefined : new Date(timeMs).toISOString();
}

function roundMs(durationMs: number): number {
  return Math.round(durationMs * 100) / 100;
}

/** The value when there is something in it: what is empty is left out. */
function notEmpty<Value extends object>(value: Value): Value | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}
