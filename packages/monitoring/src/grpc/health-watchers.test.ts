import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServingStatus } from "./health-messages.ts";
import { HealthWatchers, type Watch } from "./health-watchers.ts";

/** A state that the test sets, and watchers of it. */
class Stage {
  readonly statuses = new Map<string, ServingStatus>();
  readonly listeners = new Set<() => void>();
  readonly watchers: HealthWatchers;

  constructor(maxWatchers = 10_000) {
    const status = (service: string) => this.statuses.get(service) ?? "SERVICE_UNKNOWN";
    const subscribe = (listener: () => void) => {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    };
    this.watchers = new HealthWatchers({ status, subscribe }, maxWatchers);
  }

  set(service: string, status: ServingStatus): void {
    this.statuses.set(service, status);
    for (const listener of this.listeners) listener();
  }

  /** Watches, and notes what it is told; `isReady`: whether it can take more after each. */
  watch(service: string, isReady: () => boolean = () => true) {
    const told: ServingStatus[] = [];
    let hasEnded = false;
    const watch = this.watchers.watch(service, {
      send: (status) => {
        told.push(status);
        return isReady();
      },
      end: () => {
        hasEnded = true;
      },
    });
    return { told, watch: watch as Watch, isOver: () => hasEnded };
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("HealthWatchers tells the present state at once, then what changes, and nothing twice", () => {
  const stage = new Stage();
  const [a, other] = [stage.watch("a"), stage.watch("b")];
  stage.set("a", "SERVING");
  stage.set("a", "SERVING");
  stage.set("a", "NOT_SERVING");
  assert.deepEqual(a.told, ["SERVICE_UNKNOWN", "SERVING", "NOT_SERVING"]);
  assert.deepEqual(other.told, ["SERVICE_UNKNOWN"]);
});

test("HealthWatchers tells one who could not take more only where things stand in the end", () => {
  const stage = new Stage();
  stage.set("a", "SERVING");
  const slow = stage.watch("a", () => false);
  for (let i = 0; i < 101; i++) stage.set("a", i % 2 === 0 ? "NOT_SERVING" : "UNKNOWN");
  assert.deepEqual(slow.told, ["SERVING"]);
  slow.watch.resume();
  assert.deepEqual(slow.told, ["SERVING", "NOT_SERVING"]);
  stage.set("a", "UNKNOWN");
  stage.set("a", "NOT_SERVING");
  slow.watch.resume();
  assert.deepEqual(slow.told, ["SERVING", "NOT_SERVING"], "it has that state already");
});

test("HealthWatchers tells many in slices, and those who leave in between are not told", async () => {
  const stage = new Stage();
  const all = Array.from({ length: 1_000 }, () => stage.watch("a"));
  stage.set("a", "SERVING");
  const toldNow = all.filter(({ told }) => told.length === 2).length;
  assert.ok(toldNow > 0 && toldNow < 1_000, String(toldNow));
  all.at(-1)!.watch.stop();
  for (let i = 0; i < 10; i++) await nextTurn();
  assert.equal(all.filter(({ told }) => told.at(-1) === "SERVING").length, 999);
  assert.deepEqual(all.at(-1)!.told, ["SERVICE_UNKNOWN"]);
});

test("HealthWatchers has room for so many, listens only while somebody watches, and forgets who left", () => {
  const stage = new Stage(2);
  assert.equal(stage.listeners.size, 0);
  const [first, second, third] = [stage.watch("a"), stage.watch("b"), stage.watch("a")];
  assert.equal(third.watch, undefined);
  assert.deepEqual([stage.watchers.count, stage.listeners.size], [2, 1]);
  first.watch.stop();
  first.watch.stop();
  assert.equal(stage.watchers.count, 1);
  assert.notEqual(stage.watch("c").watch, undefined);
  second.watch.stop();
  stage.watchers.close();
  assert.deepEqual([stage.watchers.count, stage.listeners.size], [0, 0]);
});

test("HealthWatchers.close() ends everybody who watches", () => {
  const stage = new Stage();
  const all = ["a", "a", "b"].map((service) => stage.watch(service));
  stage.watchers.close();
  assert.deepEqual(
    all.map(({ isOver }) => isOver()),
    [true, true, true],
  );
});
