import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultPanel, parseFaultNames } from "./switches.ts";

test("FaultPanel.onChange() tells of every change of its fault, and of one that is already on", () => {
  const panel = new FaultPanel(["slow-db"]);
  const seen: string[] = [];
  panel.onChange("slow-db", (on) => seen.push(`slow-db ${on}`));
  panel.onChange("crash-loop", (on) => seen.push(`crash-loop ${on}`));
  panel.set(["slow-db", "crash-loop"]);
  panel.set(["crash-loop"]);
  panel.set(["crash-loop"]);
  assert.deepEqual(seen, ["slow-db true", "crash-loop true", "slow-db false"]);
  assert.deepEqual([panel.isOn("crash-loop"), panel.isOn("slow-db")], [true, false]);
});

test("parseFaultNames() keeps what is a fault", () => {
  assert.deepEqual(parseFaultNames("slow-db,nothing,crash-loop"), ["slow-db", "crash-loop"]);
  assert.deepEqual(parseFaultNames(""), []);
  assert.deepEqual(parseFaultNames(undefined), []);
});
