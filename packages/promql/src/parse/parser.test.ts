// What parses, as which tree, and what is refused with which words.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DurationExpr, Expr } from "../ast/nodes.ts";
import { PromqlParseError } from "../parse-error.ts";
import { parseExpr, parseSelector } from "./parser.ts";

/** The tree with every pair of operands in brackets, so that a table can show what binds how. */
function shape(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return Object.is(expr.value, -0) ? "-0" : String(expr.value);
    case "string":
      return JSON.stringify(expr.value);
    case "paren":
      return `(${shape(expr.expr)})`;
    case "unary":
      return `[${expr.op}${shape(expr.expr)}]`;
    case "binary":
      return `[${shape(expr.left)} ${expr.op} ${shape(expr.right)}]`;
    case "call":
      return `${expr.func.name}<${expr.args.map(shape).join(", ")}>`;
    case "aggregation": {
      const param = expr.param === undefined ? "" : `${shape(expr.param)}, `;
      const by = `${expr.without ? "-" : ""}${expr.grouping.join("+")}`;
      return `${expr.op}|${by}|<${param}${shape(expr.expr)}>`;
    }
    case "vectorSelector": {
      const matchers = expr.matchers.map((m) => `${m.name}${m.op}${m.value}`).join(",");
      const at = expr.at && (expr.at.kind === "time" ? expr.at.timestampMs : expr.at.kind);
      return [
        `{${matchers}}`,
        expr.extended,
        at === undefined ? undefined : `@${at}`,
        expr.offset && `-${duration(expr.offset)}`,
      ]
        .filter((part) => part !== undefined)
        .join("");
    }
    case "matrixSelector":
      return `${shape(expr.vector)}[${duration(expr.range)}]`;
    case "subquery":
    default: {
      const step = expr.step === undefined ? "" : duration(expr.step);
      const at = expr.at === undefined ? "" : `@${expr.at.kind}`;
      const offset = expr.offset === undefined ? "" : `-${duration(expr.offset)}`;
      return `${shape(expr.expr)}[${duration(expr.range)}:${step}]${at}${offset}`;
    }
  }
}

function duration(expr: DurationExpr): string {
  switch (expr.kind) {
    case "number":
      return String(expr.value);
    case "durationParen":
      return `(${duration(expr.expr)})`;
    case "durationUnary":
      return `[${expr.op}${duration(expr.expr)}]`;
    case "durationBinary":
      return `[${duration(expr.left)} ${expr.op} ${duration(expr.right)}]`;
    case "durationCall":
    default:
      return `${expr.name}<${expr.args.map(duration).join(", ")}>`;
  }
}

const all = { experimental: true };

function parses(query: string, want: string): void {
  assert.equal(shape(parseExpr(query, all)), want, query);
}

function refuses(query: string, message: string, hint?: RegExp, options: object = all): void {
  try {
    parseExpr(query, options);
  } catch (error) {
    assert.ok(error instanceof PromqlParseError, String(error));
    assert.equal(error.message, message, query);
    assert.ok(error.start <= error.end && error.end <= query.length, `span of ${query}`);
    if (hint !== undefined) assert.match(error.hint ?? "", hint, query);
    return;
  }
  assert.fail(`${query} parses`);
}

test("parseExpr() reads numbers of every notation", () => {
  parses("42", "42");
  parses("-42", "-42");
  parses("+4.5", "4.5");
  parses(".5", "0.5");
  parses("2.", "2");
  parses("1./6.", "[1 / 6]");
  parses("1e3", "1000");
  parses("1E+3", "1000");
  parses("1.5e-3", "0.0015");
  parses("1_000_000", "1000000");
  parses("1_0.2_5", "10.25");
  parses("0x1F", "31");
  parses("0X_1f", "31");
  parses("0755", "493");
  parses("089", "89");
  parses("0_7", "7");
  parses("9223372036854775808", "9223372036854776000");
  parses("Inf", "Infinity");
  parses("-inf", "-Infinity");
  parses("NaN", "NaN");
  parses("-0", "-0");
  parses("5m", "300");
  parses("1h30m", "5400");
  parses("1y2w3d4h5m6s7ms", "33019506.007");
  parses("0s", "0");
  parses("-10ms", "-0.01");
});

test("parseExpr() reads strings of all three kinds with Go's escapes", () => {
  parses(String.raw`"a\"b\\c\n"`, JSON.stringify('a"b\\c\n'));
  parses(String.raw`'it\'s "x"'`, JSON.stringify(`it's "x"`));
  parses("`raw \\n \n`", JSON.stringify("raw \\n \n"));
  parses(String.raw`"\a\b\f\r\t\v"`, JSON.stringify("\u0007\b\f\r\t\v"));
  parses(String.raw`"\x41\101\u00e4\U0001f600"`, JSON.stringify("AAä😀"));
  parses(String.raw`"\xc3\xa4\303\244"`, JSON.stringify("ää"));
  parses('"日本語"', '"日本語"');
});

test("parseExpr() reads selectors with every matcher and name", () => {
  parses("up", "{__name__=up}");
  parses("a:b:c", "{__name__=a:b:c}");
  parses(":a", "{__name__=:a}");
  parses('up{job="api"}', "{job=api,__name__=up}");
  parses('up{a="1",b!="2",c=~"3|4",d!~"5.*",}', "{a=1,b!=2,c=~3|4,d!~5.*,__name__=up}");
  parses('{__name__="up"}', "{__name__=up}");
  parses('{"my.metric"}', "{__name__=my.metric}");
  parses('{"my.metric", "http.method"="GET", a="b"}', "{__name__=my.metric,http.method=GET,a=b}");
  parses('up{"日本"=`x`}', "{日本=x,__name__=up}");
  parses(
    'up{sum="x",by="y",offset="z",bool="1",inf="2"}',
    "{sum=x,by=y,offset=z,bool=1,inf=2,__name__=up}",
  );
  parses("up # a comment\n{ # another\n}", "{__name__=up}");
});

test("parseExpr() takes keywords for metric and label names where they can be nothing else", () => {
  for (const word of [
    ..."avg bottomk by count count_values fill fill_left fill_right group and or unless max min offset".split(
      " ",
    ),
    ..."quantile stddev stdvar sum topk without start end limitk limit_ratio step range anchored".split(
      " ",
    ),
    ..."smoothed max_of min_of".split(" "),
  ]) {
    parses(word, `{__name__=${word}}`);
    parses(`${word}{a="b"}`, `{a=b,__name__=${word}}`);
    if (word !== "without") parses(`sum by (${word}) (x)`, `sum|${word}|<{__name__=x}>`);
  }
  parses("SUM", "{__name__=SUM}");
  parses("sum + sum", "[{__name__=sum} + {__name__=sum}]");
  parses("and and and", "[{__name__=and} and {__name__=and}]");
  parses("fill + fill", "[{__name__=fill} + {__name__=fill}]");
  parses("offset offset 5m", "{__name__=offset}-300");
  parses('count by (bool, on, "a.b") (x)', "count|bool+on+a.b|<{__name__=x}>");
});

test("parseExpr() binds operators as Prometheus does", () => {
  parses("1 + 2 * 3", "[1 + [2 * 3]]");
  parses("1 - 2 - 3", "[[1 - 2] - 3]");
  parses("2 ^ 3 ^ 2", "[2 ^ [3 ^ 2]]");
  parses("-2 ^ 2", "[-[2 ^ 2]]");
  parses("2 ^ -3 ^ 2", "[2 ^ [-[3 ^ 2]]]");
  parses("2 ^ -3 * 4", "[[2 ^ -3] * 4]");
  parses("-a * b", "[[-{__name__=a}] * {__name__=b}]");
  parses("- - 1", "1");
  parses("1 atan2 2 % 3", "[[1 atan2 2] % 3]");
  parses("a or b and c", "[{__name__=a} or [{__name__=b} and {__name__=c}]]");
  parses("a and b unless c", "[[{__name__=a} and {__name__=b}] unless {__name__=c}]");
  parses("a > b + c", "[{__name__=a} > [{__name__=b} + {__name__=c}]]");
  parses("a > bool b == c", "[[{__name__=a} > {__name__=b}] == {__name__=c}]");
  parses("a </ 5 >/ 1", "[[{__name__=a} </ 5] >/ 1]");
  parses("a AND b OR c", "[[{__name__=a} and {__name__=b}] or {__name__=c}]");
});

test("parseExpr() reads what matches vectors", () => {
  const f = (query: string, want: object) => {
    const expr = parseExpr(query, all);
    assert.ok(expr.kind === "binary");
    const { start: _start, end: _end, left: _left, right: _right, ...rest } = expr;
    assert.deepEqual(rest, { kind: "binary", op: "+", returnBool: false, ...want }, query);
  };
  const none = {
    cardinality: "one-to-one",
    on: false,
    labels: [],
    include: [],
    fillLeft: undefined,
    fillRight: undefined,
  };
  f("a + b", { matching: none });
  f("a + 1", { matching: undefined });
  f("1 + on () a", { matching: undefined });
  f("a + on (x, y,) b", { matching: { ...none, on: true, labels: ["x", "y"] } });
  f("a + on () b", { matching: { ...none, on: true } });
  f("a + ignoring (x) b", { matching: { ...none, labels: ["x"] } });
  f("a + on (x) group_left b", {
    matching: { ...none, on: true, labels: ["x"], cardinality: "many-to-one" },
  });
  f("a + ignoring (x) group_right (y) b", {
    matching: { ...none, labels: ["x"], cardinality: "one-to-many", include: ["y"] },
  });
  f("a and on (x) b", {
    op: "and",
    matching: { ...none, on: true, labels: ["x"], cardinality: "many-to-many" },
  });
  f("a == bool on (x) b", {
    op: "==",
    returnBool: true,
    matching: { ...none, on: true, labels: ["x"] },
  });
  f("a + fill (0) b", { matching: { ...none, fillLeft: 0, fillRight: 0 } });
  f("a + fill_left (-1) b", { matching: { ...none, fillLeft: -1 } });
  f("a + fill_right(1) fill_left(2) b", { matching: { ...none, fillLeft: 2, fillRight: 1 } });
});

test("parseExpr() reads aggregations", () => {
  parses("sum(x)", "sum||<{__name__=x}>");
  parses("SUM(x)", "sum||<{__name__=x}>");
  parses("sum by (a, b) (x)", "sum|a+b|<{__name__=x}>");
  parses("sum(x) by (a)", "sum|a|<{__name__=x}>");
  parses("sum without (a,) (x)", "sum|-a|<{__name__=x}>");
  parses("sum without () (x)", "sum|-|<{__name__=x}>");
  parses("topk(5, x)", "topk||<5, {__name__=x}>");
  parses("quantile by (a) (0.9, x)", "quantile|a|<0.9, {__name__=x}>");
  parses('count_values("v", x)', 'count_values||<"v", {__name__=x}>');
  parses("limit_ratio(-0.5, x)", "limit_ratio||<-0.5, {__name__=x}>");
  parses("limitk(1, x)", "limitk||<1, {__name__=x}>");
});

test("parseExpr() reads ranges, subqueries and modifiers", () => {
  parses("x[5m]", "{__name__=x}[300]");
  parses("x[300]", "{__name__=x}[300]");
  parses("x[1.5]", "{__name__=x}[1.5]");
  parses("x [ 5m ]", "{__name__=x}[300]");
  parses("x offset 5m", "{__name__=x}-300");
  parses("x offset -5m", "{__name__=x}--300");
  parses("x offset 5m * 2", "[{__name__=x}-300 * 2]");
  parses("x[5m] offset 1h", "{__name__=x}-3600[300]");
  parses("x @ 1.5", "{__name__=x}@1500");
  parses("x @ -1", "{__name__=x}@-1000");
  parses("x @ 1m", "{__name__=x}@60000");
  parses("x @ start() offset 5m", "{__name__=x}@start-300");
  parses("x offset 5m @ END()", "{__name__=x}@end-300");
  parses("-x @ 10", "[-{__name__=x}@10000]");
  parses("a + b offset 1m", "[{__name__=a} + {__name__=b}-60]");
  parses("x[5m:1m]", "{__name__=x}[300:60]");
  parses("x[5m:]", "{__name__=x}[300:]");
  parses("sum(x)[5m:] offset 1h @ end()", "sum||<{__name__=x}>[300:]@end-3600");
  parses("rate(x[5m])[1h:1m]", "rate<{__name__=x}[300]>[3600:60]");
  parses("(a + b)[5m:1m]", "([{__name__=a} + {__name__=b}])[300:60]");
  parses("x[5m] anchored", "{__name__=x}anchored[300]");
  parses("x[5m] smoothed @ 1 offset 5s", "{__name__=x}smoothed@1000-5[300]");
  parses("x offset 0s offset 5m", "{__name__=x}-300");
});

test("parseExpr() reads arithmetic in durations", () => {
  parses("x[5m + 2 * 30s]", "{__name__=x}[[300 + [2 * 30]]]");
  parses("x[step() * 2:step()]", "{__name__=x}[[step<> * 2]:step<>]");
  parses("x[max_of(5m, range() / 10)]", "{__name__=x}[max_of<300, [range<> / 10]>]");
  parses("x[2 ^ 3 ^ 2]", "{__name__=x}[[2 ^ [3 ^ 2]]]");
  parses("x[-(-5m)]", "{__name__=x}[[-(-300)]]");
  parses("x[STEP()]", "{__name__=x}[step<>]");
  parses("x offset -2 ^ 2", "[{__name__=x}--2 ^ 2]");
  parses("x offset -(1h / 4)", "{__name__=x}-[-([3600 / 4])]");
  parses("x offset (1h) + 5m", "{__name__=x}-[(3600) + 300]");
  parses("x offset step() + 1", "[{__name__=x}-step<> + 1]");
  parses("x offset -min_of(step(), 1m)", "{__name__=x}-[-min_of<step<>, 60>]");
});

test("parseExpr() gives every node its place", () => {
  const query = '  sum by (a) (rate(x{b="c"}[5m] offset 1h)) > bool 2 ';
  const texts: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("kind" in value && "start" in value && "end" in value) {
      texts.push(`${String(value.kind)}: ${query.slice(Number(value.start), Number(value.end))}`);
    }
    for (const child of Object.values(value)) visit(child);
  };
  visit(parseExpr(query));
  assert.deepEqual(texts, [
    'binary: sum by (a) (rate(x{b="c"}[5m] offset 1h)) > bool 2',
    'aggregation: sum by (a) (rate(x{b="c"}[5m] offset 1h))',
    'call: rate(x{b="c"}[5m] offset 1h)',
    'matrixSelector: x{b="c"}[5m] offset 1h',
    'vectorSelector: x{b="c"}',
    "number: 1h",
    "number: 5m",
    "number: 2",
  ]);
});

test("parseExpr() refuses text that is no PromQL, in Prometheus' words", () => {
  refuses("", "unknown position: parse error: no expression found in input");
  refuses("# only a comment", "1:1: parse error: no expression found in input");
  refuses("(", "1:2: parse error: unclosed left parenthesis");
  refuses("a)", "1:2: parse error: unexpected right parenthesis ')'");
  refuses("x[5m", "1:5: parse error: unclosed left bracket");
  refuses("x[", "1:3: parse error: unexpected end of input in duration expression", /\[5m\]/);
  refuses("x]", "1:2: parse error: unexpected right bracket ']'");
  refuses("x{", "1:3: parse error: unexpected end of input inside braces");
  refuses("1 +", "1:4: parse error: unexpected end of input", /missing at the end/);
  refuses("* 1", "1:1: parse error: unexpected <op:*>", /missing before \*/);
  refuses("a b", '1:3: parse error: unexpected identifier "b"', /operator/);
  refuses("a = 1", '1:3: parse error: unexpected "="', /==/);
  refuses("a =~ 1", "1:3: parse error: unexpected character after '=': '~'", /braces/);
  refuses("a ! b", "1:3: parse error: unexpected character after '!': ' '");
  refuses("a $ b", "1:3: parse error: unexpected character: '$'");
  refuses("ä", "1:1: parse error: unexpected character: 'ä'");
  refuses("a\n  ~", "2:3: parse error: unexpected character: '~'");
  refuses('"ä" ~', "1:6: parse error: unexpected character: '~'");
  refuses('"abc', "1:1: parse error: unterminated quoted string");
  refuses("`abc", "1:1: parse error: unterminated raw string");
  refuses(String.raw`"\q"`, "1:1: parse error: unknown escape sequence U+0071 'q'");
  refuses(String.raw`"\xzz"`, "1:1: parse error: illegal character U+007A 'z' in escape sequence");
  refuses(
    String.raw`"\ud800"`,
    "1:1: parse error: escape sequence is an invalid Unicode code point",
  );
  refuses("5x", '1:1: parse error: bad number or duration syntax: "5"');
  refuses("1e", '1:1: parse error: bad number or duration syntax: "1e"');
  refuses(
    "0x",
    '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "0x": invalid syntax',
  );
  refuses("1.5h", '1:1: parse error: not a valid duration string: "1.5h"', /1h30m/);
  refuses("x[0]", "1:3: parse error: duration must be greater than 0");
  refuses("x[-5m]", "1:3: parse error: duration must be greater than 0");
  refuses("x[foo]", "1:3: parse error: unexpected character in duration expression: 'f'", /\[5m\]/);
  refuses("x[5m}", "1:5: parse error: unexpected character: '}'");
  refuses("x[5m:1m:]", "1:8: parse error: unexpected colon ':'");
  refuses(
    "x[5m 1m]",
    '1:6: parse error: unexpected duration "1m" in subquery or range, expected ":" or "]"',
  );
  refuses(
    "x[]",
    '1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()',
  );
  refuses(
    "x offset",
    "1:9: parse error: unexpected end of input in offset, expected number, duration, step(), or range()",
  );
  refuses("x @ foo", '1:5: parse error: unexpected identifier "foo" in @, expected timestamp');
  refuses("x @ Inf", "1:1: parse error: timestamp out of bounds for @ modifier: +Inf");
  refuses(
    "x{a}",
    '1:4: parse error: unexpected "}" in label matching, expected label matching operator',
  );
  refuses(
    "x{a=b}",
    '1:5: parse error: unexpected identifier "b" in label matching, expected string',
    /a="b"/,
  );
  refuses(
    'x{a="1" b="2"}',
    '1:9: parse error: unexpected identifier "b" in label matching, expected "," or "}"',
  );
  refuses("x{,}", '1:3: parse error: unexpected "," in label matching, expected identifier or "}"');
  refuses("x{a.b=1}", "1:4: parse error: unexpected character inside braces: '.'", /quotes/);
  refuses(
    "sum by a (x)",
    '1:8: parse error: unexpected identifier "a" in grouping opts, expected "("',
  );
  refuses(
    "sum by (a b) (x)",
    '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"',
  );
  refuses("sum by (,) (x)", '1:9: parse error: unexpected "," in grouping opts, expected label');
  refuses("sum(a b)", '1:7: parse error: unexpected identifier "b" in aggregation');
  refuses("sum x by (a)", '1:5: parse error: unexpected identifier "x"', /sum by/);
  refuses("a + group_left b", "1:5: parse error: unexpected <group_left>", /on \(\.\.\.\)/);
  refuses("rate(x[5m],)", "1:11: parse error: trailing commas not allowed in function call args");
  refuses("rate(x[5m]) by (a)", "1:13: parse error: unexpected <by>", /sum by/);
});

test("parseExpr() refuses what Prometheus finds while it reads", () => {
  refuses(
    "raet(x[5m])",
    '1:1: parse error: unknown function with name "raet"',
    /did you mean rate\?/,
  );
  refuses("summ(x)", '1:1: parse error: unknown function with name "summ"', /did you mean sum\?/);
  refuses("percentile(x)", '1:1: parse error: unknown function with name "percentile"', /quantile/);
  refuses("sum()", "1:1: parse error: no arguments for aggregate expression provided");
  refuses(
    "topk(x)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1",
    /topk\(5, metric\)/,
  );
  refuses(
    "sum(a, b)",
    "1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2",
    /by \(label\)/,
  );
  refuses("(x)[5m]", "1:4: parse error: ranges only allowed for vector selectors", /subquery/);
  refuses(
    "x offset 1m [5m]",
    "1:13: parse error: no offset modifiers allowed before range",
    /metric\[5m\] offset/,
  );
  refuses("x @ 1 [5m]", "1:7: parse error: no @ modifiers allowed before range");
  refuses("x offset 1m offset 2m", "1:1: parse error: offset may not be set multiple times");
  refuses("x @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times");
  refuses(
    "sum(x) offset 5m",
    "1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  refuses(
    "(x) @ 5",
    "1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
  );
  refuses("x[5m / 0]", "1:6: parse error: division by zero");
  refuses("x[5m % 0]", "1:6: parse error: modulo by zero");
  refuses("x[300y]", "1:3: parse error: duration out of range");
  refuses("x[5m:] anchored", "1:1: parse error: anchored modifier is not supported for subqueries");
  refuses(
    "x anchored smoothed",
    "1:1: parse error: anchored and smoothed modifiers cannot be used together",
  );
  refuses('x{a=~"("}', "1:3: parse error: error parsing regexp: missing closing ): `(`", /RE2/);
  refuses(
    'x{a=~"(?=b)"}',
    "1:3: parse error: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
    /look-around/,
  );
});

test("parseExpr() takes experimental parts only when they are allowed", () => {
  const f = (query: string, feature: string, message: string) => {
    refuses(query, message, undefined, {});
    refuses(query, message, undefined, { experimental: false });
    parseExpr(query, { experimental: true });
    parseExpr(query, { experimental: { [feature]: true } });
  };
  f("info(x)", "functions", '1:1: parse error: function "info" is not enabled');
  f(
    "limitk(1, x)",
    "functions",
    "1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
  );
  f(
    "x[5m * 2]",
    "durationExpressions",
    "1:3: parse error: experimental duration expression is not enabled",
  );
  f(
    "x offset (5m)",
    "durationExpressions",
    "1:11: parse error: experimental duration expression is not enabled",
  );
  f(
    "x[step()]",
    "durationExpressions",
    "1:3: parse error: experimental duration expression is not enabled",
  );
  f(
    "x[5m] anchored",
    "extendedRanges",
    "1:1: parse error: anchored modifier is experimental and not enabled",
  );
  f(
    "a + fill (0) b",
    "fillModifiers",
    "1:1: parse error: binop fill modifiers are experimental and not enabled",
  );
});

test("parseExpr() refuses types that do not fit, with what to do", () => {
  refuses(
    "rate(x)",
    '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    /x\[5m\]/,
  );
  refuses(
    "rate(sum(x))",
    '1:6: parse error: expected type range vector in call to function "rate", got instant vector',
    /sum\(x\)\[5m:\]/,
  );
  refuses(
    "abs(x[5m])",
    '1:5: parse error: expected type instant vector in call to function "abs", got range vector',
    /remove the range/,
  );
  refuses(
    "sum(1)",
    "1:5: parse error: expected type instant vector in aggregation expression, got scalar",
    /vector\(1\)/,
  );
  refuses(
    "topk(a, b)",
    "1:6: parse error: expected type scalar in aggregation parameter, got instant vector",
  );
  refuses(
    "count_values(v, x)",
    "1:14: parse error: expected type string in aggregation parameter, got instant vector",
    /"v"/,
  );
  refuses(
    "rate()",
    '1:1: parse error: expected 1 argument(s) in call to "rate", got 0',
    /rate\(range vector\)/,
  );
  refuses(
    "round(x, 1, 2)",
    '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3',
    /\[scalar\]/,
  );
  refuses(
    'label_join(x, "a")',
    '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 2',
  );
  refuses(
    "1 == 2",
    "1:3: parse error: comparisons between scalars must use BOOL modifier",
    /== bool/,
  );
  refuses("a + bool b", "1:3: parse error: bool modifier can only be used on comparison operators");
  refuses(
    "a and 1",
    '1:1: parse error: set operator "and" not allowed in binary scalar expression',
    /vector\(/,
  );
  refuses(
    "x[5m] + 1",
    "1:1: parse error: binary expression must contain only scalar and instant vector types",
    /rate/,
  );
  refuses(
    '"a" + 1',
    "1:1: parse error: binary expression must contain only scalar and instant vector types",
  );
  refuses("1 + on (a) x", "1:1: parse error: vector matching only allowed between instant vectors");
  refuses(
    "1 + fill (0) x",
    "1:1: parse error: filling in missing series only allowed between instant vectors",
  );
  refuses(
    "a and fill (0) b",
    "1:1: parse error: filling in missing series not allowed for set operators",
  );
  refuses("a or on (x) group_left b", '1:1: parse error: no grouping allowed for "or" operation');
  refuses(
    "a + on (x) group_left (x) b",
    '1:3: parse error: label "x" must not occur in ON and GROUP clause at once',
  );
  refuses(
    "-x[5m]",
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"',
  );
  refuses(
    '-"a"',
    '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"',
  );
  refuses(
    "1[5m:]",
    "1:1: parse error: subquery is only allowed on instant vector, got scalar instead",
    /vector/,
  );
  refuses(
    "x[5m][5m:]",
    "1:1: parse error: subquery is only allowed on instant vector, got matrix instead",
  );
  refuses("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher");
  refuses(
    '{a=~".*"}',
    "1:1: parse error: vector selector must contain at least one non-empty matcher",
    /\.\+/,
  );
  refuses('x{__name__="y"}', '1:1: parse error: metric name must not be set twice: "x" or "y"');
  refuses('x{"y"}', '1:1: parse error: metric name must not be set twice: "x" or "y"');
  refuses(
    "info(x, y)",
    "1:9: parse error: expected label selectors only, got vector selector instead",
  );
  refuses("info(x, -y)", "1:9: parse error: expected label selectors only");
  refuses(
    "info(x, 1)",
    '1:1: parse error: expected type instant vector in call to function "info", got scalar',
  );
  parses('info(x, {a=~".*"})', "info<{__name__=x}, {a=~.*}>");
});

test("parseExpr() refuses what is larger than allowed, and says so", () => {
  const f = (query: string, limits: object, code: string) => {
    assert.throws(() => parseExpr(query, { limits }), { code });
  };
  f("(".repeat(10_000), {}, "FLX_PROMQL_DEPTH");
  f("-".repeat(10_000), {}, "FLX_PROMQL_DEPTH");
  f("1^".repeat(10_000), {}, "FLX_PROMQL_DEPTH");
  f(`${"1+".repeat(10_000)}1`, {}, "FLX_PROMQL_DEPTH");
  f(`${"abs(".repeat(10_000)}x`, {}, "FLX_PROMQL_DEPTH");
  f(`x${"[5m:]".repeat(10_000)}`, {}, "FLX_PROMQL_DEPTH");
  f(`x[${"(".repeat(10_000)}`, {}, "FLX_PROMQL_DEPTH");
  f(`x[${"-".repeat(10_000)}`, {}, "FLX_PROMQL_DEPTH");
  f("x".repeat(11), { maxLength: 10 }, "FLX_PROMQL_LENGTH");
  f("label_join(a, b, c, d)", { maxNodes: 3 }, "FLX_PROMQL_NODES");
  f("1 + 2 + 3 + 4", { maxDepth: 3 }, "FLX_PROMQL_DEPTH");
  parseExpr("1 + 2 + 3", { limits: { maxDepth: 3, maxNodes: 5, maxLength: 9 } });
  parseExpr(`${"(".repeat(900)}1${")".repeat(900)}`);
  parseExpr(`1${" + 1".repeat(900)}`);
});

test("parseSelector() reads one selector and nothing else", () => {
  const f = (text: string, want: string[]) => {
    assert.deepEqual(
      parseSelector(text).map((m) => `${m.name}${m.op}${m.value}`),
      want,
    );
  };
  f("up", ["__name__=up"]);
  f('up{a=~"b"}', ["a=~b", "__name__=up"]);
  f('{a!="b"}', ["a!=b"]);
  f("sum", ["__name__=sum"]);
  for (const text of ["up offset 5m", "1", "sum(x)", "up[5m]", ""]) {
    assert.throws(() => parseSelector(text), { code: "FLX_PROMQL_PARSE" }, text);
  }
});
