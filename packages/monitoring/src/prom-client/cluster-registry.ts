// A registry over the workers of `node:cluster`: messages of fleet.ts over the IPC channel that a worker has anyway.
//
// Making a ClusterRegistry, in the primary or a worker, is what makes a process take part. A worker is known by its id;
// when its channel closes, its last answer stays (fleet.ts).

import type { Cluster, Worker } from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import { Contribution, Fleet, type FleetMessage, isFleetMessage, PROTOCOL } from "./fleet.ts";
import { Registry } from "./registry.ts";

/** Loaded with the first ClusterRegistry: processes without workers have no use for it. */
const cluster = (): Cluster => process.getBuiltinModule("node:cluster") as unknown as Cluster;

const contribution = new Contribution();
/** In the primary, from the first ClusterRegistry on. */
let fleet: Fleet | undefined;
/** In a worker: resolves what waits for "noted". */
let noted: (() => void) | undefined;
let joined = false;

/** The metrics of all workers and the primary. */
export class ClusterRegistry extends Registry {
  /** @throws {TypeError} when the content type is none of the two */
  constructor(regContentType?: string) {
    super(regContentType);
    join();
  }

  /** The exposition of primary, workers, and what workers that ended have left. Never fails for a silent worker. */
  async clusterMetrics(): Promise<string> {
    const own = await contribution.metrics();
    if (fleet === undefined) return Registry.aggregate(own, this.contentType).metrics();
    return fleet.metrics(own, this.contentType);
  }

  /**
   * In a worker: hands its sums to the primary, before `process.exit()`. In the primary: waits for expositions under way.
   *
   * @param timeout how long to wait for the primary, in milliseconds
   */
  async shutdown(timeout: number = 5_000): Promise<void> {
    if (fleet !== undefined) {
      await fleet.settled();
      return;
    }
    const metrics = await contribution.metrics("sum");
    const { promise, resolve } = Promise.withResolvers<void>();
    noted = resolve;
    toPrimary({ protocol: PROTOCOL, kind: "bye", member: memberName(), metrics });
    await Promise.race([promise, sleep(timeout, undefined, { ref: false })]);
  }

  /** The registries this process contributes; default: the global one. */
  static setRegistries(regs: Registry | readonly Registry[]): void {
    contribution.set(regs);
  }
}

function join(): void {
  if (joined) return;
  joined = true;
  if (cluster().isPrimary) joinAsPrimary();
  else joinAsWorker();
}

function joinAsPrimary(): void {
  const primary = new Fleet((message) => {
    for (const worker of Object.values(cluster().workers ?? {})) {
      if (worker?.isConnected() === true) worker.send(message);
    }
  });
  fleet = primary;
  cluster().on("message", (_: Worker, message: unknown) => {
    if (isFleetMessage(message)) primary.receive(message);
  });
  cluster().on("disconnect", ({ id }: Worker) => {
    primary.lost(String(id));
  });
}

function joinAsWorker(): void {
  process.on("message", (message: unknown) => {
    if (isFleetMessage(message)) void receive(message);
  });
  toPrimary({ protocol: PROTOCOL, kind: "hello", member: memberName() });
}

async function receive(message: FleetMessage): Promise<void> {
  if (message.kind === "who") {
    toPrimary({ protocol: PROTOCOL, kind: "hello", member: memberName() });
  } else if (message.kind === "noted") {
    noted?.();
  } else if (message.kind === "ask") {
    const metrics = await contribution.metrics();
    const { request } = message;
    toPrimary({ protocol: PROTOCOL, kind: "answer", request, member: memberName(), metrics });
  }
}

function toPrimary(message: FleetMessage): void {
  if (process.connected) process.send?.(message);
}

function memberName(): string {
  return String(cluster().worker?.id);
}
