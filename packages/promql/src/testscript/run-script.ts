// Runs a test script and tells what is not as expected.
//
//   operators.test.promql:12: eval instant at 1m  a + b
//     expected 3 for {job="x"}, got 4
//
// An instant query is asked several times: as it is written, with every selector pinned to its time (variants.ts), and
// each of these as a range query around that time as well, since all of them must agree. All evaluations run; a failure
// does not end the script.

import type { Expr } from "../ast/nodes.ts";
import { parseExpr } from "../parse/parser.ts";
import { compareAnnotations, compareValue, describeMessage, matchesMessage } from "./compare.ts";
import { type EvalCommand, parseScript } from "./script.ts";
import { ScriptData } from "./script-data.ts";
import type { ScriptAnswer, ScriptEngine, ScriptValue } from "./script-engine.ts";
import { type Variant, variantsOf } from "./variants.ts";

/** An evaluation whose answer is not as expected. */
export interface ScriptFailure {
  readonly file: string;
  /** Of the `eval` command, from 1. */
  readonly line: number;
  /** As written in the script. */
  readonly query: string;
  /** What was expected and what was got, in one line. */
  readonly reason: string;
}

/** How a script went. */
export interface ScriptReport {
  /** How many `eval` commands ran. */
  readonly evaluations: number;
  readonly failures: readonly ScriptFailure[];
}

export interface ScriptOptions {
  /** The script's name, for messages. Default "script". */
  readonly file?: string;
  /** Whether instant queries are also asked in other ways. Default true. */
  readonly variants?: boolean;
}

/**
 * Runs a script against an engine, with data of its own in memory.
 *
 * @throws {ScriptError} `FLX_PROMQL_SCRIPT` when the script itself is wrong; nothing was run then
 */
export async function runScript(
  text: string,
  engine: ScriptEngine,
  options: ScriptOptions = {},
): Promise<ScriptReport> {
  const file = options.file ?? "script";
  const data = new ScriptData();
  const failures: ScriptFailure[] = [];
  let evaluations = 0;
  for (const command of parseScript(text, file)) {
    if (command.kind === "load") data.load(command);
    else if (command.kind === "clear") data.clear();
    else {
      evaluations++;
      const run = new Evaluation(command, engine, data, options.variants ?? true);
      const reason = await run.problem();
      if (reason !== undefined) {
        failures.push({ file, line: command.line, query: command.query, reason });
      }
    }
  }
  return { evaluations, failures };
}

/** A failure for people, on two lines. */
export function formatFailure({ file, line, query, reason }: ScriptFailure): string {
  return `${file}:${line}: ${query}\n  ${reason}`;
}

type Outcome =
  | { readonly ok: true; readonly answer: ScriptAnswer }
  | { readonly ok: false; readonly message: string };

const MINUTE_MS = 60_000;

/** One `eval` command. */
class Evaluation {
  readonly #command: EvalCommand;
  readonly #engine: ScriptEngine;
  readonly #data: ScriptData;
  readonly #variants: boolean;

  constructor(command: EvalCommand, engine: ScriptEngine, data: ScriptData, variants: boolean) {
    this.#command = command;
    this.#engine = engine;
    this.#data = data;
    this.#variants = variants;
  }

  /** What is not as expected; `undefined` when everything is. */
  async problem(): Promise<string | undefined> {
    const { at, query, rangeVector, expectations } = this.#command;
    if (at.kind === "range")
      return this.#check(await this.#range(query, at.startMs, at.endMs, at.stepMs));
    const timeMs = rangeVector?.endMs ?? at.timeMs;
    const expr = this.#expr();
    if (expr === undefined && expectations.fail === undefined) {
      return this.#check(await this.#instant({ query, timeMs }));
    }
    const variants = expr === undefined || !this.#variants ? [] : variantsOf(expr, timeMs);
    for (const variant of [{ query, timeMs }, ...variants]) {
      const problem = await this.#instantProblem(variant, expr);
      if (problem !== undefined)
        return variant.query === query
          ? problem
          : `${problem} (as ${variant.query} at ${variant.timeMs} ms)`;
    }
    return undefined;
  }

  /** The query's tree; absent when it does not parse, which may be what is expected. */
  #expr(): Expr | undefined {
    try {
      return parseExpr(this.#command.query, { experimental: true });
    } catch {
      return undefined;
    }
  }

  async #instantProblem(variant: Variant, expr: Expr | undefined): Promise<string | undefined> {
    const outcome = await this.#instant(variant);
    const problem = this.#check(outcome);
    if (problem !== undefined || !outcome.ok || expr === undefined || !this.#variants)
      return problem;
    if (this.#command.rangeVector !== undefined || usesQueryTimes.test(variant.query))
      return undefined;
    const { value } = outcome.answer;
    if (value.kind !== "scalar" && value.kind !== "vector") return undefined;
    const inRange = await this.#asRange(variant, value);
    return inRange === undefined ? undefined : `${inRange} (in range mode)`;
  }

  /** The middle of a range query is the instant query. */
  async #asRange({ query, timeMs }: Variant, instant: ScriptValue): Promise<string | undefined> {
    const outcome = await this.#range(query, timeMs - MINUTE_MS, timeMs + MINUTE_MS, MINUTE_MS);
    if (!outcome.ok) return `failed: ${outcome.message}`;
    const { value } = outcome.answer;
    if (this.#command.expectations.ordered || value.kind !== "matrix") return undefined;
    const samples = value.series.flatMap(({ labels, points }) => {
      const point = points.find(({ timestampMs }) => timestampMs === timeMs);
      return point === undefined
        ? []
        : [{ labels, value: point.value, histogram: point.histogram }];
    });
    return instant.kind === "scalar"
      ? compareValue(this.#command, { kind: "scalar", value: samples[0]?.value ?? NaN })
      : compareValue(this.#command, { kind: "vector", samples });
  }

  #check(outcome: Outcome): string | undefined {
    const { expectations } = this.#command;
    if (!outcome.ok) {
      if (expectations.fail === undefined) return `failed: ${outcome.message}`;
      if (matchesMessage(expectations.fail, outcome.message)) return undefined;
      return `expected an error with ${describeMessage(expectations.fail)}, got ${outcome.message}`;
    }
    if (expectations.fail !== undefined) {
      return `expected an error with ${describeMessage(expectations.fail)}, got none`;
    }
    return (
      compareAnnotations(expectations, outcome.answer) ??
      compareValue(this.#command, outcome.answer.value)
    );
  }

  async #instant({ query, timeMs }: Variant): Promise<Outcome> {
    return await outcomeOf(this.#engine.instant(this.#data.queryable, query, timeMs));
  }

  async #range(query: string, startMs: number, endMs: number, stepMs: number): Promise<Outcome> {
    const { queryable } = this.#data;
    return await outcomeOf(this.#engine.range(queryable, query, startMs, endMs, stepMs));
  }
}

async function outcomeOf(answer: Promise<ScriptAnswer>): Promise<Outcome> {
  try {
    return { ok: true, answer: await answer };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/** `start()`, `end()`, `range()` and `step()` give something else in a range query. */
const usesQueryTimes = /(?:start|end|range|step)\(\)/;
