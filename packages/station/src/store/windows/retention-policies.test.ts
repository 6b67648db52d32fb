// Which policy a series has.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type DurationMs, Labels } from "@flx/model";
import { parseSelector } from "@flx/promql";
import { RetentionPolicies } from "./retention-policies.ts";

const HOUR = 3_600_000;

function policies(otherwise: number, ...given: readonly (readonly [string, number])[]) {
  return new RetentionPolicies(
    otherwise * HOUR,
    given.map(([selector, hours]) => ({
      matchers: parseSelector(selector),
      retentionMs: (hours * HOUR) as DurationMs,
    })),
  );
}

test("lengthOf() and startOf() go by the first policy that matches", () => {
  const all = policies(10, ['{job="a"}', 2], ['{__name__=~"slo:.*"}', 0], ['{job!=""}', 40]);
  const f = (labels: Record<string, string>, wantHours: number, wantStart: number) => {
    const of = Labels.from(labels);
    assert.equal(all.lengthOf(of) / HOUR, wantHours);
    assert.equal(all.startOf(of, 100 * HOUR) / HOUR, wantStart);
  };
  f({ __name__: "x", job: "a" }, 2, 98);
  f({ __name__: "slo:x", job: "a" }, 2, 98);
  f({ __name__: "slo:x" }, Infinity, -Infinity);
  f({ __name__: "x", job: "b" }, 40, 60);
  // What no policy matches is removed with its window, not hidden before.
  f({ __name__: "x" }, 10, -Infinity);
  assert.deepEqual(
    all.lengthsMs.map((ms) => ms / HOUR),
    [10, 2, Infinity, 40],
  );
  assert.deepEqual([all.longestMs, all.areSeveral], [Infinity, true]);
  assert.deepEqual([policies(5).longestMs / HOUR, policies(5).areSeveral], [5, false]);
  assert.equal(policies(0).longestMs, Infinity);
});
