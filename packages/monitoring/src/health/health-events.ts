// What a HealthChecker tells its listeners.

import type { UnixMs } from "@flx/model/write";
import type { ComponentHealth } from "./component-health.ts";
import type { GroupState, Lifecycle } from "./health-source.ts";
import type { HealthStatus } from "./health-status.ts";

/** A component has another status than before. */
export interface TransitionEvent {
  readonly name: string;
  readonly from: HealthStatus;
  readonly to: HealthStatus;
  readonly atMs: UnixMs;
  /** With `causedBy`: a listener that wakes people may leave those out that are caused by another. */
  readonly health: ComponentHealth;
}

/** A group, or all (group undefined), has another status or answer than before. */
export interface GroupEvent {
  readonly from: GroupState;
  readonly to: GroupState;
  readonly atMs: UnixMs;
}

/** A result has come in, or failed to. */
export interface ResultEvent {
  readonly name: string;
  /** What this one result was, before `rise` and `fall`. */
  readonly status: HealthStatus;
  /** undefined when it has not come back, and for heartbeats. */
  readonly durationMs: number | undefined;
  readonly atMs: UnixMs;
}

/** The service is somewhere else in its life. */
export interface LifecycleEvent {
  readonly from: Lifecycle;
  readonly to: Lifecycle;
  readonly atMs: UnixMs;
}

/** A component has come or gone. */
export interface RegistrationEvent {
  readonly name: string;
  readonly registered: boolean;
}

/** The events by name. */
export interface HealthEvents {
  readonly transition: TransitionEvent;
  readonly group: GroupEvent;
  readonly result: ResultEvent;
  readonly lifecycle: LifecycleEvent;
  readonly registration: RegistrationEvent;
}
