import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurationMs } from "@flx/model/write";
import { shareSampler } from "./shared-sampler.ts";

test("shareSampler() gives one sampler an interval and closes it with its last user", async () => {
  const minute = 60_000 as DurationMs;
  const first = shareSampler(minute);
  const second = shareSampler(minute);
  using other = shareSampler(61_000 as DurationMs);
  assert.equal(first.sampler, second.sampler);
  assert.notEqual(first.sampler, other.sampler);

  first[Symbol.dispose]();
  first[Symbol.dispose]();
  // Only an open sampler takes new samples.
  const latest = await second.sampler.sample();
  assert.notEqual(await second.sampler.sample(), latest);
  second[Symbol.dispose]();
  const last = second.sampler.snapshot();
  assert.equal(await second.sampler.sample(), last);
  using fresh = shareSampler(minute);
  assert.notEqual(fresh.sampler, first.sampler);
});
