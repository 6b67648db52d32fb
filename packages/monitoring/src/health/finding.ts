// What came out of one run of a check, made safe: whatever a check gives back or throws becomes a finding.
//
//   nothing, true        healthy
//   false                unhealthy
//   "degraded"           that status
//   { status, ... }      with words and numbers, redacted and bounded
//   an error             unhealthy, its message and those of its causes redacted
//   anything else        unhealthy: the check is wrong, and says nothing about what it looks at

import type { CheckResult, Measurement } from "./health-check.ts";
import type { HealthStatus } from "./health-status.ts";
import type { Redactor } from "../redaction/redact.ts";
import { isHealthStatus } from "./severity.ts";

/** What came out of one run. */
export interface Finding {
  readonly status: HealthStatus;
  readonly message: string | undefined;
  readonly error: string | undefined;
  readonly measurements: Readonly<Record<string, Measurement>>;
  readonly details: Readonly<Record<string, unknown>>;
  readonly components: NonNullable<CheckResult["components"]>;
}

const NOTHING = Object.freeze({});

/** How many measurements, or components, one check may tell of. */
const MAX_PARTS = 100;

/** How many causes of an error are told. */
const MAX_CAUSES = 3;

function finding(status: HealthStatus, words: Partial<Finding> = {}): Finding {
  return {
    status,
    message: undefined,
    error: undefined,
    measurements: NOTHING,
    details: NOTHING,
    components: NOTHING,
    ...words,
  };
}

const plain: Readonly<Record<HealthStatus, Finding>> = {
  healthy: finding("healthy"),
  degraded: finding("degraded"),
  unhealthy: finding("unhealthy"),
  unknown: finding("unknown"),
};

/** What is known before the first run. */
export const NOT_YET: Finding = plain.unknown;

/** A failure in words of ours. */
export function failed(message: string): Finding {
  return finding("unhealthy", { message });
}

/** What a check's answer says. Never throws. */
export function findingOf(answer: unknown, redactor: Redactor): Finding {
  if (answer === undefined || answer === true) return plain.healthy;
  if (answer === false) return plain.unhealthy;
  if (isHealthStatus(answer)) return plain[answer];
  try {
    if (typeof answer === "object" && answer !== null) return resultFinding(answer, redactor);
  } catch {
    return failed("the check's answer cannot be read: one of its fields throws");
  }
  return failed(
    `the check answered ${said(answer, redactor)}; it may give back nothing, true, false, a status, or an object with one`,
  );
}

/** What a check's error says. Never throws. */
export function errorFinding(error: unknown, redactor: Redactor): Finding {
  return finding("unhealthy", { error: redactor.text(errorText(error)) });
}

function resultFinding(result: CheckResult, redactor: Redactor): Finding {
  const { status = "healthy", message, measurements, details, components } = result;
  if (!isHealthStatus(status)) {
    return failed(
      `the check answered the status ${said(status, redactor)}; known are healthy, degraded, unhealthy, unknown`,
    );
  }
  return finding(status, {
    message: typeof message === "string" ? redactor.text(message) : undefined,
    measurements: parts(measurements, redactor, measurementOf),
    details: plainObject(redactor.value(details ?? NOTHING)),
    components: parts(components, redactor, componentOf),
  });
}

/** The parts of a record that make sense. */
function parts<Part>(
  record: unknown,
  redactor: Redactor,
  read: (part: object, redactor: Redactor) => Part | undefined,
): Readonly<Record<string, Part>> {
  if (typeof record !== "object" || record === null) return NOTHING;
  const entries: [string, Part][] = [];
  for (const [name, part] of Object.entries(record).slice(0, MAX_PARTS)) {
    const made = typeof part === "object" && part !== null ? read(part, redactor) : undefined;
    if (made !== undefined) entries.push([redactor.text(name), made]);
  }
  return Object.fromEntries(entries);
}

function measurementOf(part: object, redactor: Redactor): Measurement | undefined {
  const { value, unit, limit } = part as Measurement;
  const isNumber = typeof value === "number" && Number.isFinite(value);
  if (!isNumber && typeof value !== "string") return undefined;
  return {
    value: isNumber ? value : redactor.text(value as string),
    ...(typeof unit === "string" ? { unit: unit.slice(0, 32) } : {}),
    ...(typeof limit === "number" && Number.isFinite(limit) ? { limit } : {}),
  };
}

function componentOf(
  part: object,
  redactor: Redactor,
): { readonly status: HealthStatus; readonly message?: string } | undefined {
  const { status, message } = part as { status?: unknown; message?: unknown };
  if (!isHealthStatus(status)) return undefined;
  return typeof message === "string" ? { status, message: redactor.text(message) } : { status };
}

function plainObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : NOTHING;
}

function said(value: unknown, redactor: Redactor): string {
  return redactor.text(`${typeof value} ${JSON.stringify(redactor.value(value)) ?? ""}`.trim());
}

/** The message of an error and of its causes; of many errors in one, the first ones'. */
function errorText(error: unknown): string {
  try {
    const texts: string[] = [];
    for (let at = error, i = 0; at !== undefined && at !== null && i <= MAX_CAUSES; i++) {
      const text = ownText(at);
      if (!texts.some((each) => each.includes(text))) texts.push(text);
      at = typeof at === "object" ? (at as { cause?: unknown }).cause : undefined;
    }
    return texts.join(": ") || "the check failed without saying why";
  } catch {
    return "the check failed with an error that cannot be read";
  }
}

function ownText(error: unknown): string {
  if (typeof error !== "object" || error === null) return String(error);
  const { name, message, code, errors } = error as Record<string, unknown>;
  if (typeof message === "string" && message !== "") return message;
  if (Array.isArray(errors)) return errors.slice(0, MAX_CAUSES).map(ownText).join(", ");
  const word = [code, name].find((each) => typeof each === "string" && each !== "");
  return (word as string | undefined) ?? "an object was thrown";
}
