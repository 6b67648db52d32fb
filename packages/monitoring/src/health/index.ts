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
export type { RedactionSettings } from "../redaction/redaction-rules.ts";
export { HealthStatus } from "./health-status.ts";
export { type HealthClock, systemClock } from "./clock.ts";
export { HealthChecker, type HealthCheckerOptions } from "./health-checker.ts";
export type { Heartbeat } from "./heartbeat.ts";
export type { Listener } from "./listeners.ts";
export { ManualClock } from "./manual-clock.ts";
export { adminHealth } from "./http/admin.ts";
export type { AccessOptions } from "./http/access.ts";
export { expressHealth } from "./http/express.ts";
export { fastifyHealth } from "./http/fastify.ts";
export {
  type HealthHandler,
  healthHandler,
  type HealthHandlerOptions,
} from "./http/health-handler.ts";
export { honoHealth, webHealth, type WebHealthOptions } from "./http/hono.ts";
export { koaHealth } from "./http/koa.ts";
export type { ProbedSource } from "./http/probe-endpoint.ts";
export type { DefaultCheckOptions } from "./default-checks.ts";
export {
  collectHealthMetrics,
  type ExposableHealth,
  type HealthMetricsOptions,
} from "./health-metrics.ts";
export { type HealthSettings, healthSettings, type SettingSources } from "./health-settings.ts";
export type { Beacon } from "./shutdown/beacons.ts";
export type { DrainableServer, GrpcServer, NodeServer } from "./shutdown/draining-server.ts";
export {
  gracefulShutdown,
  Shutdown,
  type ShutdownHook,
  type ShutdownOptions,
  type ShutdownReport,
  type ShutdownStep,
} from "./shutdown/graceful-shutdown.ts";
export type { ExitMode } from "./shutdown/process-end.ts";
