// What those need to know who show health to others: HTTP, gRPC, metrics. All of them read one state.
//
//   state("readiness")      the status and whether to say yes; O(1) while nothing changes
//   snapshot("readiness")   the same, with the components
//   subscribe(listener)     told after every change of any of it; read state() again then
//
//   group        components of it                    says no (serving: false)
//   undefined    all                                 unhealthy, unknown, starting, draining, stopped
//   "readiness"  kind readiness                      the same
//   "startup"    kind startup                        until all critical ones were healthy or degraded once
//   "liveness"   kind liveness                       unhealthy only: nobody is restarted for being unknown, or draining
//   any tag      with that tag                       as readiness

import type { ComponentHealth } from "./component-health.ts";
import type { HealthStatus } from "./health-status.ts";

/** Where a service is in its life. */
export type Lifecycle = "starting" | "serving" | "draining" | "stopped";

/** "liveness", "readiness", "startup" or a tag; undefined: everything. */
export type HealthGroup = string | undefined;

/** The state of a group in short. The same object until something of it changes. */
export interface GroupState {
  readonly group: HealthGroup;
  /** The worst of its components, weighed by `critical`. */
  readonly status: HealthStatus;
  /** Whether a probe is answered with yes: HTTP 200, gRPC SERVING. */
  readonly serving: boolean;
  /** The word a stranger is told: the status, or where in its life the service is when that decides. */
  readonly word: HealthStatus | Exclude<Lifecycle, "serving">;
  readonly lifecycle: Lifecycle;
}

/** The state of a group with its components. */
export interface HealthReport extends GroupState {
  /** In the order of registration. */
  readonly components: readonly ComponentHealth[];
  /** How many components have which status; those that another one explains are only in `caused`. */
  readonly counts: Readonly<Record<HealthStatus | "caused", number>>;
}

/** One state, shown in many ways. */
export interface HealthSource {
  /** Changes with every status, registration and step of life; not with every result. */
  readonly version: number;
  /** The state of a group; undefined when there is no such group. */
  state(group?: HealthGroup): GroupState | undefined;
  /** The state of a group with its components; undefined when there is no such group. */
  snapshot(group?: HealthGroup): HealthReport | undefined;
  /** The state of one component; undefined when there is none of that name. */
  component(name: string): ComponentHealth | undefined;
  /** The names of all groups: the three kinds, then tags. */
  groups(): readonly string[];
  /** Calls the listener after every change of `version`; the function it gives ends that. */
  subscribe(listener: () => void): () => void;
}
