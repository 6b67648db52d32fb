import assert from "node:assert/strict";
import { test } from "node:test";
import { machineClock } from "./clock.ts";
import { Lifecycle, type PartSpec } from "./lifecycle.ts";
import { silentLog } from "./station-log.ts";

function part(name: string, told: string[], close?: () => Promise<void>): PartSpec<string> {
  return {
    name,
    open: () => {
      told.push(`open ${name}`);
      return name;
    },
    close: async (opened) => {
      await close?.();
      told.push(`close ${opened}`);
    },
    closeWithinMs: 20,
  };
}

test("Lifecycle starts parts in order and stops them in reverse", async () => {
  const told: string[] = [];
  const lifecycle = new Lifecycle(silentLog, machineClock);
  assert.equal(await lifecycle.start(part("a", told)), "a");
  await lifecycle.start(part("b", told));
  const ends = await lifecycle.stop();
  assert.deepEqual(told, ["open a", "open b", "close b", "close a"]);
  assert.deepEqual(
    ends.map(({ name, outcome }) => [name, outcome]),
    [
      ["b", "closed"],
      ["a", "closed"],
    ],
  );
  assert.deepEqual(await lifecycle.stop(), []);
});

test("Lifecycle stops what was started when a part does not start", async () => {
  const told: string[] = [];
  const lifecycle = new Lifecycle(silentLog, machineClock);
  await lifecycle.start(part("a", told));
  const failing = { name: "b", open: () => Promise.reject(new Error("no")) };
  await assert.rejects(lifecycle.start(failing), /^Error: no$/);
  assert.deepEqual(told, ["open a", "close a"]);
});

test("Lifecycle goes on when a part hangs or fails at its end", async () => {
  const told: string[] = [];
  const lifecycle = new Lifecycle(silentLog, machineClock);
  await lifecycle.start(part("a", told));
  await lifecycle.start(part("hangs", told, () => new Promise(() => undefined)));
  await lifecycle.start(part("fails", told, () => Promise.reject(new Error("no"))));
  const ends = await lifecycle.stop();
  assert.deepEqual(
    ends.map(({ outcome }) => outcome),
    ["failed", "too slow", "closed"],
  );
  assert.equal(told.at(-1), "close a");
});
