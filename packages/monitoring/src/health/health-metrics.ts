// Health as metrics, for those who ask Prometheus instead of a probe.
//
//   flx_health_status{component,status}             1 for the status it has, 0 for the other three
//   flx_health_group_status{group,status}           the same for overall, liveness, readiness, startup, each tag
//   flx_health_serving{group}                       1 when its probe says yes
//   flx_health_check_age_seconds{component}         since its last result
//   flx_health_check_failures{component}            unhealthy results in a row
//   flx_health_check_duration_seconds{component}    histogram
//   flx_health_transitions_total{component,status}  how often it came to that status
//
// States are read when they are asked for, all in one go, so that a scrape shows what a probe would at that moment. The scrape
// itself always succeeds: an unhealthy service that hid its metrics would be one that nobody can look into.

import { Counter } from "../metrics/counter.ts";
import { defaultRegistry } from "../metrics/default-registry.ts";
import { Histogram } from "../metrics/histogram.ts";
import { observableGauge } from "../metrics/observable.ts";
import type { Registry } from "../metrics/registry.ts";
import type { HealthEvents } from "./health-events.ts";
import type { HealthReport, HealthSource } from "./health-source.ts";
import type { Listener } from "./listeners.ts";
import { BY_SEVERITY } from "./severity.ts";

/** Whose health can be exposed: a HealthChecker. */
export interface ExposableHealth extends HealthSource {
  snapshot(): HealthReport;
  snapshot(group: string): HealthReport | undefined;
  on<Name extends keyof HealthEvents>(
    name: Name,
    listener: Listener<HealthEvents[Name]>,
  ): () => void;
}

/** Where health is exposed. */
export interface HealthMetricsOptions {
  /** Default: the registry of the process. */
  readonly registry?: Registry;
}

/** Seconds: from a reading in memory to the longest deadlines. */
const DURATION_BUCKETS: readonly number[] = [
  0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

const COMPONENT = ["component"] as const;

/**
 * Exposes health; disposing takes the families out of the registry.
 *
 *     collectHealthMetrics(health, { registry });
 *
 * @throws {FlxError} `FLX_METRIC_CLASH` when a name belongs to another metric
 */
export function collectHealthMetrics(
  health: ExposableHealth,
  options: HealthMetricsOptions = {},
): Disposable {
  const { registry = defaultRegistry } = options;
  const names = exposeStates(health, registry);
  const { duration, transitions } = exposeEvents(registry);
  const begin = (component: string) => {
    for (const status of BY_SEVERITY) transitions.labels({ component, status });
  };
  for (const { name } of health.snapshot().components) begin(name);
  const ends = [
    health.on("result", ({ name, durationMs }) => {
      if (durationMs !== undefined) duration.observe({ component: name }, durationMs / 1_000);
    }),
    health.on("transition", ({ name, to }) => {
      transitions.inc({ component: name, status: to });
    }),
    health.on("registration", ({ name, registered }) => {
      if (registered) begin(name);
      else {
        duration.remove({ component: name });
        for (const status of BY_SEVERITY) transitions.remove({ component: name, status });
      }
    }),
  ];
  return {
    [Symbol.dispose]() {
      for (const end of ends.splice(0)) end();
      for (const name of [...names, duration.name, transitions.name]) registry.unregister(name);
    },
  };
}

/** What is read from the state; the names of the families. */
function exposeStates(health: ExposableHealth, registry: Registry): readonly string[] {
  const registers = [registry];
  const all = () => health.snapshot().components;
  const groups = () => [undefined, ...health.groups()];
  return [
    observableGauge({
      name: "flx_health_status",
      help: "1 for the status that a component has, 0 for the others",
      labelNames: ["component", "status"],
      registers,
      collect: (observe) => {
        for (const { name: component, status: is } of all()) {
          for (const status of BY_SEVERITY) observe({ component, status }, Number(status === is));
        }
      },
    }),
    observableGauge({
      name: "flx_health_group_status",
      help: "1 for the status that a group of components has, 0 for the others",
      labelNames: ["group", "status"],
      registers,
      collect: (observe) => {
        for (const group of groups()) {
          const is = health.state(group)?.status;
          for (const status of BY_SEVERITY) {
            observe({ group: group ?? "overall", status }, Number(status === is));
          }
        }
      },
    }),
    observableGauge({
      name: "flx_health_serving",
      help: "1 when the probe of a group says yes, else 0",
      labelNames: ["group"],
      registers,
      collect: (observe) => {
        for (const group of groups()) {
          const isServing = health.state(group)?.serving === true;
          observe({ group: group ?? "overall" }, Number(isServing));
        }
      },
    }),
    observableGauge({
      name: "flx_health_check_age_seconds",
      help: "Time since the last result of a component",
      unit: "seconds",
      labelNames: COMPONENT,
      registers,
      collect: (observe) => {
        for (const { name: component, ageMs } of all()) {
          if (ageMs !== undefined) observe({ component }, ageMs / 1_000);
        }
      },
    }),
    observableGauge({
      name: "flx_health_check_failures",
      help: "Unhealthy results of a component in a row",
      labelNames: COMPONENT,
      registers,
      collect: (observe) => {
        for (const { name: component, consecutiveFailures } of all()) {
          observe({ component }, consecutiveFailures);
        }
      },
    }),
  ].map(({ name }) => name);
}

/** What is counted as it happens. */
function exposeEvents(registry: Registry) {
  const registers = [registry];
  return {
    duration: new Histogram({
      name: "flx_health_check_duration_seconds",
      help: "Time that a check took to answer",
      unit: "seconds",
      labelNames: COMPONENT,
      buckets: DURATION_BUCKETS,
      registers,
    }),
    transitions: new Counter({
      name: "flx_health_transitions_total",
      help: "How often a component came to a status",
      labelNames: ["component", "status"],
      registers,
    }),
  };
}
