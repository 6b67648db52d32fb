// The checks that every service has: its machine, and the service it stands on over gRPC, when it says which.

import type { GrpcHealthOptions } from "../grpc/grpc-health.ts";
import type { CheckOptions } from "./check-options.ts";
import type { CheckResult, HealthCheck } from "./health-check.ts";
import { type HealthSettings, healthSettings, type SettingSources } from "./health-settings.ts";
import type { SnapshotSource, SystemResources } from "./system-resources.ts";

/** The names of the default checks. */
export const SYSTEM_RESOURCES = "system_resources";
export const GRPC_SERVICE = "grpc_service";

/** What the default checks check, and against which limits. */
export interface DefaultCheckOptions {
  /** Limits; the variables of `env` and the values of `file` come after these. */
  readonly settings?: Partial<HealthSettings>;
  /** Default: `process.env`. */
  readonly env?: SettingSources["env"];
  /** What was read from a file, with the names of the settings. */
  readonly file?: unknown;
  /** A SystemSampler that is there already, and stays open. Default: one shared in this process. */
  readonly sampler?: SnapshotSource;
  /** The gRPC service that this one stands on; default: none, and no check of it. */
  readonly grpc?: GrpcHealthOptions & Pick<CheckOptions, "critical" | "intervalMs" | "timeoutMs">;
}

/** A default check, ready to be registered. */
export interface DefaultCheck {
  readonly name: string;
  readonly check: HealthCheck;
  readonly options: CheckOptions;
}

/** The default checks and what they hold open. */
export class DefaultChecks implements Disposable {
  readonly checks: readonly DefaultCheck[];
  readonly #makeSystem: () => Promise<SystemResources>;
  #system: SystemResources | undefined;

  /** @throws {FlxError} `FLX_HEALTH_SETTING` for a setting that is none */
  constructor(options: DefaultCheckOptions, now: () => number) {
    const { settings: given, env = process.env, file, grpc } = options;
    const settings = healthSettings({ options: given, env, file });
    this.#makeSystem = async () => {
      // The files of the system's parts are loaded when they are needed, by those who need them.
      const { SystemResources: System } = await import("./system-resources.ts");
      return new System(settings, now, options.sampler);
    };
    const timeoutMs = settings.healthCheckTimeoutMs;
    const system: DefaultCheck = {
      name: SYSTEM_RESOURCES,
      check: () => this.#system?.check() ?? this.#firstCheck(),
      options: {
        intervalMs: settings.cpuSampleIntervalSeconds * 1_000,
        timeoutMs,
        tags: ["system"],
      },
    };
    this.checks = grpc === undefined ? [system] : [system, grpcCheck(grpc, timeoutMs)];
  }

  [Symbol.dispose](): void {
    this.#system?.[Symbol.dispose]();
  }

  async #firstCheck(): Promise<CheckResult> {
    this.#system ??= await this.#makeSystem();
    return this.#system.check();
  }
}

/** Loads the client when it is asked for the first time. */
function grpcCheck(
  grpc: NonNullable<DefaultCheckOptions["grpc"]>,
  defaultTimeoutMs: number,
): DefaultCheck {
  const { critical = false, intervalMs, timeoutMs = defaultTimeoutMs, ...options } = grpc;
  const check: HealthCheck = async (context) => {
    const { askGrpcHealth } = await import("../grpc/grpc-health.ts");
    return askGrpcHealth(options, context);
  };
  const timing = intervalMs === undefined ? {} : { intervalMs };
  return { name: GRPC_SERVICE, check, options: { critical, timeoutMs, ...timing } };
}
