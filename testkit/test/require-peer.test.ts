// A missing real server: visible on a desk, fatal in CI.

import assert from "node:assert/strict";
import { test } from "node:test";
import { requirePeer, type Peer, type PeerName } from "@flx/testkit";

test("requirePeer() runs, skips with the install command, or fails in CI", () => {
  const f = (installed: boolean, env: NodeJS.ProcessEnv, want: string) => {
    let outcome = "runs";
    const skip = (message?: string) => {
      outcome = `skipped: ${message}`;
    };
    const find = (name: PeerName): Peer | undefined =>
      installed ? { name, path: "/usr/bin/promtool", version: "2.42.0" } : undefined;
    try {
      const found = requirePeer({ skip }, "promtool", { find, env });
      assert.equal(found !== undefined, outcome === "runs");
    } catch (error) {
      outcome = `fails: ${error instanceof Error ? error.message : String(error)}`;
    }
    assert.equal(outcome, want);
  };

  const missing =
    "promtool is not installed: npm run conformance:install (Debian package prometheus)";
  f(true, {}, "runs");
  f(true, { CI: "true" }, "runs");
  f(false, {}, `skipped: ${missing}`);
  f(false, { CI: "false" }, `skipped: ${missing}`);
  f(false, { CI: "true" }, `fails: ${missing}`);
  f(false, { CI: "1" }, `fails: ${missing}`);
});
