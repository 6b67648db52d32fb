// One call wires everything.
//
//   startMonitoring(options)
//   ├── configuration     options > file > variables > defaults; wrong ones throw, here and nowhere later
//   ├── redaction         what is a secret, for all that follow
//   ├── resource          who this is
//   ├── exporter          one for all signals: spans, metrics, logs
//   ├── tracing           OpenTelemetry's globals, propagators, samplers
//   ├── metrics           MetricsCollector, system metrics, exemplars, push
//   ├── health            HealthChecker, the machine's check, its metrics
//   ├── logger            made when it is asked for first
//   ├── errors            reports, contexts, what nobody catches
//   └── admin server      /metrics, /livez, /readyz, /startupz, /healthz
//
//   shutdown()            the same from below, each part at most a few seconds; what fails is told, nothing is thrown
//
// Started again while it runs, it gives what runs: a service and a library of it, a file that is loaded twice, and
// `--import @flx/monitoring/register` beside a call in the code all come out at one. After a shutdown it starts anew.
//
// What makes a service worth less but not wrong (a default port that is taken, a receiver that is not there) is told to
// `onProblem`, not thrown: monitoring must not take a service down.

import { getErrorHandler } from "../errors/handler/current-handler.ts";
import type { RichErrorHandler } from "../errors/handler/rich-error-handler.ts";
import { exportCheck } from "../export/export-check.ts";
import { collectExportMetrics } from "../export/export-metrics.ts";
import { Exporter } from "../export/exporter.ts";
import { MetricPush } from "../export/metric-push.ts";
import { HealthChecker } from "../health/health-checker.ts";
import { collectHealthMetrics } from "../health/health-metrics.ts";
import { adminHealth } from "../health/http/admin.ts";
import type { ContextLabels } from "../metrics/context-labels.ts";
import { defaultRegistry } from "../metrics/default-registry.ts";
import { type AdminServer, startAdminServer } from "../metrics/http/admin-server.ts";
import type { Registry } from "../metrics/registry.ts";
import { MetricsCollector } from "../metrics/collector/metrics-collector.ts";
import { useRedaction } from "../redaction/redaction-rules.ts";
import { serviceResource } from "../resource/service-resource.ts";
import { collectSystemMetrics } from "../system-metrics/collect-system-metrics.ts";
import { collectTailMetrics } from "../tracing/tail-metrics.ts";
import { trace, traceAsync, traceSync } from "../tracing/traced.ts";
import type { Logger } from "pino";
import type { Configuration } from "./configuration.ts";
import { labelsFromBaggage } from "./baggage-labels.ts";
import { exemplarsFromSpans } from "./exemplars.ts";
import { exportSettings } from "./export-of.ts";
import { exportTransitions } from "./health-records.ts";
import { LazyLogger } from "./lazy-logger.ts";
import { loadConfiguration } from "./load-configuration.ts";
import { errorsOf, errorsOfHandler } from "./errors-of.ts";
import type { Monitoring, MonitoringErrors } from "./monitoring.ts";
import type { HealthOptions, MonitoringOptions } from "./options.ts";
import { tracingOf } from "./tracing-of.ts";

/** How long a shutdown may take when nothing else is said. */
const SHUTDOWN_MS = 10_000;

const KEY = Symbol.for("@flx/monitoring.started");
const holder = globalThis as { [KEY]?: Promise<Monitoring> | undefined };

/**
 * Starts monitoring of this process; when it runs already, gives what runs.
 *
 *     const flx = await startMonitoring({ service: "orders", version: "1.4.0", environment: "production" });
 *
 * @throws {FlxError} `FLX_CONFIG_FILE`, `FLX_CONFIG_VALUE`, `FLX_CONFIG_OPTION` for a configuration that cannot be;
 *   `FLX_ADMIN_LISTEN` when a port that was asked for is taken
 */
export async function startMonitoring(options: MonitoringOptions = {}): Promise<Monitoring> {
  const running = holder[KEY];
  if (running !== undefined) return await running;
  const starting = start(options);
  holder[KEY] = starting;
  try {
    return await starting;
  } catch (error) {
    if (holder[KEY] === starting) holder[KEY] = undefined;
    throw error;
  }
}

/** What was started, to be closed in the opposite order. */
class OpenParts {
  readonly problems: string[] = [];
  readonly #tell: (problem: string) => void;
  readonly #closers: (readonly [string, (timeoutMs: number) => unknown])[] = [];

  constructor(tell: (problem: string) => void) {
    this.#tell = tell;
  }

  opened(name: string, close: (timeoutMs: number) => unknown): void {
    this.#closers.push([name, close]);
  }

  /** Told once each; a service that starts monitoring again and again shall not grow by it. */
  problem(text: string): void {
    if (this.problems.includes(text) || this.problems.length >= 100) return;
    this.problems.push(text);
    try {
      this.#tell(text);
    } catch {
      // Whoever listens to problems has one; there is nobody left to tell.
    }
  }

  /** Closes everything, whatever fails; whether it was done in time. */
  async close(timeoutMs: number): Promise<boolean> {
    const deadlineMs = performance.now() + timeoutMs;
    let isDone = true;
    for (const [name, close] of this.#closers.splice(0).toReversed()) {
      const leftMs = Math.max(50, deadlineMs - performance.now());
      try {
        if ((await within(leftMs, close(leftMs))) === false) isDone = false;
      } catch (error) {
        isDone = false;
        this.problem(`${name} did not close: ${messageOf(error)}`);
      }
    }
    return isDone;
  }
}

/** What the work gives; false when it takes too long. */
async function within(ms: number, work: unknown): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function start(options: MonitoringOptions): Promise<Monitoring> {
  const config = await loadConfiguration(options);
  const parts = new OpenParts(options.onProblem ?? printProblem);
  for (const { path, line, column, reason } of config.unsupported) {
    parts.problem(`configuration ${line}:${column}: ${path}: ${reason}`);
  }
  try {
    return await wire(config, options, parts);
  } catch (error) {
    await parts.close(SHUTDOWN_MS);
    throw error;
  }
}

async function wire(
  config: Configuration,
  options: MonitoringOptions,
  parts: OpenParts,
): Promise<Monitoring> {
  const isOn = !config.get("disabled");
  const noLonger = useRedaction({
    keys: config.get("redaction.keys"),
    paths: config.get("redaction.paths"),
    patterns: config.get("redaction.patterns"),
    secrets: config.get("redaction.secrets"),
  });
  parts.opened("redaction", noLonger);
  const resource = serviceResource({
    service: config.get("service"),
    version: config.get("version"),
    environment: config.get("environment"),
    resource: config.get("resource"),
    detectors: config.get("resourceDetectors"),
  });
  const settings = isOn
    ? exportSettings(config, resource, (problem) => parts.problem(problem))
    : undefined;
  const exporter = settings === undefined ? undefined : new Exporter(settings);
  if (exporter !== undefined) parts.opened("export", (ms) => exporter.shutdown(ms));
  const errors = isOn ? errorsOf(config, options, exporter) : undefined;
  const tracing =
    isOn && config.get("tracing.enabled")
      ? tracingOf(
          config,
          options,
          exporter?.exports("traces") === true ? exporter : undefined,
          errors === undefined
            ? undefined
            : (error, span) => errors.handler.recordedOnSpan(error, span),
        )
      : undefined;
  if (tracing !== undefined) parts.opened("tracing", (ms) => tracing.shutdown(ms));
  const metrics = metricsOf(config, options, resource, exporter, parts);
  if (tracing?.tail !== undefined) {
    const exposed = collectTailMetrics(tracing.tail, { registry: metrics.registry });
    parts.opened("tail metrics", () => exposed[Symbol.dispose]());
  }
  const health = healthOf(config, options, metrics, exporter, parts);
  const admin = await adminOf(config, options, { metrics, health }, parts);
  const logging = new LazyLogger(config, options, { resource, exporter, metrics });
  parts.opened("logging", () => logging.close());
  if (errors !== undefined) {
    parts.opened("errors", errors.install({ metrics, health, logger: () => logging.made }));
  }
  return new RunningMonitoring(
    {
      config,
      resource,
      exporter,
      tracing,
      metrics,
      health,
      admin,
      logging,
      errors: errors?.handler ?? getErrorHandler(),
    },
    parts,
  );
}

function metricsOf(
  config: Configuration,
  options: MonitoringOptions,
  resource: Readonly<Record<string, unknown>>,
  exporter: Exporter | undefined,
  parts: OpenParts,
): MetricsCollector {
  const { registry = defaultRegistry } = options.metrics ?? {};
  const contextLabels = labelsFromBaggage(config.get("metrics.baggage"));
  if (contextLabels !== undefined) tellOlderMetrics(registry, contextLabels, parts);
  const said = (name: string) => {
    const value = resource[name];
    return typeof value === "string" ? value : undefined;
  };
  const metrics = new MetricsCollector(registry, {
    service: said("service.name"),
    version: said("service.version"),
    environment: said("deployment.environment.name"),
    contextLabels,
  });
  if (config.get("disabled")) return metrics;
  if (config.get("metrics.system")) {
    const system = collectSystemMetrics({ registry });
    parts.opened("system metrics", () => system.close());
  }
  if (exporter !== undefined) {
    const exposed = collectExportMetrics(exporter, { registry });
    parts.opened("export metrics", () => exposed[Symbol.dispose]());
  }
  if (config.get("metrics.exemplars")) parts.opened("exemplars", exemplarsFromSpans());
  if (exporter?.exports("metrics") === true) {
    const push = new MetricPush({
      source: registry,
      exporter,
      intervalMs: config.get("metrics.intervalMs"),
      temporality: config.get("metrics.temporality"),
    });
    parts.opened("metric push", () => push.stop());
  }
  return metrics;
}

/** A metric has its labels from its first declaration on; nobody shall wait for what does not come. */
function tellOlderMetrics(registry: Registry, { names }: ContextLabels, parts: OpenParts): void {
  const older = registry
    .catalogue()
    .filter(({ type }) => type === "counter" || type === "histogram" || type === "summary")
    .filter(({ labelNames }) => !names.every((name) => labelNames.includes(name)))
    .map(({ name }) => name);
  if (older.length === 0) return;
  const some = older.slice(0, 5).join(", ");
  const more = older.length > 5 ? ` and ${older.length - 5} more` : "";
  parts.problem(`declared before the start, so without labels from baggage: ${some}${more}`);
}

function healthOf(
  config: Configuration,
  { health: given }: MonitoringOptions,
  { registry }: MetricsCollector,
  exporter: Exporter | undefined,
  parts: OpenParts,
): HealthChecker {
  const {
    checker,
    limits,
    start: starts = true,
  } = given === false || given === undefined ? ({} as HealthOptions) : given;
  const health =
    checker ?? new HealthChecker({ onError: (error) => parts.problem(messageOf(error)) });
  if (config.get("disabled") || !config.get("health.enabled")) return health;
  if (health.component("system_resources") === undefined) {
    health.registerDefaultChecks(limits === undefined ? {} : { settings: limits });
  }
  if (exporter !== undefined && health.component("export") === undefined) {
    health.register("export", exportCheck(exporter), { tags: ["system"] });
    // Who has no eye on health yet (a first try, a wrong address) is told on the terminal that nobody takes what is sent.
    const tell = health.on("transition", ({ name, to, health: { message } }) => {
      if (name === "export" && to !== "healthy" && message !== undefined) {
        parts.problem(`export: ${message}`);
      }
    });
    parts.opened("export problems", tell);
  }
  const exposed = collectHealthMetrics(health, { registry });
  parts.opened("health metrics", () => exposed[Symbol.dispose]());
  if (exporter?.exports("logs") === true) {
    parts.opened("health records", exportTransitions(health, exporter));
  }
  if (starts) health.start();
  parts.opened("health", () => health.stop());
  return health;
}

async function adminOf(
  config: Configuration,
  options: MonitoringOptions,
  { metrics, health }: { readonly metrics: MetricsCollector; readonly health: HealthChecker },
  parts: OpenParts,
): Promise<AdminServer | undefined> {
  if (config.get("disabled") || !config.get("admin.enabled")) return undefined;
  const host = config.get("admin.host");
  const handlers = options.admin === false ? undefined : options.admin?.handlers;
  try {
    const admin = await startAdminServer({
      port: config.get("admin.port"),
      ...(host === undefined ? {} : { host }),
      registry: metrics.registry,
      handlers: { ...adminHealth({ health }), ...handlers },
      onError: (error) => parts.problem(`admin server: ${messageOf(error)}`),
    });
    parts.opened("admin server", () => admin.close());
    return admin;
  } catch (error) {
    // Whoever has asked for a port wants to know; whoever has not may have two services on one machine.
    if (config.isGiven("admin.port")) throw error;
    parts.problem(`no admin server: ${messageOf(error)}`);
    return undefined;
  }
}

type WiredParts = Pick<
  Monitoring,
  "resource" | "exporter" | "tracing" | "metrics" | "health" | "admin"
> & {
  readonly config: Configuration;
  readonly logging: LazyLogger;
  readonly errors: RichErrorHandler;
};

class RunningMonitoring implements Monitoring {
  readonly metrics: MetricsCollector;
  readonly health: HealthChecker;
  readonly errors: MonitoringErrors;
  readonly trace: typeof trace = trace;
  readonly traceSync: typeof traceSync = traceSync;
  readonly traceAsync: typeof traceAsync = traceAsync;
  readonly tracing: Monitoring["tracing"];
  readonly exporter: Exporter | undefined;
  readonly admin: AdminServer | undefined;
  readonly resource: Readonly<Record<string, unknown>>;
  readonly #config: Configuration;
  readonly #logging: LazyLogger;
  readonly #parts: OpenParts;
  #closing: Promise<boolean> | undefined;

  constructor(wired: WiredParts, parts: OpenParts) {
    this.metrics = wired.metrics;
    this.health = wired.health;
    this.tracing = wired.tracing;
    this.exporter = wired.exporter;
    this.admin = wired.admin;
    this.resource = wired.resource;
    this.errors = errorsOfHandler(wired.errors);
    this.#config = wired.config;
    this.#logging = wired.logging;
    this.#parts = parts;
  }

  get problems(): readonly string[] {
    return this.#parts.problems;
  }

  get logger(): Logger {
    return this.#logging.logger;
  }

  setLogLevel(level: string): void {
    this.#logging.setLevel(level);
  }

  explainConfig(): ReturnType<Configuration["explain"]> {
    return this.#config.explain();
  }

  async flush(timeoutMs = SHUTDOWN_MS): Promise<boolean> {
    return (await this.exporter?.flush(timeoutMs)) ?? true;
  }

  shutdown(timeoutMs = SHUTDOWN_MS): Promise<boolean> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  async #close(timeoutMs: number): Promise<boolean> {
    const isDone = await this.#parts.close(timeoutMs);
    const started = holder[KEY];
    // Another one may have been started by another copy of this package.
    if (started !== undefined && (await started) === this) holder[KEY] = undefined;
    return isDone;
  }
}

function printProblem(problem: string): void {
  process.stderr.write(`flx: ${problem}\n`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
