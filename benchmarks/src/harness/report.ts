// From raw rounds to what is said about them: medians, ratios, budgets, and whether to believe it. Pure.

import type { MemoryResult } from "./memory.ts";
import type { TimedResult } from "./rounds.ts";
import type { StartUpResult } from "./start-up.ts";
import { median, pairedRatio, relativeSpread } from "./statistics.ts";
import type { BenchmarkCase, Budget } from "./suite.ts";

/** What is measured in which unit. */
export type Unit = "ns/op" | "ms" | "CPU ms" | "B/object" | "MB";

/** One contender of one case. */
export interface Row {
  readonly name: string;
  readonly package: string | undefined;
  readonly version: string | undefined;
  readonly median: number;
  readonly min: number;
  /** Half of the rounds lie within this share of the median. */
  readonly spread: number;
  /** CPU time of the thread, in the unit; undefined for memory and start-up. */
  readonly cpuMedian: number | undefined;
  readonly garbageBytes: number | undefined;
  /** How many times ours goes into it: 3 means ours is three times as fast (or small). 1 for ours. */
  readonly timesOurs: number;
  /** The relative spread of that ratio over the rounds. */
  readonly timesSpread: number;
  /** Every round, in the unit. */
  readonly rounds: readonly number[];
  readonly cpuRounds: readonly number[];
}

/** A budget and what came of it. */
export interface Verdict {
  readonly text: string;
  readonly met: boolean;
}

/** One case with all that is said about it. */
export interface CaseReport {
  readonly name: string;
  readonly kind: BenchmarkCase["kind"];
  readonly unit: Unit;
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  /** Why these figures deserve less trust; empty when nothing was seen. */
  readonly noise: readonly string[];
}

/** A spread above this makes a case noisy. */
const noisySpread = 0.15;
/** Waiting for a core above this share of the time makes a case noisy. */
const noisyWait = 0.1;

/** @param versionOf the version of an npm package, for the contenders that name one */
export function reportCase(
  each: BenchmarkCase,
  results: readonly (TimedResult | MemoryResult | StartUpResult)[],
  versionOf: (name: string) => string | undefined,
): CaseReport {
  const unit = unitOf(each);
  const measured = results.map((result) => inUnit(result, unit));
  const ours = measured[0]?.rounds ?? [];
  const rows = measured.map((one): Row => {
    const times = pairedRatio(ours, one.rounds);
    const packageName = each.contenders.find(({ name }) => name === one.name)?.package;
    return {
      name: one.name,
      package: packageName,
      version: packageName === undefined ? undefined : versionOf(packageName),
      median: median(one.rounds),
      min: Math.min(...one.rounds),
      spread: relativeSpread(one.rounds),
      cpuMedian: one.cpuRounds.length === 0 ? undefined : median(one.cpuRounds),
      garbageBytes: one.garbageBytes,
      timesOurs: times.median,
      timesSpread: times.spread,
      rounds: one.rounds,
      cpuRounds: one.cpuRounds,
    };
  });
  const verdicts = (each.budgets ?? []).map((budget) => judge(budget, rows, unit));
  return { name: each.name, kind: each.kind, unit, rows, verdicts, noise: noiseIn(rows) };
}

const units = { loop: "ns/op", long: "ms", memory: "B/object" } as const;

function unitOf(each: BenchmarkCase): Unit {
  if (each.kind === "figure") return each.unit;
  return each.kind === "start-up" ? each.figure : units[each.kind];
}

type Measured = Pick<Row, "name" | "rounds" | "cpuRounds" | "garbageBytes">;

function inUnit(result: TimedResult | MemoryResult | StartUpResult, unit: Unit): Measured {
  if ("figures" in result) {
    return { name: result.name, rounds: result.figures, cpuRounds: [], garbageBytes: undefined };
  }
  if ("bytes" in result) {
    return { name: result.name, rounds: result.bytes, cpuRounds: [], garbageBytes: undefined };
  }
  const scale = unit === "ms" ? 1e-6 : 1;
  return {
    name: result.name,
    rounds: result.wallNs.map((ns) => ns * scale),
    cpuRounds: result.cpuNs.map((ns) => ns * scale),
    garbageBytes: result.garbageBytes,
  };
}

/** Whether a budget is kept, with the figure that decides. */
export function judge(budget: Budget, rows: readonly Row[], unit: Unit): Verdict {
  const ours = rows[0];
  if (ours === undefined) return { text: "nothing measured", met: false };
  if ("against" in budget) {
    const times = rows.find(({ name }) => name === budget.against)?.timesOurs ?? Number.NaN;
    return {
      text: `>= ${budget.atLeast}x ${budget.against}: ${figure(times)}x`,
      met: times >= budget.atLeast,
    };
  }
  if ("garbageAtMost" in budget) {
    const bytes = ours.garbageBytes ?? Number.NaN;
    return {
      text: `garbage <= ${budget.garbageAtMost} B/op: ${figure(bytes)}`,
      met: bytes <= budget.garbageAtMost,
    };
  }
  return {
    text: `<= ${budget.atMost} ${unit}: ${figure(ours.median)}`,
    met: ours.median <= budget.atMost,
  };
}

function noiseIn(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    const found: string[] = [];
    if (row.spread > noisySpread) found.push(`${row.name}: spread ${percent(row.spread)}`);
    if (row.timesSpread > noisySpread) {
      found.push(`${row.name}: spread of its ratio ${percent(row.timesSpread)}`);
    }
    const waited = row.cpuMedian === undefined ? 0 : 1 - row.cpuMedian / row.median;
    if (waited > noisyWait) found.push(`${row.name}: waited ${percent(waited)} of the time`);
    return found;
  });
}

/** A share as a whole percentage. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}%`;
}

/** A number with about three digits that count: 0.071, 3.14, 27.5, 1,241. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "-";
  const digits = value === 0 ? 0 : 2 - Math.floor(Math.log10(Math.abs(value)));
  const shown = Math.min(4, Math.max(0, digits));
  return value.toLocaleString("en-US", {
    minimumFractionDigits: Number.isInteger(value) ? 0 : shown,
    maximumFractionDigits: shown,
  });
}
