#!/usr/bin/env node
// Starts the flx command: what is built, or in a checkout (which has the build's configuration) the sources as they are.

import { existsSync } from "node:fs";

const needed = 24;

if (Number(process.versions.node.split(".")[0]) < needed) {
  process.stderr.write(
    `flx needs Node ${needed} or later; this is Node ${process.versions.node}. With npm: npx --package=node@${needed} --package=@flx/station flx\n`,
  );
  process.exitCode = 1;
} else if (existsSync(new URL("../tsconfig.build.json", import.meta.url))) {
  const { spawnSync } = await import("node:child_process");
  const main = new URL("../src/main.ts", import.meta.url).pathname;
  const args = ["--conditions=@flx/source", main, ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
} else {
  await import("../dist/main.js");
}
