// `npm run build`: the packages as they are published: ESM JavaScript, declarations and source maps in dist/.
//
//   packages/*/tsconfig.build.json   -> tsc     -> the declarations in dist/
//   src/                             -> bundle.ts -> the JavaScript in dist/: a few files instead of hundreds, so that a
//                                       service, the station and each flx command start faster
//   package.json, exports, files     -> publint -> what npm would refuse or a bundler would stumble over
//   the packed tarball               -> attw    -> whether every resolver finds the types it should
//   LICENSE                          -> a copy in each package: npm takes in only what is in its folder
//
// Packages are built in the order of their imports (layers.ts), since one is built against the declarations of
// those it imports. A package without tsconfig.build.json is not published yet and is passed over.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packageImports } from "../layers.ts";
import { bundlePackage } from "./bundle.ts";

const root = join(import.meta.dirname, "..");
const binaries = join(root, "node_modules", ".bin");

/** The packages, each after those it imports. */
function inOrder(): string[] {
  const ordered: string[] = [];
  const visit = (name: string) => {
    if (ordered.includes(name)) return;
    for (const imported of packageImports[name] ?? []) visit(imported);
    ordered.push(name);
  };
  for (const name of Object.keys(packageImports)) visit(name);
  return ordered;
}

/** Runs one tool; its output is shown only when it fails. */
function run(folder: string, command: string, ...args: string[]): void {
  const result = spawnSync(join(binaries, command), args, { cwd: folder, encoding: "utf8" });
  if (result.status === 0) return;
  process.stdout.write(`${result.stdout ?? ""}${result.stderr ?? ""}`);
  throw new Error(`${command} ${args.join(" ")} failed in ${folder}`, { cause: result.error });
}

const published = inOrder()
  .map((name) => join(root, "packages", name))
  .filter((folder) => existsSync(join(folder, "tsconfig.build.json")));

for (const folder of published) {
  const started = performance.now();
  rmSync(join(folder, "dist"), { recursive: true, force: true });
  run(folder, "tsc", "-p", "tsconfig.build.json", "--pretty", "--emitDeclarationOnly");
  await bundlePackage(folder);
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  run(folder, "publint", "--strict", "--pack", "npm");
  run(folder, "attw", "--pack", ".", "--profile", "esm-only");
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`built ${folder.slice(root.length + 1)} (${seconds} s)\n`);
}
