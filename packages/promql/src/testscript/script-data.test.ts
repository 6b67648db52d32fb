import assert from "node:assert/strict";
import { test } from "node:test";
import { Matcher } from "../matcher/matcher.ts";
import { histogramLiteral } from "./histogram-literal.ts";
import { parseScript } from "./script.ts";
import { ScriptData } from "./script-data.ts";

/** Each series as `labels: value@ms ...`. */
function contents(data: ScriptData): string[] {
  const all = [new Matcher("=~", "__name__", ".+")];
  return data.queryable.select(all, { startMs: 0, endMs: 1e12 }).map((series) => {
    const samples = Array.from(series.timestamps, (timeMs, i) => {
      const histogram = series.histograms?.[i];
      return `${histogram === undefined ? series.values[i] : histogramLiteral(histogram)}@${timeMs}`;
    });
    return `${series.labels.toString()}: ${samples.join(" ")}`;
  });
}

function load(script: string): ScriptData {
  const data = new ScriptData();
  for (const command of parseScript(script)) {
    if (command.kind === "load") data.load(command);
    else if (command.kind === "clear") data.clear();
  }
  return data;
}

test("ScriptData.load() puts samples on the grid of the step", () => {
  assert.deepEqual(contents(load('load 30s\n x{a="b"} 1 _ 3\n y 5')), [
    'x{a="b"}: 1@0 3@60000',
    "y: 5@0",
  ]);
});

test("ScriptData.load() adds to what is there; clear() takes all away", () => {
  assert.deepEqual(contents(load("load 1m\n x 1 _ 3\n\nload 30s\n x 9 2")), [
    "x: 1@0 2@30000 3@120000",
  ]);
  assert.deepEqual(contents(load("load 1m\n x 1\n\nclear\n\nload 1m\n y 2")), ["y: 2@0"]);
  assert.deepEqual(contents(load("load 1m\n x 1 1\n x 2")), ["x: 2@0"]);
});

test("ScriptData.load() keeps start times", () => {
  const data = load("load 1m\n x@st _ -30s\n x 1 2");
  const [series] = data.queryable.select([new Matcher("=", "__name__", "x")], {
    startMs: 0,
    endMs: 1e9,
  });
  assert.deepEqual(Array.from(series?.startTimestamps ?? []).slice(0, 2), [0, 30_000]);
});

test("ScriptData.load() makes native histograms with custom bounds of classic ones", () => {
  const data = load(`load_with_nhcb 1m
    x_bucket{job="a",le="0.5"} 1 2
    x_bucket{job="a",le="1"} 3 5
    x_bucket{job="a",le="+Inf"} 4 7
    x_count{job="a"} 4 7
    x_sum{job="a"} 5 6
    y_bucket{le="1"} 2
    z 1`);
  assert.deepEqual(
    contents(data).filter((line) => line.includes("{{")),
    [
      'x{job="a"}: {{schema:-53 count:4 sum:5 custom_values:[0.5 1] buckets:[1 2 1]}}@0 ' +
        "{{schema:-53 count:7 sum:6 custom_values:[0.5 1] counter_reset_hint:not_reset buckets:[2 3 2]}}@60000",
      "y: {{schema:-53 count:2 custom_values:[1] buckets:[2]}}@0",
    ],
  );
});
