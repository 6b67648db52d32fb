import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricObject } from "./exposition.ts";
import { Fleet, type FleetMessage, PROTOCOL } from "./fleet.ts";

const text = "text/plain; version=0.0.4; charset=utf-8";

function counter(value: number): MetricObject {
  return {
    name: "c",
    help: "C",
    type: "counter",
    aggregator: "sum",
    values: [{ value, labels: {} }],
  };
}

/** A fleet whose members answer with what `answers` has for them, or are silent. */
function fleetWith(answers: Record<string, number | undefined>): Fleet {
  const fleet: Fleet = new Fleet((message) => {
    if (message.kind !== "ask") return;
    for (const [member, value] of Object.entries(answers)) {
      if (value === undefined) continue;
      const metrics = [[counter(value)]];
      const answer: FleetMessage = {
        protocol: PROTOCOL,
        kind: "answer",
        request: message.request,
        member,
        metrics,
      };
      queueMicrotask(() => {
        fleet.receive(answer);
      });
    }
  }, 20);
  for (const member of Object.keys(answers)) {
    fleet.receive({ protocol: PROTOCOL, kind: "hello", member });
  }
  return fleet;
}

test("`Fleet.metrics()` sums what members and the primary have", async () => {
  const fleet = fleetWith({ 1: 2, 2: 3 });
  assert.equal(await fleet.metrics([[counter(10)]], text), "# HELP c C\n# TYPE c counter\nc 15\n");
});

test("`Fleet.metrics()` does not fail for a silent member: its last answer stands in, and it is counted", async () => {
  const answers: Record<string, number | undefined> = { 1: 2, 2: 3 };
  const fleet = fleetWith(answers);
  await fleet.metrics([], text);
  answers[2] = undefined;
  for (let exposition = 0; exposition < 4; exposition++) {
    const lines = (await fleet.metrics([], text)).split("\n");
    assert.ok(lines.includes("c 5"), lines.join("\n"));
    assert.ok(lines.includes("flx_cluster_silent_members 1"), lines.join("\n"));
  }
  answers[2] = 4;
  assert.doesNotMatch(await fleet.metrics([], text), /silent.*\n.*silent/);
  assert.equal(await fleet.metrics([], text), "# HELP c C\n# TYPE c counter\nc 6\n");
});

test("`Fleet` keeps the sums of members that left, with a word or without", async () => {
  const fleet = fleetWith({ 1: 2, 2: 3 });
  await fleet.metrics([], text);
  fleet.lost("1");
  fleet.receive({ protocol: PROTOCOL, kind: "bye", member: "2", metrics: [[counter(7)]] });
  assert.equal(fleet.size, 0);
  assert.equal(await fleet.metrics([], text), "# HELP c C\n# TYPE c counter\nc 9\n");
});
