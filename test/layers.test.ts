// The architecture is kept by the linter. Here a small tree with this repository's own configuration is checked: it
// passes as it is, and fails with each wrong import.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

const root = join(import.meta.dirname, "..");
let tree = "";

/** A file for each place that the cases import from, so that an import fails for its layer only. */
const places = {
  "packages/model/src/index.ts": "export const labels = 1;\n",
  "packages/model/src/labels.ts": "export const labels = 1;\n",
  "packages/promql/src/index.ts": 'export { labels } from "@flx/model";\n',
  "packages/monitoring/src/index.ts": 'export { labels } from "@flx/model";\n',
  "packages/station/src/base/clock.ts": "export const clock = 1;\n",
  "packages/station/src/store/appender.ts": 'export { clock } from "../base/clock.ts";\n',
  "packages/station/src/ingest/otlp/export.ts":
    'export { clock } from "../../store/appender.ts";\n',
  "packages/station/src/alerts/stage.ts": 'export { labels } from "@flx/promql";\n',
  "packages/station/src/station.ts": 'export { clock } from "./ingest/otlp/export.ts";\n',
  "packages/console/src/main.ts": 'export { labels } from "@flx/promql";\n',
};

before(() => {
  tree = mkdtempSync(join(tmpdir(), "flx-layers-"));
  for (const file of [
    "package.json",
    "layers.ts",
    "oxlint.config.ts",
    "tsconfig.json",
    "tsconfig.base.json",
    ".oxfmtrc.json",
    "scripts/check.ts",
    "scripts/require-node.mjs",
  ]) {
    cpSync(join(root, file), join(tree, file), { recursive: true });
  }
  mkdirSync(join(tree, "node_modules"));
  symlinkSync(join(root, "node_modules", ".bin"), join(tree, "node_modules", ".bin"));
  for (const dependency of ["oxlint", "@types"]) {
    symlinkSync(join(root, "node_modules", dependency), join(tree, "node_modules", dependency));
  }
  mkdirSync(join(tree, "node_modules", "@flx"));
  for (const name of ["model", "promql", "monitoring"]) {
    write(
      `packages/${name}/package.json`,
      `${JSON.stringify({ name: `@flx/${name}`, type: "module", exports: "./src/index.ts" }, undefined, 2)}\n`,
    );
    symlinkSync(join(tree, "packages", name), join(tree, "node_modules", "@flx", name));
  }
  for (const [file, text] of Object.entries(places)) write(file, text);
});

after(() => {
  rmSync(tree, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), text);
}

function run(command: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: tree, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** What the linter says of the tree with these files added: its lines, one a finding. */
function lintWith(files: Readonly<Record<string, string>>): readonly string[] {
  for (const [file, text] of Object.entries(files)) write(file, text);
  try {
    const linter = join(root, "node_modules", ".bin", "oxlint");
    const { status, output } = run(linter, "--deny-warnings", "--format", "unix");
    const findings = output.split("\n").filter((line) => line.startsWith("packages/"));
    assert.equal(status, findings.length === 0 ? 0 : 1, output);
    return findings;
  } finally {
    for (const file of Object.keys(files)) rmSync(join(tree, file));
  }
}

test("`npm run check` passes a tree that keeps its layers, and fails one that does not", () => {
  const good = run("npm", "run", "check");
  assert.equal(good.status, 0, good.output);

  write("packages/model/src/wrong.ts", 'export { labels } from "@flx/monitoring";\n');
  const bad = run("npm", "run", "check");
  rmSync(join(tree, "packages/model/src/wrong.ts"));
  assert.notEqual(bad.status, 0);
  assert.match(bad.output, /FAIL lint/);
  assert.match(bad.output, /Layer violation: model imports no other package/);
});

test("the linter refuses an import against the layers", () => {
  const wrong: [file: string, imported: string][] = [
    ["packages/model/src/wrong-1.ts", "@flx/promql"],
    ["packages/model/src/wrong-2.ts", "../../promql/src/index.ts"],
    ["packages/model/src/wrong-3.ts", "node:fs"],
    ["packages/promql/src/wrong-4.ts", "@flx/monitoring"],
    ["packages/promql/src/wrong-5.ts", "node:fs"],
    ["packages/monitoring/src/wrong-6.ts", "@flx/promql"],
    ["packages/monitoring/src/wrong-7.ts", "@flx/shop"],
    ["packages/console/src/wrong-8.ts", "@flx/station/store"],
    ["packages/station/src/store/wrong-9.ts", "../ingest/otlp/export.ts"],
    ["packages/station/src/ingest/otlp/wrong-10.ts", "../../alerts/stage.ts"],
    ["packages/station/src/alerts/wrong-11.ts", "../station.ts"],
  ];
  const findings = lintWith(
    Object.fromEntries(wrong.map(([file, imported]) => [file, `export * from "${imported}";\n`])),
  );
  for (const [file, imported] of wrong) {
    const finding = findings.find((line) => line.startsWith(`${file}:`));
    assert.match(finding ?? "", /no-restricted-imports/, `${file} may import ${imported}`);
  }
});

test("the linter allows every import along the layers", () => {
  const findings = lintWith({
    "packages/station/src/right.ts": 'export * from "@flx/monitoring";\n',
    "packages/station/src/api/right.ts": 'export * from "../alerts/stage.ts";\n',
    "packages/station/src/ingest/right.ts": 'export * from "../store/appender.ts";\n',
    "packages/console/src/right.ts": 'export * from "@flx/model";\n',
    "packages/model/src/right.ts": 'export * from "./labels.ts";\n',
    "packages/model/src/right.test.ts": 'export * from "node:fs";\n',
  });
  assert.deepEqual(findings, []);
});

test("the linter refuses import cycles, cycles of types too", () => {
  const findings = lintWith({
    "packages/model/src/a.ts": 'import type { B } from "./b.ts";\nexport type A = B | 1;\n',
    "packages/model/src/b.ts": 'import type { A } from "./a.ts";\nexport type B = A | 2;\n',
  });
  assert.equal(findings.filter((line) => line.includes("Dependency cycle")).length, 2);
});

test("the linter refuses clock, chance and process in pure packages", () => {
  const impure = ["Date.now()", "Math.random()", "process.pid", "setTimeout", "fetch", "console"];
  const text = impure
    .map((expression, i) => `export const x${i}: unknown = ${expression};\n`)
    .join("");
  for (const name of ["model", "promql"]) {
    const file = `packages/${name}/src/wrong.ts`;
    const findings = lintWith({ [file]: text });
    for (const [i, expression] of impure.entries()) {
      const finding = findings.find((line) => line.startsWith(`${file}:${i + 1}:`));
      assert.match(
        finding ?? "",
        /no-restricted-(globals|properties)/,
        `${name} may use ${expression}`,
      );
    }
  }
});
