import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckOptions } from "./check-options.ts";
import type { CheckAnswer, CheckContext } from "./health-check.ts";
import { HealthChecker, type HealthCheckerOptions } from "./health-checker.ts";
import type { TransitionEvent } from "./health-events.ts";
import type { HealthStatus } from "./health-status.ts";
import { ManualClock } from "./manual-clock.ts";

/** A checker whose time and chance are in the test's hands. */
function checker(options: HealthCheckerOptions = {}) {
  const clock = new ManualClock();
  return { clock, health: new HealthChecker({ clock, random: () => 0.5, ...options }) };
}

/** A check that answers what it is told to, and counts how often it is asked. */
function scripted(first?: CheckAnswer | Error) {
  const script = { answer: first, calls: 0, check: (): CheckAnswer => undefined };
  script.check = () => {
    script.calls += 1;
    if (script.answer instanceof Error) throw script.answer;
    return script.answer;
  };
  return script;
}

const never = () => new Promise<never>(() => {});

test("HealthChecker.check() runs everything once and gives the state", async () => {
  const { health } = checker();
  health.register("db", async () => true, { critical: true });
  health.register("cache", () => "degraded");
  assert.equal(health.state()?.status, "unknown");

  const { status, serving, word, components, counts } = await health.check();

  assert.deepEqual([status, serving, word], ["degraded", true, "degraded"]);
  assert.deepEqual(
    components.map((each) => `${each.name} ${each.status}`),
    ["db healthy", "cache degraded"],
  );
  assert.deepEqual(counts, { healthy: 1, degraded: 1, unhealthy: 0, unknown: 0, caused: 0 });
});

test("HealthChecker weighs components by whether they are critical", async () => {
  const f = async (
    parts: [status: HealthStatus, critical: boolean][],
    want: HealthStatus,
    serving: boolean,
  ) => {
    const { health } = checker();
    for (const [i, [status, critical]] of parts.entries())
      health.register(`c${i}`, () => status, { critical });
    const report = await health.check();
    assert.deepEqual([report.status, report.serving], [want, serving], JSON.stringify(parts));
  };

  await f([], "healthy", true);
  await f(
    [
      ["healthy", true],
      ["healthy", false],
    ],
    "healthy",
    true,
  );
  await f(
    [
      ["healthy", true],
      ["unhealthy", false],
    ],
    "degraded",
    true,
  );
  await f(
    [
      ["healthy", true],
      ["unknown", false],
    ],
    "degraded",
    true,
  );
  await f(
    [
      ["degraded", true],
      ["healthy", false],
    ],
    "degraded",
    true,
  );
  await f(
    [
      ["unknown", true],
      ["healthy", false],
    ],
    "unknown",
    false,
  );
  await f(
    [
      ["unhealthy", true],
      ["unknown", true],
    ],
    "unhealthy",
    false,
  );
});

test("HealthChecker.state() tells groups apart: kinds and tags", async () => {
  const { health } = checker();
  health.register("loop", () => true, { kind: "liveness" });
  health.register("db", () => false, { critical: true, kind: "readiness", tags: ["storage"] });
  health.register("both", () => "degraded", { kind: ["liveness", "readiness"], critical: false });
  await health.check();

  const f = (group: string | undefined, want: string | undefined) => {
    const state = health.state(group);
    assert.equal(state && `${state.status} ${state.serving}`, want, group);
  };
  f(undefined, "unhealthy false");
  f("liveness", "degraded true");
  f("readiness", "unhealthy false");
  f("startup", "healthy true");
  f("storage", "unhealthy false");
  f("nobody", undefined);
  assert.deepEqual(health.groups(), ["liveness", "readiness", "startup", "storage"]);
  assert.equal(health.component("loop")?.critical, true); // by default, as a startup check
  health.unregister("db");
  f("storage", undefined);
});

test("HealthChecker runs checks in the background, again and again", async () => {
  const { clock, health } = checker();
  const db = scripted();
  health.register("db", db.check, { intervalMs: 1_000 });
  await clock.advance(10_000);
  assert.equal(db.calls, 0); // not started

  health.start();
  await clock.advance(0);
  assert.equal(db.calls, 1);
  await clock.advance(60_000);
  assert.ok(db.calls >= 59 && db.calls <= 62, String(db.calls));

  await health.stop();
  const { calls } = db;
  await clock.advance(60_000);
  assert.deepEqual([db.calls, clock.pending], [calls, 0]);
  assert.deepEqual([health.state()?.word, health.state()?.serving], ["stopped", false]);
});

test("HealthChecker spreads 1,000 checks evenly over their interval", async () => {
  const clock = new ManualClock();
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const health = new HealthChecker({ clock, random });
  const bySecond = new Map<number, number>();
  for (let i = 0; i < 1_000; i++) {
    health.register(`c${i}`, () => {
      const second = Math.floor(clock.monotonicMs() / 1_000);
      bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
    });
  }
  health.start();
  await clock.advance(60_000);
  await health.stop();

  const starts = [...bySecond.values()];
  assert.ok(Math.max(...starts) <= 205, String(Math.max(...starts))); // the first runs: one every 5 ms
  const later = [...bySecond].filter(([second]) => second >= 15).map(([, count]) => count);
  assert.equal(later.length, 45);
  assert.ok(Math.max(...later) <= 130 && Math.min(...later) >= 70, later.join(" "));
});

test("HealthChecker keeps to maxConcurrency, and starts what decides first", async () => {
  const { clock, health } = checker({ maxConcurrency: 3 });
  let underWay = 0;
  let most = 0;
  const order: string[] = [];
  for (const name of ["a", "b", "c", "d", "e", "f", "g"]) {
    const check = async () => {
      order.push(name);
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 100));
      underWay -= 1;
    };
    health.register(name, check, { critical: name === "g" });
  }
  health.start();
  await clock.advance(1_000);
  await health.stop();
  assert.equal(most, 3);
  assert.deepEqual(order, ["g", "a", "b", "c", "d", "e", "f"]);
});

test("HealthChecker gives up on a check at its deadline, and never starts it on top of itself", async () => {
  const { clock, health } = checker();
  const runs: { context: CheckContext; resolve: (answer: CheckAnswer) => void }[] = [];
  const hung = (context: CheckContext) =>
    new Promise<CheckAnswer>((resolve) => {
      context.signal.addEventListener("abort", () => {});
      runs.push({ context, resolve });
    });
  health.register("hung", hung, { intervalMs: 1_000, timeoutMs: 300, critical: true });
  health.register("other", () => true, { intervalMs: 1_000 });
  health.start();

  await clock.advance(299);
  assert.deepEqual(
    [health.component("hung")?.status, runs[0]?.context.signal.aborted],
    ["unknown", false],
  );
  await clock.advance(1);
  const overdue = health.component("hung");
  assert.equal(overdue?.status, "unhealthy");
  assert.equal(overdue.message, "no answer within 300 ms");
  assert.equal(overdue.runningSinceMs, Date.UTC(2026, 0, 1));
  assert.equal((runs[0]!.context.signal.reason as Error).message, "no answer within 300 ms");

  await clock.advance(60_000);
  assert.equal(runs.length, 1);
  assert.ok((health.component("hung")?.consecutiveFailures ?? 0) > 55);
  assert.equal(health.component("other")?.status, "healthy");
  // Asked for by name, it is not started either, and nobody waits.
  assert.equal((await health.run("hung")).status, "unhealthy");
  assert.equal((await health.check()).status, "unhealthy");
  assert.equal(runs.length, 1);

  // What it says too late is not believed; then it is asked again.
  runs[0]?.resolve("healthy");
  await clock.advance(0);
  assert.deepEqual(
    [health.component("hung")?.status, health.component("hung")?.runningSinceMs],
    ["unhealthy", undefined],
  );
  for (let i = 0; i < 11 && runs.length < 2; i++) await clock.advance(100);
  assert.equal(runs.length, 2);
  runs[1]?.resolve("healthy");
  await clock.advance(0);
  assert.equal(health.component("hung")?.status, "healthy");
  await health.stop();
});

test("HealthChecker: checks that hang give their place to the others", async () => {
  const { clock, health } = checker({ maxConcurrency: 2 });
  for (let i = 0; i < 8; i++) health.register(`hung${i}`, never, { timeoutMs: 100 });
  health.register("fine", () => true);
  const all = health.check();
  await clock.advance(400);
  assert.deepEqual((await all).counts, {
    healthy: 1,
    degraded: 0,
    unhealthy: 8,
    unknown: 0,
    caused: 0,
  });
  await health.stop();
});

test("HealthChecker takes whatever a check does for what it is", async () => {
  const { health } = checker();
  /** Something that looks like a promise, as what other libraries make does. */
  const thenable = (property: PropertyDescriptor): object =>
    // oxlint-disable-next-line unicorn/no-thenable -- this is what the engine must cope with
    Object.defineProperty({}, "then", property);
  const getThrows = () => {
    throw new Error("then");
  };
  const checks: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw new Error("thrown");
    },
    rejects: async () => Promise.reject(new Error("rejected")),
    rejectsNothing: async () => Promise.reject(undefined),
    nonsense: () => 42,
    thenThrows: () => thenable({ get: getThrows }),
    thenRejects: () =>
      thenable({ value: (_: unknown, no: (error: Error) => void) => no(new Error("no")) }),
    thenTwice: () =>
      thenable({ value: (yes: (answer: string) => void) => [yes("degraded"), yes("healthy")] }),
  };
  for (const [name, check] of Object.entries(checks))
    health.register(name, check as () => CheckAnswer);
  const { components } = await health.check();
  assert.deepEqual(
    components.map(({ name, status, error, message }) =>
      `${name} ${status} ${error ?? message ?? ""}`.trim(),
    ),
    [
      "throws unhealthy thrown",
      "rejects unhealthy rejected",
      "rejectsNothing unhealthy the check failed without saying why",
      "nonsense unhealthy the check answered number 42; it may give back nothing, true, false, a status, or an object with one",
      "thenThrows unhealthy then",
      "thenRejects unhealthy no",
      "thenTwice degraded",
    ],
  );
});

test("HealthChecker blames a check that holds the event loop, not those that could not answer meanwhile", async () => {
  const { clock, health } = checker();
  let answer: (answer: CheckAnswer) => void = () => {};
  const waits = () => new Promise<CheckAnswer>((resolve) => (answer = resolve));
  health.register("waits", waits, { timeoutMs: 100, intervalMs: 60_000 });
  health.register("blocks", () => clock.jump(500), { timeoutMs: 100, intervalMs: 60_000 });
  health.start();
  await clock.advance(5); // both have begun; the second one held the loop past the first one's deadline
  assert.match(
    health.component("blocks")?.message ?? "",
    /^the check held the event loop for 500 ms, with a deadline of 100 ms$/,
  );
  assert.equal(health.component("waits")?.status, "unknown");
  answer("healthy");
  await clock.advance(0);
  assert.equal(health.component("waits")?.status, "healthy");
  await health.stop();
});

test("HealthChecker puts deadlines off by no more than the deadline when the loop is held again and again", async () => {
  const { clock, health } = checker();
  health.register("hung", never, { timeoutMs: 100, intervalMs: 60_000 });
  health.start();
  await clock.advance(0);
  for (let i = 0; i < 5; i++) {
    clock.jump(150);
    await clock.advance(1);
  }
  assert.equal(health.component("hung")?.status, "unhealthy");
  await health.stop();
});

test("HealthChecker makes a result unknown that is too old", async () => {
  const { clock, health } = checker();
  let slow = false;
  const check = () => (slow ? never() : true);
  health.register("db", check, {
    intervalMs: 1_000,
    timeoutMs: 60_000,
    staleAfterMs: 5_000,
    critical: true,
  });
  health.start();
  await clock.advance(1_500);
  slow = true;
  await clock.advance(3_000);
  assert.equal(health.component("db")?.status, "healthy");
  await clock.advance(4_000);
  assert.equal(health.component("db")?.status, "unknown");
  assert.deepEqual([health.state()?.serving, health.state("liveness")?.serving], [false, true]);
  await health.stop();
});

test("HealthChecker keeps a status until `fall` or `rise` results in a row say otherwise", async () => {
  const { clock, health } = checker();
  const db = scripted();
  health.register("db", db.check, { intervalMs: 1_000, rise: 2, fall: 3 });
  const seen: string[] = [];
  health.on("transition", ({ from, to }) => seen.push(`${from} ${to}`));
  health.start();
  await clock.advance(2_000);
  db.answer = false;
  await health.run("db");
  await health.run("db");
  assert.deepEqual(
    [health.component("db")?.status, health.component("db")?.consecutiveFailures],
    ["healthy", 2],
  );
  await health.run("db");
  assert.equal(health.component("db")?.status, "unhealthy");
  db.answer = true;
  await health.run("db");
  assert.equal(health.component("db")?.status, "unhealthy");
  await health.run("db");
  assert.deepEqual(seen, ["unknown healthy", "healthy unhealthy", "unhealthy healthy"]);
  await health.stop();
});

test("HealthChecker marks a failure that a dependency explains", async () => {
  const { health } = checker();
  const db = scripted();
  const orders = scripted();
  health.register("orders", orders.check, { critical: true, dependsOn: ["db"] });
  health.register("checkout", orders.check, { dependsOn: ["orders", "later"] });
  health.register("db", db.check, { critical: true });
  const heard: TransitionEvent[] = [];
  health.on("transition", (event) => heard.push(event));

  db.answer = false;
  await health.run("db");
  orders.answer = new Error("no connection");
  const { counts, components } = await health.check();
  assert.deepEqual(
    components.map((each) => each.causedBy.join()),
    ["db", "db", ""],
  );
  assert.deepEqual(counts, { healthy: 0, degraded: 0, unhealthy: 1, unknown: 0, caused: 2 });
  assert.deepEqual(
    heard.map(({ name, health: { causedBy } }) => `${name} ${causedBy.join()}`),
    ["db ", "orders db", "checkout db"],
  );

  db.answer = true;
  await health.run("db");
  assert.deepEqual(health.component("checkout")?.causedBy, ["orders"]);
});

test("HealthChecker asks those at once that a failing check depends on", async () => {
  const { clock, health } = checker();
  const db = scripted();
  const orders = scripted();
  health.register("db", db.check, { intervalMs: 3_600_000 });
  health.register("orders", orders.check, { intervalMs: 1_000, dependsOn: ["db"] });
  health.start();
  await clock.advance(1_000);
  assert.equal(db.calls, 1);
  db.answer = false;
  orders.answer = false;
  await clock.advance(5_000);
  assert.equal(db.calls, 2);
  assert.deepEqual(health.component("orders")?.causedBy, ["db"]);
  await health.stop();
});

test("HealthChecker.register() refuses what cannot be", () => {
  const { health } = checker();
  health.register("a", () => true, { dependsOn: ["b"] });
  health.register("b", () => true, { dependsOn: ["c"] });
  const f = (name: string, options: CheckOptions, code: string, message: RegExp) =>
    assert.throws(() => health.register(name, () => true, options), { code, message });

  f("c", { dependsOn: ["a"] }, "FLX_HEALTH_CYCLE", /^c would depend on itself: c -> a -> b -> c; /);
  f("d", { dependsOn: ["d"] }, "FLX_HEALTH_CYCLE", /d -> d/);
  f("a", {}, "FLX_HEALTH_NAME", /"a" is registered already/);
  f("", {}, "FLX_HEALTH_NAME", /got ""$/);
  f("x\ny", {}, "FLX_HEALTH_NAME", /printable/);
  f("x".repeat(129), {}, "FLX_HEALTH_NAME", /1 to 128/);
  f(
    "d",
    { intervalMs: 0 },
    "FLX_HEALTH_OPTION",
    /^d: intervalMs must be a number of milliseconds, 1 or more, got 0$/,
  );
  f("d", { timeoutMs: Number.NaN }, "FLX_HEALTH_OPTION", /timeoutMs/);
  f("d", { staleAfterMs: -1 }, "FLX_HEALTH_OPTION", /staleAfterMs/);
  f("d", { fall: 1.5 }, "FLX_HEALTH_OPTION", /fall must be a whole number/);
  f("d", { rise: 0 }, "FLX_HEALTH_OPTION", /rise/);
  f("d", { kind: "alive" as never }, "FLX_HEALTH_OPTION", /one of liveness, readiness, startup/);
  f("d", { tags: ["readiness"] }, "FLX_HEALTH_OPTION", /other than liveness/);
  f("d", { dependsOn: [""] }, "FLX_HEALTH_OPTION", /names of components/);
  assert.throws(() => health.register("d", 1 as never), { code: "FLX_HEALTH_OPTION" });
  assert.throws(() => health.heartbeat("d", { ttlMs: 0 }), { code: "FLX_HEALTH_OPTION" });
  assert.throws(() => new HealthChecker({ maxConcurrency: 0 }), { code: "FLX_HEALTH_OPTION" });
  assert.equal(health.component("d"), undefined);
});

test("HealthChecker.run() refuses a name that nobody has", async () => {
  const { health } = checker();
  await assert.rejects(health.run("db"), { code: "FLX_HEALTH_UNKNOWN" });
  assert.equal(health.unregister("db"), false);
});

test("HealthChecker waits for the startup checks before it runs the others", async () => {
  const { clock, health } = checker();
  const migrations = scripted(false);
  const db = scripted();
  health.register("db", db.check, { intervalMs: 1_000, critical: true });
  health.register("migrations", migrations.check, { kind: "startup", intervalMs: 1_000 });
  const lives: string[] = [];
  health.on("lifecycle", ({ from, to }) => lives.push(`${from} ${to}`));
  health.start();
  await clock.advance(3_000);

  const word = (group?: string) => `${health.state(group)?.word} ${health.state(group)?.serving}`;
  assert.equal(db.calls, 0);
  assert.deepEqual(
    [word(), word("readiness"), word("liveness"), word("startup")],
    ["starting false", "starting false", "healthy true", "starting false"],
  );

  migrations.answer = true;
  await clock.advance(2_000);
  const { calls } = migrations;
  assert.deepEqual(
    [word(), word("readiness"), word("startup")],
    ["healthy true", "healthy true", "healthy true"],
  );
  assert.ok(db.calls > 0);

  // Once passed, it is not asked any more, and is not too old; nor does a later one bring "starting" back.
  await clock.advance(3_600_000);
  assert.equal(migrations.calls, calls);
  health.register("late", () => false, { kind: "startup" });
  await clock.advance(1_000);
  assert.deepEqual([word("startup"), word()], ["unhealthy true", "unhealthy false"]);
  assert.deepEqual(lives, ["starting serving"]);
  await health.stop();
});

test("HealthChecker.check() runs only startup checks while these do not pass", async () => {
  const { health } = checker();
  const migrations = scripted(false);
  const db = scripted();
  health.register("db", db.check);
  health.register("migrations", migrations.check, { kind: "startup" });
  assert.equal((await health.check()).word, "starting");
  assert.equal(db.calls, 0);
  migrations.answer = true;
  assert.equal((await health.check()).word, "healthy");
  assert.equal(db.calls, 1);
  await health.check();
  assert.equal(migrations.calls, 2);
});

test("HealthChecker.heartbeat() is unhealthy when a beat is missing", async () => {
  const { clock, health } = checker();
  const beat = health.heartbeat("importer", { ttlMs: 1_000, critical: true });
  health.start();
  const status = () => health.component("importer")?.status;
  await clock.advance(999);
  assert.equal(status(), "unknown");
  await clock.advance(1);
  assert.deepEqual(
    [status(), health.component("importer")?.message],
    ["unhealthy", "no beat within 1000 ms"],
  );

  beat.beat();
  assert.equal(status(), "healthy");
  for (let i = 0; i < 20; i++) {
    await clock.advance(900);
    beat.beat();
  }
  assert.equal(status(), "healthy");
  beat.beat({ status: "degraded", message: "slow" });
  assert.equal(status(), "degraded");
  beat.fail(new Error("token=abc"));
  assert.deepEqual(
    [status(), health.component("importer")?.error],
    ["unhealthy", "token=[redacted]"],
  );
  await clock.advance(10_000);
  assert.equal(status(), "unhealthy");
  assert.equal((await health.run("importer")).status, "unhealthy");
  assert.equal(health.unregister("importer"), true);
  beat.beat();
  assert.equal(status(), undefined);
  await health.stop();
  assert.equal(clock.pending, 0);
});

test("HealthChecker tells listeners everything in order, whatever they do", async () => {
  const errors: unknown[] = [];
  const { clock, health } = checker({ onError: (error) => errors.push(error) });
  const beat = health.heartbeat("a", { ttlMs: 1_000 });
  const other = health.heartbeat("b", { ttlMs: 1_000 });
  const heard: string[] = [];
  health.on("transition", ({ name, to }) => {
    heard.push(`1 ${name} ${to}`);
    if (name === "a") other.beat("degraded"); // causes an event while one is told
    throw new Error("first");
  });
  health.on("transition", async () => Promise.reject(new Error("second")));
  const quiet = health.on("transition", ({ name, to }) => heard.push(`2 ${name} ${to}`));
  health.on("group", ({ from, to }) =>
    heard.push(`${to.group ?? "all"} ${from.status} ${to.status}`),
  );
  beat.beat();
  assert.deepEqual(heard, [
    "1 a healthy",
    "2 a healthy",
    "all unknown degraded", // since b is not known
    "readiness unknown degraded",
    "1 b degraded",
    "2 b degraded",
  ]);
  await clock.advance(0);
  assert.deepEqual(errors.map((error) => (error as Error).message).toSorted(), [
    "first",
    "first",
    "second",
    "second",
  ]);

  heard.length = 0;
  quiet();
  beat.fail("no");
  assert.ok(!heard.some((each) => each.startsWith("2")));
});

test("HealthChecker.version changes with statuses, not with results", async () => {
  const { health } = checker();
  health.register("db", () => true);
  let changes = 0;
  const end = health.subscribe(() => (changes += 1));
  await health.check();
  const { version, revision } = health;
  const state = health.state();
  await health.check();
  assert.equal(health.version, version);
  assert.ok(health.revision > revision);
  assert.equal(health.state(), state);
  assert.equal(changes, 1);
  end();
  health.drain();
  assert.deepEqual([changes, health.version], [1, version + 1]);
});

test("HealthChecker.drain() says no to everything but liveness, and checks go on", async () => {
  const { clock, health } = checker();
  const db = scripted();
  health.register("db", db.check, { intervalMs: 1_000, tags: ["storage"] });
  health.register("loop", () => true, { kind: "liveness" });
  health.start();
  await clock.advance(100);
  health.drain();
  const { calls } = db;
  await clock.advance(10_000);
  const words = [undefined, "readiness", "storage", "liveness", "startup"].map(
    (group) => `${health.state(group)?.word} ${health.state(group)?.serving}`,
  );
  assert.deepEqual(words, [
    "draining false",
    "draining false",
    "draining false",
    "healthy true",
    "healthy true",
  ]);
  assert.ok(db.calls > calls);
  await health.stop();
  health.drain();
  assert.equal(health.state()?.word, "stopped");
});

test("HealthChecker.unregister() tells a run to give up and hears nothing of it", async () => {
  const { clock, health } = checker();
  let signal: AbortSignal | undefined;
  let settle: (answer: CheckAnswer) => void = () => {};
  health.register("db", (context) => {
    ({ signal } = context);
    return new Promise((resolve) => (settle = resolve));
  });
  health.start();
  await clock.advance(0);
  const waiting = health.run("db");
  assert.equal(health.unregister("db"), true);
  assert.equal(signal?.aborted, true);
  assert.equal((await waiting).status, "unknown");
  settle("unhealthy");
  await clock.advance(60_000);
  assert.deepEqual([health.component("db"), health.state()?.status], [undefined, "healthy"]);
  health.register("db", () => true);
  assert.equal((await health.run("db")).status, "healthy");
  await health.stop();
});

test("HealthChecker can be started again, and then knows nothing of before", async () => {
  const { clock, health } = checker();
  const db = scripted();
  health.register("db", db.check, { critical: true });
  health.start();
  await clock.advance(0);
  await health.stop();
  db.answer = false;
  health.start();
  assert.equal(health.state()?.word, "unknown");
  await clock.advance(100);
  assert.equal(health.state()?.word, "unhealthy");
  await health[Symbol.asyncDispose]();
  assert.equal(clock.pending, 0);
});
