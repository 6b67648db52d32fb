// The logger of a started monitoring, made when somebody asks for it: pino costs as much as everything else together, and
// a service that logs by other means shall not pay for it.

import type { Logger } from "pino";
import type { Exporter } from "../export/exporter.ts";
import { collectLogMetrics } from "../logging/log-metrics.ts";
import { createLogger, setLogLevel } from "../logging/logger.ts";
import type { MetricsCollector } from "../metrics/collector/metrics-collector.ts";
import type { Configuration } from "./configuration.ts";
import type { MonitoringOptions } from "./options.ts";

/** What the logger stands on. */
export interface LoggingParts {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly exporter: Exporter | undefined;
  readonly metrics: MetricsCollector;
}

/** Attributes of the resource that stand on every line, by the names that lines have. */
const BASE = {
  "service.name": "service",
  "service.version": "version",
  "deployment.environment.name": "environment",
} as const;

/** Makes the logger once. */
export class LazyLogger {
  readonly #config: Configuration;
  readonly #options: MonitoringOptions;
  readonly #parts: LoggingParts;
  #logger: Logger | undefined;
  #counter: ReturnType<typeof collectLogMetrics> | undefined;

  constructor(config: Configuration, options: MonitoringOptions, parts: LoggingParts) {
    this.#config = config;
    this.#options = options;
    this.#parts = parts;
  }

  get logger(): Logger {
    this.#logger ??= this.#make();
    return this.#logger;
  }

  /** The logger, when somebody has asked for it. */
  get made(): Logger | undefined {
    return this.#logger;
  }

  setLevel(level: string): void {
    setLogLevel(this.logger, level);
  }

  /** Takes the families out of the registry; the logger goes on to write to the terminal. */
  close(): void {
    this.#counter?.[Symbol.dispose]();
    this.#counter = undefined;
  }

  #make(): Logger {
    const { resource, exporter, metrics } = this.#parts;
    const { destination } = this.#options.logging ?? {};
    const config = this.#config;
    const duplicates = config.get("logging.duplicates");
    this.#counter = collectLogMetrics(metrics.registry);
    return createLogger({
      level: config.get("logging.level"),
      pretty: config.get("logging.pretty"),
      base: baseOf(resource),
      baggage: config.get("tracing.baggage"),
      counter: { counted: (level, isHeld) => this.#counter?.counted(level, isHeld) },
      ...(duplicates !== undefined && { duplicates: duplicates ? {} : false }),
      ...(destination !== undefined && { destination }),
      ...(exporter?.exports("logs") === true && { exporter }),
    });
  }
}

function baseOf(resource: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(BASE)
      .map(([attribute, name]) => [name, resource[attribute]] as const)
      .filter(([, value]) => value !== undefined),
  );
}
