import assert from "node:assert/strict";
import { test } from "node:test";
import { parseScript } from "./script.ts";

test("parseScript() reads load, clear and both kinds of eval", () => {
  const commands = parseScript(
    `# a comment
load 30s
  my_metric{env="prod"} 1 2 3
  other 1x4

clear
load_with_nhcb 1m
  x_bucket{le="1"} 1

eval instant at 1m sum by (env) (my_metric)
  expect ordered
  expect no_info
  expect warn msg: PromQL warning: careful (1:5)
  expect warn regex: PromQL .*
  {env="prod"} 5

eval range from 0 to 3m step 1m my_metric
  my_metric{env="prod"} 1 _ 3

eval instant at 50m 1 + 1
  2

eval instant at 50m "a"
  expect string "a"

eval instant at 1m some_metric[1m]
  expect range vector from 10s to 1m step 10s
  some_metric 2 3 4
`,
  );
  assert.deepEqual(
    commands.map((command) => [command.kind, command.line]),
    [
      ["load", 2],
      ["clear", 6],
      ["load", 7],
      ["eval", 10],
      ["eval", 17],
      ["eval", 20],
      ["eval", 23],
      ["eval", 26],
    ],
  );
  const [load, , nhcb, instant, range, scalar, string, vector] = commands;
  assert.ok(load?.kind === "load" && nhcb?.kind === "load");
  assert.deepEqual([load.stepMs, load.withNhcb, load.series.length], [30_000, false, 2]);
  assert.equal(nhcb.withNhcb, true);
  assert.ok(instant?.kind === "eval" && range?.kind === "eval" && scalar?.kind === "eval");
  assert.equal(instant.query, "sum by (env) (my_metric)");
  assert.deepEqual(instant.at, { kind: "instant", timeMs: 60_000 });
  assert.equal(instant.expectations.ordered, true);
  assert.equal(instant.expectations.noInfo, true);
  assert.deepEqual(
    instant.expectations.warn.map((match) => match.kind),
    ["message", "pattern"],
  );
  assert.ok(instant.result.kind === "series");
  assert.equal(instant.result.series[0]?.labels.toString(), '{env="prod"}');
  assert.deepEqual(range.at, { kind: "range", startMs: 0, endMs: 180_000, stepMs: 60_000 });
  assert.deepEqual(scalar.result, { kind: "scalar", value: 2 });
  assert.ok(string?.kind === "eval" && vector?.kind === "eval");
  assert.deepEqual(string.result, { kind: "string", value: "a" });
  assert.deepEqual(vector.rangeVector, { startMs: 10_000, endMs: 60_000, stepMs: 10_000 });
});

test("parseScript() understands the older forms of eval", () => {
  const f = (script: string, want: object) => {
    const [command] = parseScript(script);
    assert.ok(command?.kind === "eval");
    const { ordered, fail, anyWarn, anyInfo } = command.expectations;
    assert.deepEqual({ ordered, fail: fail?.kind, anyWarn, anyInfo }, want);
  };
  const none = { ordered: false, fail: undefined, anyWarn: false, anyInfo: false };
  f("eval_ordered instant at 0 x", { ...none, ordered: true });
  f("eval_warn instant at 0 x", { ...none, anyWarn: true });
  f("eval_info range from 0 to 1m step 1m x", { ...none, anyInfo: true });
  f("eval_fail instant at 0 x", { ...none, fail: "any" });
  f("eval_fail instant at 0 x\n  expected_fail_message no way", { ...none, fail: "message" });
  f("eval_fail instant at 0 x\n  expected_fail_regexp no .*", { ...none, fail: "pattern" });
});

test("parseScript() reads start times before the samples they belong to", () => {
  const [load] = parseScript('load 1m\n  x{a="b"}@st -1m _\n  x{a="b"} 1 2\n  y 1');
  assert.ok(load?.kind === "load");
  assert.deepEqual(
    load.series.map((series) => series.startTimesMs),
    [[-60_000, undefined], undefined],
  );
});

test("parseScript() says where a script is wrong, and why", () => {
  const f = (script: string, message: string) => {
    assert.throws(() => parseScript(script, "f"), { code: "FLX_PROMQL_SCRIPT", message }, script);
  };
  f("\nfoo", 'f:2: invalid command "foo"; commands are load, clear and eval');
  f("load", "f:1: invalid load command. (load[_with_nhcb] <step:duration>)");
  f("load x", 'f:1: invalid step definition "x"');
  f("load 1m\n  x 1 y", "f:2: expected a value (1, 1+2x3, _, stale, {{...}}), got y: x 1 y");
  f("load 1m\n  x{a=b} 1", "f:2: unexpected b in label set, expected string: x{a=b} 1");
  f("load 1m\n  x@st 0s", "f:2: @st line has no following sample line");
  f("load 1m\n  x@st 0s\n  y 1", "f:2: @st metric does not match the following sample line metric");
  f("load 1m\n  x@st 0s\n  x 1 2", "f:2: @st line has 1 values but sample line has 2");
  f(
    "eval x",
    "f:1: invalid evaluation command. Must be either 'eval instant at <time> <query>' or 'eval range from <from> to <to> step <step> <query>'",
  );
  f("eval instant at x y", 'f:1: invalid timestamp definition "x"');
  f(
    "eval range from 2m to 1m step 1m x",
    "f:1: invalid test definition, end timestamp (1m) is before start timestamp (2m)",
  );
  f(
    "eval instant at 0 x\n  expect nothing",
    "f:2: invalid expect statement, must match `expect <type> <match_type>: <string>` format",
  );
  f(
    "eval instant at 0 x\n  expect info\n  expect no_info",
    "f:3: invalid expect lines, info and no_info cannot be used together",
  );
  f(
    "eval instant at 0 x\n  expect warn\n  expect no_warn",
    "f:3: invalid expect lines, warn and no_warn cannot be used together",
  );
  f(
    "eval instant at 0 x\n  expect fail\n  expect fail",
    "f:3: invalid expect lines, multiple expect fail lines are not allowed",
  );
  f(
    "eval instant at 0 x\n  expect fail regex: (",
    "f:2: error parsing regexp: missing closing ): `(`: expect fail regex: (",
  );
  f(
    "eval instant at 0 x\n  expect string a",
    "f:2: expected string literal not valid - a quoted string literal is required",
  );
  f(
    "eval instant at 0 x\n  x 1 2",
    "f:2: expecting multiple values in instant evaluation not allowed. consider using 'expect range vector' directive to enable a range vector result for an instant query",
  );
});
