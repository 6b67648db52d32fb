import assert from "node:assert/strict";
import { test } from "node:test";
import { isLegacyLabelName, isLegacyMetricName } from "./names.ts";

test("isLegacyMetricName() and isLegacyLabelName() know the classic characters", () => {
  const f = (name: string, metric: boolean, label: boolean) => {
    assert.equal(isLegacyMetricName(name), metric, `metric ${JSON.stringify(name)}`);
    assert.equal(isLegacyLabelName(name), label, `label ${JSON.stringify(name)}`);
  };

  f("up", true, true);
  f("__name__", true, true);
  f("a1", true, true);
  f("job:up:sum", true, false);
  f("1a", false, false);
  f("", false, false);
  f("a.b", false, false);
  f("a b", false, false);
  f("ä", false, false);
  f("a\n", false, false);
});
