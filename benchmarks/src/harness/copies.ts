// The measured loop, compiled several times from its source text.
//
// Why: V8 specialises a function for what it has seen, and inlines what a call site always calls. With one call
// site and one object it may even treat the object as a constant of the loop: no program with two counters gets
// that. So each contender gets several loops from different source texts (a number in a comment makes them
// different, or the compilation cache would hand out the same function), each with a state of its own.
// That alone does not keep a library from being flattered: see rounds.ts and the figures in benchmarks/README.md.
//
// The value of each op is consumed, or the optimizer may drop the op: numbers are added up, other values
// are stored in a ring that outlives the loop; without a value the op's effect on its state is what counts,
// and the check looks at that.
//
//   for (let i = from; i < from + n; i++) sum += op(state, i);

/** What an op returns, which decides how it is consumed. */
export type Consumption = "number" | "value" | "nothing";

/** Runs `count` ops on `state`, the first with the number `from`. */
export type Loop = (state: unknown, from: number, count: number) => number | Promise<number>;

/** Values stored here cannot be optimized away: it is reachable from outside. */
const ring: unknown[] = Array.from({ length: 256 });

/** Keeps the sums of all loops alive. */
export const sink: { total: number; readonly ring: unknown[] } = { total: 0, ring };

let made = 0;

/**
 * A loop around the source text of `op`, different from every other one.
 *
 * @throws {TypeError} when the text is no function expression (a bound or native function)
 */
export function compileLoop(
  op: (state: never, i: number) => unknown,
  { consumption, async = false }: { consumption: Consumption; async?: boolean },
): Loop {
  const call = async ? "await op(state, i)" : "op(state, i)";
  const body = {
    number: `sum += ${call};`,
    value: `ring[i & 255] = ${call};`,
    nothing: `${call};`,
  }[consumption];
  const source = `"use strict";
    // copy ${++made}
    const op = ${functionText(op)};
    return ${async ? "async " : ""}function loop(state, from, count) {
      let sum = 0;
      for (let i = from, end = from + count; i < end; i++) { ${body} }
      return sum;
    }`;
  // Compiling from text is the point here; the text is our own benchmark's.
  // oxlint-disable-next-line typescript/no-implied-eval
  const loop: unknown = new Function("ring", source)(ring);
  if (!isLoop(loop)) throw new TypeError("the generated loop is not a function");
  return loop;
}

/** How the value that an op returned is to be consumed. */
export function consumptionOf(value: unknown): Consumption {
  if (value === undefined) return "nothing";
  return typeof value === "number" ? "number" : "value";
}

function isLoop(value: unknown): value is Loop {
  return typeof value === "function";
}

/** The text of a function as an expression; that of a method needs an object around it. */
function functionText(op: (state: never, i: number) => unknown): string {
  const text = op.toString();
  const candidates = [`(${text})`, `Object.values({ ${text} })[0]`];
  const usable = candidates.find((candidate) => {
    try {
      // Compiled only, to see whether it parses.
      // oxlint-disable-next-line typescript/no-implied-eval
      void new Function(`return ${candidate}`);
      return true;
    } catch {
      return false;
    }
  });
  if (usable === undefined) throw new TypeError(`op must be a plain function, got: ${text}`);
  return usable;
}
