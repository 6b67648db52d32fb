// @flx/monitoring: one call, and the parts it wires.

export type { RedactionSettings } from "./redaction/redaction-rules.ts";
export { type ExplainedConfig, type ExplainedSetting } from "./start/configuration.ts";
export type { UnsupportedPart } from "./start/config-tree.ts";
export { explainConfig } from "./start/load-configuration.ts";
export type { Monitoring, MonitoringErrors } from "./start/monitoring.ts";
export type {
  AdminOptions,
  AllOtlpOptions,
  ErrorsOptions,
  HealthOptions,
  LoggingOptions,
  MetricsOptions,
  MonitoringOptions,
  OtlpOptions,
  SignalOptions,
  TracingOptions,
} from "./start/options.ts";
export type { SettingName } from "./start/settings.ts";
export { startMonitoring } from "./start/start-monitoring.ts";
