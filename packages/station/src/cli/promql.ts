// flx promql: work with queries and test scripts, without a station.
//
//   flx promql test FILE...      runs scripts in the language of Prometheus' engine tests; exit 1 when one fails
//   flx promql format QUERY      the query in canonical layout; from standard input with -
//   flx promql explain QUERY     the plan: what is asked of a store, what is evaluated once

import { readFile, stat } from "node:fs/promises";
import { text as textOf } from "node:stream/consumers";
import {
  formatFailure,
  MemoryQueryable,
  parseExpr,
  prettyExpr,
  PromqlEngine,
  PromqlParseError,
  promqlScriptEngine,
  runScript,
  ScriptError,
} from "@flx/promql";
import { fileFault } from "../base/file-fault.ts";
import { readArguments } from "./arguments.ts";
import { type Command, type Terminal, UsageError } from "./command.ts";

const help = `Usage: flx promql test FILE...
       flx promql format QUERY
       flx promql explain QUERY

Works with PromQL on this machine; no station is asked. A QUERY of - is read from standard input.

  test       runs test scripts: load, clear, eval instant, eval range, expect ...
  format     prints a query in canonical layout
  explain    prints what a query asks of a store, and in which order it is evaluated

Options:
  --quiet, -q                test: print failures only

Exit codes:
  0   all is well
  1   a script fails, or a query does not parse
  64  the command line is wrong
`;

const MAX_SCRIPT_BYTES = 64 * 1024 * 1024;

/** The command. */
export const promql: Command = { help, run };

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { options, words } = readArguments(args, { quiet: { short: "q" } });
  const [action, ...rest] = words;
  if (action === undefined) throw new UsageError("say what to do: test, format or explain");
  if (rest.length === 0)
    throw new UsageError(`${action} needs a ${action === "test" ? "FILE" : "QUERY"}`);
  if (action === "test") return await testFiles(rest, options.has("quiet"), terminal);
  if (rest.length > 1) throw new UsageError("one query at a time: put it in quotes");
  const query = rest[0] === "-" ? await textOf(process.stdin) : rest[0]!;
  switch (action) {
    case "format":
      return told(terminal, () => prettyExpr(parseExpr(query, { experimental: true })));
    case "explain":
      return told(terminal, () => explain(query));
    default:
      throw new UsageError(`there is no ${action}: say test, format or explain`);
  }
}

function explain(query: string): string {
  const engine = new PromqlEngine({
    queryable: new MemoryQueryable(),
    features: { experimental: true },
  });
  return engine.explain(query, { timeMs: Date.now() });
}

function told(terminal: Terminal, work: () => string): number {
  try {
    terminal.out(`${work()}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof PromqlParseError)) throw error;
    terminal.error(`${error.render()}\n`);
    return 1;
  }
}

async function testFiles(
  files: readonly string[],
  isQuiet: boolean,
  terminal: Terminal,
): Promise<number> {
  let failed = 0;
  for (const file of files) {
    const outcome = await testFile(file);
    if (outcome.isGood) {
      if (!isQuiet) terminal.out(`ok    ${file} (${outcome.evaluations} evaluations)\n`);
      continue;
    }
    failed++;
    terminal.out(`FAIL  ${file}\n${outcome.report}\n`);
  }
  return failed === 0 ? 0 : 1;
}

async function testFile(
  file: string,
): Promise<
  | { readonly isGood: true; readonly evaluations: number }
  | { readonly isGood: false; readonly report: string }
> {
  const text = await scriptText(file);
  try {
    const { failures, evaluations } = await runScript(text, promqlScriptEngine(), { file });
    if (failures.length === 0) return { isGood: true, evaluations };
    const shown = failures.map(formatFailure).join("\n");
    return { isGood: false, report: `${shown}\n${failures.length} of ${evaluations} failed` };
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { isGood: false, report: error.message };
  }
}

async function scriptText(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= MAX_SCRIPT_BYTES) return await readFile(file, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${fileFault(error)}`);
  }
  throw new UsageError(`${file} is longer than ${MAX_SCRIPT_BYTES} bytes`);
}
