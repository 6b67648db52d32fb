// docs/reference/error-codes.md lists exactly the codes that the sources use.

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const root = join(import.meta.dirname, "..");

test("docs/reference/error-codes.md lists every error code, and no other", () => {
  const used = new Set<string>();
  const files = globSync("packages/*/src/**/*.ts", { cwd: root });
  for (const file of files.filter((name) => !name.endsWith(".test.ts"))) {
    // The names of variables look like codes.
    const text = readFileSync(join(root, file), "utf8").replaceAll(
      /\benv: \[[^\]]*\]|\benv\["[^"]*"\]/g,
      "",
    );
    for (const [, code] of text.matchAll(/"(FLX_[A-Z0-9_]+)"/g)) used.add(code!);
  }
  const page = readFileSync(join(root, "docs/reference/error-codes.md"), "utf8");
  const listed = [...page.matchAll(/^\| `(FLX_[A-Z0-9_]+)`/gm)].map(([, code]) => code!);

  assert.ok(used.size > 0);
  assert.deepEqual(listed, [...used].toSorted());
});
