import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProcStat } from "./proc-stat.ts";

const parse = (text: string) => parseProcStat(new TextEncoder().encode(text));

const full = `cpu  300 10 200 4000 50 1 2 30 40 5
cpu0 100 10 100 2000 50 1 2 30 40 5
cpu1 200 0 100 2000 0 0 0 0 0 0
intr 12345 1 0 ${"0 ".repeat(500)}
ctxt 678
btime 1795366166
processes 90
procs_running 2
procs_blocked 1
softirq 55 1 2 3
`;

test("parseProcStat() gives seconds by mode, all CPUs and each", () => {
  const stat = parse(full);
  assert.deepEqual(stat?.total, {
    user: 3,
    nice: 0.1,
    system: 2,
    idle: 40,
    iowait: 0.5,
    irq: 0.01,
    softirq: 0.02,
    steal: 0.3,
    guest: 0.4,
    guestNice: 0.05,
  });
  assert.deepEqual(
    stat.cpus.map(({ cpu, seconds }) => [cpu, seconds.user, seconds.steal]),
    [
      [0, 1, 0.3],
      [1, 2, 0],
    ],
  );
});

test("parseProcStat() gives boot time and the scheduler's counters", () => {
  const { total: _, cpus: __, ...rest } = parse(full)!;
  assert.deepEqual(rest, {
    bootTimeSeconds: 1795366166,
    interrupts: 12345,
    contextSwitches: 678,
    forks: 90,
    processesRunning: 2,
    processesBlocked: 1,
  });
});

test("parseProcStat() makes do with less", () => {
  const f = (text: string, cpus: readonly number[] | undefined) =>
    assert.deepEqual(
      parse(text)?.cpus.map(({ cpu }) => cpu),
      cpus,
    );

  f("cpu  1 2 3 4\ncpu0 1 2 3 4\n", [0]); // before 2.6.0: no iowait and later
  f("cpu  1 2 3 4\ncpu0 1 2 3 4\ncpu3 1 2 3 4\n", [0, 3]); // two are offline
  f("cpu  1 2 3 4\ncpu0 1 x\ncpu1 1 2 3 4", [1]);
  f("cpu  1 2 3 4\ncpu 1 2\n", []);
  f("cpu  1 2 3", undefined);
  f("cpu  -1 2 3 4", undefined);
  f("btime 5\n", undefined);
  f("", undefined);
});

test("parseProcStat() leaves out what is missing or no number", () => {
  const stat = parse("cpu  1 2 3 4\nctxt x\nbtime\n");
  assert.equal(stat?.contextSwitches, undefined);
  assert.equal(stat?.bootTimeSeconds, undefined);
  assert.equal(stat?.total.steal, 0);
});
