import assert from "node:assert/strict";
import { test } from "node:test";
import { FlxError } from "@flx/model/write";
import { defaultMisusePolicy, Misuse } from "./misuse.ts";

test("Misuse.report() throws with its code under the policy throw", () => {
  const misuse = new Misuse("throw");
  assert.throws(
    () => {
      misuse.report("FLX_METRIC_VALUE", "no number");
    },
    (error) =>
      error instanceof FlxError &&
      error.code === "FLX_METRIC_VALUE" &&
      error.message === "no number",
  );
  assert.equal(misuse.counts.size, 0);
});

test("Misuse.report() counts by code under the policy count", () => {
  const misuse = new Misuse("count");
  misuse.report("FLX_METRIC_VALUE", "a");
  misuse.report("FLX_METRIC_VALUE", "b");
  misuse.report("FLX_METRIC_LABELS", "c");
  assert.deepEqual(
    [...misuse.counts],
    [
      ["FLX_METRIC_VALUE", 2],
      ["FLX_METRIC_LABELS", 1],
    ],
  );
});

test("defaultMisusePolicy() counts in production and throws elsewhere", () => {
  const before = process.env["NODE_ENV"];
  const f = (environment: string | undefined, want: string) => {
    if (environment === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = environment;
    assert.equal(defaultMisusePolicy(), want);
  };
  try {
    f("production", "count");
    f("development", "throw");
    f("test", "throw");
    f(undefined, "throw");
  } finally {
    if (before === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = before;
  }
});
