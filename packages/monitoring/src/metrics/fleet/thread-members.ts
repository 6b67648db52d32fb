// The threads of this process as members: who has said hello, what they have, when they end.
//
// A thread that ends by itself says so in memory. One that is ended from outside (terminate(), out of memory) cannot: the
// thread that started it sees that, provided it shares or gathers itself, and says "ended" (share-metrics.ts). With a
// thread all threads that it had started have ended as well. A thread of which nobody says anything counts as there:
// its numbers stay exact, only its gauges stay, too.

import type { FleetRegistry } from "./fleet-registry.ts";
import type { FleetMember, MemberSource, SourceFacts } from "./member-source.ts";
import type { MemberMetric } from "./member-metric.ts";
import {
  type Listener,
  listenUp,
  type MemberState,
  type PlainExemplar,
  sayDown,
  type UpMessage,
} from "./thread-channel.ts";
import { ThreadMember } from "./thread-member.ts";
import { type Exemplar, Labels } from "@flx/model/write";

interface Known extends FleetMember {
  readonly thread: number;
  readonly memory: ThreadMember;
  state: MemberState | undefined;
  /** The last request it has answered. */
  answered: number;
  /** Whether it did not answer the last request in time. */
  silent: boolean;
  /** Whether it has said that it shares no longer. */
  left: boolean;
  /** When it was first seen to have said that its thread ends. */
  endedMs: number | undefined;
}

/** Records of a log that are read between two pauses. */
const RECORDS_A_STEP = 2_000;

/** How long a thread may go on counting, in its own exit handlers, after it has said that it ends. */
const ENDING_MS = 5_000;

/** The threads that share, as a source of members. */
export class ThreadMembers implements MemberSource {
  readonly kind = "thread";
  readonly #registry: FleetRegistry;
  readonly #listener: Listener;
  readonly #members = new Map<string, Known>();
  readonly #parents = new Map<number, number>();
  readonly #ended = new Set<number>();
  #endedCount = 0;
  #refused = 0;
  #request = 0;
  #onAnswer: (() => void) | undefined;
  #burial: NodeJS.Immediate | undefined;

  constructor(registry: FleetRegistry) {
    this.#registry = registry;
    this.#listener = listenUp((message) => this.#receive(message));
    sayDown({ kind: "who" });
  }

  get members(): Iterable<FleetMember> {
    return this.#sorted();
  }

  get facts(): SourceFacts {
    let bytes = 0;
    let silent = 0;
    for (const member of this.#members.values()) {
      bytes += member.memory.bytes;
      if (member.silent) silent++;
    }
    const { size: members } = this.#members;
    return { members, silent, ended: this.#endedCount, bytes, lost: 0, refused: this.#refused };
  }

  async ask(timeoutMs: number): Promise<void> {
    this.#listener.drain();
    const asked = [...this.#members.values()].filter(
      ({ memory, thread }) => memory.wantsAsking && !this.#isEnded(thread),
    );
    if (asked.length === 0) return;
    const request = ++this.#request;
    sayDown({ kind: "ask", request, timeoutMs });
    const waitedFor = asked.filter(({ silent }) => !silent);
    const isWaiting = () =>
      waitedFor.some(({ answered, thread }) => answered < request && !this.#isEnded(thread));
    if (isWaiting()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      this.#onAnswer = () => {
        if (!isWaiting()) resolve();
      };
      await promise;
      clearTimeout(timer);
      this.#onAnswer = undefined;
    }
    for (const member of asked) member.silent = member.answered < request;
  }

  read(): void {
    this.#listener.drain();
    for (const member of this.#members.values()) this.#read(member);
  }

  readSome(): boolean {
    this.#listener.drain();
    return this.#sorted().every((member) => this.#read(member, RECORDS_A_STEP));
  }

  takeEnded(): readonly FleetMember[] {
    this.#listener.drain();
    const ended: FleetMember[] = [];
    for (const [name, member] of this.#members) {
      if (member.left) {
        for (const metric of member.metrics) this.#registry.removed(metric);
        this.#members.delete(name);
      } else if (this.#isEnded(member.thread) || this.#hasSaidSo(member)) {
        // Once more: what it counted between the last reading and its end.
        this.#read(member);
        this.#members.delete(name);
        this.#endedCount++;
        ended.push(member);
      }
    }
    for (const thread of [...this.#parents.keys()].filter((one) => this.#isEnded(one))) {
      this.#parents.delete(thread);
    }
    this.#ended.clear();
    return ended;
  }

  close(): void {
    this.#listener.close();
    clearImmediate(this.#burial);
  }

  #receive(message: UpMessage): void {
    switch (message.kind) {
      case "hello":
        this.#hello(message);
        break;
      case "buffer":
        this.#members.get(message.member)?.memory.buffer(message.number, message.buffer);
        break;
      case "state":
        this.#state(message);
        break;
      case "bye":
        this.#bye(message.member);
        break;
      case "started":
        this.#parents.set(message.thread, message.parent);
        break;
      case "ended":
        this.#ended.add(message.thread);
        this.#buryLater();
        break;
      default:
        message satisfies never;
    }
  }

  #hello({ member, thread, control, buffers }: Extract<UpMessage, { kind: "hello" }>): void {
    let known = this.#members.get(member);
    if (known === undefined) {
      const metrics: MemberMetric[] = [];
      const memory = new ThreadMember(
        control,
        {
          added: (metric) => {
            metrics.push(metric);
            this.#registry.added(metric);
          },
          removed: (metric) => {
            metrics.splice(metrics.indexOf(metric), 1);
            this.#registry.removed(metric);
          },
        },
        () => this.#listener.drain(),
      );
      const state = undefined;
      known = {
        name: member,
        thread,
        metrics,
        memory,
        state,
        answered: 0,
        silent: false,
        left: false,
        endedMs: undefined,
      };
      this.#members.set(member, known);
    }
    for (const [number, buffer] of buffers) known.memory.buffer(number, buffer);
  }

  #state({ member, request, state }: Extract<UpMessage, { kind: "state" }>): void {
    const known = this.#members.get(member);
    if (known === undefined) return;
    known.state = state;
    known.answered = Math.max(known.answered, request);
    if (request > 0) known.silent = false;
    if (state.exemplars.size > 0) {
      this.#read(known);
      for (const [id, list] of state.exemplars) {
        const metric = known.memory.metrics.get(id);
        for (const [position, exemplar] of list) {
          metric?.exemplars.set(position, exemplarOf(exemplar));
        }
      }
    }
    this.#onAnswer?.();
  }

  #bye(name: string): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    member.left = true;
    for (const metric of member.metrics) metric.closeAll();
    this.#buryLater();
  }

  #read(member: Known, maxRecords?: number): boolean {
    try {
      return member.memory.catchUp(maxRecords);
    } catch {
      // Another version's log, perhaps: its numbers are left out, the others are not.
      this.#refused++;
      return true;
    }
  }

  /** Members in the order in which their threads were started. */
  #sorted(): Known[] {
    return [...this.#members.values()].toSorted((a, b) => a.thread - b.thread);
  }

  /** Whether a thread has ended, or one that it was started by. */
  #isEnded(thread: number): boolean {
    for (let one: number | undefined = thread; one !== undefined; one = this.#parents.get(one)) {
      if (this.#ended.has(one)) return true;
    }
    return false;
  }

  /** Whether a thread that nobody watches has said that it ends, and has had the time to. */
  #hasSaidSo(member: Known): boolean {
    if (!member.memory.hasEnded || this.#parents.has(member.thread)) return false;
    member.endedMs ??= performance.now();
    return performance.now() - member.endedMs > ENDING_MS;
  }

  /** Takes ended members in soon, scraped or not: a service may start thousands of threads between two scrapes. */
  #buryLater(): void {
    this.#burial ??= setImmediate(() => {
      this.#burial = undefined;
      void this.#registry.bury();
    }).unref();
  }
}

function exemplarOf({ labels, ...rest }: PlainExemplar): Exemplar {
  return { ...rest, labels: Labels.from(labels) };
}
