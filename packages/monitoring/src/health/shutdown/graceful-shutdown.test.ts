import assert from "node:assert/strict";
import { test } from "node:test";
import { HealthChecker } from "../health-checker.ts";
import { ManualClock } from "../manual-clock.ts";
import { Shutdown, type ShutdownOptions } from "./graceful-shutdown.ts";

/** A shutdown that listens for no signals and whose time is in the test's hands. */
function prepared(options: ShutdownOptions = {}) {
  const clock = new ManualClock();
  const health = new HealthChecker({ clock });
  const told: string[] = [];
  const onStep = ({ name, outcome }: { name: string; outcome: string }) =>
    told.push(`${name} ${outcome}`);
  const shutdown = new Shutdown({ clock, health, signals: [], onStep, ...options });
  return { clock, health, shutdown, told };
}

test("Shutdown.begin() says no first, waits, and then closes in order", async () => {
  const order: string[] = [];
  const hooks = ["pool", "telemetry"].map((name) => ({
    name,
    close: async () => void order.push(name),
  }));
  const { clock, health, shutdown, told } = prepared({ hooks });
  shutdown.addHook({ name: "admin", close: () => order.push("admin") });
  health.start();
  const ended = shutdown.begin("test");
  assert.equal(shutdown.begin(), ended);
  await clock.advance(4_999);
  assert.deepEqual(
    [health.state()?.word, health.state("liveness")?.word, order.length],
    ["draining", "healthy", 0],
  );
  await clock.advance(1);
  const { reason, forced, steps, durationMs } = await ended;
  assert.deepEqual(order, ["pool", "telemetry", "admin"]);
  assert.deepEqual(told, [
    "drain done",
    "delay done",
    "servers done",
    "pool done",
    "telemetry done",
    "admin done",
    "health done",
  ]);
  assert.deepEqual([reason, forced, steps.length, durationMs], ["test", false, 7, 5_000]);
  assert.equal(health.state()?.word, "stopped");
  assert.equal(clock.pending, 0);
});

test("Shutdown waits for beacons and promises, as long as it may", async () => {
  const { clock, shutdown, told } = prepared({ delayMs: 0, drainTimeoutMs: 1_000 });
  const beacon = shutdown.beacon("import");
  let settle: (value: string) => void = () => {};
  const blocked = shutdown.blockUntil(
    () => new Promise<string>((resolve) => (settle = resolve)),
    "mail",
  );
  const failing = shutdown.blockUntil(Promise.reject(new Error("no")));
  await assert.rejects(failing, /no/);
  const ended = shutdown.begin();
  await clock.advance(500);
  assert.deepEqual(told, ["drain done", "delay done"]);
  settle("sent");
  assert.equal(await blocked, "sent");
  await clock.advance(400);
  beacon.die();
  beacon.die();
  await clock.advance(0);
  assert.equal((await ended).forced, false);

  const late = prepared({ delayMs: 0, drainTimeoutMs: 1_000 });
  late.shutdown.beacon("import");
  const report = late.shutdown.begin();
  await late.clock.advance(1_000);
  const step = (await report).steps.find(({ name }) => name === "servers");
  assert.deepEqual([step?.outcome, step?.error], ["timeout", "still at work: import"]);
});

test("Shutdown goes on when a step throws, hangs, or is told in vain", async () => {
  const signals: AbortSignal[] = [];
  const { clock, shutdown } = prepared({
    delayMs: 0,
    onStep: () => {
      throw new Error("listener");
    },
    hooks: [
      { name: "throws", close: () => Promise.reject(new Error("redis://u:p@h")) },
      {
        name: "throwsNow",
        close: () => {
          // oxlint-disable-next-line typescript/only-throw-error -- others do
          throw "text";
        },
      },
      {
        name: "hangs",
        timeoutMs: 100,
        close: (signal) => new Promise(() => void signals.push(signal)),
      },
      { name: "last", close: () => undefined },
    ],
  });
  const ended = shutdown.begin();
  await clock.advance(1_000);
  const { steps } = await ended;
  assert.deepEqual(
    steps.slice(3, 7).map(({ name, outcome, error }) => `${name} ${outcome} ${error}`),
    [
      "throws failed redis://[redacted]@h",
      "throwsNow failed text",
      "hangs timeout undefined",
      "last done undefined",
    ],
  );
  assert.equal(signals[0]?.aborted, true);
});

test("Shutdown.force() ends everything at once, as does the time for all of it", async () => {
  const forcing = prepared();
  const first = forcing.shutdown.begin();
  await forcing.clock.advance(1_000);
  forcing.shutdown.force();
  await forcing.clock.advance(0);
  const report = await first;
  assert.equal(report.forced, true);
  assert.deepEqual(forcing.told, ["drain done", "delay forced", "servers forced", "health forced"]);
  assert.equal(report.durationMs, 1_000);
  assert.equal(forcing.clock.pending, 0);

  const slow = prepared({
    delayMs: 0,
    timeoutMs: 3_000,
    hooks: [{ name: "hangs", timeoutMs: 60_000, close: () => new Promise(() => {}) }],
  });
  const second = slow.shutdown.begin();
  await slow.clock.advance(3_000);
  assert.deepEqual([(await second).forced, (await second).durationMs], [true, 3_000]);
});

test("Shutdown refuses times that are none", () => {
  const f = (options: ShutdownOptions, message: RegExp) =>
    assert.throws(() => new Shutdown({ signals: [], ...options }), {
      code: "FLX_SHUTDOWN_OPTION",
      message,
    });

  f({ delayMs: -1 }, /^delayMs must be a number of milliseconds, 0 or more, got -1$/);
  f({ timeoutMs: Number.NaN }, /timeoutMs/);
  f({ hooks: [{ name: "pool", close: () => {}, timeoutMs: Infinity }] }, /^timeoutMs of pool/);
});
