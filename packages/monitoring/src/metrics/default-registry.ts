// The registry of the process. It lives under a global symbol, so that two copies of this package (different versions in
// node_modules, a bundle beside a plain import) share one, and no metric silently goes missing.

import { Registry } from "./registry.ts";

const key = Symbol.for("@flx/monitoring.registry");
const shared = globalThis as { [key]?: Registry };

/** The registry that metrics join when nothing else is said. */
export const defaultRegistry: Registry = (shared[key] ??= new Registry());
