// The README's two commands, as a stranger runs them: a clean clone in an empty folder, the system's own Node, an empty
// home. Takes minutes and needs the package registry, so it runs in CI; elsewhere ask for it with FLX_TEST_CLONE=1.
//
// Of `npm test` the first part runs here, and the command's words are checked: what a stranger's machine changes is the
// install, the Node that is found and the home. All parts run around this test (.ci/run starts from a clean clone too);
// once more inside it would double the time of a run.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { holdDefaultPorts, processesInGroup, startProcess, temporaryFolder } from "@flx/testkit";

const root = join(import.meta.dirname, "..");
const asked = process.env["CI"] === "true" || process.env["FLX_TEST_CLONE"] !== undefined;
const skip = !asked && "takes minutes: FLX_TEST_CLONE=1 npm run test:integration";

const MINUTE = 60_000;

/** `env` with the variables of somebody who has just logged in: an empty home, no Node but the system's. */
function asStranger(home: string): string[] {
  const path = (process.env["PATH"] ?? "").split(delimiter);
  const variables = [
    `PATH=${path.filter((folder) => !folder.includes("node_modules")).join(delimiter)}`,
    `HOME=${home}`,
  ];
  for (const name of [
    "CI",
    "LANG",
    "NODE_EXTRA_CA_CERTS",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
  ]) {
    const value = process.env[name];
    if (value !== undefined) variables.push(`${name}=${value}`);
  }
  return ["-i", ...variables];
}

test(
  "a clean clone comes to life with the two commands of the README",
  { skip, timeout: 30 * MINUTE },
  async () => {
    await using folder = await temporaryFolder();
    await using home = await temporaryFolder();
    const stranger = asStranger(home.path);
    const clone = join(folder.path, "flx");
    const cloned = spawnSync("git", ["clone", "--quiet", root, clone], { encoding: "utf8" });
    assert.equal(cloned.status, 0, cloned.stderr);

    const readme = readFileSync(join(clone, "README.md"), "utf8");
    for (const command of ["npm ci && npm start", "npm ci && npm test"]) {
      assert.ok(readme.includes(command), `the README names ${command}`);
    }

    {
      await using _ = await holdDefaultPorts();
      await using shop = await startProcess({
        name: "npm start",
        command: "env",
        args: [...stranger, "bash", "-c", "npm ci && npm start"],
        cwd: clone,
        ready: { line: /Ctrl-C/ },
        readyTimeoutMs: 10 * MINUTE,
        stopSignal: "SIGINT",
        stopTimeoutMs: 20_000,
      });
      const answer = await fetch("http://127.0.0.1:8080/products");
      assert.equal(answer.status, 200);
      await shop.stop();
      assert.deepEqual(processesInGroup(shop.pid), []);
      await assert.rejects(fetch("http://127.0.0.1:8080/products"));
    }

    const { scripts } = JSON.parse(readFileSync(join(clone, "package.json"), "utf8"));
    assert.match(scripts.test, /^npm run test:unit && /);
    const firstPart = "npm ci && npm run test:unit";
    const tested = spawnSync("env", [...stranger, "bash", "-c", firstPart], {
      cwd: clone,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    });
    assert.equal(tested.status, 0, `${tested.stdout}\n${tested.stderr}`);
  },
);
