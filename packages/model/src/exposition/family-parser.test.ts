// The structured layer: what families come out, when, and what a problem costs. The texts that are accepted or
// refused stand in testdata/exposition (cases.test.ts), round trips in exposition.property.test.ts.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricFamily } from "../metric-family.ts";
import {
  type ExpositionFamilyOptions,
  ExpositionParser,
  parseExposition,
  parseExpositionStrict,
} from "./family-parser.ts";
import { ExpositionError } from "./problem.ts";
import { writeExposition } from "./write.ts";

/** The families as OpenMetrics lines, which say everything about them. */
function lines(families: readonly MetricFamily[]): string[] {
  return writeExposition(families, { format: "openmetrics" }).split("\n").slice(0, -2);
}

test("parseExposition() makes families of format 0.0.4", () => {
  const { families, problems } = parseExposition(
    `# HELP requests_total Requests
# TYPE requests_total counter
requests_total{code="200"} 5 1000
# TYPE size histogram
size_bucket{le="1"} 2
size_bucket{le="+Inf"} 3
size_sum 4
size_count 3
other 1
`,
    { format: "text" },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(lines(families), [
    "# TYPE requests counter",
    "# HELP requests Requests",
    'requests_total{code="200"} 5 1',
    "# TYPE size histogram",
    'size_bucket{le="1.0"} 2',
    'size_bucket{le="+Inf"} 3',
    "size_sum 4",
    "size_count 3",
    "# TYPE other unknown",
    "other 1",
  ]);
});

test("parseExposition() keeps what is right beside what is not", () => {
  const { families, problemCount } = parseExposition(
    `# TYPE h histogram
h_bucket{a="bad",le="1"} 1
h_bucket{a="good",le="+Inf"} 3
# TYPE c counter
c{a="bad"} -1
c{a="good"} 1
bad line
# TYPE i gauge
i 1
i 2
`,
    { format: "text" },
  );
  assert.equal(problemCount, 4);
  assert.deepEqual(lines(families), [
    "# TYPE h histogram",
    'h_bucket{a="good",le="+Inf"} 3',
    "# TYPE c unknown",
    'c{a="good"} 1',
    "# TYPE i gauge",
    "i 1",
  ]);
});

test("parseExposition() accepts no point of which a sample was refused", () => {
  const f = (text: string) => {
    const { families } = parseExposition(`${text}# EOF\n`, { format: "openmetrics" });
    assert.deepEqual(
      families.map(({ points }) => points.length),
      [0],
      text,
    );
  };

  f("# TYPE i info\ni_info 2\n");
  f('# TYPE s stateset\ns{s="a"} 2\n');
  f('# TYPE s stateset\ns{s="a"} 1\ns{s="b"} 2\n');
  f("# TYPE c counter\nc_total -1\n");
  f('# TYPE s summary\ns{quantile="0.5"} 1\ns{quantile="x"} 2\n');
  f('# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="x"} 1\nh_bucket{le="+Inf"} 1\n');
});

test("parseExposition() keeps what was complete before a limit ended the reading", () => {
  const text = "# TYPE a counter\na 1\n# TYPE b gauge\nb 1\nc 1\nd 1\n";
  const f = (limits: ExpositionFamilyOptions["limits"], code: string, names: string) => {
    const got = parseExposition(text, { format: "text", limits: limits! });
    assert.deepEqual(
      got.problems.map((problem) => problem.code),
      [code],
    );
    assert.equal(got.families.map(({ name }) => name).join(), names);
  };

  f({ maxFamilies: 3 }, "FLX_EXPOSITION_LIMIT_FAMILIES", "a,b,c");
  f({ maxSamples: 2 }, "FLX_EXPOSITION_LIMIT_SAMPLES", "a,b");
  f({ maxBytes: 42 }, "FLX_EXPOSITION_LIMIT_BYTES", "a,b");
});

test("ExpositionParser hands out a family as soon as the next begins, where lines are grouped", () => {
  const f = (options: ExpositionFamilyOptions, want: string) => {
    const names: string[] = [];
    const parser = new ExpositionParser(({ name }) => names.push(name), options);
    for (const line of ["a 1\n", "b 1\n", 'a{b="c"} 1\n', "c 1\n"]) {
      parser.push(new TextEncoder().encode(line));
      names.push("|");
    }
    parser.end();
    assert.equal(`${names.join("")} ${parser.problemCount}`, want);
  };

  f({ format: "text" }, "||||abc 0");
  f({ format: "text", grouped: true }, "|a||b|c 1");
  f({ format: "openmetrics" }, "|a||b|c 2"); // scattered, and no # EOF
});

test("parseExpositionStrict() throws with the first problem and all of them", () => {
  assert.equal(parseExpositionStrict("a 1\n", { format: "text" }).length, 1);
  assert.throws(
    () => parseExpositionStrict("a 1\nb x\nc\n", { format: "text" }),
    (error) =>
      error instanceof ExpositionError &&
      error.code === "FLX_EXPOSITION_VALUE" &&
      error.problems.length === 2 &&
      error.message === 'line 2:3: "x" is not a number (and 1 more)',
  );
});

test("parseExposition() takes time in proportion to the text, whatever it is", () => {
  // Each would take minutes with anything quadratic in it; the run itself is the assertion, with a count.
  const f = (text: string, samples: number) => {
    const { families } = parseExposition(text, {
      format: "text",
      limits: { maxLineBytes: 1 << 20, maxValueLength: 1 << 20 },
    });
    const points = families.reduce((sum, family) => sum + family.points.length, 0);
    assert.equal(points, samples);
  };

  f(`a{b="${"\\n".repeat(200_000)}"} 1\n`, 1);
  f(`a{b="${"\\\\".repeat(200_000)}"} 1\n`, 1);
  f(`a{${'b="c",'.repeat(100_000)}} 1\n`, 0);
  f("}".repeat(400_000), 0);
  f("a{".repeat(200_000), 0);
  f('a{b="\n'.repeat(50_000), 0);
  f(`a ${"1".repeat(400_000)}\n`, 0);
  f(`a 0.${"0".repeat(400_000)}1\n`, 1);
  f(`a 1e${"9".repeat(400_000)}\n`, 0);
  f(`# HELP a ${"\\n".repeat(200_000)}\n`, 0);
  f(`${" ".repeat(400_000)}a 1\n`, 1);
});
