import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HistogramLines } from "./histogram-lines.ts";
import { labelsWriter } from "./series-text.ts";
import { TextChunks } from "./text-chunks.ts";

interface Setting {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly defaultLabels: ReadonlyMap<string, string>;
}

/** The same lines put together as text. */
function naive({ name, labelNames, defaultLabels }: Setting, values: readonly string[]): string {
  const labels = labelsWriter(labelNames, defaultLabels)(values);
  const line = (suffix: string, own: string, value: string) => {
    const all = [labels, own].filter((text) => text !== "").join(",");
    if (name === "h") return `h${suffix}${all === "" ? "" : `{${all}}`} ${value}\n`;
    return `{"${name}${suffix}"${all === "" ? "" : `,${all}`}} ${value}\n`;
  };
  return (
    line("_bucket", 'le="0.5"', "1 # exemplar") +
    line("_bucket", 'le="100"', "13") +
    line("_bucket", 'le="+Inf"', "1013") +
    line("_sum", "", "-0.25") +
    line("_count", "", "1013")
  );
}

const texts = fc.oneof(
  fc.constantFrom("", "GET", 'q"', "\\", "a\nb", "é", "\ud800", "x".repeat(5_000), "ö".repeat(99)),
  // Bytes that come nearest to those of a NaN.
  fc
    .array(fc.constantFrom("\u007f", "\u{10ffff}", "\u{3ffff}", "ÿ", "x"), { maxLength: 12 })
    .map((list) => list.join("")),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const settings = fc.record({
  name: fc.constantFrom("h", "my.h"),
  labelNames: fc.constantFrom([], ["a"], ["a", "b.c", "d"]),
  defaultLabels: fc.constantFrom(
    new Map<string, string>(),
    new Map([["app", "shop"]]),
    new Map([
      ["a", "hidden"],
      ["größe", "\u{10ffff}\u007f\u007f"],
    ]),
  ),
});

test("HistogramLines.write() writes what a naive concatenation gives", () => {
  const series = fc.array(fc.tuple(texts, texts, texts), { maxLength: 30 });
  fc.assert(
    fc.property(settings, series, (setting, list) => {
      const lines = new HistogramLines({ ...setting, upperBounds: [0.5, 100], openMetrics: false });
      const counts = Float64Array.of(9, 9, 1, 12, 1000, -0.25);
      const out = new TextChunks();
      let want = "";
      for (const all of list) {
        const values = all.slice(0, setting.labelNames.length);
        lines.write(out, values, counts, 2, (bucket) => (bucket === 0 ? " # exemplar" : ""));
        want += naive(setting, values);
      }
      assert.equal(Buffer.concat(out.finish()).toString(), want);
    }),
    { numRuns: 300 },
  );
});
