// What is kept of one component: who it is, and what its results came to.

import type { UnixMs } from "@flx/model/write";
import { CHECK_KINDS, type CheckKind, type ComponentOptions } from "./check-options.ts";
import type { ComponentHealth } from "./component-health.ts";
import type { Finding } from "./finding.ts";
import { NOT_YET } from "./finding.ts";
import type { HealthStatus } from "./health-status.ts";
import { Hysteresis } from "./hysteresis.ts";

/** One component. Changed by the board only. */
export class Component {
  readonly name: string;
  readonly critical: boolean;
  readonly kinds: readonly CheckKind[];
  readonly tags: readonly string[];
  readonly dependsOn: readonly string[];
  status: HealthStatus = "unknown";
  finding: Finding = NOT_YET;
  checkedAtMs: UnixMs | undefined;
  durationMs: number | undefined;
  changedAtMs: UnixMs;
  consecutiveFailures = 0;
  runningSinceMs: UnixMs | undefined;
  /** It was healthy or degraded once: as a startup check it is done. */
  hasPassed = false;
  readonly #hysteresis: Hysteresis;

  constructor(
    name: string,
    options: ComponentOptions & { readonly rise?: number; readonly fall?: number },
    nowMs: UnixMs,
  ) {
    const { kind = "readiness", tags = [], dependsOn = [], rise = 1, fall = 1 } = options;
    const kinds: readonly CheckKind[] = typeof kind === "string" ? [kind] : kind;
    this.name = name;
    this.kinds = CHECK_KINDS.filter((each) => kinds.includes(each));
    this.critical = options.critical ?? this.kinds.some((each) => each !== "readiness");
    this.tags = [...new Set(tags)];
    this.dependsOn = [...new Set(dependsOn)];
    this.changedAtMs = nowMs;
    this.#hysteresis = new Hysteresis(rise, fall);
  }

  /** Whether the others wait for it. */
  get holdsStart(): boolean {
    return this.critical && !this.hasPassed && this.kinds.includes("startup");
  }

  /** Takes a result; whether the status is another one now. */
  take(finding: Finding, nowMs: UnixMs, durationMs: number | undefined): boolean {
    this.finding = finding;
    this.checkedAtMs = nowMs;
    this.durationMs = durationMs;
    this.consecutiveFailures = finding.status === "unhealthy" ? this.consecutiveFailures + 1 : 0;
    return this.#change(this.#hysteresis.take(finding.status), nowMs);
  }

  /** Forgets what the results said, which is too old; whether the status is another one now. */
  forget(nowMs: UnixMs): boolean {
    this.#hysteresis.forget();
    this.consecutiveFailures = 0;
    return this.#change("unknown", nowMs);
  }

  /** The state as others are shown it. */
  health(nowMs: UnixMs, causedBy: readonly string[]): ComponentHealth {
    const { name, status, critical, kinds, tags, checkedAtMs, durationMs } = this;
    const { changedAtMs, consecutiveFailures, runningSinceMs } = this;
    const { message, error, measurements, details, components } = this.finding;
    return {
      name,
      status,
      critical,
      kinds,
      tags,
      message,
      error,
      measurements,
      details,
      components,
      checkedAtMs,
      // A clock that was set back makes no result younger than now.
      ageMs: checkedAtMs === undefined ? undefined : Math.max(0, nowMs - checkedAtMs),
      durationMs,
      changedAtMs,
      consecutiveFailures,
      runningSinceMs,
      causedBy,
    };
  }

  #change(status: HealthStatus, nowMs: UnixMs): boolean {
    if (status === "healthy" || status === "degraded") this.hasPassed = true;
    if (status === this.status) return false;
    this.status = status;
    this.changedAtMs = nowMs;
    return true;
  }
}
