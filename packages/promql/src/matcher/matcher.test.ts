import assert from "node:assert/strict";
import { test } from "node:test";
import { Matcher, type MatchOp } from "./matcher.ts";

test("Matcher.matches() compares values, and an absent label as the empty one", () => {
  const f = (op: MatchOp, value: string, text: string, want: boolean) => {
    assert.equal(new Matcher(op, "l", value).matches(text), want, `${op}${value} ${text}`);
  };
  f("=", "a", "a", true);
  f("=", "a", "", false);
  f("=", "", "", true);
  f("!=", "a", "a", false);
  f("!=", "a", "", true);
  f("=~", "a|b", "b", true);
  f("=~", "a|b", "ab", false);
  f("=~", ".*", "", true);
  f("=~", ".+", "", false);
  f("!~", "a.*", "ab", false);
  f("!~", "a.*", "", true);
});

test("Matcher.candidates lists the only values that can match", () => {
  const f = (op: MatchOp, value: string, want: string[] | undefined) => {
    assert.deepEqual(new Matcher(op, "l", value).candidates, want, `${op}${value}`);
  };
  f("=", "a", ["a"]);
  f("=~", "a|b", ["a", "b"]);
  f("=~", "a.*", undefined);
  f("!=", "a", undefined);
  f("!~", "a|b", undefined);
});

test("new Matcher() compiles its pattern only when it is needed", () => {
  const matcher = new Matcher("=~", "l", "(");
  assert.equal(matcher.isRegex, true);
  assert.throws(() => matcher.compile(), { code: "FLX_PROMQL_REGEX" });
  assert.throws(() => matcher.matches("a"), { code: "FLX_PROMQL_REGEX" });
});
