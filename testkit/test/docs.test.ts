// Which text of a Markdown file is code, and what `// => VALUE` becomes.

import assert from "node:assert/strict";
import { test } from "node:test";
import { codeBlocks } from "@flx/testkit";
import { withValueChecks } from "../src/doc-values.ts";

test("codeBlocks() finds fenced blocks with line, language, attributes and text", () => {
  const f = (markdown: string, ...want: readonly unknown[]) => {
    const got = codeBlocks(markdown, "a.md").map(({ line, language, attributes, text }) => [
      line,
      language,
      Object.fromEntries(attributes),
      text,
    ]);
    assert.deepEqual(got, want);
  };

  f("no code");
  f("inline ``` is not ``` a block");
  f("``` one `tick` ```");
  f("# a\n\n```sh\nls\n```\n", [3, "sh", {}, "ls"]);
  f("```\n```", [1, "", {}, ""]);
  f("~~~ts\n```\n~~~", [1, "ts", {}, "```"]);
  f(
    "````text\n```sh\n```\n````\n```JSON\n1\n```",
    [1, "text", {}, "```sh\n```"],
    [5, "json", {}, "1"],
  );
  f("```sh\r\na\r\nb\r\n```\r\n", [1, "sh", {}, "a\nb"]);
  f("1. one\n   ```sh\n   a\n     b\n\n   ```", [2, "sh", {}, "a\n  b\n"]);
  f("> ```sh\n> a\n> ```", [1, "sh", {}, "a"]);
  f('```sh needs=shop,db until="a \\"b\\" c" quiet\nx\n```', [
    1,
    "sh",
    { needs: "shop,db", until: 'a "b" c', quiet: "" },
    "x",
  ]);
});

test("codeBlocks() refuses what it cannot read, with file and line", () => {
  const f = (markdown: string, message: RegExp) =>
    assert.throws(() => codeBlocks(markdown, "a.md"), { code: "TESTKIT_DOC_SYNTAX", message });

  f("\n```sh\nls", /^a\.md:2: this fence is never closed/);
  f('```sh until="x\n```', /^a\.md:1: cannot read the attribute at "until="x"/);
  f("```sh {.line-numbers}\n```", /at "\{\.line-numbers\}"/);
  f("```sh a=1 a=2\n```", /at "a=2"/);
});

test("withValueChecks() rewrites the statement before `// =>` and moves no line", () => {
  const f = (code: string, ...want: readonly string[]) => {
    const got = withValueChecks(code, "a.md", 10).replace(/^const __doc = .*?\}\)\(\); /, "");
    assert.deepEqual(got.split("\n"), want);
  };

  f("plain(); // > 1", "plain(); // > 1");
  f("one(); // => 1", '__doc.is(10, (one()), "1");');
  f(
    "x;\n  await two<number>(x) // => [ 2 ]",
    "x;",
    '  __doc.is(11, (await two<number>(x)), "[ 2 ]");',
  );
  f('const a: T = f(); // => "x"', 'const a: T = f(); __doc.is(10, a, "\\"x\\"");');
  f("console.log(1, 2); // => 1 2", '__doc.printed(10, "1 2")(1, 2);');
  f(
    "f();\nregistry\n  .get({\n    a: 1,\n  })\n  .value; // => 1",
    "f();",
    "__doc.is(15, (registry",
    "  .get({",
    "    a: 1,",
    "  })",
    '  .value), "1");',
  );
  f(
    "const all = [\n  1,\n]; // => [ 1 ]",
    "const all = [",
    "  1,",
    ']; __doc.is(12, all, "[ 1 ]");',
  );

  assert.throws(() => withValueChecks("if (x) {\n} // => 1", "a.md", 10), {
    code: "TESTKIT_DOC_SYNTAX",
    message: /^a\.md:11: nothing before "\/\/ => 1" has a value/,
  });
});
