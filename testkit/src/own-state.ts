// Loaded before the tests (`node --import`): what is kept in a user's state folder by default, as the spool of the SDK is,
// goes into a folder of the test run, with all the processes it starts, and is gone with it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Says that a run has a folder, to the processes it starts. */
const MARK = "FLX_TEST_STATE";

if (process.env[MARK] === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "flx-test-state-"));
  process.env[MARK] = folder;
  process.env["XDG_STATE_HOME"] = folder;
  delete process.env["STATE_DIRECTORY"];
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}
