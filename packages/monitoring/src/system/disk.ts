// The room of each file system, asked in a way that a dead one cannot block anybody.
//
//   refresh(mounts)
//     local   ──► statfs ──► statfs ──► statfs          one after the other: one thread of libuv's pool
//     remote  ──► statfs ──► ...                        only with `remote: true`: one more thread
//                    │
//                    └── no answer within the deadline: "unavailable", refresh() goes on without it
//
// statfs of a dead NFS or FUSE mount does not return, and nobody can take back a thread of the pool that is in it.
// So there is never more than one in flight a lane: of the pool's four threads a dead mount costs one at most,
// however many mounts are dead and however often they are asked for. Until that one answers, the mounts behind it
// in its lane are "unavailable" too, without waiting; when it answers, all is as before.
//
// Why remote mounts are left alone unless asked for: measured with Node 24.21, a process that has a thread
// in a system call that does not return cannot end any more, neither by process.exit() (which joins the pool's
// threads) nor by running out of work. A worker thread instead of the pool changes nothing (joined as well), and a
// child process is what this module promises not to start. So the default is: say that the mount is there, do not touch it.
//
// Source: statfs(2).

import { statfs as statfsOfNode } from "node:fs";
import type { Bytes, DurationMs } from "@flx/model/write";
import type { Mount } from "./mounts.ts";

/** How well a file system's room is known. */
export type FilesystemState =
  /** Measured at the last refresh. */
  | "measured"
  /** Not asked yet. */
  | "pending"
  /** It, or one asked before it, did not answer in time; sizes are of the last answer. */
  | "unavailable"
  /** Asking failed (no permission, unmounted meanwhile). */
  | "failed"
  /** Remote, and remote mounts are not asked. */
  | "skipped";

/** A file system's room as statfs tells it. */
export interface FilesystemRoom {
  readonly sizeBytes: Bytes;
  readonly freeBytes: Bytes;
  /** Free for users other than root. */
  readonly availableBytes: Bytes;
  readonly files: number;
  readonly filesFree: number;
}

/** A mount and its room. */
export interface FilesystemFacts extends Mount {
  readonly state: FilesystemState;
  /** The last that is known of it, undefined when it never answered. */
  readonly room: FilesystemRoom | undefined;
}

/** The numbers of statfs(2) that are needed. */
export interface StatfsNumbers {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}

/** Asks one file system; exactly one call of `done` at any time, or none. */
export type Statfs = (
  path: string,
  done: (error: Error | null, numbers?: StatfsNumbers) => void,
) => void;

/** How a {@link DiskWatch} asks. */
export interface DiskWatchOptions {
  /** How long {@link DiskWatch.refresh} waits for all file systems together. Default 250 ms. */
  readonly deadlineMs?: DurationMs;
  /** Ask remote mounts too. A dead one then keeps the process from ending (file head). Default false. */
  readonly remote?: boolean;
  /** Put before each mount point: where the machine's root folder is seen. Default "". */
  readonly prefix?: string;
  /** Default: `fs.statfs`, in libuv's pool. */
  readonly statfs?: Statfs;
}

/** Keeps the room of file systems; {@link facts} answers at once from what is known. */
export class DiskWatch {
  readonly #deadlineMs: number;
  readonly #remote: boolean;
  readonly #prefix: string;
  readonly #local: Lane;
  readonly #far: Lane;
  #facts = new Map<string, FilesystemFacts>();

  constructor(options: DiskWatchOptions = {}) {
    const { deadlineMs = 250, remote = false, prefix = "", statfs = statfsOfNode } = options;
    this.#deadlineMs = deadlineMs;
    this.#remote = remote;
    this.#prefix = prefix;
    this.#local = new Lane(statfs);
    this.#far = new Lane(statfs);
  }

  /** What is known now, without asking anybody. */
  facts(): readonly FilesystemFacts[] {
    return [...this.#facts.values()];
  }

  /** How many calls of statfs have not come back: never more than two. */
  get inFlight(): number {
    return Number(this.#local.busy) + Number(this.#far.busy);
  }

  /** Asks all of these mounts and forgets others. Takes the deadline at most; never rejects. */
  async refresh(mounts: readonly Mount[]): Promise<void> {
    this.#keepOnly(mounts);
    const local = mounts.filter((mount) => !mount.remote);
    const far = this.#remote ? mounts.filter((mount) => mount.remote) : [];
    await Promise.all([this.#run(this.#local, local), this.#run(this.#far, far)]);
  }

  #keepOnly(mounts: readonly Mount[]): void {
    const before = this.#facts;
    this.#facts = new Map();
    for (const mount of mounts) {
      const same = before.get(mount.mountPoint);
      const known =
        same?.device === mount.device && same.fsType === mount.fsType ? same : undefined;
      const state = mount.remote && !this.#remote ? "skipped" : (known?.state ?? "pending");
      this.#facts.set(mount.mountPoint, { ...mount, state, room: known?.room });
    }
  }

  async #run(lane: Lane, mounts: readonly Mount[]): Promise<void> {
    const endMs = performance.now() + this.#deadlineMs;
    for (const { mountPoint } of mounts) {
      const answer = await lane.ask(this.#prefix + mountPoint, endMs - performance.now());
      this.#note(mountPoint, answer);
    }
  }

  #note(mountPoint: string, answer: Answer): void {
    const known = this.#facts.get(mountPoint);
    if (known === undefined) return;
    const room = typeof answer === "string" ? known.room : roomOf(answer);
    const state = typeof answer === "string" ? answer : room === undefined ? "failed" : "measured";
    this.#facts.set(mountPoint, { ...known, state, room });
  }
}

type Answer = StatfsNumbers | "unavailable" | "failed";

/** One call at a time. While a call is out, others are refused at once. */
class Lane {
  readonly #statfs: Statfs;
  busy = false;

  constructor(statfs: Statfs) {
    this.#statfs = statfs;
  }

  ask(path: string, deadlineMs: number): Promise<Answer> {
    if (this.busy || deadlineMs <= 0) return Promise.resolve("unavailable");
    this.busy = true;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, deadlineMs, "unavailable");
      this.#statfs(path, (error, numbers) => {
        this.busy = false;
        clearTimeout(timer);
        resolve(error === null && numbers !== undefined ? numbers : "failed");
      });
    });
  }
}

/** @returns undefined for a file system without blocks: it has no room to speak of */
function roomOf(numbers: StatfsNumbers): FilesystemRoom | undefined {
  const { bsize, blocks, bfree, bavail, files, ffree } = numbers;
  if (!(bsize > 0 && blocks > 0)) return undefined;
  return {
    sizeBytes: (bsize * blocks) as Bytes,
    freeBytes: (bsize * bfree) as Bytes,
    availableBytes: (bsize * bavail) as Bytes,
    files,
    filesFree: ffree,
  };
}
