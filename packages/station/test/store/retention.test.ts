// Retention by policies in window files: what is over is no part of an answer, leaves the files, and harms nothing else.

import assert from "node:assert/strict";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type DurationMs, Labels, NativeHistogram } from "@flx/model";
import { Matcher, parseSelector, type SeriesData } from "@flx/promql";
import { temporaryFolder } from "@flx/testkit";
import { FileWindows, type FileWindowsOptions } from "../../src/store/windows/file-windows.ts";
import type { RetentionPolicy } from "../../src/store/windows/retention-policies.ts";
import { WINDOW_MS, type WindowSeries } from "../../src/store/windows/window-store.ts";

const START = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const ANY = [new Matcher("=~", "__name__", ".+")];
const ALL = { startMs: 0, endMs: 8e15 };
const HINTS = { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false };
const JOBS = ["short", "usual", "long", "always"];

function policy(selector: string, hours: number): RetentionPolicy {
  return { matchers: parseSelector(selector), retentionMs: (hours * HOUR) as DurationMs };
}

const POLICIES = [
  policy('{job="short"}', 4),
  policy('{job="long"}', 40),
  policy('{job="always"}', 0),
];
const LENGTHS: Readonly<Record<string, number>> = {
  short: 4,
  usual: 12,
  long: 40,
  always: Infinity,
};

/** A minute apart in one window; every seventh series has histograms, one has exemplars. */
function seriesOf(startMs: number): WindowSeries[] {
  return JOBS.flatMap((job) =>
    Array.from({ length: 30 }, (_, i): WindowSeries => {
      const timestamps = Float64Array.from({ length: 120 }, (__, n) => startMs + n * 60_000 + i);
      const values = timestamps.map((__, n) => n * (i + 1) + 0.25);
      const histogram = NativeHistogram.from({
        schema: 3,
        count: i,
        sum: i,
        positive: { indexes: [1], counts: [i] },
      });
      return {
        labels: Labels.from({ __name__: `m${i}`, job, other: "x".repeat(i) }),
        timestamps,
        values,
        histograms: i % 7 === 0 ? Array.from(timestamps, () => histogram) : undefined,
        exemplars:
          i === 3
            ? [{ labels: Labels.from({ trace_id: "a" }), value: 1, timestampMs: startMs as never }]
            : [],
      };
    }),
  );
}

interface Fixture {
  readonly folder: string;
  now: number;
}

function open(fixture: Fixture, more: Partial<FileWindowsOptions> = {}): Promise<FileWindows> {
  return FileWindows.open({
    folder: fixture.folder,
    retentionMs: 12 * HOUR,
    policies: POLICIES,
    now: () => fixture.now,
    ...more,
  });
}

async function fill(fixture: Fixture): Promise<void> {
  await using windows = await open(fixture);
  for (let i = 0; i < 6; i++) {
    const startMs = START + i * WINDOW_MS;
    fixture.now = startMs + WINDOW_MS + HOUR;
    await windows.close(startMs, seriesOf(startMs));
  }
}

/** Samples by job, and the oldest of each, hours before now. */
function summary(
  found: readonly SeriesData[],
  now: number,
): Map<string, [samples: number, oldest: number]> {
  const byJob = new Map<string, [number, number]>();
  for (const { labels, timestamps } of found) {
    const [samples, oldest] = byJob.get(labels.get("job")!) ?? [0, 0];
    const age = (now - timestamps[0]!) / HOUR;
    byJob.set(labels.get("job")!, [samples + timestamps.length, Math.max(oldest, age)]);
  }
  return byJob;
}

function text(found: readonly SeriesData[]): string[] {
  return found
    .map(({ labels, timestamps, values, histograms }) => {
      const counts = histograms?.map((each) => each?.count).join();
      return `${labels.key} ${timestamps.join()} ${counts ?? values.join()}`;
    })
    .toSorted((a, b) => (a < b ? -1 : 1));
}

test("FileWindows answers and keeps each series as long as its policy says", async () => {
  await using folder = await temporaryFolder("retention");
  const fixture = { folder: folder.path, now: START };
  await fill(fixture);
  const sizes = async (): Promise<number> => {
    const names = await readdir(folder.path);
    assert.deepEqual(
      names.filter((name) => !name.endsWith(".window")),
      [],
    );
    const stats = await Promise.all(names.map((name) => stat(join(folder.path, name))));
    return stats.reduce((sum, { size }) => sum + size, 0);
  };
  let before = await sizes();
  const windows = await open(fixture);
  for (const hours of [13, 14, 15, 20, 26, 60]) {
    fixture.now = START + hours * HOUR;
    await windows.retain();
    const found = summary(await windows.select(ANY, ALL, HINTS, undefined), fixture.now);
    for (const job of JOBS) {
      const [samples, oldest] = found.get(job) ?? [0, 0];
      // A policy cuts to the minute, what has none goes with its window; the first sample is of the first window.
      const length = LENGTHS[job]!;
      const most = job === "usual" ? length + 2 : length;
      assert.ok(oldest <= most, `${job} after ${hours} h: ${oldest}`);
      const hoursThere = Math.max(0, 12 - Math.max(0, hours - length));
      assert.ok(
        samples >= hoursThere * 60 * 30 - 60 * 30 * 2,
        `${job} after ${hours} h: ${samples}`,
      );
      if (length === Infinity) assert.equal(samples, 12 * 60 * 30);
    }
    const size = await sizes();
    assert.ok(size <= before, `${size} after ${before}`);
    before = size;
    const question = { selectors: [], range: ALL, limit: 0 };
    const { items } = await windows.labelValues("job", question);
    assert.deepEqual(
      items,
      [...found.keys()].toSorted((a, b) => (a < b ? -1 : 1)),
    );
  }
  const want = text(await windows.select(ANY, ALL, HINTS, undefined));
  const exemplars = await windows.exemplars([ANY], ALL, { limit: 0 });
  assert.equal(exemplars[0]?.exemplars.length, 6);
  await windows[Symbol.asyncDispose]();
  // What was written anew is whole, and the same for a start that knows nothing of policies.
  await using plain = await open(fixture, { policies: [], retentionMs: 0 });
  assert.deepEqual(text(await plain.select(ANY, ALL, HINTS, undefined)), want);
  assert.equal(plain.statistics().samples, 12 * 60 * 30);
  assert.deepEqual(plain.statistics().quarantined, []);
});

test("questions that are asked while windows are written anew are answered whole", async () => {
  await using folder = await temporaryFolder("retention");
  const fixture = { folder: folder.path, now: START };
  await fill(fixture);
  await using windows = await open(fixture);
  const long = parseSelector('{job="always"}');
  const want = text(await windows.select(long, ALL, HINTS, undefined));
  const over = new AbortController();
  let count = 0;
  const asking = Array.from({ length: 3 }, async () => {
    while (!over.signal.aborted) {
      assert.deepEqual(text(await windows.select(long, ALL, HINTS, undefined)), want);
      count++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  });
  for (const hours of [13, 17, 60]) {
    fixture.now = START + hours * HOUR;
    await windows.retain();
  }
  over.abort();
  await Promise.all(asking);
  assert.ok(count > 3);
  assert.deepEqual(windows.statistics().quarantined, []);
  // What had to be left for later is done when nobody asks.
  await windows.retain();
  assert.equal(windows.statistics().samples, 12 * 60 * 30);
});

test("other policies are in force at once, and a disk budget is kept beside them", async () => {
  await using folder = await temporaryFolder("retention");
  const fixture = { folder: folder.path, now: START };
  await fill(fixture);
  fixture.now = START + 13 * HOUR;
  await using windows = await open(fixture, { policies: [] });
  const jobs = async (): Promise<readonly string[]> =>
    (await windows.labelValues("job", { selectors: [], range: ALL, limit: 0 })).items;
  assert.deepEqual(await jobs(), ["always", "long", "short", "usual"]);
  windows.retainFor(12 * HOUR, [policy('{job=~"short|long"}', 2)]);
  assert.equal(
    (await windows.select(parseSelector('{job="short"}'), ALL, HINTS, undefined)).length,
    30,
  );
  const [one] = await windows.select(
    parseSelector('{job="short", __name__="m1"}'),
    ALL,
    HINTS,
    undefined,
  );
  assert.ok(one!.timestamps[0]! >= fixture.now - 2 * HOUR);

  const { bytes } = windows.statistics();
  const maxBytes = Math.floor(bytes / 2);
  await using bounded = await open(fixture, { policies: [policy('{job="always"}', 0)], maxBytes });
  await bounded.retain();
  assert.ok(bounded.statistics().bytes <= maxBytes);
  assert.ok(bounded.statistics().windows > 0);
});
