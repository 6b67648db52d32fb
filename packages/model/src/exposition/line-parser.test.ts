// The line layer: what reaches the sink, caches, chunks, limits, endings.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ExpositionFormat } from "./format.ts";
import type { ExpositionLimits } from "./limits.ts";
import { ExpositionLineParser, type ExpositionSink } from "./line-parser.ts";

/** Reads a text and writes down what reaches the sink. */
function read(
  input: string | readonly Uint8Array[],
  format: ExpositionFormat = "text",
  limits: Partial<ExpositionLimits> = {},
  cache = new Map<string, string>(),
): { calls: string[]; problems: string[]; count: number; goesOn: boolean } {
  const calls: string[] = [];
  const sink: ExpositionSink<string> = {
    find: (text) => cache.get(text),
    open: (text, name, labels) => {
      calls.push(`open ${text} = ${name} ${labels.toString()}`);
      cache.set(text, text);
      return text;
    },
    sample: (series, value, timestampMs, exemplar) => {
      const time = timestampMs === undefined ? "" : ` @${timestampMs}`;
      const example = exemplar === undefined ? "" : ` # ${exemplar.labels.toString()}`;
      calls.push(`${series} -> ${value}${time}${example}`);
    },
    metadata: (kind, name, text) => calls.push(`${kind} ${name} [${text}]`),
    comment: (text) => calls.push(text),
  };
  const parser = new ExpositionLineParser(sink, { format, limits });
  const chunks = typeof input === "string" ? [new TextEncoder().encode(input)] : input;
  let goesOn = true;
  for (const chunk of chunks) goesOn = parser.push(chunk);
  parser.end();
  const problems = parser.problems.map((p) => `${p.code} ${p.line}:${p.column} ${p.reason}`);
  return { calls, problems, count: parser.problemCount, goesOn };
}

function bytes(...parts: readonly (string | number)[]): Uint8Array {
  const encoder = new TextEncoder();
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === "number" ? part : Array.from(encoder.encode(part)))),
  );
}

test("ExpositionLineParser hands out metadata, comments and samples in order", () => {
  const got = read('# HELP a b\\nc\n# TYPE a untyped\n# x\na{c="d",b=""} 1 5\n');
  assert.deepEqual(got.calls, [
    "HELP a [b\nc]",
    "TYPE a [unknown]",
    "# x",
    'open a{c="d",b=""} = a {c="d"}',
    'a{c="d",b=""} -> 1 @5',
  ]);
  assert.deepEqual(got.problems, []);
});

test("ExpositionLineParser reads no labels of a series that find() knows", () => {
  const cache = new Map([["not even{a series", "known"]]);
  const text = 'a{b="}"} 1\na{b="}"} 2\nnot even{a series 3\n';
  // The text of a known series is taken as it is: here nobody has checked it, so it must come from open().
  assert.deepEqual(read(text, "text", {}, cache).calls, [
    'open a{b="}"} = a {b="}"}',
    'a{b="}"} -> 1',
    'a{b="}"} -> 2',
  ]);
});

test("ExpositionLineParser finds a known series before an exemplar", () => {
  const text =
    'a{b="c"} 1 # {t="1"} 5\na{b="c"} 2 # {t="}"} 5\na 1 # {} 1\na 2 # {t="x"} 1\n# EOF\n';
  assert.deepEqual(read(text, "openmetrics").calls, [
    'open a{b="c"} = a {b="c"}',
    'a{b="c"} -> 1 # {t="1"}',
    'a{b="c"} -> 2 # {t="}"}',
    "open a = a {}",
    "a -> 1 # {}",
    'a -> 2 # {t="x"}',
  ]);
});

test("ExpositionLineParser opens no series for a line that is wrong after it", () => {
  const got = read("a x\nb 1 x\nc 1\n");
  assert.deepEqual(got.calls, ["open c = c {}", "c -> 1"]);
  assert.equal(got.count, 2);
});

test("ExpositionLineParser reads timestamps as milliseconds, without rounding seconds twice", () => {
  const f = (value: string, format: ExpositionFormat, want: string) => {
    const end = format === "openmetrics" ? "# EOF\n" : "";
    assert.deepEqual(read(`a ${value}\n${end}`, format).calls.slice(1), [want]);
  };

  f("1 1395066363000", "text", "a -> 1 @1395066363000");
  f("1 -1", "text", "a -> 1 @-1");
  f("1 9007199254740991", "text", "a -> 1 @9007199254740991");
  f("1 1520879607.789", "openmetrics", "a -> 1 @1520879607789");
  f("1 1.520879607789e9", "openmetrics", "a -> 1 @1520879607789");
  f("1 0.0005", "openmetrics", "a -> 1 @0.5");
  f("1 1604676851.123456789", "openmetrics", "a -> 1 @1604676851123.4568");
  f("1 -1", "openmetrics", "a -> 1 @-1000");
});

test("ExpositionLineParser takes chunks that end inside a character, a line, an escape", () => {
  const whole = bytes('# TYPE ä gauge\n{"ä","é"="😀\\n"} 1\nb 2\n');
  const want = read([whole]);
  assert.equal(want.problems.length, 1); // ä needs quotes on the TYPE line
  for (let at = 0; at <= whole.length; at++) {
    assert.deepEqual(read([whole.slice(0, at), whole.slice(at)]), want, `cut at ${at}`);
  }
});

test("ExpositionLineParser loses only the lines that are not UTF-8, and says at which byte", () => {
  const got = read([bytes("a 1\nb", 0xff, " 2\nc 3\n", 'd{e="', 0xc3, '"} 1\n', "é 1\nf 4\n")]);
  assert.deepEqual(
    got.calls.filter((call) => call.includes("->")),
    ["a -> 1", "c -> 3", "f -> 4"],
  );
  assert.deepEqual(got.problems, [
    "FLX_EXPOSITION_UTF8 2:2 byte 0xff is not UTF-8 here",
    "FLX_EXPOSITION_UTF8 4:6 byte 0xc3 is not UTF-8 here",
    'FLX_EXPOSITION_NAME 5:1 a metric name cannot start with "é"',
  ]);
});

test("ExpositionLineParser refuses a byte order mark", () => {
  assert.equal(read([bytes(0xef, 0xbb, 0xbf, "a 1\n")]).problems.length, 1);
});

test("ExpositionLineParser does not use a last line without line feed", () => {
  const f = (text: string, format: ExpositionFormat, ...want: string[]) => {
    const got = read(text, format);
    assert.deepEqual(
      [...got.calls.filter((c) => c.includes("->")), ...got.problems.map((p) => p.split(" ")[0])],
      want,
    );
  };

  f("a 1\nb 12", "text", "a -> 1", "FLX_EXPOSITION_TRUNCATED");
  f("a 1\n ", "text", "a -> 1", "FLX_EXPOSITION_TRUNCATED");
  f("a 1\n# EOF", "openmetrics", "a -> 1");
  f("a 1\n# EO", "openmetrics", "a -> 1", "FLX_EXPOSITION_TRUNCATED", "FLX_EXPOSITION_EOF");
  f("a 1\n# EOF\nb", "openmetrics", "a -> 1", "FLX_EXPOSITION_EOF");
  f("", "text");
  f("", "openmetrics", "FLX_EXPOSITION_EOF");
});

test("ExpositionLineParser names each limit and its value", () => {
  const f = (limits: Partial<ExpositionLimits>, text: string, want: string, calls: number) => {
    const got = read(text, "text", limits);
    assert.equal(got.problems.length, 1);
    assert.match(got.problems[0]!, new RegExp(`^${want}`));
    const [[name, value] = []] = Object.entries(limits);
    assert.ok(got.problems[0]!.includes(`${name}`) && got.problems[0]!.includes(`${value}`));
    assert.equal(got.calls.filter((call) => call.includes("->")).length, calls);
  };

  f({ maxBytes: 8 }, "a 1\nb 2\nc 3\nd 4\n", "FLX_EXPOSITION_LIMIT_BYTES 2:1", 2);
  f({ maxBytes: 10 }, "a 1\nb 2\nc 3\nd 4\n", "FLX_EXPOSITION_LIMIT_BYTES 2:1", 2);
  f({ maxSamples: 2 }, "a 1\nb 2\nc 3\nd 4\n", "FLX_EXPOSITION_LIMIT_SAMPLES 3:1", 2);
  f({ maxLineBytes: 8 }, "a 1\nb{c='d'} 2\nc 3\n", "FLX_EXPOSITION_LIMIT_LINE 2:1", 2);
  f({ maxLabels: 1 }, 'a 1\nb{c="d",e="f"} 2\nc 3\n', "FLX_EXPOSITION_LIMIT_LABELS 2:9", 2);
  f({ maxNameLength: 3 }, "a 1\nlong 2\nc 3\n", "FLX_EXPOSITION_LIMIT_NAME 2:1", 2);
  f({ maxNameLength: 3 }, 'a 1\nb{long="d"} 2\nc 3\n', "FLX_EXPOSITION_LIMIT_NAME 2:3", 2);
  f({ maxNameLength: 3 }, "a 1\n# TYPE long gauge\nc 3\n", "FLX_EXPOSITION_LIMIT_NAME 2:8", 2);
  f({ maxValueLength: 3 }, 'a 1\nb{c="long"} 2\nc 3\n', "FLX_EXPOSITION_LIMIT_VALUE 2:5", 2);
});

test("ExpositionLineParser keeps no more of an endless line than the limit", () => {
  const chunk = bytes("x".repeat(1000));
  const got = read([bytes("a 1\n"), ...Array.from({ length: 100 }, () => chunk), bytes("\nb 2\n")]);
  assert.deepEqual(
    got.calls.filter((call) => call.includes("->")),
    ["a -> 1", "b -> 2"],
  );
  assert.deepEqual(got.problems, [
    "FLX_EXPOSITION_LIMIT_LINE 2:1 the line is longer than 65536 bytes (maxLineBytes)",
  ]);
});

test("ExpositionLineParser counts a line's bytes, not its characters", () => {
  const f = (text: string, maxLineBytes: number, want: number) => {
    assert.equal(read(text, "text", { maxLineBytes }).count, want, `${text} ${maxLineBytes}`);
  };

  f('a{b="é"} 1\n', 11, 0);
  f('a{b="é"} 1\n', 10, 1);
  f('a{b="😀"} 1\n', 13, 0);
  f('a{b="😀"} 1\n', 12, 1);
  f('a{b="€"} 1\n', 12, 0);
  f('a{b="€"} 1\n', 11, 1);
});

test("ExpositionLineParser.problems is bounded, problemCount is not", () => {
  const got = read("!\n".repeat(500), "text", { maxProblems: 3 });
  assert.equal(got.problems.length, 3);
  assert.equal(got.count, 500);
});

test("ExpositionLineParser.push() says when reading on is of no use", () => {
  assert.equal(read("a 1\n").goesOn, true);
  assert.equal(read("a 1\nb 2\n", "text", { maxSamples: 1 }).goesOn, false);
  assert.equal(read("# EOF\na 1\n", "openmetrics").goesOn, false);
});

test("ExpositionLineParser cuts the excerpt of a line", () => {
  const parser = new ExpositionLineParser<true>(
    { find: () => undefined, open: () => true, sample: () => {} },
    { format: "text" },
  );
  parser.push(bytes(`a{b="${"x".repeat(200)}"}\nshort\n`));
  assert.deepEqual(
    parser.problems.map(({ excerpt }) => excerpt),
    [`a{b="${"x".repeat(74)}…`, "short"],
  );
});
