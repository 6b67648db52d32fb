// Whatever the bytes are, no parser throws, and no number that comes out is NaN, negative or (where nothing says
// "unlimited") infinite.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCgroupMemberships } from "./cgroup-location.ts";
import { parseCfsQuota, parseCpuMax, parseLimit, parseSingleNumber } from "./cgroup-values.ts";
import { countCpuList } from "./cpu-list.ts";
import { parseMountinfo } from "./mountinfo.ts";
import { chooseMounts } from "./mounts.ts";
import { parseNetworkDevices } from "./network.ts";
import { parsePressure } from "./pressure.ts";
import { parseDiskstats } from "./proc-diskstats.ts";
import { parseLoadavg } from "./proc-loadavg.ts";
import { parseMeminfo } from "./proc-meminfo.ts";
import { parseProcSelfIo } from "./proc-self-io.ts";
import { parseProcSelfLimits } from "./proc-self-limits.ts";
import { parseProcSelfStatus } from "./proc-self-status.ts";
import { parseProcStat } from "./proc-stat.ts";

const parsers: Readonly<Record<string, (bytes: Uint8Array) => unknown>> = {
  countCpuList,
  parseCfsQuota,
  parseCgroupMemberships,
  parseCpuMax,
  parseDiskstats,
  parseLimit,
  parseLoadavg,
  parseMeminfo,
  parseMountinfo: (bytes) => chooseMounts(parseMountinfo(bytes) ?? []),
  parseNetworkDevices,
  parsePressure,
  parseProcSelfIo,
  parseProcSelfLimits,
  parseProcSelfStatus,
  parseProcStat,
  parseSingleNumber,
};
const mayBeInfinite = new Set([
  "parseCfsQuota",
  "parseCpuMax",
  "parseLimit",
  "parseProcSelfLimits",
]);

/** Pieces of real files, in any order: gets further into a parser than bytes alone do. */
const pieces = fc.constantFrom(
  ..."cpu |cpu0 |btime |intr |MemTotal:|some |full |avg10=|avg60=|avg300=|total=|max|max |0::/|4:memory:/a|-|/|,|:|.".split(
    "|",
  ),
  ..."lo: |8 0 sda |VmSize:|Threads:|Cpus_allowed_list:|Max open files |unlimited|rchar: |1 0 8:1 / / rw - ext4 x rw".split(
    "|",
  ),
  "\n",
  " ",
  "\t",
  "\\040",
  "\\",
  "0 ",
  "1 ",
  "12 ",
  "99999999999999999999 ",
  "9".repeat(30),
  "\0",
  "ü",
);
const structured = fc
  .array(pieces, { maxLength: 60 })
  .map((parts) => new TextEncoder().encode(parts.join("")));

for (const [name, parse] of Object.entries(parsers)) {
  test(`${name}() survives any bytes`, () => {
    const check = (bytes: Uint8Array) => assertSane(parse(bytes), mayBeInfinite.has(name));
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: 60 });
    fc.assert(fc.property(structured, check), { numRuns: 120 });
  });
}

function assertSane(value: unknown, infinite: boolean): void {
  if (typeof value === "number") {
    assert.ok(value >= 0 && (infinite || Number.isFinite(value)), String(value));
  } else if (typeof value === "object" && value !== null) {
    for (const each of Object.values(value)) assertSane(each, infinite);
  }
}
