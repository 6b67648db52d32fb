// A process that another one gathers: once a second, and when it ends, it sends what has changed.
//
//   threads ── FleetRegistry ── DeltaEncoder ── process.send()
//
// The threads of the process are put together here first, so the other side has one member a process. Nothing is sent
// before somebody asks ("go"), and no more than MAX_UNANSWERED deltas to one that does not answer: a primary that is blocked
// gets all that changed meanwhile in the delta after.
//
// At the end: `process.send` in an exit handler writes to the pipe at once, as far as the pipe takes it (measured: some 500 KB).
// Only SIGKILL and the like cost what was counted since the last delta.

import { DeltaEncoder, PART_BYTES } from "./delta-encoder.ts";
import { FleetRegistry } from "./fleet-registry.ts";
import {
  isOurs,
  type PrimaryMessage,
  PROTOCOL,
  type Unmarked,
  type WorkerMessage,
} from "./process-channel.ts";
import { ThreadMembers } from "./thread-members.ts";

/** How often changes are sent. */
const INTERVAL_MS = 1_000;
const MAX_UNANSWERED = 4;

/** Sends the metrics of this process to the one that started it. */
export class ProcessSharing {
  readonly #identity = `${process.pid}-${performance.timeOrigin}-${Math.random()}`;
  #fleet: FleetRegistry | undefined;
  #encoder: DeltaEncoder | undefined;
  #number = 0;
  #answered = 0;
  #isWholeWanted = false;
  #isSending = false;

  /** Listens for a process that gathers, and says hello to it when there may be one. */
  start(saysHello: boolean): void {
    process.on("message", (message: unknown) => {
      if (isOurs(message)) this.#receive(message as PrimaryMessage);
    });
    // A listener for messages keeps a forked process alive; ours is no reason to live. Undocumented, so perhaps not there.
    (process.channel as { unrefCounted?: () => void } | undefined)?.unrefCounted?.();
    process.on("exit", () => this.#end());
    if (saysHello) this.#send({ kind: "hello", identity: this.#identity });
  }

  #receive(message: PrimaryMessage): void {
    if (message.kind === "who") this.#send({ kind: "hello", identity: this.#identity });
    else if (message.identity !== this.#identity) return;
    else if (message.kind === "ack") this.#answered = Math.max(this.#answered, message.number);
    else if (message.kind === "go") this.#go();
    else this.#isWholeWanted = true;
  }

  #go(): void {
    this.#isWholeWanted = true;
    this.#answered = this.#number;
    if (this.#encoder === undefined) {
      const fleet = new FleetRegistry();
      fleet.addSource(new ThreadMembers(fleet));
      this.#fleet = fleet;
      this.#encoder = new DeltaEncoder(fleet);
      setInterval(() => void this.#sendChanges(), INTERVAL_MS).unref();
    }
    void this.#sendChanges();
  }

  async #sendChanges(): Promise<void> {
    if (this.#isSending || this.#fleet === undefined) return;
    this.#isSending = true;
    try {
      await this.#fleet.gather();
      const before = this.#number;
      while (this.#number - this.#answered < MAX_UNANSWERED) {
        if (this.#sendDelta()) {
          // Nothing has changed: it says that it is there.
          if (this.#number === before) this.#sendBytes(new Uint8Array(0), false);
          break;
        }
        await new Promise((resolve) => void setImmediate(resolve));
      }
    } finally {
      this.#isSending = false;
    }
  }

  /** Sends what has changed, or a part of it; whether that was everything. */
  #sendDelta(limit?: number): boolean {
    const encoder = this.#encoder!;
    if (this.#isWholeWanted) {
      this.#isWholeWanted = false;
      // Nobody knows anything yet when it is the first: then it may come in parts.
      const whole = encoder.whole(this.#number === 0 ? PART_BYTES : Infinity);
      this.#sendBytes(whole.bytes, true);
      return whole.isWhole;
    }
    const { bytes, isWhole } = encoder.next(limit);
    if (bytes.length > 0) this.#sendBytes(bytes, false);
    return isWhole;
  }

  #sendBytes(bytes: Uint8Array, isWhole: boolean): void {
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
    const identity = this.#identity;
    this.#send({ kind: "delta", identity, number: ++this.#number, isWhole, data });
  }

  /** The process ends: what has changed until now, all of it at once. */
  #end(): void {
    if (this.#encoder === undefined || this.#fleet === undefined) return;
    this.#fleet.gatherNow();
    this.#sendDelta(Infinity);
  }

  #send(message: Unmarked<WorkerMessage>): void {
    if (!process.connected) return;
    // A channel that closes meanwhile is no error of the service's.
    process.send?.({ flx: PROTOCOL, ...message }, undefined, undefined, () => {});
  }
}
