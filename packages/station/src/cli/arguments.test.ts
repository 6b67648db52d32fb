import assert from "node:assert/strict";
import { test } from "node:test";
import { type GivenArguments, readArguments } from "./arguments.ts";
import { UsageError } from "./command.ts";

const specs = { timeout: { value: "5s" }, quiet: { short: "q" }, json: {} };

test("readArguments() reads options in each form, and words", () => {
  const f = (line: string, options: GivenArguments["options"], words: readonly string[]) =>
    assert.deepEqual(readArguments(line.split(" "), specs), { options, words });

  f("http://a", new Map(), ["http://a"]);
  f("--timeout 3s http://a", new Map([["timeout", "3s"]]), ["http://a"]);
  f("http://a --timeout=3s", new Map([["timeout", "3s"]]), ["http://a"]);
  f("--timeout=a=b", new Map([["timeout", "a=b"]]), []);
  f("--timeout -1", new Map([["timeout", "-1"]]), []);
  f(
    "-q --json a b",
    new Map([
      ["quiet", ""],
      ["json", ""],
    ]),
    ["a", "b"],
  );
  f("- -- --json -q", new Map(), ["-", "--json", "-q"]);
});

test("readArguments() refuses what it does not know, and says what was meant", () => {
  const f = (line: string, message: RegExp) =>
    assert.throws(
      () => readArguments(line.split(" "), specs),
      (error) => error instanceof UsageError && message.test(error.message),
      line,
    );

  f("--timeuot 3s", /no option --timeuot; did you mean --timeout\?/);
  f("--unrelated-thing", /no option --unrelated-thing$/);
  f("-x", /no option -x/);
  f("--timeout", /--timeout needs a value: --timeout 5s/);
  f("--timeout=", /needs a value/);
  f("--json=yes", /--json takes no value/);
  f("-q --quiet", /--quiet is given twice/);
  f("--__proto__", /no option/);
});
