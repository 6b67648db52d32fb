// The messages of the two health services. proto/ has the .proto files; this is what is read and written of them.
//
//   grpc.health.v1   HealthCheckRequest   service = 1                     text
//                    HealthCheckResponse  status = 1                      ServingStatus
//                    HealthListResponse   statuses = 1                    map: key = 1, value = 2 (HealthCheckResponse)
//   flx.v1           HealthCheckRequest   service = 1                     text
//                    HealthCheckResponse  healthy = 1, components = 2, status = 3
//                    ComponentHealth      status = 1, message = 2, critical = 3, duration_ms = 4, age_ms = 5
//
// What is read comes from anybody: texts are cut, maps have a limit, and `__proto__` is a name like any other.

import { FlxError } from "@flx/model/errors";
import type { HealthStatus } from "../health/health-status.ts";
import {
  bytesField,
  bytesOf,
  doubleField,
  doubleOf,
  numberField,
  numberOf,
  readFields,
  textField,
  textOf,
} from "./protobuf.ts";

/** The states of grpc.health.v1; the position is the number. */
const SERVING_STATUS = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"] as const;

/** A state of grpc.health.v1. */
export type ServingStatus = (typeof SERVING_STATUS)[number];

/** One component, as flx.v1 tells of it. */
export interface RemoteComponent {
  readonly status: HealthStatus;
  readonly message?: string;
  readonly critical?: boolean;
  /** Milliseconds its last check took. */
  readonly durationMs?: number;
  /** Milliseconds since its last check. */
  readonly ageMs?: number;
}

/** How a service is, as flx.v1 tells. */
export interface FlxHealth {
  /** Healthy or degraded. */
  readonly healthy: boolean;
  readonly status: HealthStatus;
  readonly components: Readonly<Record<string, RemoteComponent>>;
}

/** The same, to be told: the status may also be where in its life the service is. */
export interface ToldHealth {
  readonly healthy: boolean;
  readonly status: string;
  /** Name and component. */
  readonly components: Iterable<readonly [string, RemoteComponent]>;
}

const MAX_NAME_LENGTH = 256;
const MAX_MESSAGE_LENGTH = 1_024;
const MAX_COMPONENTS = 1_000;

/** A request of either service. */
export function writeHealthRequest(service: string): Buffer {
  return textField(1, service);
}

/**
 * The service that a request names; "" is the whole server.
 *
 * @throws {FlxError} `FLX_GRPC_MESSAGE`
 */
export function readHealthRequest(bytes: Uint8Array): string {
  let service = "";
  readFields(bytes, (field, value) => {
    if (field === 1) service = textOf(value);
  });
  return service;
}

/** An answer of Check and Watch. */
export function writeServingStatus(status: ServingStatus): Buffer {
  return numberField(1, SERVING_STATUS.indexOf(status));
}

/**
 * The state in an answer of Check and Watch; a number that is not known yet is UNKNOWN.
 *
 * @throws {FlxError} `FLX_GRPC_MESSAGE`
 */
export function readServingStatus(bytes: Uint8Array): ServingStatus {
  let status: ServingStatus = "UNKNOWN";
  readFields(bytes, (field, value) => {
    if (field === 1) status = SERVING_STATUS[numberOf(value)] ?? "UNKNOWN";
  });
  return status;
}

/** An answer of List. */
export function writeServingStatuses(statuses: ReadonlyMap<string, ServingStatus>): Buffer {
  return writeMap(1, statuses, writeServingStatus);
}

/** An answer of flx.v1. */
export function writeFlxHealth({ healthy, status, components }: ToldHealth): Buffer {
  return Buffer.concat([
    numberField(1, healthy ? 1 : 0),
    writeMap(2, components, writeComponent),
    textField(3, status),
  ]);
}

/**
 * An answer of flx.v1, with at most 1,000 components.
 *
 * @throws {FlxError} `FLX_GRPC_MESSAGE`
 */
export function readFlxHealth(bytes: Uint8Array): FlxHealth {
  let [healthy, status] = [false, ""];
  const components = new Map<string, RemoteComponent>();
  readFields(bytes, (field, value) => {
    if (field === 1) healthy = numberOf(value) !== 0;
    else if (field === 2) readEntry(bytesOf(value), components);
    else if (field === 3) status = textOf(value);
  });
  return {
    healthy,
    status: asStatus(status, healthy ? "healthy" : "unhealthy"),
    components: Object.fromEntries(components),
  };
}

function writeMap<Value>(
  field: number,
  entries: Iterable<readonly [string, Value]>,
  write: (value: Value) => Buffer,
): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of entries) {
    const entry = Buffer.concat([textField(1, key), bytesField(2, write(value))]);
    parts.push(bytesField(field, entry));
  }
  return Buffer.concat(parts);
}

function writeComponent(component: RemoteComponent): Buffer {
  const { status, message = "", critical = false, durationMs = 0, ageMs = 0 } = component;
  return Buffer.concat([
    textField(1, status),
    textField(2, message),
    numberField(3, critical ? 1 : 0),
    doubleField(4, durationMs),
    doubleField(5, ageMs),
  ]);
}

function readEntry(bytes: Uint8Array, components: Map<string, RemoteComponent>): void {
  let name = "";
  let component: RemoteComponent = { status: "unknown" };
  readFields(bytes, (field, value) => {
    if (field === 1) name = textOf(value).slice(0, MAX_NAME_LENGTH);
    else if (field === 2) component = readComponent(bytesOf(value));
  });
  components.set(name, component);
  if (components.size > MAX_COMPONENTS) {
    throw new FlxError("FLX_GRPC_MESSAGE", `there are more than ${MAX_COMPONENTS} components`);
  }
}

function readComponent(bytes: Uint8Array): RemoteComponent {
  let [status, message, critical, durationMs, ageMs] = ["", "", false, 0, 0];
  readFields(bytes, (field, value) => {
    if (field === 1) status = textOf(value);
    else if (field === 2) message = textOf(value).slice(0, MAX_MESSAGE_LENGTH);
    else if (field === 3) critical = numberOf(value) !== 0;
    else if (field === 4) durationMs = doubleOf(value);
    else if (field === 5) ageMs = doubleOf(value);
  });
  return {
    status: asStatus(status, "unknown"),
    critical,
    ...(message === "" ? {} : { message }),
    ...(durationMs > 0 ? { durationMs } : {}),
    ...(ageMs > 0 ? { ageMs } : {}),
  };
}

function asStatus(word: string, otherwise: HealthStatus): HealthStatus {
  switch (word) {
    case "healthy":
    case "degraded":
    case "unhealthy":
    case "unknown":
      return word;
    default:
      return otherwise;
  }
}
