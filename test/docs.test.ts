// Every command and code block of the documentation is run. What a block's info string may say: testkit/src/run-document.ts.

import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type PeerName, requirePeer, runDocument } from "@flx/testkit";

const root = join(import.meta.dirname, "..");

const documents = globSync("**/*.md", {
  cwd: root,
  exclude: (name) => name === "node_modules" || name === "testdata" || name === ".git",
}).toSorted();

/** Programs that a document needs beside Node and git: without them it is skipped, visibly, and in CI it fails. */
const programs: Readonly<Record<string, PeerName>> = {
  "docs/guides/remote-engine.md": "prometheus",
  "conformance/README.md": "prometheus",
  "README.md": "curl",
  "docs/guides/security.md": "curl",
  "docs/guides/station.md": "curl",
  "examples/shop/README.md": "curl",
};

test("the documentation is found", () => {
  for (const file of ["README.md", "CONTRIBUTING.md", "examples/shop/README.md"]) {
    assert.ok(documents.includes(file), `${file} is among ${documents.join(", ")}`);
  }
});

for (const file of documents) {
  test(`every code block of ${file} does what it says`, async (t) => {
    const program = programs[file];
    if (program !== undefined && requirePeer(t, program) === undefined) return;
    await runDocument(file, { root });
  });
}
