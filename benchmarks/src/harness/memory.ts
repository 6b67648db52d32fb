// Bytes that objects keep, each contender in fresh processes: what another one loaded, compiled or
// fragmented cannot count for or against it.
//
//   parent ── spawns ──> node MAIN --memory-child SUITE CASE CONTENDER ── JSON on stdout ──> parent
//                        build(small) so that code is compiled and lazily made parts exist
//                        collect, read, build(count), collect, read, (after - before) / count
//
// Heap and array buffers are added: typed arrays live outside the heap, and are memory all the same.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { collectAll } from "./garbage.ts";
import { assertEqualOutput } from "./rounds.ts";
import type { MemoryCase } from "./suite.ts";

/** What one contender's processes measured. */
export interface MemoryResult {
  readonly name: string;
  /** Bytes kept per object (heap and array buffers), one entry a process. */
  readonly bytes: readonly number[];
}

type ChildReport = { readonly bytes: number; readonly output: unknown };

/** How often each contender is measured, each time in a process of its own. */
const processes = 3;

/**
 * Runs a memory case.
 *
 * @param entry the program that understands `--memory-child`
 * @throws {UnequalOutput} when what the contenders built differs
 */
export async function runMemoryCase(
  suiteName: string,
  each: MemoryCase,
  entry: string,
): Promise<MemoryResult[]> {
  const bytes = new Map<string, number[]>(each.contenders.map(({ name }) => [name, []]));
  let first: { name: string; output: unknown } | undefined;
  for (let i = 0; i < processes; i++) {
    for (const { name } of each.contenders) {
      const report = await inChild(entry, [suiteName, each.name, name]);
      if (first === undefined) first = { name, output: report.output };
      else assertEqualOutput(each.name, first, { name, output: report.output });
      bytes.get(name)?.push(report.bytes);
    }
  }
  return [...bytes].map(([name, all]) => ({ name, bytes: all }));
}

/** The child's side: builds, measures and returns the report as text. */
export async function measureMemory(each: MemoryCase, contenderName: string): Promise<string> {
  const one = each.contenders.find(({ name }) => name === contenderName);
  if (one === undefined) throw new TypeError(`no contender ${contenderName} in ${each.name}`);
  await one.build(Math.min(each.count, 100));
  await settledBytes();
  const before = await settledBytes();
  const built = await one.build(each.count);
  const after = await settledBytes();
  const report: ChildReport = {
    bytes: (after - before) / each.count,
    output: await one.check(built),
  };
  return JSON.stringify(report);
}

/** Collects until nothing more goes: finalizers and unused compiled code take several collections. */
async function settledBytes(): Promise<number> {
  let smallest = Infinity;
  for (let unchanged = 0, i = 0; unchanged < 5 && i < 50; i++) {
    collectAll();
    await new Promise((resolve) => setImmediate(resolve));
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    unchanged = heapUsed + arrayBuffers < smallest - 256 ? 0 : unchanged + 1;
    smallest = Math.min(smallest, heapUsed + arrayBuffers);
  }
  return smallest;
}

async function inChild(entry: string, what: readonly string[]): Promise<ChildReport> {
  const args = [...process.execArgv, entry, "--memory-child", ...what];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    timeout: 120_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  const report: unknown = JSON.parse(stdout);
  if (!isReport(report)) throw new TypeError(`unexpected report of a memory child: ${stdout}`);
  return report;
}

function isReport(value: unknown): value is ChildReport {
  return (
    typeof value === "object" &&
    value !== null &&
    "bytes" in value &&
    typeof value.bytes === "number"
  );
}
