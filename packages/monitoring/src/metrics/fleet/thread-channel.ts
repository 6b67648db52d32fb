// How the threads of a process find one another: two broadcast channels, which every thread of a process can open by name.
//
//   up     sharers ──> gatherers     "here I am", "here is a buffer", "here is what is not in memory", "that thread ended"
//   down   gatherers ──> sharers     "who is there?", "bring everything up to date, please (7)"
//
// A channel that is open takes in whatever anybody says on it, so nobody keeps one open that it does not listen to: whoever
// has something to say opens the channel, says it, and closes it. What was said stands in the listener's queue at that
// moment, whatever happens to the thread afterwards, and a listener takes its queue in without waiting (`drain`).
//
// Loaded only when somebody shares or gathers; `node:worker_threads` is not imported by who only counts. No channel keeps
// the process alive.

import type { BroadcastChannel, MessagePort } from "node:worker_threads";
import type { Exemplar } from "@flx/model/write";

const { BroadcastChannel: Channel, receiveMessageOnPort } =
  process.getBuiltinModule("node:worker_threads");

/** The names of the channels; they change when messages or logs do. */
const UP = "@flx/monitoring/fleet/1/up";
const DOWN = "@flx/monitoring/fleet/1/down";

/** What of a member is not in shared memory. */
export interface MemberState {
  readonly defaultLabels: ReadonlyMap<string, string>;
  readonly misuse: ReadonlyMap<string, number>;
  readonly overflow: ReadonlyMap<string, number>;
  readonly failures: ReadonlyMap<string, number>;
  /** Exemplars that are new, by metric and position. */
  readonly exemplars: ReadonlyMap<number, readonly (readonly [number, PlainExemplar])[]>;
}

/** An exemplar as it goes to another thread. */
export interface PlainExemplar extends Omit<Exemplar, "labels"> {
  readonly labels: readonly (readonly [string, string])[];
}

/** From sharers. `member` is the thread's id and the number of the registry there. */
export type UpMessage =
  | {
      readonly kind: "hello";
      readonly member: string;
      readonly thread: number;
      readonly control: SharedArrayBuffer;
      readonly buffers: ReadonlyMap<number, SharedArrayBuffer>;
    }
  | {
      readonly kind: "buffer";
      readonly member: string;
      readonly number: number;
      readonly buffer: SharedArrayBuffer;
    }
  | {
      readonly kind: "state";
      readonly member: string;
      /** The request it answers; 0 for none. */
      readonly request: number;
      readonly state: MemberState;
    }
  | { readonly kind: "bye"; readonly member: string }
  | { readonly kind: "started"; readonly thread: number; readonly parent: number }
  | { readonly kind: "ended"; readonly thread: number };

/** To sharers. */
export type DownMessage =
  | { readonly kind: "who" }
  | { readonly kind: "ask"; readonly request: number; readonly timeoutMs: number };

/** Listens on a channel. */
export interface Listener {
  /** Takes in what has arrived, now. */
  drain(): void;
  close(): void;
}

/** Says something to all gatherers of the process. */
export function sayUp(message: UpMessage): void {
  say(UP, message);
}

/** Says something to all sharers of the process. */
export function sayDown(message: DownMessage): void {
  say(DOWN, message);
}

/** Listens to sharers. */
export function listenUp(take: (message: UpMessage) => void): Listener {
  return listen(UP, take);
}

/** Listens to gatherers. */
export function listenDown(take: (message: DownMessage) => void): Listener {
  return listen(DOWN, take);
}

function say(name: string, message: UpMessage | DownMessage): void {
  const channel = new Channel(name);
  try {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no origin
    channel.postMessage(message);
  } finally {
    channel.close();
  }
}

function listen(name: string, take: (message: never) => void): Listener {
  const channel: BroadcastChannel = new Channel(name);
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the types of Node's channel have only this form
  channel.onmessage = (event: unknown) => {
    take((event as { readonly data: unknown }).data as never);
  };
  channel.unref();
  return {
    drain: () => {
      for (;;) {
        const received = receiveMessageOnPort(channel as unknown as MessagePort);
        if (received === undefined) return;
        take(received.message as never);
      }
    },
    close: () => {
      channel.close();
    },
  };
}
