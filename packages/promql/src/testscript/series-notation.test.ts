import assert from "node:assert/strict";
import { test } from "node:test";
import { histogramLiteral, parseHistogramLiteral } from "./histogram-literal.ts";
import { parseSequence, parseSeriesLine, type SequenceValue } from "./series-notation.ts";
import { parseStartTimes } from "./start-times.ts";

function text(value: SequenceValue): string {
  if (value.kind === "omitted") return "_";
  if (value.kind === "float") return String(value.value);
  return value.kind === "stale" ? "stale" : histogramLiteral(value.histogram);
}

test("parseSequence() expands every notation of values", () => {
  const f = (sequence: string, want: string) => {
    assert.equal(parseSequence(sequence).map(text).join(" "), want, sequence);
  };
  f("", "");
  f("1", "1");
  f(" 1  2\t3 ", "1 2 3");
  f("-1 +2 .5 1. 1e3 1_000", "-1 2 0.5 1 1000 1000");
  f("Inf -inf NaN", "Infinity -Infinity NaN");
  f("1x3", "1 1 1 1");
  f("1x0", "1");
  f("0x2", "0 0 0");
  f("1+2x3", "1 3 5 7");
  f("1-2x3", "1 -1 -3 -5");
  f("-1+0.5x2", "-1 -0.5 0");
  f("1e-1x1", "0.1 0.1");
  f("1e2-1e1x1", "100 90");
  f("infx1", "Infinity Infinity");
  f("_", "_");
  f("_x3", "_ _ _");
  f("5 _ stale 6", "5 _ stale 6");
  f("{{count:1 sum:2}}", "{{count:1 sum:2}}");
  f("{{}} {{ count:1 }}x1", "{{}} {{count:1}} {{count:1}}");
  f(
    "{{count:1 sum:2 buckets:[1]}}+{{count:2 sum:1 buckets:[2]}}x2",
    "{{count:1 sum:2 buckets:[1]}} {{count:3 sum:3 buckets:[3]}} {{count:5 sum:4 buckets:[5]}}",
  );
});

test("parseSequence() refuses what is no value, and sequences without end", () => {
  for (const sequence of [
    "x",
    "1x",
    "1+2",
    "1 +",
    "_x",
    "stalex2",
    "{{count:1}",
    "{{count}}",
    "1,2",
    "1x99999999999",
    "{{foo:1}}",
    "{{count:1 count:2}}",
    "{{schema:1.5}}",
    "{{buckets:1}}",
    "{{counter_reset_hint:maybe}}",
    "{{}}+{{}}",
  ]) {
    assert.throws(() => parseSequence(sequence), SyntaxError, sequence);
  }
  assert.throws(() => parseSequence("{{schema:1}}+{{schema:0}}x1"), {
    message: "error combining histograms: cannot merge from schema 0 to 1",
  });
  assert.throws(() => parseSequence("{{schema:-53 custom_values:[1]}}+{{schema:0}}x1"), {
    message: "cannot combine histograms with custom and exponential bounds",
  });
});

test("parseSeriesLine() reads labels in every notation", () => {
  const f = (line: string, labels: string, values: string) => {
    const series = parseSeriesLine(line);
    assert.equal(series.labels.toString(), labels, line);
    assert.equal(series.values.map(text).join(" "), values, line);
  };
  f("up 1", "up", "1");
  f("up{} 1", "up", "1");
  f('up{a="b", c="d",} 1 2', 'up{a="b", c="d"}', "1 2");
  f('{a="b"} 1', '{a="b"}', "1");
  f("{} 1", "{}", "1");
  f('{"my.metric", "x.y"="z"} 1', '{"my.metric", "x.y"="z"}', "1");
  f("sum 1x1", "sum", "1 1");
  f("a:b_c {{count:1}}", "a:b_c", "{{count:1}}");
  f("up", "up", "");
  f('up{sum="1",by="2"} _', 'up{by="2", sum="1"}', "_");
  for (const line of ["1", "up{a=b} 1", "up{a} 1", 'up{a="b" c="d"} 1', "up{", "(up) 1"]) {
    assert.throws(() => parseSeriesLine(line), line);
  }
});

test("parseHistogramLiteral() reads every field, and histogramLiteral() writes it", () => {
  const f = (literal: string, want = literal) => {
    const { histogram } = parseHistogramLiteral(literal);
    assert.equal(histogramLiteral(histogram), `{{${want}}}`);
  };
  f("");
  f("schema:1 count:22 sum:3 buckets:[5 10 7]");
  f("schema:-53 count:3 sum:4 custom_values:[5 10] buckets:[1 2]");
  f(
    "z_bucket:2 z_bucket_w:0.5 counter_reset_hint:gauge offset:-1 buckets:[1 0 2] n_offset:2 n_buckets:[3]",
  );
  f("sum:-Inf count:NaN", "count:NaN sum:-Inf");
  f("counter_reset_hint:not_reset");
  f("counter_reset_hint:reset buckets:[ 1  2 ]", "counter_reset_hint:reset buckets:[1 2]");
  assert.equal(parseHistogramLiteral("count:1").hintGiven, false);
  assert.equal(parseHistogramLiteral("counter_reset_hint:unknown").hintGiven, true);
});

test("parseStartTimes() expands offsets of start times", () => {
  const f = (line: string, want: (number | undefined)[]) => {
    assert.deepEqual(parseStartTimes(line), want, line);
  };
  f("_", [undefined]);
  f("_x2 0s", [undefined, undefined, 0]);
  f("-1m", [-60_000]);
  f("-1mx1 30s", [-60_000, -60_000, 30_000]);
  f("0s-30sx2", [0, -30_000, -60_000]);
  f("-1m+30sx1", [-60_000, -30_000]);
  for (const line of ["x", "1", "-", "1m+"]) assert.throws(() => parseStartTimes(line), line);
});
