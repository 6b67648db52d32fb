// @flx/monitoring/health: how a service is, and telling those who ask.

export {
  CHECK_KINDS,
  type CheckKind,
  type CheckOptions,
  type ComponentOptions,
  type HeartbeatOptions,
} from "./check-options.ts";
export type { ComponentHealth } from "./component-health.ts";
export type {
  CheckAnswer,
  CheckContext,
  CheckResult,
  HealthCheck,
  Measurement,
} from "./health-check.ts";
export type {
  GroupEvent,
  HealthEvents,
  LifecycleEvent,
  RegistrationEvent,
  ResultEvent,
  TransitionEvent,
} from "./health-events.ts";
export type {
  GroupState,
  HealthGroup,
  HealthReport,
  HealthSource,
  Lifecycle,
} from "./health-source.ts";
export { HealthStatus } from "./health-status.ts";
export { type HealthClock, systemClock } from "./clock.ts";
export { HealthChecker, type HealthCheckerOptions } from "./health-checker.ts";
export type { Heartbeat } from "./heartbeat.ts";
export type { Listener } from "./listeners.ts";
export { ManualClock } from "./manual-clock.ts";
