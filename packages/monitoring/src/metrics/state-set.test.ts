import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError, parseExpositionStrict, writeExposition } from "@flx/model";
import { Registry } from "./registry.ts";
import { StateSet, type StateSetOptions } from "./state-set.ts";

async function samples(registry: Registry): Promise<string[]> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

const states = ["a", "b", "c"] as const;

test("StateSet.set() makes one state hold alone, or says which hold", async () => {
  const registry = new Registry();
  const set = new StateSet({ name: "s", help: "h", states, registers: [registry] });
  const f = async (...want: number[]) =>
    assert.deepEqual(
      await samples(registry),
      states.map((state, i) => `s{s="${state}"} ${want[i]}`),
    );

  await f(0, 0, 0);
  set.set("b");
  await f(0, 1, 0);
  set.set("c");
  await f(0, 0, 1);
  set.set({ a: true });
  await f(1, 0, 1);
  set.set({ b: true, c: false });
  await f(1, 1, 0);
  set.labels().set("a");
  await f(1, 0, 0);
  set.set({});
  await f(1, 0, 0);
  set.reset();
  await f(0, 0, 0);
});

test("StateSet keeps the states of each label set apart", async () => {
  const registry = new Registry();
  const set = new StateSet({
    name: "s",
    help: "h",
    states: ["on", "off"],
    labelNames: ["pod"],
    registers: [registry],
  });
  const bound = set.labels("x");
  set.set({ pod: "y" }, "on");
  bound.set({ off: true });
  assert.deepEqual(await samples(registry), [
    's{pod="x",s="on"} 0',
    's{pod="x",s="off"} 1',
    's{pod="y",s="on"} 1',
    's{pod="y",s="off"} 0',
  ]);
  set.remove({ pod: "x" });
  set.remove("y");
  assert.deepEqual(await samples(registry), []);
  set.set({ pod: "z" }, "off"); // takes a free row, with nothing of what was there
  bound.set("on");
  assert.deepEqual((await samples(registry)).toSorted(), [
    's{pod="x",s="off"} 0',
    's{pod="x",s="on"} 1',
    's{pod="z",s="off"} 1',
    's{pod="z",s="on"} 0',
  ]);
});

test("StateSet is exposed as the model's writer writes it", async () => {
  const registry = new Registry();
  const set = new StateSet({
    name: "my.s",
    help: "h",
    states: ["on", 'o"f\nf'],
    labelNames: ["pod"],
    registers: [registry],
  });
  set.set({ pod: "é" }, "on");
  set.set({ pod: "y" }, { 'o"f\nf': true, on: true });
  registry.setDefaultLabels({ "my.s": "dropped" });
  for (const format of ["text", "openmetrics"] as const) {
    const exposed = await registry.metrics({ format });
    assert.equal(exposed, writeExposition(await registry.families(), { format }));
    assert.equal(parseExpositionStrict(exposed, { format }).length, 1);
  }
  assert.match(await registry.metrics(), /^# TYPE "my.s" gauge$/m);
  assert.match(await registry.metrics({ format: "openmetrics" }), /^# TYPE "my.s" stateset$/m);
});

test("StateSet refuses wrong states and labels, and opens no series for them", async () => {
  const registry = new Registry({ misuse: "throw" });
  const registers = [registry];
  const plain = new StateSet({ name: "p", help: "h", states, registers });
  const labelled = new StateSet({ name: "l", help: "h", states, labelNames: ["pod"], registers });
  const f = (code: string, call: () => void) => {
    assert.throws(call, (error) => error instanceof FlxError && error.code === code);
  };

  // @ts-expect-error d is no state
  f("FLX_METRIC_STATE", () => plain.set("d"));
  // @ts-expect-error d is no state
  f("FLX_METRIC_STATE", () => plain.set({ a: true, d: true }));
  // @ts-expect-error 1 is neither true nor false
  f("FLX_METRIC_STATE", () => plain.set({ a: 1 }));
  // @ts-expect-error toString is no state
  f("FLX_METRIC_STATE", () => plain.set("toString"));
  // @ts-expect-error a state is missing
  f("FLX_METRIC_STATE", () => labelled.set({ pod: "x" }));
  // @ts-expect-error d is no state
  f("FLX_METRIC_STATE", () => labelled.set({ pod: "x" }, "d"));
  // @ts-expect-error the label is missing
  f("FLX_METRIC_LABELS", () => labelled.set({}, "a"));
  // @ts-expect-error there are no labels
  f("FLX_METRIC_STATE", () => plain.set({ pod: "x" }, "a"));
  assert.deepEqual(
    await samples(registry),
    states.map((state) => `p{p="${state}"} 0`),
  );
});

test("StateSet refuses a declaration with wrong states", () => {
  const f = (options: Partial<StateSetOptions<string, string, {}>>, code: string) => {
    assert.throws(
      () => new StateSet({ name: "s", help: "h", states, registers: [], ...options }),
      (error) => error instanceof FlxError && error.code === code,
    );
  };

  f({ states: [] }, "FLX_METRIC_STATE");
  f({ states: ["a", "a"] }, "FLX_METRIC_STATE");
  f({ states: [""] }, "FLX_METRIC_STATE");
  f({ states: ["\ud800"] }, "FLX_METRIC_STATE");
  f({ states: [1 as unknown as string] }, "FLX_METRIC_STATE");
  f({ labelNames: ["s"] }, "FLX_METRIC_LABEL_NAME");
});

test("StateSet.collect is called before an exposition", async () => {
  const registry = new Registry();
  const set = new StateSet({
    name: "s",
    help: "h",
    states: ["on", "off"],
    registers: [registry],
    async collect() {
      await Promise.resolve();
      this.set("off");
    },
  });
  assert.equal(set.name, "s");
  assert.deepEqual(await samples(registry), ['s{s="on"} 0', 's{s="off"} 1']);
});
