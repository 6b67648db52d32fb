// The error handling that startMonitoring sets up: the process's handler, crashes, metrics, and what survived a crash as
// health. The handler is made before everything else, since tracing tells it of exceptions; what it counts with and logs
// through comes later.

import { setErrorHandler } from "../errors/handler/current-handler.ts";
import { collectErrorMetrics } from "../errors/handler/error-metrics.ts";
import { installErrorHandler } from "../errors/handler/install-error-handler.ts";
import type { ErrorOutput } from "../errors/handler/handler-options.ts";
import { RichErrorHandler } from "../errors/handler/rich-error-handler.ts";
import type { Exporter } from "../export/exporter.ts";
import type { CheckResult } from "../health/health-check.ts";
import type { HealthChecker } from "../health/health-checker.ts";
import type { MetricsCollector } from "../metrics/collector/metrics-collector.ts";
import type { Logger } from "pino";
import type { Configuration } from "./configuration.ts";
import type { MonitoringErrors } from "./monitoring.ts";
import type { ErrorsOptions, MonitoringOptions } from "./options.ts";

/** What comes later. */
export interface LateParts {
  readonly metrics: MetricsCollector;
  readonly health: HealthChecker;
  /** The logger, once somebody has asked for it. */
  readonly logger: () => Logger | undefined;
}

/** A handler that is not that of the process yet. */
export interface ErrorSetup {
  readonly handler: RichErrorHandler;
  /** Makes it that; what is given takes all back. */
  install(late: LateParts): () => void;
}

/** How long something nobody handled makes the process worth less. */
const ILL_MS = 5 * 60_000;

/** The error handling that the options ask for; undefined where it is switched off. */
export function errorsOf(
  config: Configuration,
  { errors: options = {}, logging = {} }: MonitoringOptions,
  exporter: Exporter | undefined,
): ErrorSetup | undefined {
  if (options === false) return undefined;
  let late: LateParts | undefined;
  let counter: ReturnType<typeof collectErrorMetrics> | undefined;
  const handler = new RichErrorHandler({
    ...displayOf(environmentOf(config), options.output ?? process.stderr),
    // Report and line would stand on the same terminal: once is enough.
    logger: (isShown) =>
      isShown && logging.destination === undefined && options.output === undefined
        ? undefined
        : late?.logger(),
    counter: {
      handled: (kind, type, isHeld) => counter?.handled(kind, type, isHeld),
      unhandled: (origin) => counter?.unhandled(origin),
    },
    ...(exporter?.exports("logs") === true && { exporter }),
    ...options,
  });
  return {
    handler,
    install(parts) {
      late = parts;
      const before = setErrorHandler(handler);
      counter = collectErrorMetrics(parts.metrics.registry);
      const installed =
        options.install === false
          ? handler.prepareWhenIdle()
          : crashes(handler, options, parts, counter);
      return () => {
        installed[Symbol.dispose]();
        counter?.[Symbol.dispose]();
        counter = undefined;
        const current = setErrorHandler(before);
        if (current !== handler) setErrorHandler(current);
        handler.close();
      };
    },
  };
}

/** The handler's methods, to be used without it. */
export function errorsOfHandler(handler: RichErrorHandler): MonitoringErrors {
  return {
    handler,
    context: handler.errorContext.bind(handler),
    wrap: handler.withErrorContext.bind(handler),
    handle: handler.handle.bind(handler),
  };
}

/** As it is said, or as the resource says it (OTEL_RESOURCE_ATTRIBUTES). */
function environmentOf(config: Configuration): string | undefined {
  const said = config.get("environment") ?? config.get("resource")["deployment.environment.name"];
  return typeof said === "string" ? said : undefined;
}

function displayOf(environment: string | undefined, output: ErrorOutput): Partial<ErrorsOptions> {
  const said = [environment, process.env["NODE_ENV"]].filter((each) => (each ?? "") !== "");
  if (said.includes("production")) return { format: "json", showCode: false, maxFrames: 10 };
  // The first error shall have its values, though the debugger makes awaits slower.
  const isDevelopment = said.length === 0 ? output.isTTY === true : said.includes("development");
  return isDevelopment ? { showLocals: true } : {};
}

function crashes(
  handler: RichErrorHandler,
  { exitOnRejection, warnings }: ErrorsOptions,
  { health }: LateParts,
  counter: ReturnType<typeof collectErrorMetrics>,
): Disposable {
  let lastMs = -Infinity;
  let last = "";
  return installErrorHandler({
    handler,
    counter,
    exitOnRejection,
    warnings,
    onUnhandled: (error, origin) => {
      lastMs = performance.now();
      const type = handler.handledBefore(error)?.report.type ?? "error";
      last = `${origin.replace("_", " ")}: ${type}`;
      if (health.component("errors") !== undefined) return;
      health.register("errors", () => survived(lastMs, last), { tags: ["system"] });
    },
  });
}

/** What the process has survived may have left it half done. */
function survived(lastMs: number, last: string): CheckResult {
  if (performance.now() - lastMs > ILL_MS) return {};
  return { status: "degraded", message: `nobody handled an ${last}` };
}
