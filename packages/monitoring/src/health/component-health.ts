// The state of one component, as everybody is shown it: HTTP, gRPC, metrics, listeners.

import type { UnixMs } from "@flx/model/write";
import type { CheckKind } from "./check-options.ts";
import type { CheckResult, Measurement } from "./health-check.ts";
import type { HealthStatus } from "./health-status.ts";

/** The state of one component. Texts are redacted and of bounded length. */
export interface ComponentHealth {
  readonly name: string;
  /** After `rise` and `fall`; a single result may have been another one. */
  readonly status: HealthStatus;
  readonly critical: boolean;
  readonly kinds: readonly CheckKind[];
  readonly tags: readonly string[];
  /** What the check said, or what is wrong. */
  readonly message: string | undefined;
  /** What the check threw. */
  readonly error: string | undefined;
  readonly measurements: Readonly<Record<string, Measurement>>;
  readonly details: Readonly<Record<string, unknown>>;
  /** The parts that the check told of. */
  readonly components: NonNullable<CheckResult["components"]>;
  /** When the last result came; undefined before the first one. */
  readonly checkedAtMs: UnixMs | undefined;
  /** Milliseconds since then. */
  readonly ageMs: number | undefined;
  /** How long the last run took; undefined for heartbeats, and for one that has not come back. */
  readonly durationMs: number | undefined;
  /** When the status became what it is. */
  readonly changedAtMs: UnixMs;
  /** Results in a row that were unhealthy. */
  readonly consecutiveFailures: number;
  /** Since when a run is out that has missed its deadline. */
  readonly runningSinceMs: UnixMs | undefined;
  /** The failing components that explain this one's state, the deepest ones, sorted. Empty: it speaks for itself. */
  readonly causedBy: readonly string[];
}
