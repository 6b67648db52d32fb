import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SourceMapError } from "./problem.ts";
import { decodeSourceMap, parseSourceMap, type SourceMap } from "./source-map.ts";
import { VlqReader } from "./vlq.ts";

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** One number as the format has it; written anew here to check the reader by. */
function vlq(value: number): string {
  let rest = value < 0 ? BigInt(-value) * 2n + 1n : BigInt(value) * 2n;
  if (value === -(2 ** 31)) rest = 1n;
  let text = "";
  do {
    const digit = Number(rest & 31n);
    rest >>= 5n;
    text += BASE64[digit | (rest > 0n ? 32 : 0)];
  } while (rest > 0n);
  return text;
}

const segment = (...numbers: number[]): string => numbers.map(vlq).join("");

const base = { version: 3, sources: ["a.ts", "b.ts"], names: ["x", "y"], mappings: "" };

test("VlqReader reads what was written, up to 32 bits", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 })), (numbers) => {
      const reader = new VlqReader(numbers.map(vlq).join(""));
      assert.deepEqual(
        numbers.map(() => reader.read()),
        numbers,
      );
      assert.equal(reader.read(), undefined);
    }),
  );
  const f = (text: string, want: number | undefined) =>
    assert.equal(new VlqReader(text).read(), want, text);

  f("A", 0);
  f("B", -(2 ** 31));
  f("gB", 16);
  f("g", undefined);
  f("", undefined);
  f("=", undefined);
  f("ggggggE", undefined);
  f("+/////D", 2 ** 31 - 1);
  f("gggggggggggggggggggggB", undefined);
});

test("originalPosition() finds the segment at or before a place, on the same line", () => {
  const mappings = [
    [segment(2, 0, 0, 0), segment(4, 1, 5, 3, 1), segment(3)].join(","),
    "",
    segment(1, -1, 2, -1),
  ].join(";");
  const map = decodeSourceMap({ ...base, mappings });
  const f = (line: number, column: number, want: string | undefined) => {
    const found = map.originalPosition(line, column);
    const text = found && `${found.source.url}:${found.line}:${found.column}:${found.name ?? ""}`;
    assert.equal(text, want, `${line}:${column}`);
  };

  f(0, 0, undefined);
  f(0, 2, "a.ts:0:0:");
  f(0, 5, "a.ts:0:0:");
  f(0, 6, "b.ts:5:3:y");
  f(0, 9, undefined);
  f(0, 1_000, undefined);
  f(1, 0, undefined);
  f(2, 0, undefined);
  f(2, 7, "a.ts:7:2:");
  f(3, 0, undefined);
  f(-1, 0, undefined);
});

test("originalPosition() is right where segments of a line are not in order", () => {
  const mappings = [segment(10, 0, 1, 1), segment(-5, 0, 1, 1)].join(",");
  const map = decodeSourceMap({ ...base, mappings });
  assert.equal(map.originalPosition(0, 6)?.line, 2);
  assert.equal(map.originalPosition(0, 12)?.line, 1);
});

test("originalPosition() agrees with a slow search, whatever the map", () => {
  const numbers = fc.tuple(fc.nat(20), fc.nat(1), fc.nat(30), fc.nat(30));
  fc.assert(
    fc.property(fc.array(fc.array(numbers, { maxLength: 6 }), { maxLength: 5 }), (lines) => {
      let [source, line, column] = [0, 0, 0];
      const mappings = lines
        .map((segments) => {
          let generated = 0;
          return segments
            .map(([delta, wantedSource, wantedLine, wantedColumn]) => {
              generated += delta;
              const text = segment(
                delta,
                wantedSource - source,
                wantedLine - line,
                wantedColumn - column,
              );
              [source, line, column] = [wantedSource, wantedLine, wantedColumn];
              return text;
            })
            .join(",");
        })
        .join(";");
      const map = decodeSourceMap({ ...base, mappings });
      for (const [row, segments] of lines.entries()) {
        for (let at = 0; at < 80; at += 7) {
          let generated = 0;
          let want: number | undefined;
          for (const [delta, , wantedLine] of segments) {
            generated += delta;
            if (generated <= at) want = wantedLine;
          }
          assert.equal(map.originalPosition(row, at)?.line, want);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("sources are resolved, have their content, and may be ignored", () => {
  const f = (map: SourceMap, ...want: (string | undefined)[]) =>
    assert.deepEqual(
      map.sources.map(({ url }) => url),
      want,
    );
  const decode = (more: object, baseUrl?: string) =>
    decodeSourceMap({ ...base, ...more }, baseUrl === undefined ? {} : { baseUrl });

  f(decode({}), "a.ts", "b.ts");
  f(decode({ sourceRoot: "src" }), "src/a.ts", "src/b.ts");
  f(
    decode({ sourceRoot: "src/" }, "https://e.org/d/m.map"),
    "https://e.org/d/src/a.ts",
    "https://e.org/d/src/b.ts",
  );
  f(
    decode({ sources: ["../a.ts", null] }, "file:///app/dist/m.js.map"),
    "file:///app/a.ts",
    undefined,
  );
  f(decode({ sources: ["webpack://app/./x.ts"] }, "file:///app/m.map"), "webpack://app/x.ts");
  const map = decode({ sourcesContent: ["one", null], ignoreList: [1] });
  assert.deepEqual(
    map.sources.map(({ content, isIgnored }) => [content, isIgnored]),
    [
      ["one", false],
      [undefined, true],
    ],
  );
  assert.equal(decode({ x_google_ignoreList: [0] }).sources[0]!.isIgnored, true);
});

test("an index map finds the section a place is in", () => {
  const part = (source: string, line: number) => ({
    version: 3,
    sources: [source],
    mappings: segment(0, 0, line, 0),
  });
  const map = decodeSourceMap({
    version: 3,
    sections: [
      { offset: { line: 0, column: 0 }, map: part("a", 10) },
      { offset: { line: 0, column: 20 }, map: part("b", 20) },
      { offset: { line: 3, column: 5 }, map: part("c", 30) },
    ],
  });
  const f = (line: number, column: number, want: string | undefined) => {
    const found = map.originalPosition(line, column);
    assert.equal(found && `${found.source.url}:${found.line}`, want, `${line}:${column}`);
  };

  f(0, 0, "a:10");
  f(0, 19, "a:10");
  f(0, 20, "b:20");
  f(2, 0, undefined);
  f(3, 4, undefined);
  f(3, 5, "c:30");
  f(4, 0, undefined);
  assert.equal(map.sources.length, 3);
});

test("a map that is not right is refused, with the reason", () => {
  const f = (more: object, reason: RegExp) =>
    assert.throws(
      () => decodeSourceMap({ ...base, ...more }),
      (error) => error instanceof SourceMapError && reason.test(error.message),
      JSON.stringify(more),
    );

  f({ version: 2 }, /version/);
  f({ version: "3" }, /version/);
  f({ version: undefined }, /version/);
  f({ sources: undefined }, /sources must be a list/);
  f({ sources: "a" }, /sources must be a list/);
  f({ sources: [1] }, /a source must be/);
  f({ mappings: undefined }, /mappings must be/);
  f({ mappings: 3 }, /mappings must be/);
  f({ names: "x" }, /names must be/);
  f({ names: [1] }, /names must be/);
  f({ file: 1 }, /file must be/);
  f({ sourceRoot: 1 }, /sourceRoot must be/);
  f({ sourcesContent: [1] }, /sourcesContent/);
  f({ sourcesContent: "x" }, /sourcesContent/);
  f({ ignoreList: "x" }, /ignoreList/);
  f({ ignoreList: ["0"] }, /ignoreList/);
  f({ ignoreList: [2] }, /ignoreList/);
  f({ ignoreList: [-1] }, /ignoreList/);
  f({ mappings: segment(0, 0) }, /number/);
  f({ mappings: segment(0, 0, 0) }, /number/);
  f({ mappings: segment(0, 0, 0, 0, 0, 0) }, /does not end/);
  f({ mappings: segment(-1) }, /column is out of bounds/);
  f({ mappings: segment(0, 2, 0, 0) }, /source is out of bounds/);
  f({ mappings: segment(0, -1, 0, 0) }, /source is out of bounds/);
  f({ mappings: segment(0, 0, -1, 0) }, /line is out of bounds/);
  f({ mappings: segment(0, 0, 0, -1) }, /column is out of bounds/);
  f({ mappings: segment(0, 0, 0, 0, 2) }, /name is out of bounds/);
  f({ mappings: segment(0, 0, 0, 0, -1) }, /name is out of bounds/);
  f({ mappings: `${segment(2 ** 31 - 1)},${segment(1)}` }, /column is out of bounds/);
  f({ mappings: "A,,A" }, /number/);
  f({ mappings: "A," }, /missing at the end/);
  f({ mappings: ",A" }, /number/);
  f({ mappings: "A,;A" }, /missing/);
  f({ mappings: "A.A" }, /does not end|number/);
  f({ mappings: "A A" }, /does not end|number/);
  f({ mappings: "g" }, /number/);
  f({ sections: [] }, /sections and mappings/);
});

test("an index map that is not right is refused", () => {
  const offset = { line: 0, column: 0 };
  const f = (sections: unknown, reason: RegExp) =>
    assert.throws(() => decodeSourceMap({ version: 3, sections }), reason);

  f("x", /sections must be a list/);
  f([1], /section 0 must be an object/);
  f([{ map: base }], /offset of section 0/);
  f([{ offset }], /map of section 0/);
  f([{ offset: { line: 0 }, map: base }], /column of section 0/);
  f([{ offset: { column: 0 }, map: base }], /line of section 0/);
  f([{ offset: { line: "0", column: 0 }, map: base }], /line of section 0/);
  f([{ offset: { line: 0, column: 1.5 }, map: base }], /column of section 0/);
  f([{ offset, map: "x" }], /map of section 0/);
  f([{ offset, map: { version: 3 } }], /mappings must be/);
  f([{ offset, map: { version: 3, sections: [] } }], /sections itself/);
  f(
    [
      { offset, map: base },
      { offset, map: base },
    ],
    /section 1 does not begin after/,
  );
});

test("parseSourceMap() takes the guard before JSON away, and survives any text", () => {
  assert.equal(parseSourceMap(`)]}'\n${JSON.stringify(base)}`).sources.length, 2);
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        parseSourceMap(text);
      } catch (error) {
        if (!(error instanceof SourceMapError)) throw error;
      }
    }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...Array.from("ABCDgh+/,;;,=.zZ9"))).map((all) => all.join("")),
      (mappings) => {
        try {
          decodeSourceMap({ ...base, mappings }).originalPosition(0, 5);
        } catch (error) {
          if (!(error instanceof SourceMapError)) throw error;
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

test("addresses of sources are those that URL makes of them", () => {
  const parts = [
    "..",
    ".",
    "",
    "src",
    "a.ts",
    ".hidden",
    "a b",
    "\u00e4",
    "%41",
    "a:b",
    "@x",
    "C:",
    "?q",
    "#f",
  ];
  const path = fc.array(fc.constantFrom(...parts), { maxLength: 6 }).map((some) => some.join("/"));
  const start = fc.constantFrom(
    "file:///",
    "file:///srv/app/",
    "file:///C:/app/",
    "https://x.org/",
  );
  fc.assert(
    fc.property(path, start, path, (source, first, rest) => {
      const baseUrl = first + rest;
      const map = decodeSourceMap({ ...base, sources: [source] }, { baseUrl });
      assert.equal(map.sources[0]!.url, URL.parse(source, baseUrl)?.href ?? source);
    }),
    { numRuns: 2_000, examples: [["@x", "file:///", "../"]] },
  );
});
