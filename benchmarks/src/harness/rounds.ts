// Measures the contenders of a loop or long case beside each other.
//
//   check      a fresh state each, the same ops, outputs compared: unequal ends the run. All cases of a suite
//              are checked before the first one is timed, also those that are not asked for: so every library has
//              been used in all the ways of the suite, as in a real program. A library that was only ever
//              called in one way is up to twenty times faster than that (figures in benchmarks/README.md).
//   compile    `copies` loops per contender, each with its own state (copies.ts)
//   warm       all copies of all contenders, twice round, so that what they share has seen everybody
//   calibrate  ops per round, so that a round takes `roundMs`
//   rounds     a b c │ b c a │ c a b │ ...     each contender in each round, the first one changing
//
// Each round gives wall time and CPU time of this thread: on a shared machine wall time contains the waiting
// for a core. Garbage of earlier rounds is collected before each measurement.

import assert from "node:assert/strict";
import { compileLoop, consumptionOf, sink, type Consumption, type Loop } from "./copies.ts";
import { bytesPerOp, collectYoung } from "./garbage.ts";
import { rotated } from "./statistics.ts";
import type { LongCase, LoopCase, TimedContender } from "./suite.ts";

/** How long and how often is measured. */
export interface RoundOptions {
  /** How many rounds. */
  readonly rounds: number;
  /** How long one contender's part of a round takes, ms; also its warm-up. Long cases run one op. */
  readonly roundMs: number;
  /** How many compiled copies of each loop. */
  readonly copies: number;
}

/** What is measured unless the command line says otherwise. */
export const defaultRounds: RoundOptions = { rounds: 25, roundMs: 40, copies: 4 };

/** All rounds of one contender. */
export interface TimedResult {
  readonly name: string;
  /** Wall time per op (or the figure that a long case compares), ns, one entry a round. */
  readonly wallNs: readonly number[];
  /** CPU time of the measuring thread per op, ns, one entry a round. */
  readonly cpuNs: readonly number[];
  /** Ops in one round. */
  readonly opsPerRound: number;
  /** Bytes allocated per op; undefined for long cases. */
  readonly garbageBytes: number | undefined;
}

/** A contender did not give what the others gave. */
export class UnequalOutput extends Error {
  override readonly name = "UnequalOutput";
  readonly code = "BENCH_UNEQUAL_OUTPUT";
}

/**
 * Times a case. Call {@link checkCase} for every case of the suite first.
 *
 * @throws {TypeError} when an op uses something around it
 */
export async function runTimedCase(
  each: LoopCase | LongCase,
  options: RoundOptions,
): Promise<TimedResult[]> {
  const isAsync = each.async ?? false;
  const runners: Runner[] = [];
  for (const one of each.contenders) {
    const copies = each.kind === "long" ? 1 : options.copies;
    const figure = each.kind === "long" ? (each.figure ?? "wall time") : "wall time";
    runners.push(await Runner.prepare(one, each.kind, isAsync, copies, figure));
  }
  if (each.kind === "loop") {
    for (let pass = 0; pass < 2; pass++) {
      for (const runner of runners) await runner.warm(options.roundMs);
    }
    for (const runner of runners) await runner.calibrate(options.roundMs);
  } else {
    for (let pass = 0; pass < 2; pass++) for (const runner of runners) await runner.once(pass);
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const runner of rotated(runners, round)) await runner.measure(round);
  }
  const results: TimedResult[] = [];
  for (const runner of runners) results.push(await runner.result());
  return results;
}

/**
 * Runs the same ops on a fresh state of each contender and compares what came out.
 *
 * @throws {UnequalOutput} with the difference; nothing must be timed then
 */
export async function checkCase(each: LoopCase | LongCase): Promise<void> {
  const ops = each.kind === "long" ? 1 : (each.checkOps ?? 1000);
  let first: { name: string; output: unknown } | undefined;
  for (const one of each.contenders) {
    const state = await one.setup(0);
    await one.before?.(state, 0);
    for (let i = 0; i < ops; i++) {
      const value = one.op(state, i);
      if (each.async === true) await value;
    }
    const output = await one.check(state);
    if (first === undefined) first = { name: one.name, output };
    else assertEqualOutput(each.name, first, { name: one.name, output });
  }
}

/** @throws {UnequalOutput} with the difference */
export function assertEqualOutput(
  caseName: string,
  first: { readonly name: string; readonly output: unknown },
  other: { readonly name: string; readonly output: unknown },
): void {
  try {
    assert.deepEqual(other.output, first.output);
  } catch (error) {
    const difference = error instanceof Error ? error.message : String(error);
    throw new UnequalOutput(
      `${caseName}: "${other.name}" (+) does not give what "${first.name}" (-) gives; nothing was timed\n${difference}`,
      { cause: error },
    );
  }
}

type Figure = NonNullable<LongCase["figure"]>;

function nanoseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) * 1000;
}

type Copy = { readonly loop: Loop; readonly state: unknown };

class Runner {
  readonly #contender: TimedContender<unknown>;
  readonly #kind: "loop" | "long";
  readonly #figure: Figure;
  readonly #copies: readonly Copy[];
  readonly #wallNs: number[] = [];
  readonly #cpuNs: number[] = [];
  #opsPerCopy = 1;
  #next = 0;

  private constructor(
    one: TimedContender<unknown>,
    kind: "loop" | "long",
    copies: readonly Copy[],
    figure: Figure,
  ) {
    this.#contender = one;
    this.#kind = kind;
    this.#figure = figure;
    this.#copies = copies;
  }

  static async prepare(
    one: TimedContender<unknown>,
    kind: "loop" | "long",
    isAsync: boolean,
    count: number,
    figure: Figure,
  ): Promise<Runner> {
    const consumption = await observe(one, isAsync);
    const copies: Copy[] = [];
    for (let copy = 0; copy < count; copy++) {
      const loop = compileLoop(one.op, { consumption, async: isAsync });
      copies.push({ loop, state: await one.setup(copy) });
    }
    return new Runner(one, kind, copies, figure);
  }

  /** Runs each copy for its share of `ms`. */
  async warm(ms: number): Promise<void> {
    await this.#before(0);
    for (const copy of this.#copies) {
      const endMs = performance.now() + ms / this.#copies.length;
      do await this.#run(copy, 256);
      while (performance.now() < endMs);
    }
  }

  async calibrate(ms: number): Promise<void> {
    for (;;) {
      await this.#before(0);
      const startedMs = performance.now();
      for (const copy of this.#copies) await this.#run(copy, this.#opsPerCopy);
      const tookMs = performance.now() - startedMs;
      if (tookMs >= ms / 4 || this.#opsPerCopy >= 2 ** 31) {
        this.#opsPerCopy = Math.max(1, Math.round((this.#opsPerCopy * ms) / tookMs));
        return;
      }
      this.#opsPerCopy *= 2;
    }
  }

  /** One untimed op of a long case. */
  async once(round: number): Promise<void> {
    for (const copy of this.#copies) {
      await this.#contender.before?.(copy.state, round);
      await this.#run(copy, 1);
    }
  }

  async measure(round: number): Promise<void> {
    await this.#before(round);
    collectYoung();
    const servers = this.#serverNs();
    const all = process.cpuUsage();
    const cpu = process.threadCpuUsage();
    const started = process.hrtime.bigint();
    for (const copy of this.#copies) {
      const pending = this.#run(copy, this.#opsPerCopy);
      if (typeof pending !== "number") await pending;
    }
    const wallNs = Number(process.hrtime.bigint() - started);
    const threadNs = nanoseconds(process.threadCpuUsage(cpu));
    const processNs = nanoseconds(process.cpuUsage(all));
    const ops = this.#opsPerCopy * this.#copies.length;
    const figures = {
      "wall time": wallNs,
      "thread CPU": threadNs,
      "process CPU": processNs,
      "server CPU": this.#serverNs() - servers,
    };
    this.#wallNs.push(figures[this.#figure] / ops);
    this.#cpuNs.push(threadNs / ops);
  }

  #serverNs(): number {
    return this.#copies.reduce((sum, { state }) => sum + (this.#contender.cpuNs?.(state) ?? 0), 0);
  }

  async #before(round: number): Promise<void> {
    for (const { state } of this.#copies) await this.#contender.before?.(state, round);
  }

  async result(): Promise<TimedResult> {
    const [copy] = this.#copies;
    await this.#before(0);
    const garbage =
      this.#kind === "long" || copy === undefined
        ? undefined
        : await bytesPerOp((count) => this.#run(copy, count));
    return {
      name: this.#contender.name,
      wallNs: this.#wallNs,
      cpuNs: this.#cpuNs,
      opsPerRound: this.#opsPerCopy * this.#copies.length,
      garbageBytes: garbage,
    };
  }

  #run({ loop, state }: Copy, count: number): number | Promise<number> {
    const from = this.#next;
    // Small enough to stay a small integer in the loop, whatever the number of rounds.
    this.#next = (this.#next + count) & 0x0fff_ffff;
    const sum = loop(state, from, count);
    if (typeof sum !== "number") return sum;
    sink.total += sum;
    return sum;
  }
}

/** Runs an op once on a state of its own, through a compiled loop's eyes: it must stand alone. */
async function observe(one: TimedContender<unknown>, isAsync: boolean): Promise<Consumption> {
  const state = await one.setup(0);
  await one.before?.(state, 0);
  try {
    const loop = compileLoop(one.op, { consumption: "nothing", async: isAsync });
    await loop(state, 0, 1);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new TypeError(
      `the op of "${one.name}" uses something around it (${error.message}); put it into the state`,
      { cause: error },
    );
  }
  await one.before?.(state, 1);
  const value = one.op(state, 1);
  return consumptionOf(isAsync ? await value : value);
}
