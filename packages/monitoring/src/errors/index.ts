// @flx/monitoring/errors: reports of errors for people and machines.

export {
  type ErrorAnswer,
  errorAnswer,
  type ErrorAnswerOptions,
  type FailedRequest,
} from "./adapters/error-answer.ts";
export { expressErrors, fastifyErrors, koaErrors } from "./adapters/framework-handlers.ts";
export { grpcErrorStatus, type GrpcStatus } from "./adapters/grpc-status.ts";
export { type ErrorContextOptions, type ErrorScope } from "./handler/error-context.ts";
export {
  type ErrorKind,
  type KindMap,
  type KindMatch,
  type KindRule,
} from "./handler/error-kinds.ts";
export { type ErrorLimitSettings } from "./handler/error-limit.ts";
export { collectErrorMetrics, type ErrorCounter } from "./handler/error-metrics.ts";
export {
  configureDevelopmentTraceback,
  configureProductionTraceback,
  errorContext,
  getErrorHandler,
  setErrorHandler,
  withErrorContext,
} from "./handler/current-handler.ts";
export {
  type ErrorDisplay,
  type ErrorLogger,
  type ErrorOutput,
  type RichErrorHandlerOptions,
} from "./handler/handler-options.ts";
export { type InstallOptions, installErrorHandler } from "./handler/install-error-handler.ts";
export { type HandledError } from "./handler/handled-error.ts";
export { type HandleOptions, RichErrorHandler } from "./handler/rich-error-handler.ts";
export { fingerprint, type FingerprintRule } from "./fingerprint/fingerprint.ts";
export { htmlSecurityPolicy, renderHtml } from "./render/html.ts";
export { renderJson, reportJson } from "./render/json.ts";
export { renderPlain, renderTerminal, type TerminalSettings } from "./render/terminal.ts";
export { DARK_THEME, LIGHT_THEME, type Theme, type ThemePart } from "./render/theme.ts";
export type {
  Breadcrumb,
  ErrorReport,
  FoldedFrames,
  FrameEntry,
  FullReport,
  ReportField,
  ReportFrame,
} from "./report/report.ts";
export type { RedactionSettings } from "../redaction/redaction-rules.ts";
