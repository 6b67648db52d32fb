// The parsers of the smaller files of /proc, one table each.

import assert from "node:assert/strict";
import { test } from "node:test";
import { countCpuList } from "./cpu-list.ts";
import { parseNetworkDevices } from "./network.ts";
import { parsePressure } from "./pressure.ts";
import { parseDiskstats } from "./proc-diskstats.ts";
import { parseLoadavg } from "./proc-loadavg.ts";
import { parseMeminfo } from "./proc-meminfo.ts";
import { parseProcSelfIo } from "./proc-self-io.ts";
import { parseProcSelfLimits } from "./proc-self-limits.ts";
import { parseProcSelfStatus } from "./proc-self-status.ts";

const encode = (text: string) => new TextEncoder().encode(text);

test("parseMeminfo() gives bytes", () => {
  const f = (text: string, want: readonly (number | undefined)[] | undefined) => {
    const got = parseMeminfo(encode(text));
    assert.deepEqual(
      got && [got.totalBytes, got.availableBytes, got.cachedBytes, got.committedBytes],
      want,
    );
  };

  f(
    "MemTotal:  8 kB\nMemFree: 1 kB\nMemAvailable: 4 kB\nCached: 2 kB\nCommitted_AS: 3 kB\n",
    [8192, 4096, 2048, 3072],
  );
  f("MemTotal: 8 kB\nSwapCached: 2 kB\nActive(anon): 5 kB\n", [
    8192,
    undefined,
    undefined,
    undefined,
  ]);
  f("MemFree: 1 kB\n", undefined);
  f("MemTotal: many kB\n", undefined);
  f("", undefined);
});

test("parseLoadavg() gives three averages and the threads", () => {
  const f = (text: string, want: readonly unknown[] | undefined) => {
    const got = parseLoadavg(encode(text));
    assert.deepEqual(got && Object.values(got), want);
  };

  f("2.22 1.66 1.16 3/412 7874\n", [2.22, 1.66, 1.16, 3, 412]);
  f("0.00 0.01 0.05\n", [0, 0.01, 0.05, undefined, undefined]);
  f("0.00 0.01 0.05 3\n", [0, 0.01, 0.05, 3, undefined]);
  f("0.00 0.01\n", undefined);
  f("nan nan nan\n", undefined);
});

test("parsePressure() gives percentages and seconds", () => {
  const some = "some avg10=45.99 avg60=31.80 avg300=20.77 total=228048504\n";
  const full = "full avg10=0.00 avg60=1.00 avg300=2.50 total=1000000\n";
  const someStall = [45.99, 31.8, 20.77, 228.048504];
  const f = (text: string, wantSome?: readonly number[], wantFull?: readonly number[]) => {
    const got = parsePressure(encode(text));
    assert.deepEqual(got?.some && Object.values(got.some), wantSome);
    assert.deepEqual(got?.full && Object.values(got.full), wantFull);
    assert.equal(got === undefined, wantSome === undefined && wantFull === undefined);
  };

  f(some + full, someStall, [0, 1, 2.5, 1]);
  f(some, someStall); // CPU before Linux 5.13
  f(full, undefined, [0, 1, 2.5, 1]); // interrupts
  f(`some avg10=1\n${full}`, undefined, [0, 1, 2.5, 1]);
  f("some avg10=x avg60=0 avg300=0 total=0\n");
  f("");
});

test("parseNetworkDevices() gives each interface", () => {
  const head = "Inter-|   Receive  |  Transmit\n face |bytes ...|bytes ...\n";
  const f = (text: string, want: readonly unknown[] | undefined) =>
    assert.deepEqual(
      parseNetworkDevices(encode(text))?.map(({ name, receive, transmit }) => [
        name,
        receive.bytes,
        receive.multicastPackets,
        transmit.bytes,
        transmit.compressedPackets,
      ]),
      want,
    );
  const numbers = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16";

  f(`${head}    lo: ${numbers}\n  eth0:${numbers}\n`, [
    ["lo", 1, 8, 9, 16],
    ["eth0", 1, 8, 9, 16], // old kernels: no blank after the colon
  ]);
  f(`${head}    lo: 1 2 3\n  eth0: ${numbers}`, [["eth0", 1, 8, 9, 16]]);
  f(`${head} no colon\n :${numbers}\n`, undefined);
  f(head, undefined);
  f("", undefined);
});

test("parseDiskstats() gives used devices, without RAM disks and loops", () => {
  const f = (text: string, want: readonly unknown[] | undefined) =>
    assert.deepEqual(
      parseDiskstats(encode(text))?.map((one) => [
        one.name,
        one.readBytes,
        one.writtenBytes,
        one.busySeconds,
      ]),
      want,
    );

  f("254 0 vda 10 1 8 500 20 2 16 600 0 1500 1100\n", [["vda", 4096, 8192, 1.5]]);
  f("8 0 sda 10 1 8 500 20 2 16 600 0 1500 1100 0 0 0 0 1 2\n", [["sda", 4096, 8192, 1.5]]);
  f(
    "1 0 ram0 9 0 0 0 0 0 0 0 0 0 0\n7 0 loop0 9 0 0 0 0 0 0 0 0 0 0\n8 1 sdb 0 0 0 0 0 0 0 0 0 0 0\n",
    [],
  );
  f("8 0 sda 10 1 8\n", undefined);
  f("", undefined);
});

test("parseProcSelfStatus() gives bytes, threads and the CPUs allowed", () => {
  const f = (text: string, want: readonly unknown[] | undefined) => {
    const got = parseProcSelfStatus(encode(text));
    assert.deepEqual(
      got && [got.virtualBytes, got.residentBytes, got.threads, got.allowedCpus],
      want,
    );
  };

  f(
    "Name:\tnode\nVmSize:\t 4 kB\nVmRSS:\t 2 kB\nThreads:\t11\nCpus_allowed_list:\t0-1,4\n",
    [4096, 2048, 11, 3],
  );
  f("Threads:\t1\n", [undefined, undefined, 1, undefined]);
  f("Name:\tVmSize: 4 kB\n", undefined);
});

test("parseProcSelfLimits() gives the soft limit of descriptors", () => {
  const f = (text: string, want: number | undefined) =>
    assert.equal(parseProcSelfLimits(encode(text))?.maxDescriptors, want);

  f(
    "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024     4096    files\n",
    1024,
  );
  f("Max open files            unlimited            unlimited            files\n", Infinity);
  f("Max open files            ?\n", undefined);
  f("Max processes  5 5 processes\n", undefined);
});

test("parseProcSelfIo() gives bytes", () => {
  const f = (text: string, want: readonly unknown[] | undefined) => {
    const got = parseProcSelfIo(encode(text));
    assert.deepEqual(got && Object.values(got), want);
  };

  f(
    "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\ncancelled_write_bytes: 7\n",
    [1, 2, 5, 6],
  );
  f("rchar: 1\n", [1, undefined, undefined, undefined]);
  f("", undefined);
});

test("countCpuList() counts", () => {
  const f = (text: string, want: number | undefined) =>
    assert.equal(countCpuList(encode(text)), want);

  f("0-3,7", 5);
  f("0\n", 1);
  f("0-127\n", 128);
  f("0,2,4", 3);
  f("", undefined);
  f("\n", undefined);
  f("3-1", undefined);
  f("0-", undefined);
  f("0-99999999999", undefined);
  f("0-3 7", undefined);
});
