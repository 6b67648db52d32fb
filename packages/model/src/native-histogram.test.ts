import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bucketIndex, CUSTOM_BOUNDS_SCHEMA } from "./exponential-buckets.ts";
import { NativeHistogram } from "./native-histogram.ts";

interface Layout {
  schema: number;
  zeroThreshold: number;
}

/** A histogram of observations, counted the slow way. */
function observed({ schema, zeroThreshold }: Layout, values: readonly number[]): NativeHistogram {
  const side = (sign: 1 | -1) => {
    const counts = new Map<number, number>();
    for (const value of values) {
      if (Math.abs(value) <= zeroThreshold || Math.sign(value) !== sign) continue;
      const index = bucketIndex(schema, Math.abs(value));
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    const entries = [...counts].toSorted(([a], [b]) => a - b);
    return { indexes: entries.map(([i]) => i), counts: entries.map(([, n]) => n) };
  };
  return NativeHistogram.from({
    schema,
    zeroThreshold,
    zeroCount: values.filter((v) => Math.abs(v) <= zeroThreshold).length,
    sum: values.reduce((a, b) => a + b, 0),
    positive: side(1),
    negative: side(-1),
  });
}

/** The same for custom bounds. */
function observedCustom(
  customBounds: readonly number[],
  values: readonly number[],
): NativeHistogram {
  const counts = [...customBounds, Infinity].map(
    (upper, i) => values.filter((v) => v <= upper && (i === 0 || v > customBounds[i - 1]!)).length,
  );
  return NativeHistogram.from({
    schema: CUSTOM_BOUNDS_SCHEMA,
    customBounds,
    sum: values.reduce((a, b) => a + b, 0),
    positive: { indexes: counts.map((_, i) => i), counts },
  });
}

const layout = fc.record({
  schema: fc.integer({ min: -4, max: 8 }),
  zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.25, 1),
});
// Whole numbers, so that sums are exact in any order.
const values = fc.array(fc.integer({ min: -100, max: 100 }), { maxLength: 25 });
const ascending = fc
  .uniqueArray(fc.integer({ min: -50, max: 50 }), { maxLength: 6 })
  .map((list) => list.toSorted((a, b) => a - b));

test("NativeHistogram.from() counts its buckets and forgets the empty ones", () => {
  const histogram = NativeHistogram.from({
    schema: 0,
    zeroThreshold: 0.5,
    zeroCount: 2,
    sum: 7,
    positive: { indexes: [0, 1, 5], counts: [1, 0, 3] },
  });
  assert.equal(histogram.count, 6);
  assert.deepEqual([...histogram.positive.indexes], [0, 5]);
  assert.equal(histogram.toString(), "{count:6, sum:7, [-0.5,0.5]:2, (0.5,1]:1, (16,32]:3}");
});

test("NativeHistogram.from() refuses what is no histogram", () => {
  const f = (init: Partial<Parameters<typeof NativeHistogram.from>[0]>, code: string) => {
    assert.throws(() => NativeHistogram.from({ schema: 0, sum: 0, ...init }), { code });
  };

  f({ schema: 9 }, "FLX_HISTOGRAM_SCHEMA");
  f({ schema: -5 }, "FLX_HISTOGRAM_SCHEMA");
  f({ schema: 0.5 }, "FLX_HISTOGRAM_SCHEMA");
  f({ zeroThreshold: -1 }, "FLX_HISTOGRAM_BOUNDS");
  f({ zeroThreshold: Number.NaN }, "FLX_HISTOGRAM_BOUNDS");
  f({ zeroCount: -1 }, "FLX_HISTOGRAM_COUNTS");
  f({ count: Number.NaN }, "FLX_HISTOGRAM_COUNTS");
  f({ positive: { indexes: [1, 1], counts: [1, 1] } }, "FLX_HISTOGRAM_BOUNDS");
  f({ positive: { indexes: [2, 1], counts: [1, 1] } }, "FLX_HISTOGRAM_BOUNDS");
  f({ positive: { indexes: [0.5], counts: [1] } }, "FLX_HISTOGRAM_BOUNDS");
  f({ negative: { indexes: [1, 2], counts: [1] } }, "FLX_HISTOGRAM_COUNTS");
  f({ negative: { indexes: [1], counts: [-1] } }, "FLX_HISTOGRAM_COUNTS");
  f({ customBounds: [1] }, "FLX_HISTOGRAM_BOUNDS");
  f({ schema: -53, customBounds: [2, 1] }, "FLX_HISTOGRAM_BOUNDS");
  f({ schema: -53, customBounds: [1, Infinity] }, "FLX_HISTOGRAM_BOUNDS");
  f({ schema: -53, customBounds: [1], zeroCount: 1 }, "FLX_HISTOGRAM_BOUNDS");
  f(
    { schema: -53, customBounds: [1], positive: { indexes: [2], counts: [1] } },
    "FLX_HISTOGRAM_BOUNDS",
  );
});

test("NativeHistogram.add() counts as if all had been observed in one, at the coarser layout", () => {
  fc.assert(
    fc.property(layout, layout, values, values, (la, lb, a, b) => {
      const both = observed(la, a).add(observed(lb, b));
      const schema = Math.min(la.schema, lb.schema);
      // The zero bucket may have had to grow over a populated bucket; count the slow way with what came out.
      assert.ok(both.zeroThreshold >= Math.max(la.zeroThreshold, lb.zeroThreshold));
      const want = observed({ schema, zeroThreshold: both.zeroThreshold }, [...a, ...b]);
      assert.ok(both.equals(want), `${both.toString()} is not ${want.toString()}`);
      assert.ok(observed(lb, b).add(observed(la, a)).equals(both));
    }),
    { numRuns: 500 },
  );
});

test("NativeHistogram.subtract() takes back what add() brought", () => {
  fc.assert(
    fc.property(layout, values, values, (l, a, b) => {
      const both = observed(l, a).add(observed(l, b));
      assert.ok(both.subtract(observed(l, b)).equals(observed(l, a)));
    }),
    { numRuns: 300 },
  );
});

test("NativeHistogram.downscale() counts as a coarser histogram would have", () => {
  fc.assert(
    fc.property(layout, fc.integer({ min: 0, max: 12 }), values, (l, steps, list) => {
      const schema = Math.max(-4, l.schema - steps);
      assert.ok(
        observed(l, list)
          .downscale(schema)
          .equals(observed({ ...l, schema }, list)),
      );
    }),
    { numRuns: 300 },
  );
  const histogram = observed({ schema: 0, zeroThreshold: 0 }, [1]);
  assert.throws(() => histogram.downscale(1), { code: "FLX_HISTOGRAM_SCHEMA" });
  assert.throws(() => histogram.downscale(-5), { code: "FLX_HISTOGRAM_SCHEMA" });
});

test("NativeHistogram.widenZeroBucket() never cuts a populated bucket", () => {
  const histogram = observed({ schema: 0, zeroThreshold: 0 }, [0.3, -3, 8]);
  const f = (threshold: number, want: string) => {
    assert.equal(histogram.widenZeroBucket(threshold).toString(), want);
  };

  f(0, "{count:3, sum:5.3, [-4,-2):1, (0.25,0.5]:1, (4,8]:1}");
  f(0.25, "{count:3, sum:5.3, [-4,-2):1, (0.25,0.5]:1, (4,8]:1}");
  f(0.4, "{count:3, sum:5.3, [-4,-2):1, [-0.5,0.5]:1, (4,8]:1}");
  f(1, "{count:3, sum:5.3, [-4,-2):1, [-1,1]:1, (4,8]:1}");
  f(3, "{count:3, sum:5.3, [-4,4]:2, (4,8]:1}");
  f(100, "{count:3, sum:5.3, [-100,100]:3}");
});

test("NativeHistogram.merge() adds all", () => {
  assert.equal(NativeHistogram.merge([]), undefined);
  const l = { schema: 2, zeroThreshold: 0 };
  const merged = NativeHistogram.merge([observed(l, [1]), observed(l, [2, 3]), observed(l, [-4])]);
  assert.ok(merged?.equals(observed(l, [1, 2, 3, -4])));
});

test("NativeHistogram with custom bounds keeps the bounds both have", () => {
  fc.assert(
    fc.property(ascending, ascending, values, values, (boundsA, boundsB, a, b) => {
      const shared = boundsA.filter((bound) => boundsB.includes(bound));
      const both = observedCustom(boundsA, a).add(observedCustom(boundsB, b));
      const want = observedCustom(shared, [...a, ...b]);
      assert.ok(both.equals(want), `${both.toString()} is not ${want.toString()}`);
    }),
    { numRuns: 300 },
  );
  assert.throws(
    () => observedCustom([1], [1]).add(observed({ schema: 0, zeroThreshold: 0 }, [1])),
    { code: "FLX_HISTOGRAM_MIXED" },
  );
});

test("NativeHistogram.scale() multiplies counts and sum", () => {
  const histogram = observed({ schema: 1, zeroThreshold: 0.5 }, [0.1, 1, 2, -3]);
  assert.equal(histogram.scale(0.5).count, 2);
  assert.ok(histogram.scale(2).equals(histogram.add(histogram)));
  assert.equal(histogram.scale(0).positive.indexes.length, 0);
  assert.equal(histogram.scale(-1).counterResetHint, "gauge");
});

test("NativeHistogram.quantile() interpolates exponentially, in the zero bucket linearly", () => {
  const f = (histogram: NativeHistogram, q: number, want: number) => {
    const got = histogram.quantile(q);
    const near = Object.is(got, want) || Math.abs(got - want) <= 1e-12 * Math.abs(want);
    assert.ok(near, `quantile(${q}) of ${histogram.toString()}: ${got}, want ${want}`);
  };
  const positive = observed({ schema: 0, zeroThreshold: 0 }, [3, 3, 3, 3]); // (2,4]:4
  const mirrored = observed({ schema: 0, zeroThreshold: 0 }, [-3, -3, -3, -3]);
  const zero = observed({ schema: 0, zeroThreshold: 1 }, [0, 0, 0, 0]);

  f(positive, 0, 2);
  f(positive, 0.5, 2 ** 1.5);
  f(positive, 1, 4);
  f(mirrored, 0, -4);
  f(mirrored, 0.5, -(2 ** 1.5));
  f(mirrored, 1, -2);
  f(zero, 0.25, -0.5);
  f(zero, 0.5, 0);
  f(observed({ schema: 0, zeroThreshold: 1 }, [0, 0, 3, 3]), 0.25, 0.5); // positive only: zero bucket starts at 0
  f(observed({ schema: 0, zeroThreshold: 1 }, [0, 0, -3, -3]), 0.75, -0.5);
  f(observedCustom([1, 2, 4], [1, 2, 3, 4, 9]), 0.2, 1);
  f(observedCustom([1, 2, 4], [1, 2, 3, 4, 9]), 0.6, 3);
  f(observedCustom([1, 2, 4], [1, 2, 3, 4, 9]), 1, 4);
  f(positive, -0.1, -Infinity);
  f(positive, 1.1, Infinity);
  f(positive, Number.NaN, Number.NaN);
  f(observed({ schema: 0, zeroThreshold: 0 }, []), 0.5, Number.NaN);
});

test("NativeHistogram.quantile() does not pretend to know where observed NaNs lie", () => {
  const histogram = NativeHistogram.from({
    schema: 0,
    sum: Number.NaN,
    count: 4,
    positive: { indexes: [1], counts: [2] },
  });
  assert.equal(histogram.quantile(0.25), 2 ** 0.5);
  assert.equal(histogram.quantile(0.9), Number.NaN);
});

test("NativeHistogram.quantile() lies in the bucket of the value it estimates", () => {
  fc.assert(
    fc.property(
      layout,
      fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (l, list, q) => {
        const sorted = list.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]!;
        const factor = 2 ** (2 ** -l.schema);
        const estimate = observed({ ...l, zeroThreshold: 0 }, list).quantile(q);
        assert.ok(estimate >= (exact / factor) * 0.999 && estimate <= exact * factor * 1.001);
      },
    ),
    { numRuns: 300 },
  );
});

test("NativeHistogram.detectReset() sees every way a running counter cannot go", () => {
  const l = { schema: 2, zeroThreshold: 0 };
  const before = observed(l, [1, 2, 3]);
  const f = (now: NativeHistogram, previous: NativeHistogram, want: boolean) => {
    assert.equal(now.detectReset(previous), want, `${now.toString()} after ${previous.toString()}`);
  };

  f(before, before, false);
  f(observed(l, [1, 2, 3, 4]), before, false);
  f(observed({ ...l, schema: 1 }, [1, 2, 3, 4]), before, false);
  f(observed({ ...l, zeroThreshold: 2 ** -20 }, [1, 2, 3, 4]), before, false);
  f(observed(l, [1, 2]), before, true);
  f(observed(l, [1, 2, 4]), before, true);
  f(observed(l, [1, 2, 2, 2, 2, 2]), before, true);
  f(observed({ ...l, schema: 3 }, [1, 2, 3, 4]), before, true);
  f(before, observed({ ...l, zeroThreshold: 0.5 }, [1]), true);
  f(observed({ ...l, zeroThreshold: 0.9 }, [1, 2, 3, 4]), before, true); // cuts the bucket of 1
  f(observedCustom([1, 2], [1, 2]), observedCustom([1, 3], [1]), true);
  f(observedCustom([1, 2], [1, 2]), observedCustom([1, 2], [1]), false);
  f(observedCustom([1, 2], [1, 2]), before, true);
});

test("NativeHistogram.detectReset() believes the hint", () => {
  const init = { schema: 0, sum: 1, positive: { indexes: [1], counts: [1] } };
  const previous = NativeHistogram.from({ ...init, positive: { indexes: [1], counts: [5] } });
  assert.equal(
    NativeHistogram.from({ ...init, counterResetHint: "none" }).detectReset(previous),
    false,
  );
  assert.equal(
    NativeHistogram.from({ ...init, counterResetHint: "reset" }).detectReset(previous),
    true,
  );
});

test("NativeHistogram.buckets() tile what they cover, from the lowest to the highest", () => {
  fc.assert(
    fc.property(layout, values, (l, list) => {
      let previous = -Infinity;
      let count = 0;
      for (const bucket of observed(l, list).buckets()) {
        assert.ok(bucket.lower >= previous && bucket.upper >= bucket.lower);
        previous = bucket.upper;
        count += bucket.count;
      }
      assert.equal(count, list.length);
    }),
    { numRuns: 200 },
  );
});
