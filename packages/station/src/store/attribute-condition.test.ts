import assert from "node:assert/strict";
import { test } from "node:test";
import { type AttributeCondition, checkConditions } from "./attribute-condition.ts";

test("checkConditions() refuses what cannot be asked", () => {
  const f = (conditions: readonly Partial<AttributeCondition>[], want: RegExp | undefined) => {
    const given = conditions.map((each) => ({ key: "a", operator: "is", value: "", ...each }));
    const work = () => checkConditions(given as AttributeCondition[]);
    if (want === undefined) work();
    else assert.throws(work, { code: "FLX_STORE_QUESTION", message: want });
  };

  f([], undefined);
  f([{ value: "x" }, { operator: "matches", value: "(a+)+$" }], undefined);
  f([{ key: "__proto__", operator: "exists" }], undefined);
  f([{ key: "" }], /needs a name/);
  f([{ value: "x".repeat(5_000) }], /at most 4096 characters/);
  f([{ operator: "matches", value: "(" }], /"\(" is no pattern/);
  f([{ operator: "matchesNot", value: "(?=a)" }], /is no pattern/);
  f([{ operator: "matches", value: "a".repeat(1_025) }], /at most 1024 characters/);
  f(
    Array.from({ length: 33 }, () => ({})),
    /at most 32/,
  );
});
