// Transitions of health as log records: a receiver sees when a service got worse, and why, without asking it.
//
//   {"msg":"database: healthy -> unhealthy","event_name":"flx.health.transition",
//    "component":"database","from":"healthy","to":"unhealthy","message":"connection refused"}
//
// They go to the export worker only; the terminal is for those who write there. Causes that lie in another component are
// named, so that one failure does not look like five.

import type { Exporter } from "../export/exporter.ts";
import type { HealthChecker } from "../health/health-checker.ts";
import type { HealthStatus } from "../health/health-status.ts";
import { LineSink } from "../logging/line-sink.ts";

/** Levels of pino, which lines have. */
const LEVELS: Readonly<Record<HealthStatus, number>> = {
  healthy: 30,
  unknown: 30,
  degraded: 40,
  unhealthy: 50,
};

/** Sends transitions; the function it gives ends that. */
export function exportTransitions(health: HealthChecker, exporter: Exporter): () => void {
  const sink = new LineSink(exporter, "@flx/monitoring/health");
  return health.on("transition", ({ name, from, to, atMs, health: component }) => {
    // That a component turned out to be healthy after the start is no news.
    if (from === "unknown" && to === "healthy") return;
    // A check that fails by throwing has an error and no message.
    const { error, message = error, causedBy } = component;
    sink.write(
      JSON.stringify({
        level: LEVELS[to],
        time: atMs,
        msg: `${name}: ${from} -> ${to}`,
        event_name: "flx.health.transition",
        component: name,
        from,
        to,
        ...(message !== undefined && { message }),
        ...(causedBy.length > 0 && { caused_by: causedBy }),
      }),
    );
  });
}
