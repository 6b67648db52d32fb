import assert from "node:assert/strict";
import { test } from "node:test";
import { withBaggage } from "../tracing/baggage.ts";
import { setupTracing } from "../tracing/setup-tracing.ts";
import { labelsFromBaggage } from "./baggage-labels.ts";

test("labelsFromBaggage() gives entries under names that labels may have, cut to 256 characters", async () => {
  await using _ = setupTracing({ exporter: false });
  const labels = labelsFromBaggage(["tenant", "plan.name", "plan-name", "2nd", "__x"])!;
  assert.deepEqual(labels.names, ["tenant", "plan_name", "_2nd", "_x"]);
  const entries = {
    tenant: "t".repeat(5_000),
    "plan.name": "gold",
    "plan-name": "iron",
    "2nd": "2",
  };
  withBaggage(entries, () => {
    assert.deepEqual(labels.read(), {
      tenant: "t".repeat(256),
      plan_name: "gold",
      _2nd: "2",
      _x: "",
    });
  });
  assert.deepEqual(labels.read(), { tenant: "", plan_name: "", _2nd: "", _x: "" });
  assert.equal(labelsFromBaggage([]), undefined);
});
