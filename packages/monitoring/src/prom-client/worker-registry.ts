// A registry over worker threads: messages of fleet.ts over a BroadcastChannel, which all threads of a process share.
//
// Making a WorkerRegistry is what makes a thread take part; nothing listens before. The primary (the main thread when
// nothing is said) asks and puts together; what it counts itself is not part of it, as with the peer. A thread that ends
// without `shutdown()` is not announced by the channel: it is silent in the expositions that follow, and its last answer
// stands in for it.

import { BroadcastChannel, isMainThread, threadId } from "node:worker_threads";
import { setTimeout as sleep } from "node:timers/promises";
import { Contribution, Fleet, type FleetMessage, isFleetMessage, PROTOCOL } from "./fleet.ts";
import { Registry } from "./registry.ts";

const contribution = new Contribution();
let channel: BroadcastChannel | undefined;
/** In the primary. */
let fleet: Fleet | undefined;
/** In a worker: resolves what waits for "noted". */
let noted: (() => void) | undefined;

/** The metrics of all worker threads. */
export class WorkerRegistry extends Registry {
  readonly primary: boolean;

  /**
   * @param primary whether this thread puts the others' metrics together
   * @throws {TypeError} when the content type is none of the two
   */
  constructor(regContentType?: string, primary: boolean = isMainThread) {
    super(regContentType);
    this.primary = primary;
    join(primary);
  }

  /**
   * The exposition of all threads but the primary, and of what threads that ended have left; empty when there is none.
   * Never fails for a silent thread.
   */
  async workerMetrics(): Promise<string> {
    if (fleet === undefined || fleet.isEmpty) return "";
    return fleet.metrics([], this.contentType);
  }

  /**
   * In a worker: hands its sums to the primary, before it ends. In the primary: waits for expositions under way.
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
    // The answer must arrive: the thread stays until then, or until the timeout.
    channel?.ref();
    send({ protocol: PROTOCOL, kind: "bye", member: String(threadId), metrics });
    await Promise.race([promise, sleep(timeout, undefined, { ref: false })]);
    channel?.unref();
  }

  /** How many threads the primary knows. */
  static workerCount(): number {
    return fleet?.size ?? 0;
  }

  /** The registries this thread contributes; default: the global one. */
  static setRegistries(regs: Registry | readonly Registry[]): void {
    contribution.set(regs);
  }
}

function join(primary: boolean): void {
  if (channel !== undefined) return;
  const opened = new BroadcastChannel(PROTOCOL);
  channel = opened;
  opened.unref();
  if (primary) {
    const made = new Fleet(send);
    fleet = made;
    listen(opened, (message) => {
      made.receive(message);
    });
    return;
  }
  listen(opened, (message) => {
    void receive(message);
  });
  send({ protocol: PROTOCOL, kind: "hello", member: String(threadId) });
}

async function receive(message: FleetMessage): Promise<void> {
  const member = String(threadId);
  if (message.kind === "who") {
    send({ protocol: PROTOCOL, kind: "hello", member });
  } else if (message.kind === "noted" && message.member === member) {
    noted?.();
  } else if (message.kind === "ask") {
    const metrics = await contribution.metrics();
    send({ protocol: PROTOCOL, kind: "answer", request: message.request, member, metrics });
  }
}

function send(message: FleetMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no origin
  channel?.postMessage(message);
}

function listen(from: BroadcastChannel, take: (message: FleetMessage) => void): void {
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the types of Node's channel have only this form
  from.onmessage = (event: unknown) => {
    const { data } = event as { readonly data: unknown };
    if (isFleetMessage(data)) take(data);
  };
}
