// A number against two levels: from the lower on degraded, from the upper on unhealthy.

import type { CheckResult } from "../health-check.ts";
import type { HealthStatus } from "../health-status.ts";
import { optionsError } from "./check-error.ts";

/** From where on a number is bad, and how bad. A level that is left out does not exist. */
export interface Levels {
  /** More than this is degraded. */
  readonly degraded?: number | undefined;
  /** More than this is unhealthy. */
  readonly unhealthy?: number | undefined;
}

/**
 * The levels, when they make sense.
 *
 * @throws {CheckError} `FLX_CHECK_OPTIONS`
 */
export function levels(name: string, { degraded, unhealthy }: Levels): Levels {
  for (const level of [degraded, unhealthy]) {
    if (level !== undefined && !(level >= 0)) throw optionsError(`${name}: ${level} is no level`);
  }
  if (degraded !== undefined && unhealthy !== undefined && degraded > unhealthy) {
    throw optionsError(`${name}: degraded from ${degraded} on is above unhealthy, ${unhealthy}`);
  }
  return { degraded, unhealthy };
}

/** How bad a number is. */
export function levelOf(value: number, { degraded, unhealthy }: Levels): HealthStatus {
  if (unhealthy !== undefined && value > unhealthy) return "unhealthy";
  return degraded !== undefined && value > degraded ? "degraded" : "healthy";
}

/** What was measured, for {@link levelResult}. */
export interface Reading {
  /** The measurement's name: "used_percent". */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is, for the sentence: "disk / is used to". */
  readonly sentence: string;
}

/** A result that says the number, and when it is bad, a sentence with the level that it passed. */
export function levelResult({ name, value, unit, sentence }: Reading, limits: Levels): CheckResult {
  const rounded = Math.round(value * 100) / 100;
  const status = levelOf(value, limits);
  const passed = status === "unhealthy" ? limits.unhealthy : limits.degraded;
  const limit = status === "healthy" ? (limits.degraded ?? limits.unhealthy) : passed;
  const measurement = { value: rounded, unit, ...(limit === undefined ? {} : { limit }) };
  const result = { measurements: { [name]: measurement } };
  if (status === "healthy") return result;
  const sign = unit === "percent" ? " %" : ` ${unit}`;
  return {
    ...result,
    status,
    message: `${sentence} ${rounded}${sign}, more than ${passed}${sign}`,
  };
}

/** The result when the platform does not tell. */
export function notKnown(what: string): CheckResult {
  return { status: "unknown", message: `${what} is not known here` };
}
