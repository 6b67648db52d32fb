import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ChildProcess } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { Counter } from "../counter.ts";
import { Gauge } from "../gauge.ts";
import { Histogram } from "../histogram.ts";
import { Registry } from "../registry.ts";
import { DeltaEncoder } from "./delta-encoder.ts";
import { FleetRegistry } from "./fleet-registry.ts";
import { PROTOCOL } from "./process-channel.ts";
import { ProcessMembers } from "./process-members.ts";

interface Said {
  readonly kind: string;
}

/** A gatherer, and a process whose messages the test makes up. */
class Link extends EventEmitter {
  readonly connected = true;
  readonly said: Said[] = [];
  readonly fleet: FleetRegistry = new FleetRegistry();
  readonly members: ProcessMembers = new ProcessMembers(this.fleet);
  #number = 0;

  constructor() {
    super();
    this.fleet.addSource(this.members);
    this.members.adopt(this as unknown as ChildProcess);
    this.hear({ kind: "hello" });
  }

  send(message: Said): void {
    this.said.push(message);
  }

  hear(message: object): void {
    this.emit("message", { flx: PROTOCOL, identity: "a", ...message });
  }

  /** A delta that arrives; `number` for one out of turn. */
  delta(bytes: Uint8Array, isWhole = false, number = ++this.#number): void {
    const data = Buffer.from(bytes).toString("base64");
    this.hear({ kind: "delta", number, isWhole, data });
  }

  /** The last delta, once more. */
  again(bytes: Uint8Array): void {
    this.delta(bytes, false, this.#number);
  }

  /** A delta that gets lost. */
  lose(): void {
    this.#number++;
  }

  get wantsWhole(): boolean {
    return this.said.some(({ kind }) => kind === "resync" || kind === "go");
  }
}

async function lines(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text
    .split("\n")
    .filter((line) => line !== "" && !/^(#|flx_)/.test(line))
    .toSorted();
}

const label = fc.oneof(fc.constantFrom("a", "b"), fc.string({ unit: "binary", maxLength: 3 }));
/** The sum of 0 and -0 is 0. */
const notMinusZero = fc.double().map((value) => value + 0);
const step = fc.oneof(
  fc.record({
    kind: fc.constant("inc" as const),
    label,
    by: fc.double({ min: 0, max: 1e300, noNaN: true }),
  }),
  fc.record({ kind: fc.constant("count" as const), label, by: fc.nat() }),
  fc.record({ kind: fc.constant("set" as const), label, by: notMinusZero }),
  fc.record({
    kind: fc.constantFrom("remove" as const, "reset" as const, "again" as const),
    label,
    by: fc.nat(2),
  }),
  fc.record({
    kind: fc.constantFrom("send" as const, "lose" as const, "double" as const),
    label,
    by: fc.nat(300),
  }),
);

test("`ProcessMembers` has what the other registry has, with deltas in parts, lost and doubled", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const registry = new Registry();
      const registers = [registry];
      const labelNames = ["x"] as const;
      const make = () => ({
        counter: new Counter({ name: "c_total", help: "c", labelNames, registers }),
        gauge: new Gauge({ name: "g", help: "g", labelNames, registers }),
        histogram: new Histogram({ name: "h", help: "h", labelNames, buckets: [1, 10], registers }),
      });
      let metrics = make();
      const encoder = new DeltaEncoder(registry);
      const link = new Link();
      let isFirst = true;
      const send = (limit?: number): void => {
        if (link.wantsWhole) {
          link.said.length = 0;
          // The first may come in parts.
          link.delta(encoder.whole(isFirst ? limit : Infinity).bytes, true);
          isFirst = false;
        } else {
          link.delta(encoder.next(limit).bytes);
        }
      };
      for (const { kind, label: x, by } of steps) {
        const one = [metrics.counter, metrics.gauge, metrics.histogram][by % 3]!;
        if (kind === "inc") metrics.counter.inc({ x }, by);
        else if (kind === "count") metrics.histogram.observe({ x }, by);
        else if (kind === "set") metrics.gauge.set({ x }, by);
        else if (kind === "remove") one.remove({ x });
        else if (kind === "reset") one.reset();
        else if (kind === "send") send(by);
        else if (kind === "double") {
          const { bytes } = encoder.next();
          link.delta(bytes);
          link.again(bytes);
        } else if (kind === "lose") {
          encoder.next();
          link.lose();
        } else {
          registry.unregister(one.name);
          metrics = make();
        }
        if (by % 7 === 0) await link.fleet.gather();
      }
      // A lost one is noticed by the next, and repaired by the one after.
      for (let i = 0; i < 3; i++) send(Infinity);
      assert.deepEqual(await lines(link.fleet), await lines(registry));
      encoder.close();
    }),
    { numRuns: 60 },
  );
});

test("`ProcessMembers` refuses what is no delta, keeps what it had, and asks for the whole", async () => {
  const registry = new Registry();
  const counter = new Counter({
    name: "c_total",
    help: "c",
    labelNames: ["x"],
    registers: [registry],
  });
  counter.inc({ x: "a" }, 5);
  const encoder = new DeltaEncoder(registry);
  const link = new Link();
  link.delta(encoder.whole().bytes, true);
  link.said.length = 0;
  assert.deepEqual(await lines(link.fleet), ['c_total{x="a"} 5']);
  const wrong: readonly Uint8Array[] = [
    Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 255),
    Uint8Array.of(6, 0, 200, 200, 200, 3, 1, 0, 1),
    Uint8Array.of(4, 0, 255, 255, 255, 255, 7),
    Uint8Array.of(2, 9, 4, 123, 125),
    Uint8Array.of(99, 0, 0),
  ];
  for (const bytes of wrong.slice(0, 3)) {
    link.delta(bytes);
    assert.ok(link.wantsWhole);
    assert.deepEqual(await lines(link.fleet), ['c_total{x="a"} 5']);
    link.said.length = 0;
    counter.inc({ x: "a" });
    link.delta(encoder.whole().bytes, true);
    const now = await lines(registry);
    assert.deepEqual(await lines(link.fleet), now);
    registry.resetMetrics();
    counter.inc({ x: "a" }, 5);
    link.delta(encoder.next().bytes);
  }
  for (const message of [
    { kind: "delta", number: 1.5, isWhole: false, data: "" },
    { kind: "delta", number: 100, isWhole: "yes", data: "" },
    { kind: "delta", number: 100, isWhole: false, data: 7 },
    { kind: "delta", identity: "b", number: 1, isWhole: true, data: "" },
    { kind: "hello", identity: 7 },
    { kind: "none" },
  ]) {
    link.hear(message);
  }
  link.emit("message", null);
  link.emit("message", "text");
  assert.deepEqual(await lines(link.fleet), ['c_total{x="a"} 5']);
  // One that goes on and on is no longer listened to.
  for (let i = 0; i < 10; i++) for (const bytes of wrong) link.delta(bytes);
  assert.deepEqual(await lines(link.fleet), ['c_total{x="a"} 5']);
  assert.match(
    await link.fleet.metrics(),
    /flx_fleet_refused_messages_total\{kind="process"\} \d+/,
  );
  encoder.close();
});

test("`ProcessMembers` never fails for any bytes at all", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }),
      async (deltas) => {
        const link = new Link();
        for (const bytes of deltas) link.delta(bytes, bytes.length % 2 === 0);
        assert.deepEqual(await lines(link.fleet), []);
      },
    ),
    { numRuns: 200 },
  );
});
