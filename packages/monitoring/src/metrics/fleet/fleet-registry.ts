// A registry of registries: the metrics of all threads of a process (and of other processes, process-members.ts) as one.
//
//   scrape ── expose() ── ask members that have something to bring up to date, wait a little
//                         read every member's log and numbers        thread-member.ts
//                         merge each metric, in slices               merged-metric.ts
//                         keep what ended members had counted
//                         expose as any registry                     registry.ts: same pages, formats, names, own metrics
//
// Nobody is waited for who has not answered lately: a member that is blocked or stopped costs its fresh values of
// callbacks, never the scrape. What is counted in shared memory is exact without its help.
//
// A metric declared differently by two members costs only the later declaration, which is left out and reported in
// flx_fleet_refused_metrics.

import type { ChildProcess } from "node:child_process";
import { setImmediate as letOthersRun } from "node:timers/promises";
import type { MetricFamily } from "@flx/model/write";
import {
  type ExpositionRequest,
  Registry,
  type RegistryOptions,
  type Troubles,
} from "../registry.ts";
import { FleetMetrics } from "./fleet-metrics.ts";
import type { MemberMetric } from "./member-metric.ts";
import { MergedMetric, Sums } from "./merged-metric.ts";
import { aggregatorOf, type MetricSpec } from "./metric-spec.ts";
import type { FleetMember, MemberSource } from "./member-source.ts";

/** How long a gathering works before it lets other work in. */
const SLICE_MS = 2;

/** How long members are waited for when nothing else is said. */
const DEFAULT_ANSWER_TIMEOUT_MS = 1_000;

/** How threads and processes are gathered. */
export interface FleetOptions extends RegistryOptions {
  /**
   * How long a scrape waits for members that have callbacks to run, in milliseconds (default 1,000). One that was late is
   * not waited for again until it has answered.
   */
  readonly answerTimeoutMs?: number;
}

/** The metrics of several threads and processes. */
export class FleetRegistry extends Registry {
  readonly #answerTimeoutMs: number;
  readonly #sources = new Set<MemberSource>();
  readonly #merged = new Map<string, MergedMetric>();
  readonly #owners = new Map<MemberMetric, MergedMetric>();
  readonly #refused = new Map<string, MetricSpec>();
  readonly #sums = new Sums();
  readonly #waiting = new Set<MemberMetric>();
  #removed: MemberMetric[] = [];
  /** Troubles of members that ended. */
  readonly #troubles = { misuse: new Map(), overflow: new Map(), failures: new Map() } as {
    readonly [Kind in keyof Troubles]: Map<string, number>;
  };
  readonly #own: FleetMetrics;
  /** Called by `close`. */
  onClose: (() => void) | undefined;
  #ownLabels = false;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(options: FleetOptions = {}) {
    super({ misuse: "count", ...options });
    this.#answerTimeoutMs = options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS;
    this.#own = new FleetMetrics(this);
  }

  /**
   * Takes the metrics of a forked process in, which must share them (`shareMetrics`). Workers of `node:cluster` need no
   * adoption.
   */
  adopt(child: ChildProcess): void {
    for (const source of this.#sources) source.adopt?.(child);
  }

  /** Adds a place that members come from. */
  addSource(source: MemberSource): void {
    this.#sources.add(source);
  }

  /** A member has a metric. */
  added(metric: MemberMetric): void {
    this.#waiting.add(metric);
  }

  /** A member has a metric no longer; its rows are closed. */
  removed(metric: MemberMetric): void {
    if (!this.#waiting.delete(metric)) this.#removed.push(metric);
  }

  override setDefaultLabels(labels: Readonly<Record<string, unknown>>): void {
    super.setDefaultLabels(labels);
    this.#ownLabels = true;
  }

  override async expose(request: ExpositionRequest = {}): Promise<readonly Uint8Array[]> {
    request.signal?.throwIfAborted();
    await this.gather(request.collectTimeoutMs);
    return super.expose(request);
  }

  override async families(request: ExpositionRequest = {}): Promise<MetricFamily[]> {
    await this.gather(request.collectTimeoutMs);
    return super.families(request);
  }

  override troubles(): Troubles {
    const total = super.troubles();
    const all = { misuse: new Map(total.misuse), overflow: new Map(total.overflow) };
    const troubles = { ...all, failures: new Map(total.failures) };
    addTroubles(troubles, this.#troubles);
    for (const { state } of this.#members()) if (state !== undefined) addTroubles(troubles, state);
    return troubles;
  }

  /**
   * Brings every metric up to date. Calls at the same time share the next gathering that begins.
   *
   * @param collectTimeoutMs how long callbacks of members may take
   */
  async gather(collectTimeoutMs?: number): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#gather(collectTimeoutMs).finally(() => {
        this.#running = undefined;
      });
      await this.#running;
      return;
    }
    // The one under way may have read already what this caller wants to see.
    const again = () => {
      this.#next = undefined;
      return this.gather(collectTimeoutMs);
    };
    this.#next ??= this.#running.then(again, again);
    await this.#next;
  }

  /** Keeps what ended members had counted and lets go of their memory, without a scrape. */
  async bury(): Promise<void> {
    // Not in the middle of a merge; whoever waits for it knows no better.
    while (this.#running !== undefined) await this.#running;
    this.#detach();
    for (const source of this.#sources) this.#bury(source);
  }

  /** Gathers no longer. */
  close(): void {
    for (const source of this.#sources) source.close();
    this.#sources.clear();
    this.onClose?.();
  }

  /** As `gather`, at once and without asking anybody: for a process that ends. What was under way is given up. */
  gatherNow(): void {
    this.#readAll();
    for (const merged of this.#merged.values()) for (const _ of merged.merge()) continue;
  }

  async #gather(collectTimeoutMs: number = Infinity): Promise<void> {
    const timeoutMs = Math.min(collectTimeoutMs, this.#answerTimeoutMs);
    await Promise.all(Array.from(this.#sources, (source) => source.ask(timeoutMs)));
    for (const source of this.#sources) {
      while (source.readSome?.() === false) await letOthersRun();
    }
    this.#readAll();
    await this.#merge();
    this.#own.update([...this.#sources], this.#refused.keys());
  }

  /** Takes in what members have, and what they have no longer. */
  #readAll(): void {
    for (const source of this.#sources) source.read();
    this.#attach();
    if (!this.#ownLabels) this.#takeLabels();
    this.#detach();
    for (const source of this.#sources) this.#bury(source);
  }

  /** Puts the metrics that have come to the merged ones of their names. */
  #attach(): void {
    this.#refused.clear();
    for (const metric of this.#waiting) {
      const { spec } = metric;
      if (aggregatorOf(spec) === "omit") continue;
      const merged = this.#merged.get(spec.name) ?? this.#make(metric);
      if (merged?.spec.definition === spec.definition && merged.spec.stride === spec.stride) {
        merged.add(metric);
        this.#owners.set(metric, merged);
        this.#waiting.delete(metric);
      } else {
        this.#refused.set(spec.name, spec);
      }
    }
  }

  #make({ spec, pending }: MemberMetric): MergedMetric | undefined {
    try {
      const [first] = pending.values();
      const merged = new MergedMetric(spec, this.#sums, first?.createdMs ?? Number.NaN);
      if (this.register(merged.store) !== merged.store) return undefined;
      this.#merged.set(spec.name, merged);
      return merged;
    } catch {
      return undefined;
    }
  }

  async #merge(): Promise<void> {
    let startedMs = performance.now();
    for (const merged of this.#merged.values()) {
      for (const _ of merged.merge()) {
        if (performance.now() - startedMs < SLICE_MS) continue;
        await letOthersRun();
        startedMs = performance.now();
      }
    }
  }

  /** Lets go of what members have no longer. */
  #detach(): void {
    const removed = this.#removed;
    this.#removed = [];
    for (const metric of removed) {
      const merged = this.#owners.get(metric);
      this.#owners.delete(metric);
      merged?.drop(metric);
      if (merged?.isEmpty === true) this.#forget(merged);
    }
  }

  /** Keeps what ended members had counted. */
  #bury(source: MemberSource): void {
    const ended = source.takeEnded();
    // What they said last may have been metrics.
    if (ended.length > 0) this.#attach();
    for (const { metrics, state } of ended) {
      if (state !== undefined) addTroubles(this.#troubles, state);
      for (const metric of metrics) {
        this.#waiting.delete(metric);
        const merged = this.#owners.get(metric);
        this.#owners.delete(metric);
        merged?.end(metric);
        if (merged?.isEmpty === true) this.#forget(merged);
      }
    }
  }

  /** Nobody has a metric any more: its name is free for another declaration. */
  #forget(merged: MergedMetric): void {
    this.#merged.delete(merged.spec.name);
    this.unregister(merged.spec.name);
  }

  /** Takes the default labels of the first member that has some, where none were set here. */
  #takeLabels(): void {
    for (const { state } of this.#members()) {
      if (state === undefined) continue;
      super.setDefaultLabels(Object.fromEntries(state.defaultLabels));
      return;
    }
  }

  *#members(): Generator<FleetMember, void, undefined> {
    for (const { members } of this.#sources) yield* members;
  }
}

function addTroubles(
  into: { readonly [Kind in keyof Troubles]: Map<string, number> },
  from: Troubles,
): void {
  for (const kind of ["misuse", "overflow", "failures"] as const) {
    for (const [key, count] of from[kind]) into[kind].set(key, (into[kind].get(key) ?? 0) + count);
  }
}
