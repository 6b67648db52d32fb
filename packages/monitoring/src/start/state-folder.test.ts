import assert from "node:assert/strict";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { stateFolder } from "./state-folder.ts";

test("stateFolder() is systemd's, then that of XDG, then the one that a system has", () => {
  const all = { STATE_DIRECTORY: "/var/lib/shop:/var/lib/more", XDG_STATE_HOME: "/state" };
  assert.equal(stateFolder(all, "linux"), "/var/lib/shop");
  assert.equal(stateFolder({ XDG_STATE_HOME: "/state" }, "linux"), "/state");
  assert.equal(stateFolder({}, "linux"), join(homedir(), ".local/state"));
  assert.equal(stateFolder({}, "darwin"), join(homedir(), "Library/Application Support"));
  assert.equal(stateFolder({ LOCALAPPDATA: "/local" }, "win32"), "/local");
});

test("stateFolder() takes no relative path for one", () => {
  assert.equal(stateFolder({ XDG_STATE_HOME: "state" }, "linux"), join(homedir(), ".local/state"));
});

test(
  "stateFolder() does not use the home of somebody else",
  { skip: process.getuid?.() !== 0 },
  (t) => {
    const home = mkdtempSync(join(tmpdir(), "flx-home-"));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    const { HOME } = process.env;
    t.after(() => {
      process.env["HOME"] = HOME;
    });
    process.env["HOME"] = home;
    assert.equal(stateFolder({}, "linux"), join(home, ".local/state"));
    chownSync(home, 12_345, 12_345);
    assert.notEqual(stateFolder({}, "linux"), join(home, ".local/state"));
  },
);
