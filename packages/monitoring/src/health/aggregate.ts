// Many states made one.
//
//   critical components count as they are, others as degraded at most
//   nothing known of any of them yet: unknown
//
//   group          says no (serving: false)                       and the word is
//   liveness       unhealthy                                      the status
//   startup        a critical startup check has not passed        starting, else the status
//   any other      unhealthy, unknown, or not serving at all      where in its life the service is, else the status

import type { UnixMs } from "@flx/model/write";
import type { GroupState, HealthGroup, Lifecycle } from "./health-source.ts";
import type { HealthStatus } from "./health-status.ts";
import { BY_SEVERITY, severityOf } from "./severity.ts";

/** What of a component its group's state depends on. */
export interface WeighedComponent {
  readonly status: HealthStatus;
  readonly critical: boolean;
  readonly checkedAtMs: UnixMs | undefined;
}

/** The status of components together. */
export function statusOf(components: readonly WeighedComponent[]): HealthStatus {
  const isNothingKnown = components.every((each) => each.checkedAtMs === undefined);
  if (isNothingKnown && components.length > 0) return "unknown";
  let worst = 0;
  for (const { critical, status } of components) {
    const severity = severityOf(status);
    worst = Math.max(worst, critical ? severity : Math.min(severity, severityOf("degraded")));
  }
  return BY_SEVERITY[worst]!;
}

/** Where in its life a service is. */
export interface Phase {
  readonly lifecycle: Lifecycle;
  /** Whether a startup check has not passed, also while the service ends. */
  readonly isStarting: boolean;
}

/** What a group of that status says. */
export function groupStateOf(
  group: HealthGroup,
  status: HealthStatus,
  { lifecycle, isStarting }: Phase,
): GroupState {
  if (group === "liveness") {
    return { group, status, serving: status !== "unhealthy", word: status, lifecycle };
  }
  if (group === "startup") {
    const word = isStarting ? "starting" : status;
    return { group, status, serving: !isStarting, word, lifecycle };
  }
  const isUp = status === "healthy" || status === "degraded";
  const word = lifecycle === "serving" ? status : lifecycle;
  return { group, status, serving: isUp && lifecycle === "serving", word, lifecycle };
}
