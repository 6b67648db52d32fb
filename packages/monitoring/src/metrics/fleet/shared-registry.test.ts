import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProtobufExpositionStrict } from "@flx/model";
import fc from "fast-check";
import { Counter } from "../counter.ts";
import { Gauge } from "../gauge.ts";
import { Histogram } from "../histogram.ts";
import { Registry } from "../registry.ts";
import { FleetRegistry } from "./fleet-registry.ts";
import type { FleetMember, MemberSource } from "./member-source.ts";
import type { MemberMetric } from "./member-metric.ts";
import { SharedRegistry } from "./shared-registry.ts";
import { ThreadMember } from "./thread-member.ts";

/** A gatherer of registries in this thread: what is written to memory here is read from it here. */
class Gatherer implements MemberSource {
  readonly kind = "thread";
  readonly members: FleetMember[] = [];
  readonly facts = { members: 0, silent: 0, ended: 0, bytes: 0, lost: 0, refused: 0 };
  readonly fleet: FleetRegistry = new FleetRegistry();
  readonly #read: ThreadMember[] = [];

  constructor() {
    this.fleet.addSource(this);
  }

  share(registry: Registry): SharedRegistry {
    const metrics: MemberMetric[] = [];
    let member: ThreadMember | undefined;
    const { fleet } = this;
    const shared = new SharedRegistry(registry, 0, String(this.members.length), (message) => {
      if (message.kind === "hello") {
        const watcher = {
          added: (metric: MemberMetric) => {
            metrics.push(metric);
            fleet.added(metric);
          },
          removed: (metric: MemberMetric) => {
            metrics.splice(metrics.indexOf(metric), 1);
            fleet.removed(metric);
          },
        };
        member ??= new ThreadMember(message.control, watcher, () => {});
        for (const [number, buffer] of message.buffers) member.buffer(number, buffer);
      } else if (message.kind === "buffer") {
        member?.buffer(message.number, message.buffer);
      }
    });
    this.#read.push(member!);
    this.members.push({ name: shared.member, metrics, state: undefined });
    return shared;
  }

  async ask(): Promise<void> {}
  close(): void {}
  takeEnded(): readonly FleetMember[] {
    return [];
  }

  read(): void {
    for (const member of this.#read) member.catchUp();
  }
}

/** The lines of an exposition apart from comments and what a gatherer says of itself, sorted. */
async function lines(registry: Registry): Promise<string[]> {
  const text = await registry.metrics();
  return text
    .split("\n")
    .filter((line) => line !== "" && !/^(#|flx_)/.test(line))
    .toSorted();
}

/** The series of a body by family and labels: a place that is given up may be given out again later, so their order says nothing. */
function native(body: readonly Uint8Array[] | undefined): Map<string, object> {
  const series = new Map<string, object>();
  for (const { points, ...family } of parseProtobufExpositionStrict(Buffer.concat(body!))) {
    series.set(family.name, family);
    // The key stands for the labels, whose insides no comparison sees.
    for (const { labels, ...point } of points) series.set(`${family.name} ${labels.key}`, point);
  }
  return series;
}

const label = fc.oneof(fc.constantFrom("a", "b", "c"), fc.string({ unit: "binary", maxLength: 4 }));
/** The sum of 0 and -0 is 0. */
const notMinusZero = fc.double().map((value) => value + 0);
const step = fc.oneof(
  fc.record({ kind: fc.constant("inc" as const), label, by: fc.nat(1000) }),
  fc.record({ kind: fc.constant("set" as const), label, by: notMinusZero }),
  fc.record({
    kind: fc.constant("observe" as const),
    label,
    by: fc.double({ min: 0, max: 100, noNaN: true }),
  }),
  fc.record({
    kind: fc.constantFrom("remove" as const, "reset" as const, "again" as const),
    label,
    by: fc.nat(2),
  }),
  fc.record({ kind: fc.constant("gather" as const), label, by: fc.constant(0) }),
);

test("`SharedRegistry` gathered equals the registry itself, whatever is done to it", async () => {
  // A series that is removed and made again between two looks keeps its created time in what is gathered, and has a new one
  // in the registry: known, and not what this is about. So time stands still.
  const wallClock = () => 1_767_225_600_000;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
      const registry = new Registry();
      const registers = [registry];
      const labelNames = ["x"] as const;
      const make = () => ({
        counter: new Counter({ name: "c_total", help: "c", labelNames, registers, wallClock }),
        gauge: new Gauge({ name: "g", help: "g", labelNames, registers, wallClock }),
        histogram: new Histogram({
          name: "h",
          help: "h",
          labelNames,
          buckets: [1, 10],
          native: true,
          registers,
          wallClock,
        }),
      });
      let metrics = make();
      const gatherer = new Gatherer();
      const shared = gatherer.share(registry);
      for (const { kind, label: x, by } of steps) {
        const one = [metrics.counter, metrics.gauge, metrics.histogram].at(by % 3)!;
        if (kind === "inc") metrics.counter.inc({ x }, by);
        else if (kind === "set") metrics.gauge.set({ x }, by);
        else if (kind === "observe") metrics.histogram.observe({ x }, by);
        else if (kind === "remove") one.remove({ x });
        else if (kind === "reset") one.reset();
        else if (kind === "gather") await gatherer.fleet.gather();
        else {
          registry.unregister(one.name);
          metrics = make();
        }
      }
      assert.deepEqual(await lines(gatherer.fleet), await lines(registry));
      const asked = { format: "protobuf", names: ["h"] } as const;
      const [ours, theirs] = [gatherer.fleet, registry].map((from) => from.expose(asked));
      assert.deepEqual(native(await ours), native(await theirs));
      shared.close();
    }),
    { numRuns: Number(process.env["FLX_FUZZ_RUNS"] ?? 60) },
  );
});

test("`SharedRegistry` writes its log anew when most of it is history, and readers follow", async () => {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "c_total", help: "c", labelNames: ["x"], registers });
  const gatherer = new Gatherer();
  const shared = gatherer.share(registry);
  counter.inc({ x: "kept" }, 5);
  let most = 0;
  for (let i = 0; i < 40_000; i++) {
    counter.inc({ x: i });
    counter.remove({ x: i });
    most = Math.max(most, shared.bytes);
    if (i % 9_999 === 0) assert.deepEqual(await lines(gatherer.fleet), ['c_total{x="kept"} 5']);
  }
  counter.inc({ x: "last" });
  assert.deepEqual(await lines(gatherer.fleet), ['c_total{x="kept"} 5', 'c_total{x="last"} 1']);
  assert.ok(most < 1_000_000, `${most} bytes`);
  shared.close();
});

test("`SharedRegistry` moves metrics that are there and takes in those that come, and goes back", async () => {
  const registry = new Registry();
  const registers = [registry];
  const early = new Counter({ name: "early_total", help: "c", registers });
  const bound = new Counter({
    name: "bound_total",
    help: "c",
    labelNames: ["x"],
    registers,
  }).labels("y");
  early.inc();
  bound.inc();
  const gatherer = new Gatherer();
  const shared = gatherer.share(registry);
  early.inc();
  bound.inc();
  new Counter({ name: "late_total", help: "c", registers }).inc(7);
  const want = ['bound_total{x="y"} 2', "early_total 2", "late_total 7"];
  assert.deepEqual(await lines(gatherer.fleet), want);
  assert.deepEqual(await lines(registry), want);
  shared.close();
  early.inc();
  bound.inc();
  assert.deepEqual(await lines(registry), [
    'bound_total{x="y"} 3',
    "early_total 3",
    "late_total 7",
  ]);
});
