// @flx/monitoring/logging: structured lines that know their trace.

export { attachConsole, type ConsoleSettings } from "./attach-console.ts";
export { attachPino, type AttachSettings } from "./attach-pino.ts";
export { type DuplicateSettings } from "./duplicate-limit.ts";
export type { RedactionSettings } from "../redaction/redaction-rules.ts";
export { type LogFields, logContext, withLogContext } from "./log-context.ts";
export { collectLogMetrics } from "./log-metrics.ts";
export { createLogger, type LineCounter, type LogSettings, setLogLevel } from "./logger.ts";
export { ambientFields, type TraceFields, traceFields } from "./trace-fields.ts";
export { winstonTransport } from "./winston-transport.ts";
