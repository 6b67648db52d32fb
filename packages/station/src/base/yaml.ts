// The YAML library, loaded when a text is read or written: it is 72 files, a tenth of the start of a station that has no
// configuration file.

import { createRequire } from "node:module";
import type * as Yaml from "yaml";

let loaded: typeof Yaml | undefined;

/** The library. */
export function yaml(): typeof Yaml {
  loaded ??= createRequire(import.meta.url)("yaml") as typeof Yaml;
  return loaded;
}
