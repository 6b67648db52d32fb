// V8's collector. It is there without --expose-gc when it is taken from a context that is made after the flag was set.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collector = (options: {
  readonly type: "major" | "minor";
  readonly flavor?: "last-resort";
}) => void;

let collector: Collector | undefined;

/** Collects garbage: `minor` of what was made last, `major` everything, and what becomes free is given back. */
export function collectGarbage(type: "major" | "minor"): void {
  if (collector === undefined) {
    setFlagsFromString("--expose-gc");
    collector = runInNewContext("gc") as Collector;
    setFlagsFromString("--no-expose-gc");
  }
  // Any other flavour leaves the pages that became free with V8.
  collector(type === "major" ? { type, flavor: "last-resort" } : { type });
}
