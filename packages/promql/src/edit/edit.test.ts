import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FlxError } from "@flx/model";
import { Matcher } from "../matcher/matcher.ts";
import { parseExpr } from "../parse/parser.ts";
import { printExpr } from "../print/print.ts";
import { addMatchers } from "./add-matchers.ts";
import { completionContext } from "./completion.ts";
import { queryUses } from "./query-uses.ts";
import { fillTemplate, timeVariables } from "./template.ts";

test("queryUses() tells metrics and labels", () => {
  const f = (query: string, metrics: string, labels: string, isOpen = false) => {
    const uses = queryUses(parseExpr(query, { experimental: true }));
    assert.equal(uses.metricNames.join(), metrics, query);
    assert.equal(uses.labelNames.join(), labels, query);
    assert.equal(uses.hasOpenSelector, isOpen, query);
  };

  f("1 + 2", "", "");
  f("up", "up", "");
  f('sum by (job) (rate(x{code="500"}[5m])) / on (job) up', "x,up", "job,code");
  f('{__name__="a b", c=~"d"}', "a b", "c");
  f('{__name__=~"a|b"}', "a,b", "");
  f('{__name__=~"a.*"}', "", "", true);
  f('{job="a"}', "", "job", true);
  f('count_values("version", build)', "build", "version");
  f('label_replace(x, "dst", "$1", "src", "(.*)")', "x", "dst,src");
  f('label_join(x, "dst", "-", "a", "b")', "x", "dst,a,b");
  f("x * on (a) group_left (b) y", "x,y", "a,b");
  f("max_over_time(x[1h:1m]) and y", "x,y", "");
  f("topk by (a) (3, -(x))", "x", "a");
});

test("addMatchers() puts matchers into every selector, once", () => {
  const tenant = new Matcher("=", "tenant", "t1");
  const f = (query: string, want: string) =>
    assert.equal(printExpr(addMatchers(parseExpr(query), [tenant])), want);

  f("up", 'up{tenant="t1"}');
  f('up{tenant="t1"}', 'up{tenant="t1"}');
  f('up{tenant="t2"}', 'up{tenant="t1",tenant="t2"}');
  f('{job="a"}', '{job="a",tenant="t1"}');
  f("rate(x[5m] offset 1h) / y", 'rate(x{tenant="t1"}[5m] offset 1h) / y{tenant="t1"}');
  f("max_over_time(x[1h:1m])", 'max_over_time(x{tenant="t1"}[1h:1m])');
  f("1 + 2", "1 + 2");
  assert.throws(() => addMatchers(parseExpr("up"), [new Matcher("=~", "a", "(")]), {
    code: "FLX_PROMQL_REGEX",
  });
});

test("addMatchers() gives a query that parses back to the same", () => {
  for (const query of ["sum(x) by (a)", '{"a b", c="d"}', "x @ end() offset -5m", "-x ^ 2"]) {
    const text = printExpr(addMatchers(parseExpr(query), [new Matcher("!~", "a b", 'x"|y')]));
    assert.equal(printExpr(parseExpr(text)), text);
  }
});

test("fillTemplate() puts in values in each notation and format", () => {
  const variables = { job: "api", env: ["prod", "a.b"], none: [] };
  const f = (query: string, want: string) =>
    assert.equal(fillTemplate(query, variables).text, want);

  f('up{job="$job"}', 'up{job="api"}');
  f('up{job="${job}"}', 'up{job="api"}');
  f('up{job="[[job]]"}', 'up{job="api"}');
  f('up{env=~"$env"}', 'up{env=~"(prod|a\\\\.b)"}');
  f('up{env=~"${env:pipe}"}', 'up{env=~"prod|a.b"}');
  f("${env:csv}", "prod,a.b");
  f("${env:doublequote}", '"prod","a.b"');
  f("${job:regex}", "api");
  f("$jobs ${other} $", "$jobs ${other} $");
  f('x=~"a$"', 'x=~"a$"');
  f("$constructor ${__proto__}", "$constructor ${__proto__}");
  assert.deepEqual(fillTemplate("$a ${b} [[c]] ${b}", {}).missing, ["b", "c"]);
  assert.throws(() => fillTemplate("${job:sqlstring}", variables), { code: "FLX_PROMQL_TEMPLATE" });
  assert.throws(
    () => fillTemplate("$x", { x: Array.from({ length: 10_001 }, () => "") }),
    (error) => error instanceof FlxError && error.code === "FLX_PROMQL_TEMPLATE",
  );
});

test("fillTemplate() makes of any value a pattern that matches just it", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 10 }), fc.string({ maxLength: 10 }), (value, other) => {
      const pattern = fillTemplate("$v", { v: [value, "x"] }).text.replaceAll("\\\\", "\\");
      const matcher = new Matcher("=~", "a", pattern);
      assert.ok(matcher.matches(value));
      if (other !== value && other !== "x") assert.ok(!matcher.matches(other));
    }),
  );
});

test("timeVariables() follows the panel's times", () => {
  const f = (stepMs: number, scrapeIntervalMs: number, interval: string, rate: string) => {
    const found = timeVariables({ startMs: 0, endMs: 3_600_000, stepMs, scrapeIntervalMs });
    assert.deepEqual([found["__interval"], found["__rate_interval"]], [interval, rate]);
  };

  f(15_000, 15_000, "15s", "1m");
  f(60_000, 15_000, "1m", "1m15s");
  f(1_000, 10_000, "1s", "40s");
  const text = fillTemplate(
    "rate(x[$__rate_interval]) offset $__range",
    timeVariables({ startMs: 0, endMs: 60_000, stepMs: 5_000 }),
  ).text;
  assert.equal(text, "rate(x[1m]) offset 60s");
});

test("completionContext() knows what may stand at the cursor", () => {
  const f = (marked: string, kind: string, prefix = "", more: Record<string, string> = {}) => {
    const offset = marked.indexOf("|");
    const query = marked.replace("|", "");
    const found = completionContext(query, offset);
    assert.equal(found.kind, kind, marked);
    if ("prefix" in found) assert.equal(found.prefix, prefix, marked);
    if ("labelName" in found) assert.equal(found.labelName, more["label"], marked);
    if ("metricName" in found) assert.equal(found.metricName, more["metric"], marked);
    if ("matchers" in found) {
      const matchers = found.matchers.map(({ name, op, value }) => `${name}${op}${value}`).join();
      assert.equal(matchers, more["matchers"] ?? "", marked);
    }
    assert.equal(query.slice(found.from, offset).length >= prefix.length, true, marked);
  };

  f("|", "expression");
  f("ra|", "expression", "ra");
  f("sum(|", "expression");
  f("sum(ra|te", "expression", "ra");
  f("up |", "operator");
  f("up + |", "expression");
  f("up and o|", "expression", "o");
  f("up o|", "operator", "o");
  f("sum by (|", "groupingLabel");
  f("sum by (a, jo|", "groupingLabel", "jo");
  f("sum by (a) (|", "expression");
  f("sum by (a) |", "expression");
  f("sum(x) by (a) |", "operator");
  f("x * on (a|", "groupingLabel", "a");
  f("x * on (a) |", "expression");
  f("rate(x[|", "duration");
  f("rate(x[5|", "duration", "5");
  f("x offset |", "duration");
  f("x offset -|", "duration");
  f("rate(x[5m]|", "operator");
  f("up{|", "labelName", "", { metric: "up", matchers: "__name__=up" });
  f("up{jo|", "labelName", "jo", { metric: "up", matchers: "__name__=up" });
  f("{jo|", "labelName", "jo");
  f('up{job="|', "labelValue", "", { label: "job", metric: "up", matchers: "__name__=up" });
  f('up{job="ap|', "labelValue", "ap", { label: "job", metric: "up", matchers: "__name__=up" });
  f('up{a="b",job=~"ap|"}', "labelValue", "ap", {
    label: "job",
    metric: "up",
    matchers: "a=b,__name__=up",
  });
  f('up{a="b", |', "labelName", "", { metric: "up", matchers: "a=b,__name__=up" });
  f('up{a="b" |', "none");
  f("up{a=|", "none");
  f('label_replace(up, "a|', "none");
  f('sum(rate(x{a="b"}[5m])) / y{c="d|', "labelValue", "d", {
    label: "c",
    metric: "y",
    matchers: "__name__=y",
  });
});

test("completionContext() survives any text", () => {
  const piece = fc.constantFrom(
    "sum",
    "by",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "a",
    "=",
    "=~",
    '"',
    "'",
    ",",
    "5m",
    "offset",
    " ",
    "-",
    "@",
    "rate",
    "#",
    "\n",
    "\\",
    ":",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 25 }), fc.nat(40), (pieces, offset) => {
      const query = pieces.join("");
      const found = completionContext(query, Math.min(offset, query.length));
      assert.ok(found.from <= query.length);
    }),
    { numRuns: 3_000 },
  );
});
