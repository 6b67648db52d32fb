#!/usr/bin/env node
// Starts the flx command: what is built, or in a checkout (which has the build's configuration) the sources as they are.

import { existsSync } from "node:fs";

if (existsSync(new URL("../tsconfig.build.json", import.meta.url))) {
  const { spawnSync } = await import("node:child_process");
  const main = new URL("../src/main.ts", import.meta.url).pathname;
  const args = ["--conditions=@flx/source", main, ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
} else {
  await import("../dist/main.js");
}
