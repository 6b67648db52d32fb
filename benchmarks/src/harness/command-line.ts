// npm run bench: lists the suites, runs one, prints tables, keeps the result.
//
//   npm run bench                      the suites
//   npm run bench -- NAME              runs it; benchmarks/results/NAME.json is written anew
//   npm run bench -- NAME --case=TEXT  only cases whose name contains TEXT; nothing is written
//     --strict                         a missed budget ends with 1
//     --rounds=N --round-ms=N --copies=N   shorter or longer; nothing is written unless --out says where
//     --out=FOLDER                     where the result goes
//
// Exit codes: 0 done, 1 a contender gave something else (or --strict and a budget missed), 2 wrong call.
// One latest file per suite is kept in the repository: a change of speed then shows in a commit's diff.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runFigureCase } from "./figures.ts";
import { commit, loadNow, machine, packageVersion, stolenMs } from "./machine.ts";
import { measureMemory, runMemoryCase } from "./memory.ts";
import { nearestName } from "./nearest-name.ts";
import { percent, reportCase, type CaseReport } from "./report.ts";
import {
  checkCase,
  defaultRounds,
  runTimedCase,
  UnequalOutput,
  type RoundOptions,
} from "./rounds.ts";
import { runStartUpCase } from "./start-up.ts";
import type { BenchmarkCase, Suite } from "./suite.ts";
import { caseTable } from "./table.ts";

/** A suite that can be run by name; loaded only then, with all it imports. */
export interface SuiteEntry {
  readonly title: string;
  load(): Promise<Suite>;
}

/** What the command needs to know of the program it is part of. */
export interface CommandContext {
  /** The suites by name. */
  readonly suites: Readonly<Record<string, SuiteEntry>>;
  /** The program's own file, started again for memory cases. */
  readonly entry: string;
  /** Where results are kept. */
  readonly resultsFolder: string;
  print(text: string): void;
}

/** Runs the command and returns its exit code. */
export async function benchmarkCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  if (args[0] === "--memory-child") return memoryChild(args.slice(1), context);
  let call: Call | undefined;
  try {
    call = readCall(args);
  } catch (error) {
    context.print(error instanceof Error ? error.message : String(error));
    return 2;
  }
  if (call.name === undefined) {
    const lines = Object.entries(context.suites).map(([name, { title }]) => `  ${name}   ${title}`);
    context.print(["npm run bench -- NAME", ...lines].join("\n"));
    return 0;
  }
  const entry = context.suites[call.name];
  if (entry === undefined) {
    const nearest = nearestName(call.name, Object.keys(context.suites));
    context.print(`There is no benchmark "${call.name}". Did you mean "${nearest}"?`);
    return 2;
  }
  try {
    return await runSuite(await entry.load(), call, context);
  } catch (error) {
    if (!(error instanceof UnequalOutput)) throw error;
    context.print(error.message);
    return 1;
  }
}

type Call = {
  readonly name: string | undefined;
  readonly caseText: string | undefined;
  readonly strict: boolean;
  readonly rounds: RoundOptions;
  readonly out: string | undefined;
  /** All cases with the usual rounds: the result may replace the one that is kept. */
  readonly whole: boolean;
};

function readCall(args: readonly string[]): Call {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      case: { type: "string" },
      strict: { type: "boolean", default: false },
      rounds: { type: "string" },
      "round-ms": { type: "string" },
      copies: { type: "string" },
      out: { type: "string" },
    },
  });
  if (positionals.length > 1) throw new TypeError(`One suite at a time: ${positionals.join(", ")}`);
  const changed = [values.case, values.rounds, values["round-ms"], values.copies];
  return {
    name: positionals[0],
    caseText: values.case,
    strict: values.strict,
    rounds: {
      rounds: count("rounds", values.rounds, defaultRounds.rounds),
      roundMs: count("round-ms", values["round-ms"], defaultRounds.roundMs),
      copies: count("copies", values.copies, defaultRounds.copies),
    },
    out: values.out,
    whole: changed.every((value) => value === undefined),
  };
}

function count(option: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(`--${option} must be a whole number above 0, got ${text}`);
}

async function runSuite(suite: Suite, call: Call, context: CommandContext): Promise<number> {
  const cases = suite.cases.filter(({ name }) => name.includes(call.caseText ?? ""));
  if (cases.length === 0) {
    context.print(`No case of "${suite.name}" contains "${call.caseText}".`);
    return 2;
  }
  const before = { date: new Date().toISOString(), machine: machine(), commit: commit() };
  const { cpu, cores, node, load1 } = before.machine;
  context.print(`${suite.title}\n${cpu}, ${cores} cores, load ${load1}, Node ${node}\n`);

  // Before anything is timed, and whatever was asked for: see rounds.ts.
  for (const each of suite.cases) {
    if (each.kind === "loop" || each.kind === "long") await checkCase(each);
  }
  const startedMs = performance.now();
  const stolenBeforeMs = stolenMs();
  const reports: CaseReport[] = [];
  for (const each of cases) {
    const report = await runCase(suite, each, call.rounds, context.entry);
    reports.push(report);
    context.print(`${caseTable(report)}\n`);
  }
  const stolen = ((stolenMs() ?? 0) - (stolenBeforeMs ?? 0)) / (performance.now() - startedMs);
  const noise = summarizeNoise(reports, load1, cores, stolen);
  if (noise !== undefined) context.print(noise);

  const folder = call.out ?? (call.whole ? context.resultsFolder : undefined);
  if (folder !== undefined) {
    const { rounds } = call;
    const loadAfter = loadNow();
    const noisy = noise !== undefined;
    const result = {
      suite: suite.name,
      ...before,
      loadAfter,
      stolen,
      rounds,
      noisy,
      cases: reports,
    };
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${suite.name}.json`), `${JSON.stringify(result, rounded, 1)}\n`);
  }
  const missed = reports.flatMap(({ verdicts }) => verdicts).filter(({ met }) => !met).length;
  if (missed > 0) context.print(`${missed} ${missed === 1 ? "budget" : "budgets"} not met`);
  return call.strict && missed > 0 ? 1 : 0;
}

async function runCase(
  suite: Suite,
  each: BenchmarkCase,
  rounds: RoundOptions,
  entry: string,
): Promise<CaseReport> {
  switch (each.kind) {
    case "memory":
      return reportCase(each, await runMemoryCase(suite.name, each, entry), packageVersion);
    case "start-up":
      return reportCase(each, await runStartUpCase(each, rounds), packageVersion);
    case "figure":
      return reportCase(each, await runFigureCase(each, rounds), packageVersion);
    case "loop":
    case "long":
      return reportCase(each, await runTimedCase(each, rounds), packageVersion);
    default:
      return each satisfies never;
  }
}

/** A sentence when the run is too noisy to be believed, or undefined. */
function summarizeNoise(
  reports: readonly CaseReport[],
  load: number,
  cores: number,
  stolen: number,
): string | undefined {
  const noisy = reports.filter((report) => report.noise.length > 0).length;
  // Our own main thread and collector account for up to about one.
  const busy = load > Math.max(0.5, cores - 1);
  if (noisy <= reports.length / 4 && !busy && stolen < 0.1) return undefined;
  const why = [
    busy ? [`load ${load} on ${cores} cores before the run`] : [],
    stolen >= 0.01 ? [`other virtual machines took ${percent(stolen)} of a core`] : [],
    noisy > 0 ? [`${percent(noisy / reports.length)} of the cases are noisy`] : [],
  ].flat();
  return `TOO NOISY: ${why.join(", ")}. Ratios may hold, single figures do not; run it again.`;
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Number(value.toPrecision(5)) : value;
}

async function memoryChild(args: readonly string[], context: CommandContext): Promise<number> {
  const [suiteName = "", caseName, contenderName = ""] = args;
  const suite = await context.suites[suiteName]?.load();
  const each = suite?.cases.find(({ name }) => name === caseName);
  if (each?.kind !== "memory") {
    context.print(`no memory case ${caseName} in ${suiteName}`);
    return 2;
  }
  context.print(await measureMemory(each, contenderName));
  return 0;
}
