// `// => VALUE` in an example: turns the comment into a check, without moving any line.
//
//   counter.get({ country: "DE" }); // => 2
//   const rate = await ask("up"); // => { value: 1 }
//   console.log("sum", 40 + 2); // => sum 42
//
//   becomes   __doc.is(1, (counter.get({ country: "DE" })), "2");
//             const rate = await ask("up"); __doc.is(2, rate, "{ value: 1 }");
//             __doc.printed(3, "sum 42")("sum", 40 + 2);
//
// A value passes when its `util.inspect` text (on one line) is VALUE, or when VALUE read as JavaScript gives
// something with the same inspect text: so `{ a: "x" }`, `{a: 'x'}` and `{ "a": "x" }` are all good, and an
// instance is written as inspect shows it. For `console.log` the printed line is compared.
//
// The statement may have begun some lines above; the shortest run of lines that is an expression or a
// declaration counts. Node's own type stripper says what parses; Node calls it experimental, once, on stderr.

import { stripTypeScriptTypes } from "node:module";
import { TestkitError } from "./errors.ts";

const marked = /^(?<code>.*\S)\s*\/\/ => (?<want>.*\S)\s*$/;
const declaration = /^(?:export\s+)?(?:const|let|var)\s+(?<name>[\w$]+)\b/;

/** How many lines a checked statement may have. */
const longest = 40;

// On the first line of the module, before its imports (those are hoisted), so that no line moves.
const checks = `const __doc = (() => {
  const { inspect, format } = process.getBuiltinModule("node:util");
  const show = (value) => inspect(value, { breakLength: Infinity, depth: 10, maxArrayLength: 1000 });
  const read = (text) => { try { return show((0, eval)("(" + text + ")")); } catch { return undefined; } };
  const fail = (line, want, got) => {
    const error = new Error("line " + line + ": expected " + want + ", got " + got);
    error.stack = error.message;
    throw error;
  };
  return {
    is: (line, value, want) => {
      const got = show(value);
      if (got !== want && got !== read(want)) fail(line, want, got);
    },
    printed: (line, want) => (...values) => {
      const got = format(...values);
      console.log(got);
      if (got !== want) fail(line, want, got);
    },
  };
})();`.replaceAll(/\n\s*/g, " ");

/**
 * The module with each `// => VALUE` made a check that throws "line N: expected VALUE, got ...".
 *
 * @param firstLine the number its first line has in messages
 * @throws {TestkitError} `TESTKIT_DOC_SYNTAX` when nothing before a `// =>` has a value
 */
export function withValueChecks(code: string, file: string, firstLine: number): string {
  const lines = code.split("\n");
  let found = false;
  for (let i = 0; i < lines.length; i++) {
    const { code: end, want } = marked.exec(lines[i] ?? "")?.groups ?? {};
    if (end === undefined || want === undefined) continue;
    if (!checkStatement(lines, i, end, want, firstLine + i)) {
      throw new TestkitError(
        "TESTKIT_DOC_SYNTAX",
        `${file}:${firstLine + i}: nothing before "// => ${want}" has a value; put it behind an expression or a declaration`,
      );
    }
    found = true;
  }
  return found ? `${checks} ${lines.join("\n")}` : code;
}

/** Rewrites the statement that ends in line `last`; false when there is none. */
function checkStatement(
  lines: string[],
  last: number,
  end: string,
  want: string,
  line: number,
): boolean {
  for (let first = last; first >= 0 && first > last - longest; first--) {
    const text = [...lines.slice(first, last), end].join("\n");
    const rewritten = rewrite(text, JSON.stringify(want), line);
    if (rewritten === undefined) continue;
    lines.splice(first, last - first + 1, ...rewritten.split("\n"));
    return true;
  }
  return false;
}

function rewrite(text: string, want: string, line: number): string | undefined {
  const blanks = /^\s*/.exec(text)?.[0] ?? "";
  const statement = text.slice(blanks.length).replace(/;$/, "");
  if (parses(`(${statement}\n)`)) {
    const printed = /^console\.log(?=\()/.exec(statement)?.[0];
    return printed === undefined
      ? `${blanks}__doc.is(${line}, (${statement}), ${want});`
      : `${blanks}__doc.printed(${line}, ${want})${statement.slice(printed.length)};`;
  }
  const name = declaration.exec(statement)?.groups?.["name"];
  if (name === undefined || !parses(statement)) return undefined;
  return `${blanks}${statement}; __doc.is(${line}, ${name}, ${want});`;
}

function parses(code: string): boolean {
  try {
    stripTypeScriptTypes(code);
    return true;
  } catch {
    return false;
  }
}
