// `npm run conformance:install` on a machine that has everything: it says so and installs nothing.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { peerNames, requirePeer, startProcess } from "@flx/testkit";

test("npm run conformance:install finds what is there and installs nothing twice", async (t) => {
  const installed = peerNames.map((name) => requirePeer(t, name));
  if (installed.includes(undefined)) return;
  await using run = await startProcess({
    command: "npm",
    args: ["run", "--silent", "conformance:install"],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    readyTimeoutMs: 30_000,
  });
  assert.deepEqual(await run.exited, { code: 0, signal: null });
  const lines = run.logLines().filter((line) => line.stream === "stdout");
  assert.deepEqual(
    lines.map((line) => line.text.split(/\s+/)),
    installed.map((found) => [found?.name, found?.version, found?.path]),
  );
});
