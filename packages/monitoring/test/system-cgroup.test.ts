// Control groups as real files: each testdata/cgroup/*.txt is laid out as a tree and read.
//
//   What this tree is, in a sentence or two.
//
//   -- proc/self/cgroup --                  a file of the tree, its content up to the next such line
//   0::/
//
//   -- expect.json --                       every fact that is known, and no other; null: no control group at all.
//   { "version": "v2", "cpu.quotaCpus": 0.5, "malformed": ["sys/fs/cgroup/..."] }
//
// A line feed ends each content but that of an empty file; the blank line before the next file does not count.

import assert from "node:assert/strict";
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { SystemSampler, type SystemSnapshot } from "@flx/monitoring/system";
import { temporaryFolder } from "@flx/testkit";

const fixtures = globSync(join(import.meta.dirname, "../testdata/cgroup/*.txt")).toSorted();

test("there are at least 30 trees", () => {
  assert.ok(fixtures.length >= 30, `${fixtures.length}`);
});

for (const path of fixtures) {
  test(`SystemSampler reads ${basename(path, ".txt")}`, async () => {
    const { files, expected } = readFixture(readFileSync(path, "utf8"));
    await using folder = await temporaryFolder("cgroup");
    for (const [name, content] of files) {
      mkdirSync(dirname(folder.file(name)), { recursive: true });
      writeFileSync(folder.file(name), content);
    }
    using sampler = new SystemSampler({ root: folder.path, platform: "linux" });
    assert.deepEqual(factsOf(sampler.snapshot(), folder.path), expected);
  });
}

function readFixture(text: string): { files: [string, string][]; expected: unknown } {
  const [, ...parts] = text.split(/^-- (.+) --\n/m);
  const files: [string, string][] = [];
  let expected: unknown;
  for (let i = 0; i < parts.length; i += 2) {
    const [name = "", content = ""] = [parts[i], parts[i + 1]?.replace(/\n$/, "")];
    if (name === "expect.json") expected = JSON.parse(parts[i + 1] ?? "");
    else files.push([name, content]);
  }
  return { files, expected };
}

/** What is known, flat, with the files that were malformed if there are any. */
function factsOf({ cgroup, readErrors }: SystemSnapshot, root: string): unknown {
  if (cgroup === undefined) return null;
  const flat: Record<string, unknown> = {};
  flatten(cgroup, "", flat);
  const malformed = readErrors
    .filter(({ kind, path }) => kind === "malformed" && path.includes("/sys/"))
    .map(({ path }) => path.slice(root.length + 1));
  return malformed.length === 0 ? flat : { ...flat, malformed: malformed.toSorted() };
}

function flatten(value: object, prefix: string, into: Record<string, unknown>): void {
  for (const [key, each] of Object.entries(value)) {
    if (typeof each === "object" && each !== null) flatten(each, `${prefix}${key}.`, into);
    else if (each !== undefined) into[prefix + key] = each;
  }
}
