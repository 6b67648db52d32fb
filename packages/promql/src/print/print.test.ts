import assert from "node:assert/strict";
import { test } from "node:test";
import type { Expr, NumberLiteral } from "../ast/nodes.ts";
import { parseExpr } from "../parse/parser.ts";
import { plainNumber } from "./number-text.ts";
import { prettyExpr } from "./pretty.ts";
import { printExpr } from "./print.ts";

const all = { experimental: true };

test("printExpr() writes the canonical form", () => {
  const f = (query: string, want: string) => {
    assert.equal(printExpr(parseExpr(query, all)), want);
    assert.equal(printExpr(parseExpr(want, all)), want, `${want} again`);
  };
  f("1", "1");
  f("1e3", "1000");
  f("0x1F", "31");
  f("-inf", "-Inf");
  f("+Inf", "+Inf");
  f("90s", "1m30s");
  f("-1h", "-1h");
  f("'it'", '"it"');
  f(String.raw`'a"\n'`, String.raw`"a\"\n"`);
  f("`a\\b`", String.raw`"a\\b"`);
  f("  up  ", "up");
  f("up{}", "up");
  f('up{b="2",a="1",}', 'up{a="1",b="2"}');
  f('{__name__="up"}', '{__name__="up"}');
  f('{"my.metric", "a.b"=~"c", d!~"e"}', '{"a.b"=~"c",__name__="my.metric",d!~"e"}');
  f("x[300]", "x[5m]");
  f("x [ 1h30m ] offset 1h @ 5", "x[1h30m] @ 5.000 offset 1h");
  f("x offset -5m @ start()", "x @ start() offset -5m");
  f("x offset 0s", "x");
  f("x[5m:]", "x[5m:]");
  f("x[5m:30] @ end() offset 1m", "x[5m:30s] @ end() offset 1m");
  f("x[5m] anchored @ 1", "x[5m] anchored @ 1.000");
  f("x smoothed offset 1s", "x smoothed offset 1s");
  f("x[step()*2+1]", "x[step() * 2 + 1]");
  f("x[max_of(5m,range())] offset -(1h/4)", "x[max_of(5m, range())] offset -(1h / 4)");
  f("x offset (1h) @ 5 + y", "x offset (1h) @ 5.000 + y");
  f("x[0.0005]", "x[0.0005]");
  f("sum(x)", "sum(x)");
  f("SUM(x)by(a,b)", "sum by (a, b) (x)");
  f("sum by () (x)", "sum(x)");
  f("sum without () (x)", "sum without () (x)");
  f('sum by ("a.b", "without", "inf") (x)', 'sum by ("a.b", "without", "inf") (x)');
  f("topk(5,x)", "topk(5, x)");
  f("a+b*c", "a + b * c");
  f("-a", "-a");
  f("+a", "+a");
  f("- 1 ^ 2", "-1 ^ 2");
  f("(-1)^2", "(-1) ^ 2");
  f("a==bool b", "a == bool b");
  f("a+on(x)b", "a + on (x) b");
  f("a + on () b", "a + on () b");
  f("a + ignoring () b", "a + b");
  f("a / ignoring(x) group_left b", "a / ignoring (x) group_left () b");
  f("a / on(x) group_right(y) b", "a / on (x) group_right (y) b");
  f("a + fill(0) b", "a + fill (0) b");
  f("a + fill_right(-1) fill_left(2) b", "a + fill_left (2) fill_right (-1) b");
  f("a and on (x) b", "a and on (x) b");
  f("a </ 5", "a </ 5");
  f("round(x,5)", "round(x, 5)");
  f("time()", "time()");
  f("info(x, {})", "info(x, {})");
});

test("printExpr() puts parentheses into trees made by hand where they are needed", () => {
  const number = (value: number): NumberLiteral => ({
    kind: "number",
    value,
    isDuration: false,
    start: 0,
    end: 0,
  });
  const binary = (op: "+" | "*" | "^" | "-", left: Expr, right: Expr): Expr => ({
    kind: "binary",
    op,
    left,
    right,
    returnBool: false,
    matching: undefined,
    start: 0,
    end: 0,
  });
  const [a, b, c] = [number(1), number(2), number(3)];
  const f = (expr: Expr, want: string) => assert.equal(printExpr(expr), want);

  f(binary("*", binary("+", a, b), c), "(1 + 2) * 3");
  f(binary("*", a, binary("+", b, c)), "1 * (2 + 3)");
  f(binary("-", a, binary("-", b, c)), "1 - (2 - 3)");
  f(binary("-", binary("-", a, b), c), "1 - 2 - 3");
  f(binary("^", a, binary("^", b, c)), "1 ^ 2 ^ 3");
  f(binary("^", binary("^", a, b), c), "(1 ^ 2) ^ 3");
  f(binary("^", number(-1), b), "(-1) ^ 2");
  f(binary("^", a, number(-2)), "1 ^ -2");
});

test("plainNumber() writes numbers without exponent", () => {
  const f = (value: number, want: string) => {
    assert.equal(plainNumber(value), want);
    assert.ok(Object.is(Number(want.replace("Inf", "Infinity")), value), want);
  };
  f(0, "0");
  f(-0, "-0");
  f(0.1, "0.1");
  f(1.5e21, "1500000000000000000000");
  f(-1e22, "-10000000000000000000000");
  f(1e-7, "0.0000001");
  f(1.25e-9, "0.00000000125");
  f(5e-324, `0.${"0".repeat(323)}5`);
  f(Infinity, "+Inf");
  f(-Infinity, "-Inf");
  f(NaN, "NaN");
});

test("prettyExpr() breaks what is longer than a line, and nothing else", () => {
  const f = (query: string, want: string[]) => {
    const text = prettyExpr(parseExpr(query));
    assert.deepEqual(text.split("\n"), want);
    assert.equal(printExpr(parseExpr(text)), printExpr(parseExpr(query)));
  };
  f("sum(rate(x[5m]))by(job)", ["sum by (job) (rate(x[5m]))"]);
  const long =
    'http_requests_total{job="api",namespace="production",status=~"5..",handler!="/metrics"}';
  f(`sum by (job) (rate(${long}[5m])) / sum by (job) (rate(${long}[5m]))`, [
    "  sum by (job) (",
    `    rate(http_requests_total{handler!="/metrics",job="api",namespace="production",status=~"5.."}[5m])`,
    "  )",
    "/",
    "  sum by (job) (",
    `    rate(http_requests_total{handler!="/metrics",job="api",namespace="production",status=~"5.."}[5m])`,
    "  )",
  ]);
  f(`-label_replace(${long}, "aaaaaaaaaaaaa", "$1", "b", "(.*)")`, [
    "-label_replace(",
    `  http_requests_total{handler!="/metrics",job="api",namespace="production",status=~"5.."},`,
    `  "aaaaaaaaaaaaa",`,
    `  "$1",`,
    `  "b",`,
    `  "(.*)"`,
    ")",
  ]);
  f(`max_over_time((topk(5, ${long} > 1000000))[1h:5m] offset 1d)`, [
    "max_over_time(",
    "  (",
    `    topk(`,
    "      5,",
    `      http_requests_total{handler!="/metrics",job="api",namespace="production",status=~"5.."} > 1000000`,
    `    )`,
    "  )[1h:5m] offset 1d",
    ")",
  ]);
});
