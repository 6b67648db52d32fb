// The parser against everything: queries of its grammar, damaged queries, soups of tokens, bytes; nothing makes it
// crash, hang or run out of stack, and what it prints it reads again.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  type Expr,
  Matcher,
  parseExpr,
  parseUnchecked,
  prettyExpr,
  printExpr,
  PromqlParseError,
} from "@flx/promql";
import { seededRandom } from "@flx/testkit";
import { QueryGrammar } from "./query-grammar.ts";

const QUERIES = process.env["FLX_FULL"] === "1" ? 200_000 : 5000;
const options = { experimental: true } as const;

test("parseExpr() reads every query of the grammar, and printing is stable", () => {
  const grammar = new QueryGrammar(seededRandom(1));
  for (let i = 0; i < QUERIES; i++) {
    const query = grammar.next();
    const expr = read(query);
    const printed = printExpr(expr);
    assert.deepEqual(shape(read(printed)), shape(expr), `${query}\n${printed}`);
    assert.equal(printExpr(read(printed)), printed, query);
    assert.equal(printExpr(read(prettyExpr(expr))), printed, query);
  }
});

test("parseExpr() gives a tree or a PromqlParseError whose place is in the query, whatever the text", () => {
  const grammar = new QueryGrammar(seededRandom(2));
  const random = seededRandom(3);
  for (let i = 0; i < QUERIES; i++) survive(damaged(grammar.next(3), random));
});

test("parseExpr() survives soups of tokens and of characters", () => {
  const tokens =
    "sum by ( ) { } [ ] , = =~ != !~ == + - * / ^ % @ : < > </ >/ up offset 5m 1e9 \"a\" 'b' ` \\ # \n bool on group_left and unless atan2 fill start ( end ( ) anchored NaN 0x é 😀".split(
      " ",
    );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...tokens), { maxLength: 40 }),
      fc.boolean(),
      (parts, spaced) => {
        survive(parts.join(spaced ? " " : ""));
      },
    ),
    { numRuns: QUERIES },
  );
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      survive(text);
    }),
    { numRuns: 1000 },
  );
});

test("parseExpr() refuses depth 10,000 politely, in every kind of nesting", () => {
  const n = 10_000;
  const nestings: Readonly<Record<string, string>> = {
    parentheses: `${"(".repeat(n)}1${")".repeat(n)}`,
    "open parentheses": "(".repeat(n),
    signs: `${"-".repeat(n)}x`,
    powers: `x${" ^ x".repeat(n)}`,
    sums: `x${" + x".repeat(n)}`,
    sets: `x${" or x".repeat(n)}`,
    calls: `${"abs(".repeat(n)}x${")".repeat(n)}`,
    aggregations: `${"sum by (a) (".repeat(n)}x${")".repeat(n)}`,
    "second arguments": `${"clamp_min(x, scalar(".repeat(n)}x${"))".repeat(n)}`,
    subqueries: `x${"[5m:1m]".repeat(n)}`,
    durations: `x[${"(".repeat(n)}5m${")".repeat(n)}]`,
    "signs of durations": `x offset ${"-".repeat(n)}5m`,
    "sums of durations": `x[1m${" + 1m".repeat(n)}]`,
    braces: "x{".repeat(n),
    brackets: `x${"[".repeat(n)}`,
  };
  for (const [name, query] of Object.entries(nestings)) {
    assert.throws(
      () => parseExpr(query, options),
      (error: unknown) => {
        assert.ok(error instanceof PromqlParseError, name);
        assert.ok(error.message.length < 1000 && error.render().length < 1000, name);
        return true;
      },
      name,
    );
  }
});

test("parseExpr() takes what is long but not deep", () => {
  const labels = Array.from({ length: 2000 }, (_, i) => `l${i}="v${i}"`).join(",");
  assert.equal(read(`x{${labels}}`).kind, "vectorSelector");
  assert.equal(
    read(`sum by (${Array.from({ length: 2000 }, (_, i) => `l${i}`).join(",")}) (x)`).kind,
    "aggregation",
  );
  assert.equal(read(`"${"a".repeat(20_000)}"`).kind, "string");
});

test("patterns that make other engines take forever are matched in time proportional to the text", () => {
  const text = `${"a".repeat(40_000)}!`;
  for (const pattern of [
    "(a+)+$",
    "(a|aa)+$",
    "(a|a)*b",
    "(.*a){20}b",
    "([a-z]+)*1",
    "(x+x+)+y|a*a*a*a*a*a*c",
  ]) {
    assert.equal(new Matcher("=~", "l", pattern).matches(text), false, pattern);
  }
});

function read(query: string): Expr {
  try {
    return parseExpr(query, options);
  } catch (error) {
    throw new Error(`does not parse: ${query}`, { cause: error });
  }
}

function survive(text: string): void {
  for (const parse of [parseExpr, parseUnchecked]) {
    try {
      parse(text, options);
    } catch (error) {
      if (!(error instanceof PromqlParseError)) throw error;
      const { start, end } = error;
      assert.ok(start >= 0 && start <= text.length && end >= start && end <= text.length + 1, text);
      assert.ok(error.render().includes(error.reason), text);
    }
  }
}

/** The tree without places, which printing changes. */
function shape(expr: Expr): unknown {
  return JSON.parse(
    JSON.stringify(expr, (key, value: unknown) => {
      if (key === "start" || key === "end" || key === "isDuration") return undefined;
      if (typeof value === "number" && !Number.isFinite(value)) return String(value);
      if (Object.is(value, -0)) return 0;
      if (key !== "matchers") return value;
      // Printing sorts them.
      const matchers = value as readonly Matcher[];
      return matchers.map(({ name, op, value: text }) => `${name}${op}${text}`).toSorted();
    }),
  );
}

function damaged(query: string, random: () => number): string {
  const at = Math.floor(random() * query.length);
  const length = 1 + Math.floor(random() * 4);
  const roll = random();
  if (roll < 0.4) return query.slice(0, at) + query.slice(at + length);
  if (roll < 0.6) return query.slice(0, at);
  const from = Math.floor(random() * query.length);
  return query.slice(0, at) + query.slice(from, from + length) + query.slice(at);
}
