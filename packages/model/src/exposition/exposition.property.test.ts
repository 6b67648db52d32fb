// Properties of the two formats: what is written reads back the same, bytes of any kind neither crash nor hang the
// reader, chunk borders change nothing, and different label sets stay different.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClassicHistogram } from "../classic-histogram.ts";
import type { Exemplar } from "../exemplar.ts";
import { Labels } from "../labels.ts";
import type { MetricFamily, MetricPoint, MetricType } from "../metric-family.ts";
import type { UnixMs } from "../units.ts";
import { parseExposition, parseExpositionStrict, ExpositionParser } from "./family-parser.ts";
import type { ExpositionFormat } from "./format.ts";
import { ExpositionLineParser } from "./line-parser.ts";
import { expositionChunks, writeExposition } from "./write.ts";

const formats: readonly ExpositionFormat[] = ["text", "openmetrics"];
const run = { numRuns: 60, seed: 4711 };

// Generators. Texts favour what needs care: quotes, backslashes, line feeds, braces, separators, other planes.
const text = fc.string({
  unit: fc.constantFrom(...Array.from('ab1_:.=,{}# \\"\n\t\r\u0000é\u2028😀')),
  maxLength: 8,
});
const name = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9_:]{0,6}$/),
  text.filter((t) => t !== ""),
);
const time: fc.Arbitrary<UnixMs> = fc.oneof(
  fc.integer({ min: -(10 ** 12), max: 2 * 10 ** 12 }),
  fc.constantFrom(0, 1, -1, 999, 1000, 1_520_879_607_789),
) as fc.Arbitrary<UnixMs>;
const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(0, -0, 1e300, 5e-324, 1e21, 1e-7, NaN, Infinity, -Infinity),
);
const count = fc.oneof(fc.nat(), fc.constantFrom(0, 1e15));
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined });

function labels(reserved: string): fc.Arbitrary<Labels> {
  const labelName = name.filter((n) => n !== reserved && n !== "__familyName_");
  return fc
    .uniqueArray(fc.tuple(labelName, text), { maxLength: 4, selector: ([n]) => n })
    .map((pairs) => Labels.from(pairs));
}

function exemplar(most: number): fc.Arbitrary<Exemplar> {
  return fc
    .record({
      labels: labels(""),
      value: fc.double({ noNaN: true, max: most }),
      at: optional(time),
    })
    .map(({ at: timestampMs, ...rest }) => merged(rest, defined({ timestampMs })) as Exemplar);
}

/** Takes the undefined properties away, so that values compare as the reader builds them. */
function defined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}

function merged<A extends object, B extends object>(a: A, b: B): A & B {
  return { ...a, ...b };
}

function withoutCreated(value: object): object {
  return defined(merged(value, { createdMs: undefined }));
}

const histogram = fc
  .record({
    bounds: fc.uniqueArray(fc.double({ noNaN: true, noDefaultInfinity: true, min: -10 }), {
      maxLength: 4,
      // -0 and 0 are one bound.
      selector: (bound) => bound + 0,
    }),
    steps: fc.array(count, { minLength: 5, maxLength: 5 }),
    sum: optional(fc.double({ noNaN: true, min: 0 })),
  })
  .map(({ bounds, steps, sum }) => {
    const upperBounds = bounds.toSorted((a, b) => a - b);
    let total = 0;
    const cumulativeCounts = steps.slice(0, upperBounds.length + 1).map((n) => (total += n));
    const negative = upperBounds.length > 0 && upperBounds[0]! < 0;
    return ClassicHistogram.from({
      upperBounds,
      cumulativeCounts,
      sum: negative ? undefined : sum,
    });
  });

const histogramValue = fc
  .record({ histogram, createdMs: optional(time), withExemplar: fc.boolean() })
  .chain(({ withExemplar, ...rest }) => {
    if (!withExemplar) return fc.constant(defined(rest));
    const at = Math.floor(rest.histogram.upperBounds.length / 2);
    const bound = rest.histogram.upperBounds[at] ?? Infinity;
    return exemplar(bound).map((e) => defined({ ...rest, exemplars: new Map([[at, e]]) }));
  });

const values: Readonly<Record<MetricType, fc.Arbitrary<unknown>>> = {
  gauge: number,
  unknown: number,
  info: fc.constant(1),
  counter: fc
    .record({
      total: fc.oneof(fc.double({ min: 0, noNaN: true }).map(Math.abs), count),
      createdMs: optional(time),
      exemplar: optional(exemplar(Infinity)),
    })
    .map(defined),
  histogram: histogramValue,
  gaugehistogram: histogramValue.map(withoutCreated),
  summary: fc
    .record({
      quantiles: fc
        .uniqueArray(fc.double({ min: 0, max: 1, noNaN: true }).map(Math.abs), { maxLength: 3 })
        .map((quantiles) => quantiles.toSorted((a, b) => a - b))
        .chain((quantiles) =>
          fc.tuple(
            ...quantiles.map((quantile) =>
              fc.record({
                quantile: fc.constant(quantile),
                value: fc.oneof(fc.double({ min: 0, noNaN: true }), fc.constant(NaN)),
              }),
            ),
          ),
        ),
      sum: fc.double({ min: 0, noNaN: true }),
      count,
      createdMs: optional(time),
    })
    .map(defined),
  stateset: fc
    .uniqueArray(
      fc.tuple(
        text.filter((t) => t !== ""),
        fc.boolean(),
      ),
      {
        minLength: 1,
        maxLength: 3,
        selector: ([state]) => state,
      },
    )
    .map((states) => new Map(states)),
};

const reservedOf: Partial<Record<MetricType, string>> = {
  histogram: "le",
  gaugehistogram: "le",
  summary: "quantile",
};

function family(type: MetricType, familyName: string): fc.Arbitrary<MetricFamily> {
  const label = type === "stateset" ? familyName : (reservedOf[type] ?? "");
  const point = fc
    .record({ labels: labels(label), value: values[type], timestampMs: optional(time) })
    .map(defined);
  return fc
    .record({
      points: fc.uniqueArray(point, { maxLength: 3, selector: (p) => p.labels.key }),
      help: optional(text.filter((t) => t !== "")),
    })
    .map((rest) => defined({ name: familyName, type, ...rest }) as unknown as MetricFamily);
}

/** Families whose names cannot clash: each starts with its number. */
const families: fc.Arbitrary<MetricFamily[]> = fc
  .array(fc.tuple(fc.constantFrom(...(Object.keys(values) as MetricType[])), name), {
    maxLength: 4,
  })
  .chain((kinds) => fc.tuple(...kinds.map(([type, n], i) => family(type, `f${i}${n}x`))));

/** What is left of families in 0.0.4. */
function inText(all: readonly MetricFamily[]): MetricFamily[] {
  return all.map((f) => {
    const help = f.help?.replace(/^[ \t]+/, "");
    const metadata = help === undefined || help === "" ? {} : { help };
    const points = f.points as readonly MetricPoint<never>[];
    const mapped = (
      type: MetricType,
      familyName: string,
      value: (v: never) => unknown,
    ): MetricFamily => ({
      ...metadata,
      name: familyName,
      type,
      points: points.map((p) => merged(p, { value: value(p.value) })),
    });
    switch (f.type) {
      case "info":
        return mapped("gauge", `${f.name}_info`, (v) => v);
      case "stateset":
        return {
          ...mapped("gauge", f.name, (v) => v),
          points: f.points.flatMap((p) =>
            [...p.value].map(([state, on]) =>
              merged(p, { labels: p.labels.with(f.name, state), value: on ? 1 : 0 }),
            ),
          ),
        } as MetricFamily;
      case "counter":
        return mapped("counter", f.name, ({ total }: { total: number }) => ({ total }));
      case "histogram":
      case "gaugehistogram":
        return mapped("histogram", f.name, (v: { histogram: unknown }) => ({
          histogram: v.histogram,
        }));
      case "summary":
        return mapped("summary", f.name, withoutCreated);
      case "gauge":
      case "unknown":
        return mapped(f.type, f.name, (v) => v);
      default:
        return f satisfies never;
    }
  });
}

/** Labels and histograms keep their content in private fields, which deepEqual does not see. */
function plain(value: unknown): unknown {
  if (value instanceof Labels) return { labels: value.pairs };
  if (value instanceof ClassicHistogram) {
    return { bounds: [...value.upperBounds], counts: [...value.cumulativeCounts], sum: value.sum };
  }
  if (value instanceof Map) return [...value].map(([k, v]) => [k, plain(v)]);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  }
  return value;
}

test("parseExposition() of writeExposition() gives the families back, OpenMetrics", () => {
  fc.assert(
    fc.property(families, (want) => {
      const wire = writeExposition(want, { format: "openmetrics" });
      const got = parseExpositionStrict(wire, { format: "openmetrics" });
      assert.deepEqual(plain(got), plain(want));
    }),
    run,
  );
});

test("parseExposition() of writeExposition() gives the families back, 0.0.4, but for what it cannot say", () => {
  fc.assert(
    fc.property(families, (want) => {
      const wire = writeExposition(want, { format: "text" });
      const got = parseExpositionStrict(wire, { format: "text", grouped: true });
      assert.deepEqual(plain(got), plain(inText(want)));
    }),
    run,
  );
});

test("expositionChunks() joined are writeExposition(), for any chunk length", () => {
  fc.assert(
    fc.property(families, fc.integer({ min: 1, max: 200 }), (all, chunkLength) => {
      for (const format of formats) {
        const chunks = [...expositionChunks(all, { format, chunkLength })];
        assert.equal(chunks.join(""), writeExposition(all, { format }));
      }
    }),
    { ...run, numRuns: 20 },
  );
});

/** Right texts, then damaged: characters replaced, cut out, doubled. */
const damaged: fc.Arbitrary<{ format: ExpositionFormat; bytes: Uint8Array }> = fc
  .record({
    all: families,
    format: fc.constantFrom(...formats),
    damage: fc.array(
      fc.record({
        at: fc.nat(),
        length: fc.nat(3),
        put: fc.oneof(
          fc.constantFrom("", "\n", '"', "{", "}", " ", "#", "\\", ",", "NaN", "# EOF\n"),
          fc.uint8Array({ maxLength: 3 }),
        ),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ all, format, damage }) => {
    let bytes = [...new TextEncoder().encode(writeExposition(all, { format }))];
    for (const { at, length, put } of damage) {
      const added = typeof put === "string" ? new TextEncoder().encode(put) : put;
      const from = at % (bytes.length + 1);
      bytes = [...bytes.slice(0, from), ...added, ...bytes.slice(from + length)];
    }
    return { format, bytes: Uint8Array.from(bytes) };
  });

const anything = fc.oneof(
  damaged,
  fc.record({ format: fc.constantFrom(...formats), bytes: fc.uint8Array({ maxLength: 200 }) }),
  fc.record({
    format: fc.constantFrom(...formats),
    bytes: fc
      .string({
        unit: fc.constantFrom(...Array.from('ab{}=",\\# \n\t019.eE+-NI_')),
        maxLength: 200,
      })
      .map((s) => new TextEncoder().encode(s)),
  }),
);

test("parseExposition() never throws, and says where each problem is", () => {
  fc.assert(
    fc.property(anything, ({ format, bytes }) => {
      const { problems, problemCount } = parseExposition(bytes, { format });
      assert.equal(problems.length, Math.min(problemCount, 100));
      const lines = bytes.filter((b) => b === 10).length + 2;
      for (const { line, column, reason, code } of problems) {
        assert.ok(line >= 1 && line <= lines && column >= 1 && reason !== "", code);
      }
    }),
    { ...run, numRuns: 300 },
  );
});

test("ExpositionParser gives the same for any chunk borders", () => {
  fc.assert(
    fc.property(anything, fc.array(fc.nat(40), { maxLength: 30 }), ({ format, bytes }, sizes) => {
      // A low line limit, so that it is met too.
      const limits = { maxLineBytes: 60 };
      const whole = parseExposition(bytes, { format, limits });
      const got: MetricFamily[] = [];
      const parser = new ExpositionParser((f) => got.push(f), { format, limits });
      let from = 0;
      for (const size of sizes) {
        parser.push(bytes.slice(from, from + size));
        from += size;
      }
      for (; from < bytes.length; from++) parser.push(bytes.slice(from, from + 1));
      parser.end();
      assert.deepEqual(plain(got), plain(whole.families));
      assert.deepEqual(parser.problems, whole.problems);
    }),
    { ...run, numRuns: 150 },
  );
});

test("ExpositionLineParser with a cache gives the samples it gives without one", () => {
  fc.assert(
    fc.property(anything, ({ format, bytes }) => {
      const read = (cache: Map<string, string>): unknown => {
        const samples: unknown[] = [];
        const parser = new ExpositionLineParser<string>(
          {
            find: (series) => cache.get(series),
            open: (series, familyName, set) => {
              const identity = `${familyName} ${set.key}`;
              cache.set(series, identity);
              return identity;
            },
            sample: (series, value, timestampMs) => samples.push([series, value, timestampMs]),
          },
          { format },
        );
        parser.push(bytes);
        parser.end();
        return { samples, problems: parser.problems };
      };
      const cache = new Map<string, string>();
      const first = read(cache);
      assert.deepEqual(read(cache), first);
    }),
    { ...run, numRuns: 150 },
  );
});

test("writeExposition() never lets two label sets look the same", () => {
  fc.assert(
    fc.property(fc.uniqueArray(labels(""), { maxLength: 8, selector: (l) => l.key }), (sets) => {
      for (const format of formats) {
        const points = sets.map((set, value) => ({ labels: set, value }));
        const wire = writeExposition([{ name: "m", type: "gauge", points }], { format });
        const lines = wire.split("\n").filter((line) => line.startsWith("m"));
        assert.equal(new Set(lines.map((line) => line.replace(/ \d+$/, ""))).size, sets.length);
      }
    }),
    run,
  );
});
