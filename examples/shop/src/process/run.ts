// The life of one process of the shop, alone or under the supervisor.
//
//   start ──> ready ──> stop          SIGTERM      the supervisor (or an operator) asks
//     │                  │            SIGINT       Ctrl-C, when running alone (a terminal sends it to every
//     │                  │                         process; under the supervisor, the supervisor decides)
//     └─> exit 1         └─> exit 0   disconnect   the supervisor is gone, even by kill -9
//
// Stopping: readiness says no, servers finish what they are answering, then everything else is closed in order. There is no
// load balancer in front of the shop, so there is no delay before it. A process that does not end by itself within
// `stopTimeoutMs` after being asked is ended.

import { parseFaultNames, FaultPanel, type FaultSwitches } from "../faults/switches.ts";
import { type Monitoring, type MonitoringOptions, startMonitoring } from "@flx/monitoring";
import { type DrainableServer, type HealthChecker, Shutdown } from "@flx/monitoring/health";
import { processHealth } from "../health/process-health.ts";
import { createLog, type Log, type SentLog } from "../log.ts";
import { shopMetrics, type ShopMetrics } from "../metrics.ts";
import { ShopError } from "../shop-error.ts";
import { thisService, type Service, type ServiceName } from "../service.ts";
import { host, readSettings, type Settings } from "../settings.ts";
import type { FromChild, ToChild } from "./messages.ts";
import { reportOutput } from "./report-output.ts";

const stopTimeoutMs = 2000;
const drainTimeoutMs = 1000;
const monitoringTimeoutMs = 500;
/** Often, so that somebody who tries the shop sees what they did. */
const pushIntervalMs = 5000;

/** What a process is given when it starts. */
export type Surroundings = {
  readonly service: Service;
  readonly settings: Settings;
  readonly log: Log;
  readonly faults: FaultSwitches;
  readonly metrics: ShopMetrics;
  /** What the process needs is registered here before it is ready. */
  readonly health: HealthChecker;
};

/** A started service: `servers` finish what they are answering, then `stop` frees everything. */
export type Running = {
  readonly servers?: readonly DrainableServer[];
  stop(): Promise<void> | void;
};

/** Starts a service, says when it is ready, and stops it when asked. */
export async function runProcess(
  name: ServiceName,
  start: (surroundings: Surroundings) => Promise<Running> | Running,
): Promise<void> {
  const service = thisService(name);
  const log = createLog(name);
  const faults = new FaultPanel(parseFaultNames(process.env["SHOP_FAULTS"]));
  const supervised = process.env["SHOP_SUPERVISED"] === "1";
  ignoreClosedOutput();
  process.on("message", (message: ToChild) => faults.set(message.on));

  let shutdown: Shutdown | undefined;
  let stopping = false;
  const stop = async (reason: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), stopTimeoutMs).unref();
    log.info("stopping", { reason });
    const report = await shutdown?.begin(reason);
    for (const { name: step, outcome, error } of report?.steps ?? []) {
      if (outcome !== "done") log.warn("not stopped as it should", { step, outcome, error });
    }
    if (process.connected) process.disconnect();
  };
  const stopNow = (reason: string): void =>
    void stop(reason).catch((error: unknown) => fail(log, error));
  process.once("SIGTERM", () => stopNow("SIGTERM"));
  process.on("SIGINT", () => supervised || stopNow("SIGINT"));
  process.once("disconnect", () => stopNow("the supervisor is gone"));
  // It may have gone before we listened.
  if (supervised && !process.connected) return;

  try {
    const settings = readSettings();
    const health = processHealth(settings);
    const flx = await startMonitoring({
      ...monitoringOptions(service, settings, health),
      errors: {
        format: "terminal",
        output: reportOutput(name, supervised),
        maxFrames: 8,
        // Once a minute; the others are counted.
        limit: { max: 1 },
        kinds: { expected: [ShopError] },
      },
    });
    if (flx.exporter?.exports("logs") === true) sendLines(log, flx);
    const metrics = shopMetrics(service);
    const running = await start({ service, settings, log, faults, metrics, health });
    // Asked to stop while starting: nothing was running to be stopped at that time.
    if (stopping) {
      await running.stop();
      return;
    }
    const { servers = [] } = running;
    const hooks = [
      { name: "service", close: () => running.stop() },
      { name: "monitoring", close: () => flx.shutdown(monitoringTimeoutMs) },
    ];
    shutdown = new Shutdown({ health, servers, hooks, signals: [], delayMs: 0, drainTimeoutMs });
    health.start();
    health.subscribe(() => stopping || tellHealth(health));
  } catch (error) {
    return fail(log, error);
  }
  log.info("ready", { version: service.version, environment: service.environment });
  tell({ kind: "ready" });
}

/** Everything every process is watched by. Health begins when the service is ready, not here. */
function monitoringOptions(
  { name, version, environment }: Service,
  settings: Settings,
  health: HealthChecker,
): MonitoringOptions {
  const { metricsPort: port } = settings;
  return {
    service: name,
    version,
    environment,
    admin: port === undefined ? false : { port, host },
    metrics: { system: port !== undefined, intervalMs: pushIntervalMs },
    health: { checker: health, start: false },
    // The terminal has the shop's own lines.
    logging: { destination: { write: () => undefined } },
    // Under load, as in production: the debugger is on only for errors that are new.
    errors: { showLocals: "armed" },
    ...receiver(settings),
  };
}

/** Where everything is sent: where OTEL_* variables say, else to the station, else traces to the terminal. */
function receiver({ tracesUrl, stationUrl }: Settings): Pick<MonitoringOptions, "otlp"> {
  if (process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] !== undefined) return {};
  if (stationUrl !== undefined)
    return { otlp: { endpoint: stationUrl, protocol: "http/protobuf" } };
  if (tracesUrl === undefined) return { otlp: false };
  return { otlp: { endpoint: tracesUrl, protocol: "http/json", metrics: false, logs: false } };
}

/** The shop's lines become log records with the ids of their spans, and errors on them reports with their frames. */
function sendLines(log: SentLog, { logger, errors }: Monitoring): void {
  log.also((level, message, fields, error) => {
    if (!(error instanceof Error)) logger[level]({ ...fields, reason: error }, message);
    else {
      const logLevel = level === "debug" ? "info" : level;
      const { isWritten, report } = errors.handle(error, { message, fields, logLevel });
      if (isWritten) return;
      // One that only repeats has no report, but a line: whoever looks at its trace finds it. It is counted with the others.
      const { fingerprint, type, message: reason } = report;
      logger[level](
        { ...fields, "flx.error.fingerprint": fingerprint, reason: `${type}: ${reason}` },
        message,
      );
    }
  });
}

function fail(log: Log, error: unknown): void {
  const { code, port } = error as { code?: string; port?: number };
  if (code === "EADDRINUSE" && port !== undefined) {
    log.error("the port is already in use", { port });
    tell({ kind: "port-taken", port });
  } else {
    log.error("cannot go on", {}, error);
  }
  process.exitCode = 1;
  setTimeout(() => process.exit(1), 100);
}

function tell(message: FromChild): void {
  if (process.connected) process.send?.(message);
}

/** What the supervisor shows: the word, and the components behind it. */
function tellHealth(health: HealthChecker): void {
  const { word, components } = health.snapshot();
  const ill = components.filter(({ status }) => status !== "healthy" && status !== "unknown");
  // What another component explains is not told twice.
  const own = ill.filter(({ causedBy }) => causedBy.length === 0);
  tell({ kind: "health", word, because: own.map(({ name }) => name) });
}

/** Whoever read our output is gone: not a reason to die before having stopped properly. */
function ignoreClosedOutput(): void {
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
}
