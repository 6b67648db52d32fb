// Other processes as members: the workers of `node:cluster`, and forked children that were adopted.
//
// What a process has sent last is what it has, answering or not: a scrape waits for none. When its channel closes, what it
// had counted stays, and what it was goes; one that is started in its place is another member.

import type { ChildProcess } from "node:child_process";
import type { Cluster, Worker } from "node:cluster";
import type { FleetRegistry } from "./fleet-registry.ts";
import type { MemberMetric } from "./member-metric.ts";
import type { FleetMember, MemberSource, SourceFacts } from "./member-source.ts";
import {
  isOurs,
  type PrimaryMessage,
  PROTOCOL,
  type Unmarked,
  type WorkerMessage,
  workerMessage,
} from "./process-channel.ts";
import { ProcessMember } from "./process-member.ts";

/** A process that has sent nothing for so long is silent: it sends every second, if only that it is there. */
const SILENT_MS = 5_000;

/** Wrong deltas of a process in a row, after which it is not asked to begin anew. */
const MAX_WRONG = 3;

interface Known extends FleetMember {
  readonly identity: string;
  readonly content: ProcessMember;
  readonly ask: (message: Unmarked<PrimaryMessage>) => void;
  /** The number of the last delta; -1: any may be the first. */
  number: number;
  /** Whether it was asked for everything and has not sent it yet. */
  isBeginning: boolean;
  wrong: number;
  heardMs: number;
}

/** What a process is reached by. */
type Link = Pick<ChildProcess, "connected" | "send">;

/** The processes that share, as a source of members. */
export class ProcessMembers implements MemberSource {
  readonly kind = "process";
  readonly #registry: FleetRegistry;
  /** By what reaches them. */
  readonly #members = new Map<object, Known>();
  #ended: FleetMember[] = [];
  readonly #counts = { ended: 0, bytes: 0, lost: 0, refused: 0 };
  readonly #stops: (() => void)[] = [];

  constructor(registry: FleetRegistry) {
    this.#registry = registry;
  }

  /** Takes the workers of a cluster in, those that are there and those that come. */
  followCluster(cluster: Cluster): void {
    const onMessage = (worker: Worker, message: unknown) => {
      this.#receive(worker, worker.process, message);
    };
    const onDisconnect = (worker: Worker) => {
      this.#end(worker);
    };
    cluster.on("message", onMessage).on("disconnect", onDisconnect);
    this.#stops.push(() => {
      cluster.off("message", onMessage).off("disconnect", onDisconnect);
    });
    for (const worker of Object.values(cluster.workers ?? {})) {
      if (worker !== undefined) send(worker.process, { kind: "who" });
    }
  }

  /** Takes a forked process in. */
  adopt(child: ChildProcess): void {
    const onMessage = (message: unknown) => {
      this.#receive(child, child, message);
    };
    child.on("message", onMessage);
    child.once("disconnect", () => this.#end(child));
    this.#stops.push(() => {
      child.off("message", onMessage);
    });
    send(child, { kind: "who" });
  }

  get members(): Iterable<FleetMember> {
    return this.#members.values();
  }

  get facts(): SourceFacts {
    const quietSince = performance.now() - SILENT_MS;
    let silent = 0;
    for (const { heardMs } of this.#members.values()) if (heardMs < quietSince) silent++;
    return { members: this.#members.size, silent, ...this.#counts };
  }

  async ask(): Promise<void> {
    // Nobody is waited for: what they have sent is at most a second old.
  }

  read(): void {
    // Deltas are taken in as they come.
  }

  takeEnded(): readonly FleetMember[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  close(): void {
    for (const stop of this.#stops) stop();
  }

  #receive(from: object, link: Link, message: unknown): void {
    if (!isOurs(message)) return;
    const right = workerMessage(message);
    if (right === undefined) this.#counts.refused++;
    else if (right.kind === "hello") this.#hello(from, link, right.identity);
    else this.#delta(this.#members.get(from), right);
  }

  #hello(from: object, link: Link, identity: string): void {
    const before = this.#members.get(from);
    if (before !== undefined && before.identity !== identity) this.#end(from);
    const member = this.#members.get(from) ?? this.#newMember(link, identity);
    this.#members.set(from, member);
    member.isBeginning = true;
    member.number = -1;
    member.ask({ kind: "go", identity });
  }

  #newMember(link: Link, identity: string): Known {
    const metrics: MemberMetric[] = [];
    const content = new ProcessMember({
      added: (metric) => {
        metrics.push(metric);
        this.#registry.added(metric);
      },
      removed: (metric) => {
        metrics.splice(metrics.indexOf(metric), 1);
        this.#registry.removed(metric);
      },
    });
    return {
      name: identity,
      identity,
      metrics,
      content,
      get state() {
        return content.state;
      },
      ask: (message) => {
        send(link, message);
      },
      number: -1,
      isBeginning: true,
      wrong: 0,
      heardMs: performance.now(),
    };
  }

  #delta(
    member: Known | undefined,
    { identity, number, isWhole, data }: Extract<WorkerMessage, { kind: "delta" }>,
  ): void {
    if (member?.identity !== identity) {
      this.#counts.refused++;
      return;
    }
    member.heardMs = performance.now();
    this.#counts.bytes += data.length;
    member.ask({ kind: "ack", identity, number });
    // Said twice, or by one that says nothing right.
    if (number <= member.number || member.wrong > MAX_WRONG) return;
    if (!isWhole && (member.isBeginning || number !== member.number + 1)) {
      if (!member.isBeginning) this.#counts.lost++;
      this.#beginAnew(member);
      return;
    }
    try {
      member.content.apply(Buffer.from(data, "base64"));
      member.number = number;
      member.isBeginning = false;
      member.wrong = 0;
    } catch {
      this.#counts.refused++;
      member.number = number;
      member.isBeginning = false;
      member.wrong++;
      this.#beginAnew(member);
    }
  }

  /** Asks a member for everything, unless that was asked already and nothing has come of it. */
  #beginAnew(member: Known): void {
    if (member.isBeginning) return;
    member.isBeginning = true;
    member.ask({ kind: "resync", identity: member.identity });
  }

  #end(from: object): void {
    const member = this.#members.get(from);
    if (member === undefined) return;
    this.#members.delete(from);
    this.#ended.push(member);
    this.#counts.ended++;
    void this.#registry.bury();
  }
}

function send(link: Link, message: Unmarked<PrimaryMessage>): void {
  if (!link.connected) return;
  // A channel that closes meanwhile is followed by its "disconnect".
  link.send({ flx: PROTOCOL, ...message }, () => {});
}
