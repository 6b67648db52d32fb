// flx config as a process: what it says and how it ends.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "@flx/testkit";

const main = join(import.meta.dirname, "../src/main.ts");

function flx(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=@flx/source", main, "config", ...args],
    { cwd, encoding: "utf8", env: { PATH: process.env["PATH"], PORT: "1234" } },
  );
  return { status, stdout, stderr };
}

test("flx config check says what is there, what has no effect, and what is wrong", async () => {
  await using folder = await temporaryFolder("config");
  const cwd = folder.path;
  writeFileSync(
    join(cwd, "rules.yml"),
    "groups: [{ name: a, rules: [{ record: b, expr: up }] }]\n",
  );
  writeFileSync(
    join(cwd, "good.yml"),
    "alerting: {}\nrule_files: [rules.yml]\nscrape_configs: [{ job_name: a }]\n",
  );
  const good = flx(cwd, "check", "good.yml");
  assert.equal(good.status, 0);
  assert.equal(good.stdout, "good.yml is good: 1 scrape job, 1 rule group in 1 file\n");
  assert.equal(good.stderr, "good.yml:1:1: alerting: has no effect: no alerts are sent yet\n");
  assert.equal(flx(cwd, "check", "good.yml", "--strict").status, 1);

  writeFileSync(
    join(cwd, "rules.yml"),
    "groups: [{ name: a, rules: [{ record: b, expr: up( }] }]\n",
  );
  const rules = flx(cwd, "check", "good.yml");
  assert.equal(rules.status, 1);
  assert.match(rules.stderr, /rules\.yml:1:\d+: groups\[0\]\.rules\[0\]\.expr: /);

  writeFileSync(join(cwd, "bad.yml"), "scrape_config: []\n");
  const bad = flx(cwd, "check", "bad.yml");
  assert.deepEqual(bad, {
    status: 1,
    stdout: "",
    stderr: "bad.yml:1:1: scrape_config: there is no such key; did you mean scrape_configs?\n",
  });
  assert.equal(flx(cwd, "check", "none.yml").status, 2);
  assert.equal(flx(cwd, "chek").status, 64);
  assert.equal(flx(cwd, "check").status, 64);
});

test("flx config explain shows each value with its source, and no secret", async () => {
  await using folder = await temporaryFolder("config");
  const cwd = folder.path;
  writeFileSync(
    join(cwd, "flx.yml"),
    "listen: { http: '0.0.0.0:${PORT}' }\nscrape_configs:\n  - job_name: a\n    basic_auth: { username: u, password: hunter2 }\n",
  );
  const { status, stdout } = flx(cwd, "explain", "flx.yml", "--changed");
  assert.equal(status, 0);
  assert.match(stdout, /^listen\.http +0\.0\.0\.0:1234 +flx\.yml:1 with PORT$/m);
  assert.match(stdout, /^scrape_configs\[0\]\.basic_auth\.password +<secret> +flx\.yml:4$/m);
  assert.ok(!stdout.includes("hunter2") && !stdout.includes("default"));
  assert.match(flx(cwd, "explain").stdout, /^store\.retention +15d +default$/m);
});

test("flx config schema prints the schema that the package ships", async () => {
  await using folder = await temporaryFolder("config");
  const { stdout } = flx(folder.path, "schema");
  assert.equal((JSON.parse(stdout) as { title: string }).title, "Configuration of an FLX station");
});
