import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ReadHistogram, readHistogramChunk } from "../../test/remote-read/chunk-reader.ts";
import { type CounterResetHint, NativeHistogram } from "../native-histogram.ts";
import { HistogramChunkWriter } from "./histogram-chunk.ts";

type Encoding = HistogramChunkWriter["encoding"];

/** Chunks of histograms a second apart, as they are cut. */
function chunksOf(histograms: readonly NativeHistogram[]): [Encoding, Uint8Array][] {
  const writer = new HistogramChunkWriter();
  const chunks: [Encoding, Uint8Array][] = [];
  for (const [i, histogram] of histograms.entries()) {
    if (!writer.fits(histogram)) chunks.push([writer.encoding, writer.take()]);
    writer.append(START_MS + i * 1_000, histogram);
  }
  chunks.push([writer.encoding, writer.take()]);
  assert.equal(writer.count, 0);
  return chunks;
}

const START_MS = 1_767_225_600_123;

function plain(histogram: NativeHistogram, i: number): ReadHistogram {
  const { schema, zeroThreshold, count, zeroCount, sum, positive, negative, customBounds } =
    histogram;
  const side = ({ indexes, counts }: NativeHistogram["positive"]): Record<number, number> =>
    Object.fromEntries([...indexes].map((index, at) => [index, counts[at]!]));
  return {
    timeMs: START_MS + i * 1_000,
    schema,
    zeroThreshold,
    count,
    zeroCount,
    sum,
    positive: side(positive),
    negative: side(negative),
    customBounds: [...customBounds],
  };
}

const counts = fc.oneof(
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 1, max: 2 ** 40 }),
  fc.constantFrom(4, 5, 32, 33, 256, 257, 2_048, 2_049, 131_072, 131_073, 2 ** 24, 2 ** 24 + 1),
);
const halves = fc.oneof(counts, fc.constantFrom(0.5, 0.1, 1e-300, 1e300));
const side = (count: fc.Arbitrary<number>) =>
  fc
    .dictionary(fc.integer({ min: -12, max: 12 }).map(String), count, { maxKeys: 6 })
    .map((buckets) => {
      const indexes = Object.keys(buckets)
        .map(Number)
        .toSorted((a, b) => a - b);
      return { indexes, counts: indexes.map((index) => buckets[index]!) };
    });
const histogram = fc
  .oneof(
    { arbitrary: fc.constant(counts), weight: 3 },
    { arbitrary: fc.constant(halves), weight: 1 },
  )
  .chain((count) =>
    fc.record({
      schema: fc.constantFrom(0, 0, 0, 3, -4, 8),
      zeroThreshold: fc.constantFrom(0, 0, 2 ** -128, 2 ** -243, 2 ** 10, 2 ** 11, 0.1),
      zeroCount: fc.oneof(fc.constant(0), count),
      sum: fc.oneof(fc.double(), fc.constantFrom(0, -0, NaN, Infinity)),
      positive: side(count),
      negative: fc.oneof(
        { arbitrary: fc.constant({ indexes: [], counts: [] }), weight: 2 },
        side(count),
      ),
      counterResetHint: fc.constantFrom<CounterResetHint>(
        "unknown",
        "unknown",
        "none",
        "reset",
        "gauge",
      ),
    }),
  )
  .map((init) => NativeHistogram.from(init));
/** A counter that goes up by what each one says, from time to time begun again. */
const counter = fc
  .array(fc.tuple(histogram, fc.integer({ min: 0, max: 20 })), { minLength: 1, maxLength: 40 })
  .map((steps) => {
    let now: NativeHistogram | undefined;
    return steps.map(([step, dice]) => {
      now = now === undefined || dice === 0 ? step : now.add(step);
      return now;
    });
  });

test("HistogramChunkWriter writes what reads back, whatever follows what", () => {
  fc.assert(
    fc.property(
      fc.oneof(counter, fc.array(histogram, { minLength: 1, maxLength: 10 })),
      (given) => {
        const chunks = chunksOf(given).map(([encoding, chunk]) =>
          readHistogramChunk(encoding, chunk),
        );
        assert.deepEqual(
          chunks.flatMap(({ samples }) => samples),
          given.map(plain),
        );
        // A reader takes every sample of a chunk but the first for one without a reset.
        let at = 0;
        for (const { samples, flags } of chunks) {
          for (let i = 1; i < samples.length; i++) {
            const [before, now] = [given[at + i - 1]!, given[at + i]!];
            assert.ok(flags === 3 || !now.detectReset(before));
          }
          assert.equal(flags, FLAGS.indexOf(given[at]!.counterResetHint));
          at += samples.length;
        }
      },
    ),
    { numRuns: 300 },
  );
});

const FLAGS: readonly CounterResetHint[] = ["unknown", "none", "reset", "gauge"];

test("HistogramChunkWriter begins a chunk where the kind, the layout or the counter does", () => {
  const f = (what: string, want: readonly number[], ...given: readonly NativeHistogram[]): void => {
    const chunks = chunksOf(given).map(([encoding, chunk]) => readHistogramChunk(encoding, chunk));
    assert.deepEqual(
      chunks.map(({ samples }) => samples.length),
      want,
      what,
    );
  };
  const of = (init: Partial<Parameters<typeof NativeHistogram.from>[0]>, n = 1): NativeHistogram =>
    NativeHistogram.from({
      schema: 0,
      sum: n,
      positive: { indexes: [0, 3], counts: [n, 2 * n] },
      ...init,
    });
  const other = { positive: { indexes: [0, 1, 3, 40], counts: [5, 1, 9, 7] } };
  f("a counter", [3], of({}, 1), of({}, 2), of({}, 3));
  f("buckets that come", [2], of({}, 1), of(other));
  f("buckets that go", [1, 1], of(other), of({}, 9));
  f("again from zero", [2, 1], of({}, 1), of({}, 2), of({}, 1));
  f("a reset that is said", [1, 1], of({}, 1), of({ counterResetHint: "reset" }, 2));
  f(
    "a gauge goes down",
    [2],
    of({ counterResetHint: "gauge" }, 2),
    of({ counterResetHint: "gauge" }),
  );
  f("no gauge any more", [1, 1], of({ counterResetHint: "gauge" }, 1), of({}, 2));
  f("halves", [1, 1, 1], of({}, 1), of({}, 1.5), of({}, 2));
  f("another schema", [1, 1], of({}, 1), of({ schema: 1 }, 2));
  f("another zero bucket", [1, 1], of({}, 1), of({ zeroThreshold: 1 }, 2));
  f("no more than 120", [120, 1], ...Array.from({ length: 121 }, (_, i) => of({}, i + 1)));
  f("counts that are too large to be exact as differences", [1, 1], of({}, 1), of({}, 2 ** 50));
});

test("HistogramChunkWriter writes custom bounds: thousandths shortly, others whole", () => {
  const bounds = [-1, 0, 0.001, 0.25, 1 / 3, 33_554.43, 33_554.431, 1e9];
  const given = [1, 2].map((n) =>
    NativeHistogram.from({
      schema: -53,
      sum: n,
      positive: { indexes: [0, 8], counts: [n, n] },
      customBounds: bounds,
    }),
  );
  const [chunk, ...more] = chunksOf(given);
  assert.equal(more.length, 0);
  const { samples } = readHistogramChunk(...chunk!);
  assert.deepEqual(samples, given.map(plain));
});
