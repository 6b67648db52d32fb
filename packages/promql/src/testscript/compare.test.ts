import assert from "node:assert/strict";
import { test } from "node:test";
import { Labels } from "@flx/model";
import { almostEqual } from "./almost-equal.ts";
import { compareAnnotations, compareValue } from "./compare.ts";
import { parseHistogramLiteral } from "./histogram-literal.ts";
import { parseScript, type EvalCommand } from "./script.ts";
import type { ScriptPoint, ScriptSample, ScriptValue } from "./script-engine.ts";

function evalOf(script: string): EvalCommand {
  const [command] = parseScript(script);
  assert.ok(command?.kind === "eval");
  return command;
}

function sample(value: number | string): ScriptSample {
  return typeof value === "number"
    ? { value, histogram: undefined }
    : { value: NaN, histogram: parseHistogramLiteral(value).histogram };
}

function vector(...samples: [name: string, value: number | string][]): ScriptValue {
  const named = ([name, value]: [string, number | string]) =>
    Object.assign({ labels: Labels.from({ __name__: name }) }, sample(value));
  return { kind: "vector", samples: samples.map(named) };
}

function matrix(
  ...series: [name: string, ...points: [timeMs: number, value: number][]][]
): ScriptValue {
  const point = ([timestampMs, value]: [number, number]): ScriptPoint =>
    Object.assign({ timestampMs }, sample(value));
  return {
    kind: "matrix",
    series: series.map(([name, ...points]) => ({
      labels: Labels.from({ __name__: name }),
      points: points.map(point),
    })),
  };
}

test("almostEqual() allows a millionth of the sum", () => {
  const f = (a: number, b: number, want: boolean) => {
    assert.equal(almostEqual(a, b), want, `${a} ${b}`);
    assert.equal(almostEqual(b, a), want, `${b} ${a}`);
  };
  f(1, 1, true);
  f(1, 1.000001, true);
  f(1, 1.00001, false);
  f(0, 0, true);
  f(0, 1e-9, false);
  f(NaN, NaN, true);
  f(NaN, 1, false);
  f(Infinity, Infinity, true);
  f(Infinity, -Infinity, false);
  f(Infinity, 1, false);
  f(-1, 1, false);
  f(0, 5e-324, true);
  f(1.7e308, 1.7000001e308, true);
});

test("compareValue() says what differs in a vector", () => {
  const f = (lines: string, value: ScriptValue, want: string | undefined) => {
    assert.equal(compareValue(evalOf(`eval instant at 0 x\n${lines}`), value), want);
  };
  f("a 1\nb 2", vector(["b", 2], ["a", 1]), undefined);
  f("a 1", vector(["a", 2]), "expected 1 for a, got 2");
  f("a 1", vector(), "expected series a with 1, got none");
  f("", vector(["a", 1]), "unexpected series a with 1");
  f("a 1", vector(["a", 1], ["a", 1]), "series a occurs twice");
  f(
    "expect ordered\na 1\nb 2",
    vector(["b", 2], ["a", 1]),
    "expected b at position 2, got it at 1",
  );
  f("a {{count:1}}", vector(["a", 1]), "expected {{count:1}} for a, got 1");
  f(
    "a 1",
    vector(["a", "count:1"]),
    "expected 1 for a, got {{counter_reset_hint:unknown count:1}}",
  );
  f("a {{count:1 buckets:[1 0]}}", vector(["a", "count:1.0000001 buckets:[1]"]), undefined);
  f("a {{count:1}}", vector(["a", "count:1 counter_reset_hint:gauge"]), undefined);
  f(
    "a {{count:1 counter_reset_hint:unknown}}",
    vector(["a", "count:1 counter_reset_hint:gauge"]),
    "expected {{counter_reset_hint:unknown count:1}} for a, got {{count:1 counter_reset_hint:gauge}}",
  );
  f("5", vector(["a", 5]), "expected a scalar, got a vector of 1");
  f("5", { kind: "scalar", value: 5.0000001 }, undefined);
  f("5", { kind: "scalar", value: 6 }, "expected scalar 5, got 6");
  f("a 5", { kind: "scalar", value: 5 }, "expected series, got scalar 5");
  f('expect string "a"', { kind: "string", value: "a" }, undefined);
  f('expect string "a"', { kind: "string", value: "b" }, 'expected string "a", got "b"');
});

test("compareValue() says what differs in a matrix", () => {
  const f = (lines: string, value: ScriptValue, want: string | undefined) => {
    assert.equal(compareValue(evalOf(`eval range from 0 to 2s step 1s x\n${lines}`), value), want);
  };
  f("a 1 _ 3", matrix(["a", [0, 1], [2000, 3]]), undefined);
  f(
    "a 1 _ 3",
    matrix(["a", [0, 1], [2000, 4]]),
    "expected 3 for a at 2000 ms, got 4 (a has [1@0 4@2000])",
  );
  f("a 1 2", matrix(["a", [0, 1]]), "expected 2 for a at 1000 ms, got none (a has [1@0])");
  f(
    "a 1 2",
    matrix(["a", [0, 1], [2000, 2]]),
    "expected 2 for a at 1000 ms, got the next one at 2000 ms (a has [1@0 2@2000])",
  );
  f(
    "a 1",
    matrix(["a", [0, 1], [1000, 2]]),
    "expected no sample for a at 1000 ms, got 2 (a has [1@0 2@1000])",
  );
  f(
    "a 1 2 3 4",
    matrix(["a", [0, 1]]),
    "expected 4 points for a, but the time range cannot give as many (a has [1@0])",
  );
  f("a 1", matrix(["a", [0, 1]], ["b", [0, 1]]), "unexpected series b with [1@0]");
  f("a 1\nb 1", matrix(["a", [0, 1]]), "expected series b with 1, got none");
  f(
    "a 1\nb 1",
    matrix(["b", [0, 1]], ["a", [0, 1]]),
    "expected series sorted by labels, got b before a",
  );
});

test("compareAnnotations() wants each expected message, and each message expected", () => {
  const f = (lines: string, warnings: string[], infos: string[], want: string | undefined) => {
    const { expectations } = evalOf(`eval instant at 0 x\n${lines}`);
    const value: ScriptValue = { kind: "scalar", value: 1 };
    assert.equal(compareAnnotations(expectations, { value, warnings, infos }), want);
  };
  f("", ["w"], ["i"], undefined);
  f("expect warn", ["w"], [], undefined);
  f("expect warn", [], ["i"], "expected warn annotation with any message, got none");
  f("expect no_warn", ["w"], [], "expected no warnings, got w");
  f("expect no_info", [], ["i"], "expected no info annotations, got i");
  f("expect warn msg: w", ["w"], [], undefined);
  f("expect warn msg: w", ["ww"], [], 'expected warn annotation with message "w", got ww');
  f("expect warn msg: w", ["w", "v"], [], "unexpected warn annotation: v");
  f("expect info regex: ^i.$", [], ["ij"], undefined);
  f(
    "expect info regex: ^i.$",
    [],
    ["ijk"],
    'expected info annotation with pattern "^i.$", got ijk',
  );
});
