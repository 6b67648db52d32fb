// Patterns: what matches, which need no engine, and that both ways say the same.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { compilePattern, MAX_PATTERN_LENGTH } from "./pattern.ts";
import { plainForms } from "./plain-pattern.ts";

test("compilePattern() matches the whole text and nothing less", () => {
  const f = (pattern: string, yes: string[], no: string[]) => {
    const compiled = compilePattern(pattern);
    for (const text of yes) assert.ok(compiled.matches(text), `${pattern} matches ${text}`);
    for (const text of no) assert.ok(!compiled.matches(text), `${pattern} refuses ${text}`);
  };
  f("", [""], ["a"]);
  f("a", ["a"], ["", "aa", "ba", "A"]);
  f("a|b", ["a", "b"], ["ab", "", "a|b"]);
  f("a|", ["a", ""], ["b"]);
  f("prod-(api|web)-(1|2)", ["prod-api-1", "prod-web-2"], ["prod-api", "prod-api-12"]);
  f("(a|b)", ["a", "b"], ["ab"]);
  f("(?:a|b)c", ["ac", "bc"], ["a"]);
  f("^a$|^b$", ["a", "b"], ["ab"]);
  f(String.raw`a\.b\-c`, ["a.b-c"], ["axb-c"]);
  f(".*", ["", "a", "a\nb", "😀"], []);
  f(".+", ["a", "a\nb", "😀"], [""]);
  f("a.*", ["a", "ab", "a\n"], ["", "ba"]);
  f(".*a", ["a", "ba"], ["ab"]);
  f(".*a.*", ["a", "bab"], ["", "b"]);
  f("a.+b", ["axb", "axxb", "aabb"], ["ab", "abx"]);
  f("aa.*aa", ["aaaa", "aaxaa"], ["aaa", "aa"]);
  f(".*a.+b.*", ["a1b", "xa12bx", "aab"], ["ab", "b1a"]);
  f("5..", ["500", "5äö", "5😀😀"], ["5", "50", "5000"]);
  f("5..|429", ["503", "429"], ["4290", "42"]);
  f("api-.*|web", ["api-", "api-1", "web"], ["web-1", "api"]);
  f("ab*", ["a", "abb"], ["b", "abab"]);
  f("[a-c]+", ["a", "abc"], ["", "d"]);
  f("(?i)get", ["GET", "get"], ["gets"]);
  f("(a|b)?c", ["c", "ac"], ["abc"]);
  f(String.raw`\d{3}`, ["123"], ["12", "1234"]);
  f("a.b.*", ["axb", "axbc"], ["ab"]);
  f("a$b", [], ["ab", "a$b"]);
  f("..*", ["a", "ab"], [""]);
});

test("compilePattern() knows the only texts that can match", () => {
  const f = (pattern: string, want: string[] | undefined) => {
    assert.deepEqual(compilePattern(pattern).candidates, want, pattern);
  };
  f("a", ["a"]);
  f("a|b|a", ["a", "b"]);
  f("x(a|b)", ["xa", "xb"]);
  f("a|b.*", undefined);
  f("a+", undefined);
  f("(a|b)*", undefined);
});

test("compilePattern() refuses what is not of RE2's syntax, in Go's words", () => {
  const f = (pattern: string, message: string) => {
    assert.throws(() => compilePattern(pattern), { code: "FLX_PROMQL_REGEX", message });
  };
  f("(", "error parsing regexp: missing closing ): `(`");
  f("a)", "error parsing regexp: unexpected ): `a)`");
  f("[a", "error parsing regexp: missing closing ]: `[a`");
  f("*", "error parsing regexp: missing argument to repetition operator: `*`");
  f("a|*", "error parsing regexp: missing argument to repetition operator: `*`");
  f("a**", "error parsing regexp: invalid nested repetition operator: `**`");
  f("a{1001}", "error parsing regexp: invalid repeat count: `{1001}`");
  f("(?!a)", "error parsing regexp: invalid or unsupported Perl syntax: `(?!`");
  f(String.raw`(a)\1`, "error parsing regexp: invalid escape sequence: `\\1`");
  f(
    "a".repeat(MAX_PATTERN_LENGTH + 1),
    "error parsing regexp: expression of 100001 characters is too large (at most 100000)",
  );
});

test("compilePattern() refuses what would take the engine long, to compile or to match", () => {
  const names = (count: number, end: string) =>
    Array.from({ length: count }, (_, i) => `a${i}${end}`).join("|");
  const f = (pattern: string, message: RegExp) => {
    assert.throws(() => compilePattern(pattern), { code: "FLX_PROMQL_REGEX", message });
  };
  f(`(${names(3_000, ".*")})b`, /too large: it counts as 22892 characters, and at most 10000/);
  f(`${String.raw`\pL|`.repeat(1_000)}a`, /too large: it counts as 34001 characters/);
  f("a{0,30}".repeat(100), /too large: it counts as 12700 characters/);
  f("(a{0,30}){0,30}".repeat(12), /too large: it has \d+ instructions \(at most 10000\)/);

  // Texts and gaps need no engine, however many they are; neither do ordinary patterns come near.
  assert.ok(compilePattern(names(10_000, "")).matches("a9999"));
  assert.ok(compilePattern(names(8_000, ".*")).matches("a7999-and-more"));
  assert.ok(compilePattern(`(${names(1_000, "[0-9]")})b`).matches("a9995b"));
  const long = compilePattern("[a-z]{1,10}".repeat(150));
  assert.ok(!long.matches("ab".repeat(10)));
  assert.throws(() => long.matches("a".repeat(5_000)), {
    code: "FLX_PROMQL_REGEX",
    message: /a regexp of \d+ instructions is too costly for a value of 5000 characters/,
  });
});

test("plainForms() gives up on everything that needs an engine", () => {
  for (const pattern of [
    "a*",
    "ab*c",
    "(a)*",
    "a?",
    "[a]",
    "(?i)a",
    "a{2}",
    "\\d",
    "a^b",
    "((((((a))))))",
    "a.b.*",
  ]) {
    assert.equal(plainForms(pattern), undefined, pattern);
  }
  for (const pattern of ["a", "a|b", "(a|b)c", "a.*", ".+", "5..", "^a$", "a\\.b"]) {
    assert.notEqual(plainForms(pattern), undefined, pattern);
  }
});

test("compilePattern() without the engine says the same as with it", () => {
  const piece = fc.constantFrom(
    "a",
    "b",
    "ab",
    ".",
    ".*",
    ".+",
    "(a|b)",
    "(?:ab|)",
    "|",
    "\\.",
    "^",
    "$",
    "😀",
    "\n",
    "a*",
    "[ab]",
    ".*?",
  );
  const text = fc.array(fc.constantFrom("a", "b", ".", "😀", "\n", "^"), { maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 6 }),
      fc.array(text, { maxLength: 10 }),
      (pieces, texts) => {
        const pattern = pieces.join("");
        let engine: RE2JS | undefined;
        try {
          engine = RE2JS.compile(pattern, RE2JS.DOTALL);
        } catch {
          assert.equal(plainForms(pattern), undefined, `${pattern} is not valid`);
          return;
        }
        const compiled = compilePattern(pattern);
        for (const characters of texts) {
          const candidate = characters.join("");
          assert.equal(
            compiled.matches(candidate),
            engine.testExact(candidate),
            JSON.stringify([pattern, candidate]),
          );
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
