// The board: the one state that HTTP, gRPC, metrics and listeners are shown.
//
//   results ──► take() ──► component's status ──► version + 1 ──► events, subscribers
//                                                     │
//             state(group), snapshot(group)  ◄────────┘   computed once a version, when somebody asks
//
// Everything is changed before anybody is told, so that a listener, a probe and a scrape never see two states.
// `version` counts what a status word can depend on; `revision` every result, which a list with numbers depends on.

import type { UnixMs } from "@flx/model/write";
import { groupStateOf, statusOf } from "./aggregate.ts";
import { CHECK_KINDS } from "./check-options.ts";
import type { HealthClock } from "./clock.ts";
import type { Component } from "./component.ts";
import type { ComponentHealth } from "./component-health.ts";
import { causesOf } from "./dependency-graph.ts";
import type { Finding } from "./finding.ts";
import type { HealthEvents } from "./health-events.ts";
import type {
  GroupState,
  HealthGroup,
  HealthReport,
  HealthSource,
  Lifecycle,
} from "./health-source.ts";
import type { Listeners } from "./listeners.ts";
import { severityOf } from "./severity.ts";

/** Events of a checker, and the one that only says that something has changed. */
export type BoardEvents = HealthEvents & { readonly change: undefined };

/** The state of all components. */
export class Board implements HealthSource {
  readonly #clock: HealthClock;
  readonly #listeners: Listeners<BoardEvents>;
  readonly #components = new Map<string, Component>();
  readonly #states = new Map<HealthGroup, { version: number; state: GroupState }>();
  /** The last states that listeners of groups were told. */
  readonly #told = new Map<HealthGroup, GroupState>();
  #causes = new Map<string, readonly string[]>();
  #causesVersion = -1;
  #groups: readonly string[] = CHECK_KINDS;
  #version = 0;
  #revision = 0;
  /** All startup checks have passed: nothing is "starting" any more. */
  #hasStarted = false;
  #ending: "draining" | "stopped" | undefined;
  #lastLifecycle: Lifecycle = "serving";

  constructor(clock: HealthClock, listeners: Listeners<BoardEvents>) {
    this.#clock = clock;
    this.#listeners = listeners;
  }

  get version(): number {
    return this.#version;
  }

  /** Changes with every result, too. */
  get revision(): number {
    return this.#revision;
  }

  get lifecycle(): Lifecycle {
    return this.#ending ?? (this.isStarting ? "starting" : "serving");
  }

  /** Whether a startup check has not passed yet. */
  get isStarting(): boolean {
    if (this.#hasStarted) return false;
    for (const component of this.#components.values()) if (component.holdsStart) return true;
    return false;
  }

  state(group?: HealthGroup): GroupState | undefined {
    const known = this.#states.get(group);
    if (known?.version === this.#version) return known.state;
    const members = this.#members(group);
    if (members === undefined) return undefined;
    const { lifecycle, isStarting } = this;
    const computed = groupStateOf(group, statusOf(members), { lifecycle, isStarting });
    const state = known !== undefined && isSame(known.state, computed) ? known.state : computed;
    this.#states.set(group, { version: this.#version, state });
    return state;
  }

  snapshot(group?: HealthGroup): HealthReport | undefined {
    const state = this.state(group);
    const members = this.#members(group);
    if (state === undefined || members === undefined) return undefined;
    const nowMs = this.#clock.now();
    const components = members.map((each) => each.health(nowMs, this.#causesOf(each)));
    return { ...state, components, counts: countsOf(components) };
  }

  component(name: string): ComponentHealth | undefined {
    const component = this.#components.get(name);
    return component?.health(this.#clock.now(), this.#causesOf(component));
  }

  groups(): readonly string[] {
    return this.#groups;
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add("change", listener);
  }

  /** Says what all groups are now, so that listeners of groups are told from there on. */
  noteGroups(): void {
    for (const group of this.#allGroups()) {
      const state = this.state(group);
      if (state !== undefined && !this.#told.has(group)) this.#told.set(group, state);
    }
  }

  has(name: string): boolean {
    return this.#components.has(name);
  }

  /** The names that a component needs, for {@link causesOf}. */
  dependencies(name: string): readonly string[] {
    return this.#components.get(name)?.dependsOn ?? [];
  }

  add(component: Component): void {
    this.#change(() => {
      this.#components.set(component.name, component);
      this.#findGroups();
    });
    this.#listeners.emit("registration", { name: component.name, registered: true });
  }

  remove(name: string): void {
    this.#change(() => {
      this.#components.delete(name);
      this.#findGroups();
    });
    this.#listeners.emit("registration", { name, registered: false });
  }

  /** Takes a result of a component. */
  take(component: Component, finding: Finding, durationMs?: number): void {
    const atMs = this.#clock.now();
    this.#revision++;
    this.#update(component, (nowMs) => component.take(finding, nowMs, durationMs), atMs);
    if (this.#listeners.has("result")) {
      const { status } = finding;
      this.#listeners.emit("result", { name: component.name, status, durationMs, atMs });
    }
  }

  /** Makes a component unknown: what is known of it is too old. */
  forget(component: Component): void {
    this.#revision++;
    this.#update(component, (nowMs) => component.forget(nowMs), this.#clock.now());
  }

  /** Notes since when a run is out that has missed its deadline, or that it has come back. */
  noteRunning(component: Component, sinceMs: UnixMs | undefined): void {
    component.runningSinceMs = sinceMs;
    this.#revision++;
  }

  /** Drains, or stops. */
  end(ending: "draining" | "stopped"): void {
    if (ending === this.#ending) return;
    this.#change(() => {
      this.#ending = ending;
    });
  }

  /** Begins anew after the end: nothing is known of anybody. */
  begin(): void {
    for (const component of this.#components.values()) this.forget(component);
    this.#change(() => {
      this.#ending = undefined;
    });
  }

  #update(component: Component, change: (nowMs: UnixMs) => boolean, atMs: UnixMs): void {
    const { name, status: from } = component;
    const wasKnown = component.checkedAtMs !== undefined;
    const isChanged = change(atMs);
    if ((!isChanged && wasKnown) || this.#components.get(name) !== component) return;
    this.#change(
      () => {},
      () => {
        if (!isChanged || !this.#listeners.has("transition")) return;
        const health = component.health(atMs, this.#causesOf(component));
        this.#listeners.emit("transition", { name, from, to: component.status, atMs, health });
      },
    );
  }

  /** Changes what a status word can depend on, and tells of it once all of it is changed. */
  #change(change: () => void, tell: () => void = () => {}): void {
    change();
    this.#version++;
    this.#revision++;
    this.#noteStart();
    this.#listeners.together(() => {
      tell();
      this.#tellLifecycle();
      if (this.#listeners.has("group")) this.#tellGroups();
      this.#listeners.emit("change", undefined);
    });
  }

  #tellLifecycle(): void {
    const from = this.#lastLifecycle;
    const to = this.lifecycle;
    this.#lastLifecycle = to;
    if (from !== to) this.#listeners.emit("lifecycle", { from, to, atMs: this.#clock.now() });
  }

  /** Once all startup checks have passed, the service has started for good. */
  #noteStart(): void {
    if (this.#hasStarted || this.isStarting) return;
    this.#hasStarted = [...this.#components.values()].some(
      (each) => each.critical && each.kinds.includes("startup"),
    );
  }

  #tellGroups(): void {
    const atMs = this.#clock.now();
    for (const group of this.#allGroups()) {
      const to = this.state(group);
      const from = this.#told.get(group);
      if (to === undefined) continue;
      this.#told.set(group, to);
      if (from !== undefined && from !== to) this.#listeners.emit("group", { from, to, atMs });
    }
  }

  #allGroups(): readonly HealthGroup[] {
    return [undefined, ...this.#groups];
  }

  #findGroups(): void {
    const tags = new Set<string>();
    for (const component of this.#components.values()) {
      for (const tag of component.tags) tags.add(tag);
    }
    this.#groups = [...CHECK_KINDS, ...tags];
    for (const states of [this.#states, this.#told]) {
      for (const group of states.keys()) {
        if (group !== undefined && !this.#groups.includes(group)) states.delete(group);
      }
    }
  }

  /** undefined when there is no such group. */
  #members(group: HealthGroup): readonly Component[] | undefined {
    const all = [...this.#components.values()];
    if (group === undefined) return all;
    if (!this.#groups.includes(group)) return undefined;
    const words = (each: Component): readonly string[] =>
      (CHECK_KINDS as readonly string[]).includes(group) ? each.kinds : each.tags;
    return all.filter((each) => words(each).includes(group));
  }

  #causesOf(component: Component): readonly string[] {
    if (component.dependsOn.length === 0) return NO_CAUSES;
    if (this.#causesVersion !== this.#version) {
      this.#causes = new Map();
      this.#causesVersion = this.#version;
    }
    const { name } = component;
    const known = this.#causes.get(name);
    if (known !== undefined) return known;
    const severity = (each: string) => {
      const found = this.#components.get(each);
      return found === undefined ? undefined : severityOf(found.status);
    };
    const causes = causesOf(name, (each) => this.dependencies(each), severity);
    this.#causes.set(name, causes);
    return causes;
  }
}

const NO_CAUSES: readonly string[] = [];

function countsOf(components: readonly ComponentHealth[]): HealthReport["counts"] {
  const counts = { healthy: 0, degraded: 0, unhealthy: 0, unknown: 0, caused: 0 };
  for (const { status, causedBy } of components) {
    counts[causedBy.length > 0 ? "caused" : status]++;
  }
  return counts;
}

function isSame(a: GroupState, b: GroupState): boolean {
  return (
    a.status === b.status &&
    a.serving === b.serving &&
    a.word === b.word &&
    a.lifecycle === b.lifecycle
  );
}
