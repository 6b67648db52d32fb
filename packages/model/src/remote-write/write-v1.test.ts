import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Labels } from "../labels.ts";
import { NativeHistogram } from "../native-histogram.ts";
import { STALE_NAN_BITS } from "../staleness.ts";
import type { UnixMs } from "../units.ts";
import { readWriteRequest } from "./read-v1.ts";
import { encodeSeriesLabels, WriteRequestWriter } from "./write-v1.ts";

const text = fc.string({ minLength: 1, maxLength: 300, unit: "binary" });
const time = fc.integer({ min: -(2 ** 52), max: 2 ** 52 });
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const series = fc.record({
  labels: fc.dictionary(text, text, { minKeys: 1, maxKeys: 6, noNullPrototype: true }),
  samples: fc.array(fc.tuple(time, word, word), { maxLength: 5 }),
});

test("WriteRequestWriter writes what readWriteRequest() reads, any label and any bits", () => {
  fc.assert(
    fc.property(fc.array(series, { maxLength: 5 }), (given) => {
      const writer = new WriteRequestWriter();
      for (const { labels, samples } of given) {
        writer.beginSeries(encodeSeriesLabels(Labels.from(labels)));
        for (const [at, low, high] of samples) writer.sample(at, low, high);
        writer.endSeries();
      }
      const read = readWriteRequest(writer.take());
      assert.equal(writer.length, 0);
      assert.equal(read.series, given.length);
      let at = 0;
      for (const [i, { labels, samples }] of given.entries()) {
        assert.equal(read.labelSource.labels(i).key, Labels.from(labels).key);
        for (const [timestampMs, low, high] of samples) {
          assert.equal(read.sampleSeries[at], i);
          assert.equal(read.timestampMs[at], timestampMs);
          assert.deepEqual([read.words[2 * at], read.words[2 * at + 1]], [low, high]);
          at++;
        }
      }
      assert.equal(read.samples, at);
    }),
  );
});

test("WriteRequestWriter writes histograms, exemplars and metadata; two requests in a row are one", () => {
  const exponential = NativeHistogram.from({
    schema: 3,
    sum: -7.5,
    count: 40,
    zeroCount: 2,
    zeroThreshold: 1e-9,
    positive: { indexes: [-4, -3, 0, 9], counts: [1, 0.5, 3, 8] },
    negative: { indexes: [1_000, 1_001, 1_004], counts: [1, 2, 3] },
    counterResetHint: "gauge",
  });
  const custom = NativeHistogram.from({
    schema: -53,
    sum: 6,
    positive: { indexes: [0, 2], counts: [4, 1] },
    customBounds: [0.5, 1, 100],
    counterResetHint: "reset",
  });
  const exemplar = { labels: Labels.from({ trace_id: "a1" }), value: 3, timestampMs: 11 as UnixMs };
  const metadata = { name: "lag", type: "gaugehistogram", help: "Verzögerung", unit: "s" } as const;

  const writer = new WriteRequestWriter();
  writer.beginSeries(encodeSeriesLabels(Labels.from({ __name__: "lag" })));
  writer.histogram(10, exponential);
  writer.histogram(12, custom);
  writer.exemplar(exemplar);
  writer.endSeries();
  const first = writer.take();
  writer.beginSeries(encodeSeriesLabels(Labels.from({ __name__: "up" })));
  writer.sample(13, Number(STALE_NAN_BITS & 0xffff_ffffn), Number(STALE_NAN_BITS >> 32n));
  writer.endSeries();
  writer.metadata(metadata);
  const read = readWriteRequest(Buffer.concat([first, writer.take()]));

  assert.deepEqual(read.histograms, [
    { series: 0, timestampMs: 10, startMs: 0, histogram: exponential },
    { series: 0, timestampMs: 12, startMs: 0, histogram: custom },
  ]);
  assert.deepEqual(read.exemplars, [{ series: 0, exemplar }]);
  assert.deepEqual(read.metadata, [metadata]);
  assert.equal(read.series, 2);
  assert.deepEqual([...read.words.subarray(0, 2)], [2, 0x7ff00000]);
});
