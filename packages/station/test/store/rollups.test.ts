// Rollups against all samples: the same answers to every question that may use them, and none of them used for others.

import assert from "node:assert/strict";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { bitsOf, Labels, markStale } from "@flx/model";
import { PromqlEngine, type QueryResult } from "@flx/promql";
import { seededRandom, temporaryFolder } from "@flx/testkit";
import { FileWindows } from "../../src/store/windows/file-windows.ts";
import { WINDOW_MS, type WindowSeries } from "../../src/store/windows/window-store.ts";

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WINDOWS = 20;

/** What a series does at each step. */
type Shape = (random: () => number, before: number) => number | "stale" | "gap";

const SHAPES: Readonly<Record<string, Shape>> = {
  counter: (random, before) => before + Math.floor(random() * 10),
  resets: (random, before) =>
    random() < 0.02 ? Math.floor(random() * 5) : before + Math.floor(random() * 10),
  fractions: (random, before) => before + random(),
  gauge: (random) => Math.round(random() * 1e4) / 100 - 50,
  constant: () => 42,
  huge: (random) => 1e15 + Math.floor(random() * 3),
  tiny: (random) => (random() - 0.5) * 1e-300,
  gaps: (random, before) => (random() < 0.3 ? "gap" : before + 1),
  stale: (random, before) => (random() < 0.1 ? "stale" : random() < 0.2 ? "gap" : before + 1),
  odd: (random, before) => {
    const pick = random();
    if (pick < 0.02) return Number.NaN;
    if (pick < 0.03) return Infinity;
    if (pick < 0.04) return -Infinity;
    return Number.isFinite(before) ? before + random() : 0;
  },
  rare: (random, before) => (random() < 0.995 ? "gap" : before + 1),
};

/** Series by window; times are off the minute, and some exactly on it. */
function madeWindows(): WindowSeries[][] {
  const random = seededRandom(7);
  const windows: WindowSeries[][] = Array.from({ length: WINDOWS }, () => []);
  for (const [shape, next] of Object.entries(SHAPES)) {
    for (let copy = 0; copy < 2; copy++) {
      const labels = Labels.from({ __name__: "m", shape, copy: String(copy) });
      let before = 0;
      for (const [number, window] of windows.entries()) {
        const times: number[] = [];
        const values: (number | "stale")[] = [];
        for (let i = 0; i < 120; i++) {
          const value = next(random, before);
          if (value === "gap") continue;
          const jitter = copy === 0 ? 0 : Math.floor(random() * 50_000);
          times.push(START + number * WINDOW_MS + i * MINUTE + jitter);
          values.push(value);
          if (value !== "stale") before = value;
        }
        if (times.length === 0) continue;
        const column = Float64Array.from(values, (value) => (value === "stale" ? 0 : value));
        for (const [i, value] of values.entries())
          if (value === "stale") markStale(bitsOf(column), i);
        window.push({
          labels,
          timestamps: Float64Array.from(times),
          values: column,
          exemplars: [],
        });
      }
    }
  }
  return windows;
}

interface Fixture extends AsyncDisposable {
  readonly folder: string;
  readonly all: PromqlEngine;
  readonly rolled: PromqlEngine;
}

async function fixture(): Promise<Fixture> {
  const folder = await temporaryFolder("rollups");
  const place = folder.file("windows");
  const options = { folder: place, retentionMs: 0, now: () => START + (WINDOWS + 1) * WINDOW_MS };
  {
    await using writing = await FileWindows.open(options);
    for (const [i, series] of madeWindows().entries()) {
      await writing.close(START + i * WINDOW_MS, series);
    }
  }
  const all = await FileWindows.open(options);
  const rolled = await FileWindows.open({ ...options, hasRollups: true });
  await rolled.retain();
  return {
    folder: folder.path,
    all: new PromqlEngine({ queryable: all }),
    rolled: new PromqlEngine({ queryable: rolled }),
    [Symbol.asyncDispose]: async () => {
      await all[Symbol.asyncDispose]();
      await rolled[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

/** A number to about its last digits: sums are added in another order. */
function rounded(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  return value.toPrecision(11);
}

function text({ value }: QueryResult): string[] {
  assert.equal(value.kind, "matrix");
  if (value.kind !== "matrix") return [];
  return value.series.map(({ labels, timestamps, values }) => {
    const samples = Array.from(
      timestamps,
      (time, i) => `${(time - START) / MINUTE}=${rounded(values[i]!)}`,
    );
    return `${labels.toString()} ${samples.join(" ")}`;
  });
}

const FUNCTIONS = [
  "rate",
  "increase",
  "delta",
  "sum_over_time",
  "avg_over_time",
  "count_over_time",
  "min_over_time",
  "max_over_time",
  "first_over_time",
  "last_over_time",
  "present_over_time",
  "absent_over_time",
];

test("questions over long times are answered from rollups as from all samples", async () => {
  await using made = await fixture();
  const endMs = START + WINDOWS * WINDOW_MS;
  const f = async (query: string, stepMs: number, from: number, want: "5m" | "1h" | "none") => {
    const at = { startMs: START + from, endMs, stepMs };
    const expected = await made.all.range(query, at);
    const got = await made.rolled.range(query, at);
    assert.deepEqual(text(got), text(expected), `${query} step ${stepMs / MINUTE}m from ${from}`);
    assert.deepEqual(
      expected.infos.filter((info) => info.includes("rollups")),
      [],
    );
    const note = got.infos.find((info) => info.includes("rollups"));
    if (want === "none") assert.equal(note, undefined, query);
    else
      assert.match(
        note ?? "",
        new RegExp(`^\\d+ windows of two hours were read as rollups of ${want};`),
        query,
      );
    if (want !== "none") {
      assert.ok(got.statistics.samplesRead <= expected.statistics.samplesRead);
    }
  };

  for (const name of FUNCTIONS) {
    await f(`${name}(m[5m])`, 5 * MINUTE, 0, "5m");
    await f(`${name}(m[1h])`, HOUR, 0, "1h");
    await f(`${name}(m[3h])`, 2 * HOUR, 2 * HOUR, "1h");
    await f(`${name}(m[30m] offset 1h)`, 30 * MINUTE, 5 * MINUTE, "5m");
    // Not whole pieces, or not at their borders.
    await f(`${name}(m[7m])`, 5 * MINUTE, 0, "none");
    await f(`${name}(m[5m])`, 5 * MINUTE, MINUTE, "none");
    await f(`${name}(m[5m])`, 7 * MINUTE, 0, "none");
    await f(`${name}(m[10m] offset 1m)`, 5 * MINUTE, 0, "none");
  }
  await f("m", 5 * MINUTE, 0, "5m");
  await f("m", HOUR, 0, "1h");
  await f("sum by (shape) (m)", HOUR, 0, "1h");
  await f("timestamp(m)", HOUR, 0, "1h");
  await f("sum(rate(m[1h])) / count(rate(m[1h]))", HOUR, 0, "1h");
  await f("m offset 2h", HOUR, 0, "1h");
  // What rollups do not know.
  for (const query of [
    "quantile_over_time(0.5, m[1h])",
    "stddev_over_time(m[1h])",
    "changes(m[1h])",
    "resets(m[1h])",
    "irate(m[1h])",
    "deriv(m[1h])",
    "max_over_time(rate(m[5m])[1h:5m])",
  ]) {
    await f(query, HOUR, 0, "none");
  }
});

test("short questions read all samples, and one beside a long one does not change it", async () => {
  await using made = await fixture();
  const endMs = START + WINDOWS * WINDOW_MS;
  const short = await made.rolled.range("rate(m[5m])", {
    startMs: endMs - 6 * HOUR,
    endMs,
    stepMs: 5 * MINUTE,
  });
  assert.doesNotMatch(short.infos.join(), /rollups/);
  const mixed = "rate(m[1h]) - irate(m[1h])";
  const at = { startMs: START, endMs, stepMs: HOUR };
  assert.deepEqual(text(await made.rolled.range(mixed, at)), text(await made.all.range(mixed, at)));
});

test("a rollup that is damaged is made anew, and the window answers until then", async () => {
  await using made = await fixture();
  const endMs = START + WINDOWS * WINDOW_MS;
  const at = { startMs: START, endMs, stepMs: HOUR };
  const place = join(made.folder, "rollups/1h");
  const names = await readdir(place);
  assert.equal(names.length, WINDOWS);
  const file = await open(join(place, names[3]!), "r+");
  await file.write(Buffer.from([0xff]), 0, 1, 12);
  await file.close();
  const options = { folder: join(made.folder, "windows"), retentionMs: 0, now: () => endMs };
  await using windows = await FileWindows.open({ ...options, hasRollups: true });
  const engine = new PromqlEngine({ queryable: windows });
  const want = await made.all.range("rate(m[1h])", at);
  const got = await engine.range("rate(m[1h])", at);
  assert.deepEqual(text(got), text(want));
  assert.match(got.infos.join(), new RegExp(`\\b${WINDOWS - 1} windows`));
  await windows.retain();
  const again = await engine.range("rate(m[1h])", at);
  assert.match(again.infos.join(), new RegExp(`\\b${WINDOWS} windows`));
  assert.deepEqual(windows.statistics().quarantined, []);
});
