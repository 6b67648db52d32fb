import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission, SHED_ORDER } from "./admission.ts";
import { defaultMemoryCap, MemoryGovernor } from "./memory-governor.ts";

test("defaultMemoryCap() is three quarters of what there is, at most 1 GiB", () => {
  assert.equal(defaultMemoryCap(400), 300);
  assert.equal(defaultMemoryCap(64 * 2 ** 30), 2 ** 30);
  assert.ok(defaultMemoryCap() > 0);
});

test("MemoryGovernor sweeps, sheds near the cap, and takes again when it is calm", () => {
  const admission = new Admission();
  const told: string[] = [];
  let resident = 700;
  let swept = 0;
  let elapsed = 0;
  using governor = new MemoryGovernor({
    cap: 1000,
    admission,
    elapsed: () => elapsed,
    resident: () => resident,
    sweep: () => void swept++,
    onChange: (shed) => void told.push([...shed].join(" ")),
  });
  const look = (bytes: number) => {
    resident = bytes;
    governor.look();
  };

  const taken = () =>
    SHED_ORDER.filter((signal) => {
      try {
        admission.enter(1, signal)[Symbol.dispose]();
        return true;
      } catch {
        return false;
      }
    }).join(" ");

  look(679);
  assert.equal(swept, 0);
  look(710);
  assert.equal(taken(), "traces logs metrics");
  look(730);
  assert.equal(taken(), "logs metrics");
  look(790);
  assert.equal(taken(), "metrics");
  assert.equal(swept, 1, "not again within two seconds");
  look(900);
  assert.equal(taken(), "");
  assert.throws(() => admission.enter(1), { code: "FLX_INGEST_OVERLOADED", refusal: "overloaded" });
  look(850);
  assert.throws(() => admission.enter(1), { retryAfterMs: 1_000 });
  look(830);
  assert.equal(taken(), "metrics");
  look(900);
  elapsed = 3_999;
  look(900);
  assert.equal(swept, 1, "it did not help: not so soon again");
  elapsed = 4_000;
  look(900);
  assert.equal(swept, 2);
  resident = 670;
  elapsed = 4_010;
  admission.enter(1)[Symbol.dispose]();
  assert.deepEqual(told, [
    "traces",
    "traces logs",
    "traces logs metrics",
    "traces logs",
    "traces logs metrics",
    "",
  ]);
  assert.equal(governor.sheddings, 1);
});

test("MemoryGovernor sweeps with V8's collector", () => {
  using governor = new MemoryGovernor({
    cap: 1,
    admission: new Admission(),
    elapsed: () => 0,
  });
  governor.look();
  assert.equal(governor.sweeps, 1);
  assert.deepEqual([...governor.shed], ["traces", "logs", "metrics"]);
});
