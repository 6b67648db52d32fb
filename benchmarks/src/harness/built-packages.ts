// Programs in processes of their own import packages as they are published: what is measured must be what the sources say.

import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * Checks that a package is built from the sources that lie beside it.
 *
 * @throws {Error} when it is not
 */
export function requireBuilt(packageName: string): void {
  const folder = join(import.meta.dirname, "../../../packages", packageName);
  const newest = (part: string, ending: RegExp) =>
    Math.max(
      0,
      ...readdirSync(join(folder, part), { recursive: true, encoding: "utf8" })
        .filter((file) => ending.test(file))
        .map((file) => statSync(join(folder, part, file)).mtimeMs),
    );
  const builtMs =
    statSync(join(folder, "dist"), { throwIfNoEntry: false }) && newest("dist", /\.js$/);
  if (builtMs === undefined || builtMs < newest("src", /(?<!\.test|\.bench)\.ts$/)) {
    throw new Error(
      `packages/${packageName}/dist is older than its sources: run npm run build first`,
    );
  }
}
