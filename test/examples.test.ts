// Every example in a docstring is run and gives what it says. It stands on one line, or its value on the next:
//
//   @example EXPRESSION // VALUE
//
//   @example EXPRESSION
//     // VALUE
//
// The examples of a file become one module that imports what the file and its package export; how VALUE is compared
// says testkit/src/doc-values.ts.

import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runDocument, temporaryFolder } from "@flx/testkit";

const root = join(import.meta.dirname, "..");
const example = /^\s*\* @example (?<code>.+?)\s*\/\/ (?<want>.+?)(?: \*\/)?$/;

interface Example {
  readonly place: string;
  readonly code: string;
  readonly want: string;
}

function examplesOf(file: string): Example[] {
  const found: Example[] = [];
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  for (const [i, line] of lines.entries()) {
    if (!line.includes("@example")) continue;
    const next = /^\s*\*\s+(?<value>\/\/ .+)$/.exec(lines[i + 1] ?? "")?.groups?.["value"] ?? "";
    const { code, want } =
      example.exec(line.includes(" // ") ? line : `${line} ${next}`)?.groups ?? {};
    assert.ok(
      code !== undefined && want !== undefined,
      `${file}:${i + 1} is "@example EXPRESSION // VALUE"`,
    );
    found.push({ place: `${file}:${i + 1}`, code, want });
  }
  return found;
}

/** `import { a, b } from "SPECIFIER";` for the exports that no earlier import has taken. */
async function importAll(path: string, taken: Set<string>): Promise<string> {
  const names = Object.keys((await import(path)) as object).filter((name) => !taken.has(name));
  for (const name of names) taken.add(name);
  return `import { ${names.join(", ")} } from ${JSON.stringify(path)};`;
}

const files = globSync("packages/*/src/**/*.ts", { cwd: root }).filter(
  (f) => !f.endsWith(".test.ts"),
);

for (const file of files.toSorted()) {
  const examples = examplesOf(file);
  if (examples.length === 0) continue;

  test(`the examples in ${file} give what they say`, async () => {
    await using folder = await temporaryFolder();
    const taken = new Set<string>();
    const imports = [await importAll(join(root, file), taken)];
    const index = join(root, file.split("/").slice(0, 2).join("/"), "src", "index.ts");
    if (existsSync(index)) imports.push(await importAll(index, taken));
    const lines = examples.map(({ place, code, want }) => `/* ${place} */ ${code}; // => ${want}`);
    const document = join(folder.path, "examples.md");
    writeFileSync(document, ["```ts", ...imports, ...lines, "```"].join("\n"));
    await runDocument(document, { root });
  });
}

test("docstrings have examples", () => {
  assert.ok(files.flatMap(examplesOf).length > 0);
});
