// Loaded before the tests (`node --import`), and meant for all processes that they start.
//
// What is kept in a user's state folder by default, as the spool of the SDK is, goes into a folder of the test run, and is
// gone with it. And what Node makes of our sources is kept beside the packages, since a test run starts some hundreds of
// processes: a station begins in 0.7 s of CPU instead of 1.8 s.
//
// A file whose tests are over, but which something still holds (a timer, a server, a child that nobody stopped), would
// hold the whole run for ever: it fails after a while and says what it was.

import { mkdtempSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after } from "node:test";

/** How long something may still hold a file when its tests are over. */
const END_MS = 20_000;

/** Says that a run has a folder, to the processes it starts. */
const MARK = "FLX_TEST_STATE";

if (process.env[MARK] === undefined) {
  const folder = mkdtempSync(join(tmpdir(), "flx-test-state-"));
  process.env[MARK] = folder;
  process.env["XDG_STATE_HOME"] = folder;
  delete process.env["STATE_DIRECTORY"];
  process.env["NODE_COMPILE_CACHE"] ??= join(
    import.meta.dirname,
    "../../node_modules/.cache/node-compile",
  );
  enableCompileCache();
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
}

if (process.env["NODE_TEST_CONTEXT"]?.startsWith("child") === true) {
  after(() => {
    setTimeout(() => {
      const held = process.getActiveResourcesInfo().join(", ");
      process.stderr.write(
        `${process.argv[1]}: not ended ${END_MS / 1_000} s after its last test, held by ${held}\n`,
      );
      process.exit(1);
    }, END_MS).unref();
  });
}
