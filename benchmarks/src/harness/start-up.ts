// What a program costs to start, each contender in fresh processes: wall time of its imports and its start, and the
// resident memory that a process has then above a bare one.
//
//   round   bare │ a │ b │ c ──► bare │ b │ c │ a ──► ...       one process each, the first contender changing
//           node --input-type=module --eval: `before`, clock, `program`, clock and memory, then `proof`
//
//   ms       between the two clocks; Node's own start is before them
//   CPU ms   CPU time of the main thread between them; before each look the thread sleeps for a moment, since Linux counts
//            what a thread has worked when it stops, or once a tick of one to four milliseconds
//   MB       resident memory less that of the bare process of the same round
//
// The programs are text, because a file of TypeScript would load the compiler's stripper, and find packages as programs
// outside of this repository do: their built JavaScript. `proof` is run after the figures are taken; its text must
// contain what the case expects, so that nobody is measured who did not start.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { rotated } from "./statistics.ts";
import type { StartUpCase, StartUpContender } from "./suite.ts";
import { UnequalOutput } from "./rounds.ts";

/** All rounds of one contender, in the unit of its case. */
export interface StartUpResult {
  readonly name: string;
  readonly figures: readonly number[];
}

type Report = {
  readonly ms: number;
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly proof: string;
};

const BARE: StartUpContender = { name: "bare", program: "", proof: '""' };

/**
 * Runs a start-up case.
 *
 * @throws {UnequalOutput} when a program's proof does not contain what it should
 */
export async function runStartUpCase(
  each: StartUpCase,
  { rounds }: { readonly rounds: number },
): Promise<StartUpResult[]> {
  const figures = new Map<string, number[]>(each.contenders.map(({ name }) => [name, []]));
  // The first of all finds nothing in the caches of the file system.
  for (const one of each.contenders) await startOnce(each, one);
  for (let round = 0; round < rounds; round++) {
    const bare = await startOnce(each, BARE);
    for (const one of rotated(each.contenders, round)) {
      const report = await startOnce(each, one);
      const figure = {
        ms: report.ms,
        "CPU ms": report.cpuMs,
        MB: (report.rssBytes - bare.rssBytes) / 1_000_000,
      }[each.figure];
      figures.get(one.name)?.push(figure);
    }
  }
  return [...figures].map(([name, all]) => ({ name, figures: all }));
}

async function startOnce(each: StartUpCase, one: StartUpContender): Promise<Report> {
  const source = `
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const cpu = (since) => (Atomics.wait(cell, 0, 0, 1), process.threadCpuUsage(since));
    ${one.before ?? ""}
    const startedCpu = cpu();
    const started = performance.now();
    ${one.program}
    const ms = performance.now() - started;
    const { user, system } = cpu(startedCpu);
    const rssBytes = process.memoryUsage.rss();
    const proof = String(await (${one.proof}));
    const figures = { ms, cpuMs: (user + system) / 1000, rssBytes, proof };
    process.stdout.write(JSON.stringify(figures), () => process.exit());`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--input-type=module", "--eval", source],
    { cwd: import.meta.dirname, timeout: 60_000, env: { ...process.env, NODE_OPTIONS: "" } },
  );
  const report = JSON.parse(stdout) as Report;
  if (one !== BARE && !report.proof.includes(each.expected)) {
    throw new UnequalOutput(
      `${each.name}: the proof of "${one.name}" does not contain "${each.expected}"; it is\n${report.proof.slice(0, 1000)}`,
    );
  }
  return report;
}
