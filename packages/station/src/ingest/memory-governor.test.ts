import assert from "node:assert/strict";
import { test } from "node:test";
import { Admission } from "./admission.ts";
import { defaultMemoryCap, MemoryGovernor } from "./memory-governor.ts";

test("defaultMemoryCap() is three quarters of what there is, at most 1 GiB", () => {
  assert.equal(defaultMemoryCap(400), 300);
  assert.equal(defaultMemoryCap(64 * 2 ** 30), 2 ** 30);
  assert.ok(defaultMemoryCap() > 0);
});

test("MemoryGovernor sweeps, sheds near the cap, and takes again when it is calm", () => {
  const admission = new Admission();
  const told: boolean[] = [];
  let resident = 700;
  let swept = 0;
  let elapsed = 0;
  using governor = new MemoryGovernor({
    cap: 1000,
    admission,
    elapsed: () => elapsed,
    resident: () => resident,
    sweep: () => void swept++,
    onChange: (isShedding) => void told.push(isShedding),
  });
  const look = (bytes: number) => {
    resident = bytes;
    governor.look();
  };

  look(749);
  assert.equal(swept, 0);
  look(840);
  look(840);
  assert.equal(swept, 1, "not again within two seconds");
  admission.enter(1)[Symbol.dispose]();
  look(900);
  assert.throws(() => admission.enter(1), { code: "FLX_INGEST_OVERLOADED", refusal: "overloaded" });
  look(810);
  assert.throws(() => admission.enter(1), { retryAfterMs: 1_000 });
  elapsed = 3_999;
  look(900);
  assert.equal(swept, 1, "it did not help: not so soon again");
  elapsed = 4_000;
  look(900);
  assert.equal(swept, 2);
  resident = 700;
  elapsed = 4_010;
  admission.enter(1)[Symbol.dispose]();
  assert.deepEqual(told, [true, false]);
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
  assert.ok(governor.isShedding);
});
