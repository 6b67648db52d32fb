// How the station is: what its probes and `flx_health_status` stand on.
//
//   store       takes and answers                          critical: without it there is no station
//   records     spans, logs and errors: whether they are taken
//   archive     whether it can be reached, where there is one
//   remote-write   whether samples get through to where they are sent on
//   disk        room where the data is
//   memory      whether data is refused to stay under the cap
//   listeners   whether every port that was opened still is

import { statfs } from "node:fs/promises";
import { type Bytes, formatByteSize } from "@flx/model";
import { type CheckResult, type HealthChecker } from "@flx/monitoring/health";
import type { StationLog } from "../base/station-log.ts";
import type { MemoryGovernor } from "../ingest/memory-governor.ts";
import type { MetricStore, StoreCondition } from "../store/metric-store.ts";

/** What is looked at. */
export interface StationHealthParts {
  readonly store: Pick<MetricStore, "condition">;
  /** The stores of spans, logs and errors. */
  readonly records: Pick<MetricStore, "condition">;
  /** The archive of closed windows, where there is one. */
  readonly archive?: { readonly problem: string } | undefined;
  /** Whether samples get through to the remotes of remote_write. */
  readonly remoteWrite: { readonly forwardingCondition: StoreCondition };
  /** The data folder. */
  readonly folder: string;
  readonly governor: Pick<MemoryGovernor, "cap" | "resident" | "shed">;
  /** Ports by the names of their listeners; 0 for one that does not listen. */
  readonly ports: () => Readonly<Record<string, number>>;
}

const MIB = 1024 * 1024;
/** Below, a window may not fit. */
const LOW_BYTES = 1024 * MIB;
const LOW_RATIO = 0.05;
/** Below, a commit may not fit. */
const NONE_BYTES = 64 * MIB;

const STATUS = {
  ready: "healthy",
  starting: "unhealthy",
  degraded: "degraded",
  unavailable: "unhealthy",
} as const;

/** Registers the station's own checks. */
export function registerStationChecks(health: HealthChecker, parts: StationHealthParts): void {
  const { folder, governor, ports } = parts;
  const intervalMs = 2_000;
  const conditionOf = (read: () => StoreCondition) => (): CheckResult => {
    const { state, reason } = read();
    return { status: STATUS[state], ...(reason !== "" && { message: reason }) };
  };
  health.register(
    "store",
    conditionOf(() => parts.store.condition),
    { critical: true, intervalMs },
  );
  health.register(
    "records",
    conditionOf(() => parts.records.condition),
    { intervalMs },
  );
  health.register(
    "remote-write",
    conditionOf(() => parts.remoteWrite.forwardingCondition),
    {
      intervalMs,
    },
  );
  const { archive } = parts;
  if (archive !== undefined) health.register("archive", () => reached(archive), { intervalMs });
  health.register("disk", () => diskRoom(folder), { intervalMs: 10_000, timeoutMs: 5_000 });
  health.register("memory", () => memoryRoom(governor), { intervalMs });
  health.register("listeners", () => listening(ports()), { intervalMs });
}

/** What says nothing of itself in the log when it gets worse. */
const TOLD: ReadonlySet<string> = new Set(["store", "disk", "listeners"]);

/** Writes into the log what gets worse and well again; the function it gives ends that. */
export function tellTransitions(health: HealthChecker, log: StationLog): () => void {
  return health.on("transition", ({ name, from, to, health: { error, message = error } }) => {
    if (!TOLD.has(name) || to === "unknown") return;
    const fields = { component: name, from, to };
    const why = message === undefined ? "" : `: ${message}`;
    if (to !== "healthy") log.warn(fields, `${name} is ${to}${why}`);
    else if (from !== "unknown") log.info(fields, `${name} is healthy again`);
  });
}

/** Windows wait here, and questions about older ones are answered with what is here. */
function reached({ problem }: { readonly problem: string }): CheckResult {
  return problem === "" ? { status: "healthy" } : { status: "degraded", message: problem };
}

async function diskRoom(folder: string): Promise<CheckResult> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const isLow = free < LOW_BYTES && free < blocks * bsize * LOW_RATIO;
  const status = free < NONE_BYTES ? "unhealthy" : isLow ? "degraded" : "healthy";
  return {
    status,
    ...(status !== "healthy" && { message: `${formatByteSize(free as Bytes)} are free` }),
    measurements: { free: { value: free, unit: "bytes", limit: LOW_BYTES } },
  };
}

function memoryRoom({ cap, resident, shed }: StationHealthParts["governor"]): CheckResult {
  const names = [...shed].join(", ");
  return {
    status: shed.size > 0 ? "degraded" : "healthy",
    ...(shed.size > 0 && { message: `near its memory cap: refused for now are ${names}` }),
    measurements: { resident: { value: resident, unit: "bytes", limit: cap } },
  };
}

function listening(ports: Readonly<Record<string, number>>): CheckResult {
  const closed = Object.keys(ports).filter((name) => ports[name] === 0);
  return closed.length === 0
    ? { status: "healthy" }
    : { status: "unhealthy", message: `not listening: ${closed.join(", ")}` };
}
