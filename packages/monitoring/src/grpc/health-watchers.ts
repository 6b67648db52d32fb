// Everybody who watches a state over gRPC, told of its changes.
//
//   HealthSource ── changed ──► topics (one per service)  ── status differs ──► sinks in slices of 256 per turn
//
// A sink has no queue. It knows what it sent last; when it can take something and the status is another one by then, it
// sends that. A watcher that does not read therefore costs nothing but its place, skips what it missed, and ends up with
// the present state. There is one subscription to the source, and none while nobody watches.

import type { ServingStatus } from "./health-messages.ts";

/** One who watches. */
export interface WatchSink {
  /** Sends a state; false when it cannot take another one until it calls `resume`. */
  send(status: ServingStatus): boolean;
  /** The server goes: ends the call. */
  end(): void;
}

/** A watch that is going on. */
export interface Watch {
  /** The sink can take states again. */
  resume(): void;
  /** The caller has left. */
  stop(): void;
}

interface Watching {
  readonly topic: Topic;
  readonly sink: WatchSink;
  sent: ServingStatus;
  isBusy: boolean;
}

interface Topic {
  readonly service: string;
  status: ServingStatus;
  readonly watchings: Set<Watching>;
}

/** What the watchers need to know of the state. */
export interface WatchedState {
  status(service: string): ServingStatus;
  subscribe(listener: () => void): () => void;
}

const SLICE = 256;

/** The watchers of all services. */
export class HealthWatchers {
  readonly #state: WatchedState;
  readonly #maxWatchers: number;
  readonly #topics = new Map<string, Topic>();
  #count = 0;
  #unsubscribe: (() => void) | undefined;
  /** Those whose topic has changed, and who are not told yet. */
  readonly #due = new Set<Watching>();
  #isTelling = false;

  constructor(state: WatchedState, maxWatchers: number) {
    this.#state = state;
    this.#maxWatchers = maxWatchers;
  }

  /** How many watch. */
  get count(): number {
    return this.#count;
  }

  /** Adds one, and sends it the present state; undefined when there is no room. */
  watch(service: string, sink: WatchSink): Watch | undefined {
    if (this.#count >= this.#maxWatchers) return undefined;
    this.#count++;
    this.#unsubscribe ??= this.#state.subscribe(() => this.#update());
    const topic = this.#topic(service);
    const watching: Watching = { topic, sink, sent: topic.status, isBusy: false };
    topic.watchings.add(watching);
    watching.isBusy = !sink.send(topic.status);
    return {
      resume: () => {
        watching.isBusy = false;
        this.#tell(watching);
      },
      stop: () => this.#remove(watching),
    };
  }

  /** Ends all watches. */
  close(): void {
    for (const topic of this.#topics.values()) {
      for (const watching of topic.watchings) {
        this.#remove(watching);
        watching.sink.end();
      }
    }
  }

  #topic(service: string): Topic {
    let topic = this.#topics.get(service);
    if (topic === undefined) {
      topic = { service, status: this.#state.status(service), watchings: new Set() };
      this.#topics.set(service, topic);
    }
    return topic;
  }

  #remove(watching: Watching): void {
    const { topic } = watching;
    if (!topic.watchings.delete(watching)) return;
    this.#due.delete(watching);
    this.#count--;
    if (topic.watchings.size === 0) this.#topics.delete(topic.service);
    if (this.#count > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #update(): void {
    for (const topic of this.#topics.values()) {
      const status = this.#state.status(topic.service);
      if (status === topic.status) continue;
      topic.status = status;
      for (const watching of topic.watchings) this.#due.add(watching);
    }
    if (!this.#isTelling) this.#tellDue();
  }

  /** Tells a slice, and the rest in later turns: thousands of writes at once would hold the event loop. */
  #tellDue(): void {
    let left = SLICE;
    for (const watching of this.#due) {
      if (left-- === 0) break;
      this.#due.delete(watching);
      this.#tell(watching);
    }
    this.#isTelling = this.#due.size > 0;
    if (this.#isTelling) setImmediate(() => this.#tellDue());
  }

  #tell(watching: Watching): void {
    const { topic, sink } = watching;
    if (watching.isBusy || watching.sent === topic.status || !topic.watchings.has(watching)) return;
    watching.sent = topic.status;
    watching.isBusy = !sink.send(topic.status);
  }
}
