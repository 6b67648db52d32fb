// What a service calls: `shareMetrics()` in every thread that counts, `gatherMetrics()` where the sums are wanted.
//
// Both find each other by themselves, whichever comes first. A thread that shares also tells when threads that it started
// have ended, since those that are terminated cannot tell it themselves.

import type { Cluster } from "node:cluster";
import { defaultRegistry } from "../default-registry.ts";
import type { Registry } from "../registry.ts";
import { type FleetOptions, FleetRegistry } from "./fleet-registry.ts";
import { ProcessMembers } from "./process-members.ts";
import { ProcessSharing } from "./process-sharing.ts";
import { SharedRegistry } from "./shared-registry.ts";
import { type Listener, listenDown, sayUp } from "./thread-channel.ts";
import { ThreadMembers } from "./thread-members.ts";

const { isMainThread, threadId } = process.getBuiltinModule("node:worker_threads");

/** How often a thread says what is not in memory. */
const STATE_INTERVAL_MS = 1_000;

/** What of a thread is shared. */
export interface ShareOptions {
  /** Default: the registry of the thread. */
  readonly registry?: Registry;
}

/** A registry that is shared. */
export interface SharedMetrics extends Disposable {
  /** Shares no longer, when nobody else shares the same registry; what it has leaves the gathered metrics then. */
  close(): void;
}

/** Everything this thread shares. */
interface Sharing {
  readonly registries: Map<Registry, SharedRegistry>;
  next: number;
  /** Set when gatherers are answered, and when the threads that this one starts are watched. */
  listener: Listener | undefined;
  isWatching: boolean;
  /** Sends to the process that has started this one. */
  withPrimary: ProcessSharing | undefined;
}

const key = Symbol.for("@flx/monitoring.sharing/1");
const global = globalThis as { [key]?: Sharing };

/**
 * Lets other threads of the process read the metrics of this one. Whoever calls `gatherMetrics` has them in its sums: exactly,
 * whatever this thread is doing, and after it has ended. A registry is shared once, however
 * often this is called for it, until each of those calls is closed.
 *
 *     shareMetrics();      // in each worker thread
 */
export function shareMetrics(options: ShareOptions = {}): SharedMetrics {
  const { registry = defaultRegistry } = options;
  const sharing = (global[key] ??= {
    registries: new Map(),
    next: 0,
    listener: undefined,
    isWatching: false,
    withPrimary: undefined,
  });
  watchThreads(sharing);
  shareWithPrimary(sharing);
  let shared = sharing.registries.get(registry);
  if (shared === undefined) {
    const member = `${threadId}/${sharing.next++}`;
    shared = new SharedRegistry(registry, threadId, member, sayUp);
    sharing.registries.set(registry, shared);
    answerGatherers(sharing);
  }
  shared.holders++;
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    if (--shared.holders > 0) return;
    sharing.registries.delete(registry);
    shared.close();
  };
  return { close, [Symbol.dispose]: close };
}

/**
 * The metrics of all threads of the process that share, and in the primary of a cluster of all workers, as one registry: for `metricsHandler`, `startAdminServer` and the
 * frameworks' plug-ins. What threads and
 * processes that ended have counted stays in it. The metrics of this thread are part of it.
 *
 *     await startAdminServer({ registry: gatherMetrics() });
 */
export function gatherMetrics(options: FleetOptions & ShareOptions = {}): FleetRegistry {
  const fleet = new FleetRegistry(options);
  fleet.addSource(new ThreadMembers(fleet));
  if (isMainThread) {
    const processes = new ProcessMembers(fleet);
    const cluster = nodeCluster();
    if (cluster.isPrimary) processes.followCluster(cluster);
    fleet.addSource(processes);
  }
  const shared = shareMetrics(options);
  fleet.onClose = () => shared.close();
  return fleet;
}

/** Answers gatherers, and says once a second and at the end what is not in memory. */
function answerGatherers(sharing: Sharing): void {
  if (sharing.listener !== undefined) return;
  const { registries } = sharing;
  sharing.listener = listenDown((message) => {
    for (const shared of registries.values()) {
      if (message.kind === "who") shared.sayHello();
      else void shared.answer(message.request, message.timeoutMs);
    }
  });
  setInterval(() => {
    for (const shared of registries.values()) shared.sayState(0);
  }, STATE_INTERVAL_MS).unref();
  process.on("exit", () => {
    for (const shared of registries.values()) shared.end();
  });
}

/** The module of clusters, which is its own default export; the types know only that of ES modules. */
function nodeCluster(): Cluster {
  return process.getBuiltinModule("node:cluster") as unknown as Cluster;
}

/** Lets the process that has started this one gather it, when there is a channel to it. */
function shareWithPrimary(sharing: Sharing): void {
  if (!isMainThread || process.send === undefined || sharing.withPrimary !== undefined) return;
  sharing.withPrimary = new ProcessSharing();
  // The primary of a cluster may be waiting for it; another parent has to ask.
  sharing.withPrimary.start(nodeCluster().isWorker);
}

/** Says which threads this one starts, and when they have ended. */
function watchThreads(sharing: Sharing): void {
  if (sharing.isWatching) return;
  sharing.isWatching = true;
  process.on("worker", (worker) => {
    const { threadId: thread } = worker;
    sayUp({ kind: "started", thread, parent: threadId });
    worker.once("exit", () => sayUp({ kind: "ended", thread }));
  });
}
