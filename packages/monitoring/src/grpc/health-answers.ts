// What the health services answer, whoever carries the bytes: grpc-js (add-health-service.ts) or our own server
// (health-server.ts).
//
//   service ""                       everything, as /healthz
//   "liveness" "readiness" "startup" that group, as /livez, /readyz, /startupz
//   a tag                            the components with that tag
//   names in `services`              what they stand for; default: readiness
//
//   the group's state      grpc.health.v1        the bool of flx.v1
//   serving                SERVING               true
//   not: unknown           UNKNOWN               false
//   not: anything else     NOT_SERVING           false
//   there is none          NOT_FOUND             NOT_FOUND           (Watch: SERVICE_UNKNOWN, until there is one)
//
// Every answer is read from the state: no request runs a check. What strangers send is bounded and what they get is the
// state alone.

import { CHECK_KINDS } from "../health/check-options.ts";
import type { ComponentHealth } from "../health/component-health.ts";
import type { GroupState, HealthGroup, HealthSource } from "../health/health-source.ts";
import { GrpcRefusal } from "./grpc-refusal.ts";
import { detailsGuard, type HealthAccessOptions, type HealthCaller } from "./health-caller.ts";
import {
  readHealthRequest,
  type RemoteComponent,
  type ServingStatus,
  writeFlxHealth,
  writeServingStatus,
  writeServingStatuses,
} from "./health-messages.ts";
import { HealthWatchers, type Watch, type WatchSink } from "./health-watchers.ts";

/** How health is served over gRPC. */
export interface HealthServiceOptions extends HealthAccessOptions {
  /** gRPC services whose health can be asked for by name, with the group each stands for; a list: all readiness. */
  readonly services?: readonly string[] | Readonly<Record<string, HealthGroup>>;
  /** Calls of Watch at the same time (default 10,000); further ones get RESOURCE_EXHAUSTED. */
  readonly maxWatchers?: number;
}

/** The methods that answer once. */
export type HealthMethod = "check" | "list" | "flx";

/** The paths of the methods. */
export const HEALTH_PATHS = {
  check: "/grpc.health.v1.Health/Check",
  list: "/grpc.health.v1.Health/List",
  watch: "/grpc.health.v1.Health/Watch",
  flx: "/flx.v1.FlxService/HealthCheck",
} as const;

/** The longest request that is read, in bytes. */
export const MAX_REQUEST_BYTES = 4_096;

const MAX_LISTED = 100;
const MAX_COMPONENTS = 1_000;

/** The answers to all methods of both services. */
export class HealthAnswers {
  readonly #health: HealthSource;
  readonly #services: ReadonlyMap<string, HealthGroup>;
  readonly #maySeeDetails: (caller: HealthCaller) => boolean;
  readonly #watchers: HealthWatchers;

  /** @throws {FlxError} `FLX_HEALTH_OPTION` for a token that is too short */
  constructor(health: HealthSource, options: HealthServiceOptions = {}) {
    this.#health = health;
    this.#services = serviceGroups(options.services ?? []);
    this.#maySeeDetails = detailsGuard(options);
    this.#watchers = new HealthWatchers(
      {
        status: (service) => this.#servingStatus(service) ?? "SERVICE_UNKNOWN",
        subscribe: (listener) => health.subscribe(listener),
      },
      options.maxWatchers ?? 10_000,
    );
  }

  /** How many watch. */
  get watchers(): number {
    return this.#watchers.count;
  }

  /**
   * Answers one request.
   *
   * @throws {GrpcRefusal} when it cannot be read, or asks for what there is not
   */
  answer(method: HealthMethod, request: Uint8Array, caller: HealthCaller): Buffer {
    const service = serviceOf(request);
    if (method === "list") return this.#list(caller);
    if (method === "flx") return this.#flxHealth(service, caller);
    return writeServingStatus(this.#servingStatus(service) ?? unknownService(service));
  }

  /**
   * Begins a Watch; the sink has the present state when this returns.
   *
   * @throws {GrpcRefusal} when the request cannot be read, or too many watch
   */
  watch(request: Uint8Array, sink: WatchSink): Watch {
    const watch = this.#watchers.watch(serviceOf(request), sink);
    if (watch !== undefined) return watch;
    throw new GrpcRefusal("RESOURCE_EXHAUSTED", "too many calls of Watch; try again later");
  }

  /** Ends all watches. */
  close(): void {
    this.#watchers.close();
  }

  #state(service: string): GroupState | undefined {
    if (service === "") return this.#health.state();
    return this.#health.state(this.#services.has(service) ? this.#services.get(service) : service);
  }

  #servingStatus(service: string): ServingStatus | undefined {
    const state = this.#state(service);
    if (state === undefined) return undefined;
    if (state.serving) return "SERVING";
    return state.word === "unknown" ? "UNKNOWN" : "NOT_SERVING";
  }

  #list(caller: HealthCaller): Buffer {
    // Tags may say what the service is made of, so strangers are not given their names.
    const groups = this.#maySeeDetails(caller) ? this.#health.groups() : CHECK_KINDS;
    const statuses = new Map<string, ServingStatus>();
    for (const service of ["", ...groups, ...this.#services.keys()]) {
      const status = this.#servingStatus(service);
      if (status !== undefined) statuses.set(service, status);
    }
    if (statuses.size > MAX_LISTED) {
      throw new GrpcRefusal(
        "RESOURCE_EXHAUSTED",
        `there are more than ${MAX_LISTED} services; ask for one with Check`,
      );
    }
    return writeServingStatuses(statuses);
  }

  #flxHealth(service: string, caller: HealthCaller): Buffer {
    const state = this.#state(service);
    if (state === undefined) return unknownService(service);
    const report = this.#maySeeDetails(caller) ? this.#health.snapshot(state.group) : undefined;
    const components = report?.components.slice(0, MAX_COMPONENTS) ?? [];
    return writeFlxHealth({
      healthy: state.serving,
      status: state.word,
      components: components.map((each) => [each.name, toldComponent(each)]),
    });
  }
}

function serviceGroups(
  services: readonly string[] | Readonly<Record<string, HealthGroup>>,
): ReadonlyMap<string, HealthGroup> {
  if (!Array.isArray(services)) return new Map(Object.entries(services));
  return new Map((services as readonly string[]).map((name) => [name, "readiness"]));
}

function toldComponent(component: ComponentHealth): RemoteComponent {
  const { status, critical, message, error, durationMs, ageMs } = component;
  const text = message ?? error;
  return {
    status,
    critical,
    ...(text === undefined ? {} : { message: text }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(ageMs === undefined ? {} : { ageMs }),
  };
}

function serviceOf(request: Uint8Array): string {
  try {
    return readHealthRequest(request);
  } catch {
    throw new GrpcRefusal("INVALID_ARGUMENT", "the request is no HealthCheckRequest");
  }
}

function unknownService(service: string): never {
  throw new GrpcRefusal(
    "NOT_FOUND",
    `there is no service ${JSON.stringify(service.slice(0, 100))}`,
  );
}
