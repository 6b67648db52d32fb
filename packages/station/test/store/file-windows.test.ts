// Closed windows in files: what was given is what is answered; damage is put aside; retention removes the oldest.

import assert from "node:assert/strict";
import { open, readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Labels, NativeHistogram, type UnixMs } from "@flx/model";
import { Matcher, MemoryQueryable, type SampleInput, type SeriesData } from "@flx/promql";
import { temporaryFolder } from "@flx/testkit";
import fc from "fast-check";
import { FileWindows, type FileWindowsOptions } from "../../src/store/windows/file-windows.ts";
import { WINDOW_MS, type WindowSeries } from "../../src/store/windows/window-store.ts";

const START = Date.UTC(2026, 0, 1);
const ALL = { startMs: 0, endMs: 8e15 };
const HINTS = { stepMs: 0, rangeMs: 0, func: "", grouping: [], by: false };
const ANY = [new Matcher("=~", "__name__", ".+")];

function openIn(folder: string, more: Partial<FileWindowsOptions> = {}): Promise<FileWindows> {
  return FileWindows.open({ folder, retentionMs: 0, now: () => START + 10 * WINDOW_MS, ...more });
}

function texts(found: readonly SeriesData[]): string[] {
  const lines = found.map(({ labels, timestamps, values, histograms, startTimestamps }) => {
    const words = new Uint32Array(Float64Array.from(values).buffer);
    words.set(new Uint32Array(values.buffer, values.byteOffset, 2 * values.length));
    const samples = Array.from(timestamps, (time, i) => {
      const histogram = histograms?.[i];
      const start = startTimestamps?.[i] ?? 0;
      const value =
        histogram === undefined
          ? `${words[2 * i + 1]!.toString(16)}.${words[2 * i]!.toString(16)}`
          : `h${histogram.schema}/${histogram.count}/${histogram.sum}/${[...histogram.positive.counts].join("+")}`;
      return `${time - START}=${value}${start === 0 ? "" : `@${start}`}`;
    });
    return `${labels.toString()} ${samples.join(" ")}`;
  });
  return lines.toSorted();
}

function named(name: string, job = "a"): Labels {
  return Labels.from({ __name__: name, job });
}

const value: fc.Arbitrary<SampleInput> = fc.oneof(
  fc.integer({ min: -5, max: 1_000_000 }),
  fc.integer({ min: -9_999, max: 9_999 }).map((n) => n / 100),
  fc.double(),
  fc.constantFrom(Number.NaN, -0, Infinity, 2 ** 60, "stale" as const),
  fc
    .tuple(fc.integer({ min: -4, max: 8 }), fc.array(fc.nat(50), { maxLength: 4 }))
    .map(([schema, counts]) =>
      NativeHistogram.from({
        schema,
        sum: counts.length * 1.5,
        positive: { indexes: counts.map((_, i) => 3 * i - 2), counts },
      }),
    ),
);
const samples = fc.array(fc.tuple(fc.integer({ min: 1, max: 900_000 }), value, fc.nat(3)), {
  maxLength: 60,
});
const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -99_999, max: 99_999 }).map((n) => n / 1_000),
);
const floats = fc.array(fc.tuple(fc.constantFrom(15_000, 15_001), number, fc.constant(0)), {
  maxLength: 300,
});

test("FileWindows answers with what was closed, over windows and openings", async () => {
  const series = fc.dictionary(
    fc.constantFrom("a", "b", "c_total", "d"),
    fc.oneof(samples, floats),
  );
  await fc.assert(
    fc.asyncProperty(series, async (given) => {
      await using folder = await temporaryFolder("windows");
      const memory = new MemoryQueryable();
      for (const [name, steps] of Object.entries(given)) {
        let time = START;
        for (const [gap, each, start] of steps) {
          time += gap;
          memory.append(named(name), time, each, start);
        }
      }
      {
        await using windows = await openIn(folder.path);
        for (let at = START; at < START + 30 * WINDOW_MS; at += WINDOW_MS) {
          const part = memory.select(ANY, { startMs: at, endMs: at + WINDOW_MS - 1 });
          if (part.length > 0) await windows.close(at, part.map(bare));
        }
      }
      await using windows = await openIn(folder.path);
      const some = { startMs: START + 400_000, endMs: START + 9_000_000 };
      for (const range of [ALL, some]) {
        const found = await windows.select(ANY, range, HINTS, undefined);
        assert.deepEqual(texts(found), texts(memory.select(ANY, range)));
      }
    }),
    { numRuns: Number(process.env["FLX_FUZZ_RUNS"] ?? 60) },
  );
});

/** As the head hands series over. */
function bare(data: SeriesData): WindowSeries {
  return { ...data, exemplars: [] };
}

function counter(name: string, job: string, atMs: number): WindowSeries {
  const timestamps = Float64Array.from({ length: 480 }, (_, i) => atMs + i * 15_000 + (i % 7));
  const values = Float64Array.from({ length: 480 }, (_, i) => i * 3);
  const exemplar = {
    labels: Labels.from({ trace_id: job }),
    value: 1,
    timestampMs: atMs as UnixMs,
  };
  return { labels: named(name, job), timestamps, values, exemplars: [exemplar] };
}

async function filled(folder: string, count: number): Promise<void> {
  await using windows = await openIn(folder);
  for (let i = 0; i < count; i++) {
    const at = START + i * WINDOW_MS;
    await windows.close(at, [counter("x_total", "a", at), counter("x_total", "b", at)]);
  }
}

test("FileWindows puts a damaged window aside, tells it, and serves the rest", async () => {
  const damage: Readonly<Record<string, (path: string) => Promise<void>>> = {
    "cut off": async (path) => truncate(path, (await stat(path)).size - 5),
    empty: (path) => truncate(path, 0),
    "not a window": (path) => writeFile(path, "x".repeat(500)),
    "a bit of a block": (path) => flip(path, 12),
    "a bit of the index": async (path) => flip(path, (await stat(path)).size - 60),
    "a bit of the footer": async (path) => flip(path, (await stat(path)).size - 50),
  };
  for (const [what, harm] of Object.entries(damage)) {
    await using folder = await temporaryFolder("windows");
    await filled(folder.path, 3);
    await harm(join(folder.path, `${START + WINDOW_MS}.window`));
    const problems: string[] = [];
    const onProblem = (error: Error) => void problems.push(error.message);
    for (let round = 0; round < 2; round++) {
      await using windows = await openIn(folder.path, { onProblem });
      const found = await windows.select(ANY, ALL, HINTS, undefined);
      assert.deepEqual(
        found.map(({ timestamps }) => timestamps.length),
        [960, 960],
        what,
      );
      assert.equal(windows.statistics().quarantined.length, 1, what);
      assert.equal(windows.closedUntilMs, START + 3 * WINDOW_MS);
    }
    assert.equal(problems.length, 1, what);
  }
});

async function flip(path: string, at: number): Promise<void> {
  await using file = await open(path, "r+");
  const byte = Buffer.alloc(1);
  await file.read(byte, 0, 1, at);
  byte[0]! ^= 16;
  await file.write(byte, 0, 1, at);
}

test("FileWindows removes what is too old, then what is too much", async () => {
  await using folder = await temporaryFolder("windows");
  await filled(folder.path, 4);
  const each = (await stat(join(folder.path, `${START}.window`))).size;
  {
    // The end of the first window is 10 windows - 9 ago.
    await using windows = await openIn(folder.path, { retentionMs: 9 * WINDOW_MS });
    assert.equal(windows.statistics().windows, 3);
  }
  await using windows = await openIn(folder.path, { maxBytes: 2 * each + 10 });
  assert.equal(windows.statistics().windows, 2);
  assert.equal((await readdir(folder.path)).length, 2);
  assert.equal(windows.statistics().minTimeMs, START + 2 * WINDOW_MS);
  windows.retainFor(7 * WINDOW_MS);
  await windows.retain();
  assert.deepEqual(
    [windows.statistics().windows, windows.closedUntilMs],
    [1, START + 4 * WINDOW_MS],
  );
});

test("FileWindows answers questions about series, names, values and exemplars", async () => {
  await using folder = await temporaryFolder("windows");
  await filled(folder.path, 2);
  await writeFile(join(folder.path, `${START}.window.draft`), "half");
  await using windows = await openIn(folder.path);
  assert.deepEqual((await readdir(folder.path)).length, 2, "a draft is removed");
  const question = { selectors: [], range: ALL, limit: 0 };
  const only = { ...question, selectors: [[new Matcher("=", "job", "b")]] };
  assert.deepEqual((await windows.labelNames(question)).items, ["__name__", "job"]);
  assert.deepEqual(await windows.labelValues("job", { ...question, limit: 1 }), {
    items: ["a"],
    isCut: true,
  });
  assert.deepEqual((await windows.series(only)).items.map(String), ['x_total{job="b"}']);
  const later = { ...only, range: { startMs: START + 5 * WINDOW_MS, endMs: 8e15 } };
  assert.deepEqual((await windows.series(later)).items, []);
  const found = await windows.exemplars([[new Matcher("=", "job", "b")]], ALL, { limit: 0 });
  assert.deepEqual(
    found.map((one) => one.exemplars.map(({ timestampMs }) => timestampMs - START)),
    [[0, WINDOW_MS]],
  );
  const given = AbortSignal.abort();
  await assert.rejects(async () => windows.select(ANY, ALL, HINTS, given), {
    code: "FLX_PROMQL_ABORTED",
  });
});

test("a window takes at most 1.9 bytes a sample of what targets expose", async (t) => {
  await using folder = await temporaryFolder("windows");
  await using windows = await openIn(folder.path);
  let seed = 1;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const series: WindowSeries[] = [];
  for (let target = 0; target < 20; target++) {
    const jitter = Float64Array.from({ length: 480 }, () => Math.floor(random() * 12));
    const timestamps = jitter.map((each, i) => START + i * 15_000 + each);
    for (let i = 0; i < 50; i++) {
      let total = 0;
      // Counters of requests, seconds of CPU to the hundredth, sizes that change now and then.
      const step = i % 3 === 0 ? () => Math.floor(random() * 200) : () => random() * 0.5;
      const values = Float64Array.from({ length: 480 }, () => {
        if (i % 3 === 2) return Math.round(total++ % 7 === 0 ? random() * 1e9 : 5e8);
        total += step();
        return i % 3 === 0 ? total : Math.round(total * 100) / 100;
      });
      const labels = Labels.from({
        __name__: `m${i}`,
        instance: `host-${target}:9100`,
        job: "node",
      });
      series.push({ labels, timestamps, values, exemplars: [] });
    }
  }
  await windows.close(START, series);
  const { bytes, samples: count } = windows.statistics();
  assert.equal(count, 480_000);
  t.diagnostic(`${(bytes / count).toFixed(2)} bytes a sample`);
  assert.ok(bytes / count <= 1.9, `${bytes / count} bytes a sample`);
});
