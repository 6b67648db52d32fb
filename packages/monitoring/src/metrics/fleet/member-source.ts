// Where a gatherer has its members from: the threads of this process, or other processes.

import type { ChildProcess } from "node:child_process";
import type { MemberMetric } from "./member-metric.ts";
import type { MemberState } from "./thread-channel.ts";

/** Where members come from: threads, processes. */
export interface MemberSource {
  readonly kind: "thread" | "process";
  /** Asks members to bring up to date what they have, and waits until they have or the time is over. */
  ask(timeoutMs: number): Promise<void>;
  /** Reads a part of what can be read, where it may be much; whether that was everything. */
  readSome?(): boolean;
  /** Takes in what has arrived, and reads what can be read; no waiting. */
  read(): void;
  /** Members that have ended since the last call; they are forgotten after it. */
  takeEnded(): readonly FleetMember[];
  readonly members: Iterable<FleetMember>;
  /** Bytes of memory or messages. */
  readonly facts: SourceFacts;
  /** Takes a forked process in. */
  adopt?(child: ChildProcess): void;
  close(): void;
}

/** What a source counts of itself. */
export interface SourceFacts {
  readonly members: number;
  readonly silent: number;
  readonly ended: number;
  readonly bytes: number;
  /** Deltas that did not arrive, and that were not what they must be. */
  readonly lost: number;
  readonly refused: number;
}

/** A member as the registry sees it. */
export interface FleetMember {
  readonly name: string;
  readonly metrics: Iterable<MemberMetric>;
  readonly state: MemberState | undefined;
}
