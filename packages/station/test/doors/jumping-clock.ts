// A clock that jumps, for a process that is started with `--import` of this file: what Date says is off by the milliseconds that
// stand in the file of FLX_TEST_CLOCK, from a moment after they were written. performance.now() goes on, as a machine's does.

import { readFileSync } from "node:fs";

const file = process.env["FLX_TEST_CLOCK"]!;
const RealDate = Date;
const realNow = Date.now.bind(Date);
let offsetMs = 0;
let lookedMs = -Infinity;

function now(): number {
  if (performance.now() - lookedMs > 20) {
    lookedMs = performance.now();
    offsetMs = Number(readFileSync(file, "utf8")) || 0;
  }
  return realNow() + offsetMs;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], self) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, self) as Date,
  get: (target, key) => (key === "now" ? now : (Reflect.get(target, key) as unknown)),
});
