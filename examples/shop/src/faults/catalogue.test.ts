import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { faults } from "./catalogue.ts";

test("the README's table of faults is the catalogue", () => {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\| (.+?) +\|$/gm)].map(
    ([, ...cells]) => cells,
  );
  assert.deepEqual(
    rows,
    faults.map(({ name, does, shows }) => [name, does, shows]),
  );
});
