// Several processes or threads as one registry: who is there, what they have, and what those who left had.
//
//   member                                     primary
//   ──────                                     ───────
//   { kind: "hello", member }             ──►  knows it
//                                         ◄──  { kind: "who" }                  once at its start; members say hello again
//                                         ◄──  { kind: "ask", request }         at each exposition, to all
//   { kind: "answer", request, member,    ──►  aggregated; kept as the member's last word
//     metrics }
//   { kind: "bye", member, metrics }      ──►  its sums go into the departed
//                                         ◄──  { kind: "noted", member }        the member may end now
//
// Every message also carries `protocol: PROTOCOL`; anything else on the channel is left alone. `metrics` is a list with
// the JSON form of each registry of the member.
//
// A member that goes without "bye" (crash, kill) leaves its last answer, of which the sums are kept: lost is what it
// counted since the last exposition. Gauges that are summed leave as well: what a dead process held, nobody holds.
//
// A silent member never fails an exposition: it is waited for at most `waitMs`, then its last answer stands in, and
// flx_cluster_silent_members says how many there were. After MAX_WAITS such expositions it is still asked but no longer
// waited for, until it answers again.

import { Registry, globalRegistry } from "./registry.ts";
import type { MetricObject } from "./exposition.ts";

/** The mark of our messages. */
export const PROTOCOL = "@flx/monitoring/prom-client/1";

/** How long a member may take to answer, in milliseconds. */
const WAIT_MS = 5_000;
/** For how many expositions in a row a silent member is waited for. */
const MAX_WAITS = 2;

/** The JSON forms of the registries of one member. */
export type MemberMetrics = readonly (readonly MetricObject[])[];

/** What goes over the channel. */
export type FleetMessage = { readonly protocol: typeof PROTOCOL } & (
  | { readonly kind: "hello"; readonly member: string }
  | { readonly kind: "who" }
  | { readonly kind: "ask"; readonly request: number }
  | {
      readonly kind: "answer";
      readonly request: number;
      readonly member: string;
      readonly metrics: MemberMetrics;
    }
  | { readonly kind: "bye"; readonly member: string; readonly metrics: MemberMetrics }
  | { readonly kind: "noted"; readonly member: string }
);

/** Whether something that came over a shared channel is ours. */
export function isFleetMessage(message: unknown): message is FleetMessage {
  return (message as { protocol?: unknown } | null | undefined)?.protocol === PROTOCOL;
}

interface Member {
  last: MemberMetrics;
  /** Expositions in a row for which it did not answer in time. */
  silentFor: number;
}

interface Request {
  readonly waiting: Set<string>;
  readonly done: () => void;
}

/** The registries that this process or thread contributes. */
export class Contribution {
  #registries: readonly Registry[] = [globalRegistry];

  /** @throws {TypeError} when one is no registry */
  set(registries: Registry | readonly Registry[]): void {
    const list = Array.isArray(registries) ? (registries as readonly Registry[]) : [registries];
    for (const registry of list) {
      if (!(registry instanceof Registry)) {
        throw new TypeError(`Expected Registry, got ${typeof registry}`);
      }
    }
    this.#registries = list as readonly Registry[];
  }

  /** Their JSON forms; with an aggregator only the metrics that have it. */
  metrics(aggregator?: string): Promise<MemberMetrics> {
    return Promise.all(this.#registries.map((registry) => registry.getMetricsAsJSON(aggregator)));
  }
}

/** The primary's side. */
export class Fleet {
  readonly #send: (message: FleetMessage) => void;
  readonly #waitMs: number;
  readonly #members = new Map<string, Member>();
  readonly #requests = new Map<number, Request>();
  #departed: readonly MetricObject[] = [];
  #nextRequest = 0;

  /** @param send to all members */
  constructor(send: (message: FleetMessage) => void, waitMs: number = WAIT_MS) {
    this.#send = send;
    this.#waitMs = waitMs;
    send({ protocol: PROTOCOL, kind: "who" });
  }

  /** Members that are there. */
  get size(): number {
    return this.#members.size;
  }

  /** Whether there is anything to expose but what the primary has itself. */
  get isEmpty(): boolean {
    return this.#members.size === 0 && this.#departed.length === 0;
  }

  /** Takes a message of a member in. */
  receive(message: FleetMessage): void {
    switch (message.kind) {
      case "hello":
        if (!this.#members.has(message.member))
          this.#members.set(message.member, { last: [], silentFor: 0 });
        break;
      case "answer": {
        const member = this.#members.get(message.member);
        if (member !== undefined) {
          member.last = message.metrics;
          member.silentFor = 0;
        }
        this.#answered(message.request, message.member);
        break;
      }
      case "bye":
        if (this.#members.delete(message.member)) this.#bury(message.metrics);
        for (const request of this.#requests.keys()) this.#answered(request, message.member);
        this.#send({ protocol: PROTOCOL, kind: "noted", member: message.member });
        break;
      case "who":
      case "ask":
      case "noted":
        // To members, not from them.
        break;
      default:
        message satisfies never;
    }
  }

  /** A member is gone without a word: the sums of its last answer stay. */
  lost(name: string): void {
    const member = this.#members.get(name);
    if (member === undefined) return;
    this.#members.delete(name);
    this.#bury(member.last.map(sumsOnly));
    for (const request of this.#requests.keys()) this.#answered(request, name);
  }

  /** Everything as one exposition, with what the primary has itself. */
  async metrics(own: MemberMetrics, contentType: string): Promise<string> {
    const silent = await this.#askAll();
    const lists = [...this.#members.values()].flatMap(({ last }) => last);
    const all = [this.#departed, ...own, ...lists];
    if (silent > 0) all.push([silentMembers(silent)]);
    return Registry.aggregate(all, contentType).metrics();
  }

  /** Waits for expositions under way. */
  async settled(): Promise<void> {
    while (this.#requests.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Asks all members and waits; gives how many did not answer in time. */
  async #askAll(): Promise<number> {
    const members = [...this.#members];
    if (members.length === 0) return 0;
    const trusted = members.filter(([, { silentFor }]) => silentFor < MAX_WAITS);
    const waiting = new Set(trusted.map(([name]) => name));
    const id = this.#nextRequest++;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#waitMs);
    if (waiting.size === 0) resolve();
    this.#requests.set(id, { waiting, done: resolve });
    try {
      this.#send({ protocol: PROTOCOL, kind: "ask", request: id });
      await promise;
    } finally {
      clearTimeout(timer);
      this.#requests.delete(id);
    }
    for (const name of waiting) this.#members.get(name)!.silentFor++;
    return [...this.#members.values()].filter(({ silentFor }) => silentFor > 0).length;
  }

  #answered(id: number, member: string): void {
    const request = this.#requests.get(id);
    if (request === undefined) return;
    request.waiting.delete(member);
    if (request.waiting.size === 0) request.done();
  }

  #bury(metrics: MemberMetrics): void {
    const all = Registry.aggregate([this.#departed, ...metrics]).getMetricsAsArray();
    this.#departed = all as unknown as MetricObject[];
  }
}

/** What stays of a member that crashed: its counters, histograms and summaries that are summed. */
function sumsOnly(metrics: readonly MetricObject[]): readonly MetricObject[] {
  return metrics.filter(
    ({ type, aggregator }) => type !== "gauge" && (aggregator ?? "sum") === "sum",
  );
}

function silentMembers(count: number): MetricObject {
  return {
    name: "flx_cluster_silent_members",
    help: "Members that did not answer in time; their last answer stands in for them",
    type: "gauge",
    aggregator: "sum",
    values: [{ value: count, labels: {} }],
  };
}
