// scripts/install-peers.ts with stand-ins for apt-get, dpkg and systemctl, which only root may run and which
// would change the machine. The shell that runs them is the real one.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { startProcess, temporaryFolder } from "@flx/testkit";
import { installScript } from "../../scripts/install-peers.ts";

const standIns = {
  "apt-get": `echo "apt-get $*"; case $1 in install) cat "$POLICY" | tail -1; exit "\${FAIL:-0}";; esac`,
  dpkg: `printf '/lib/systemd/system\\n/lib/systemd/system/a.service\\n/usr/lib/systemd/system/b.timer\\n/usr/bin/a\\n/lib/systemd/system/t@.service\\n'`,
  systemctl: `echo "systemctl $*"`,
};

async function install(before: string | undefined, env: Record<string, string> = {}) {
  await using folder = await temporaryFolder("install");
  const policy = folder.file("policy-rc.d");
  for (const [name, script] of Object.entries(standIns)) {
    writeFileSync(folder.file(name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  if (before !== undefined) writeFileSync(policy, before, { mode: 0o755 });
  await using run = await startProcess({
    command: "sh",
    args: ["-c", installScript, "sh", policy, "prometheus"],
    env: { ...env, POLICY: policy, PATH: `${folder.path}:${process.env["PATH"]}` },
  });
  const { code } = await run.exited;
  return {
    code,
    log: run.log().split("\n"),
    after: existsSync(policy) ? readFileSync(policy, "utf8") : undefined,
    saved: existsSync(`${policy}.flx-saved`),
  };
}

test("installScript forbids service starts while apt-get runs, then disables the new units", async () => {
  assert.deepEqual(await install(undefined), {
    code: 0,
    log: [
      "apt-get update",
      "apt-get install --yes --no-install-recommends prometheus",
      "exit 101",
      "systemctl disable --quiet a.service",
      "systemctl disable --quiet b.timer",
    ],
    after: undefined,
    saved: false,
  });
});

test("installScript puts back the policy it found, also when the installation fails", async () => {
  const own = "#!/bin/sh\nexit 104\n";
  const f = async (env: Record<string, string>, wantCode: number) => {
    const { code, log, after, saved } = await install(own, env);
    assert.deepEqual({ code, after, saved }, { code: wantCode, after: own, saved: false });
    assert.equal(log[2], "exit 101");
  };

  await f({}, 0);
  await f({ FAIL: "100" }, 100);
});
