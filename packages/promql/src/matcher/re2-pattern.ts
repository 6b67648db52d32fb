// Patterns that need an engine: re2js, a port of RE2 without backtracking, within bounds.
//
//   compiling   takes time by length, most for classes of Unicode and for what is repeated: 10,000 of these take 0.1 s
//   matching    takes at most instructions * characters steps, of 50 ns each where all of them are in it
//
// Linear is not yet harmless: [a-z]{1,10}, two thousand times, is 38,000 instructions, and one value of 5,000 characters
// took 9 s. Nothing else runs meanwhile, and no deadline ends it; so both are bounded before.

import { FlxError } from "@flx/model";
import { RE2JS } from "re2js";

/** What a pattern may count: its characters, and more for what is costly to compile. */
const MAX_WEIGHT = 10_000;
const CLASS_WEIGHT = 30;
const REPETITION_WEIGHT = 4;
const MAX_INSTRUCTIONS = 10_000;
/** Instructions * characters of one value: a quarter of a second at worst. */
const MAX_STEPS = 5_000_000;

/** A pattern of the engine. */
export interface Re2Pattern {
  readonly engine: RE2JS;
  readonly instructions: number;
}

/**
 * Compiles a pattern.
 *
 * @throws {FlxError} `FLX_PROMQL_REGEX` when it is not of RE2's syntax, or too costly
 */
export function compileRe2(pattern: string, flags: number): Re2Pattern {
  const weight = weightOf(pattern);
  if (weight > MAX_WEIGHT) {
    throw tooLarge(
      `it counts as ${weight} characters, and at most ${MAX_WEIGHT} are matched where it is more than texts and gaps`,
    );
  }
  let engine: RE2JS;
  try {
    engine = RE2JS.compile(pattern, flags);
  } catch (cause) {
    // The engine shows the flag it was given as a part of the pattern.
    const message = cause instanceof Error ? cause.message.replace("`(?s)", "`") : String(cause);
    throw new FlxError("FLX_PROMQL_REGEX", message, { cause });
  }
  const instructions = engine.programSize();
  if (instructions > MAX_INSTRUCTIONS) {
    throw tooLarge(`it has ${instructions} instructions (at most ${MAX_INSTRUCTIONS})`);
  }
  return { engine, instructions };
}

/**
 * Refuses to match a value that is too long for a pattern.
 *
 * @throws {FlxError} `FLX_PROMQL_REGEX`
 */
export function checkSteps({ instructions }: Re2Pattern, text: string): void {
  if (instructions * text.length <= MAX_STEPS) return;
  throw new FlxError(
    "FLX_PROMQL_REGEX",
    `a regexp of ${instructions} instructions is too costly for a value of ${text.length} characters`,
  );
}

function weightOf(pattern: string): number {
  let weight = pattern.length;
  for (const [found, upper] of pattern.matchAll(/\\p|\{(?:\d+,)?(\d+)\}/gi)) {
    weight += found[0] === "\\" ? CLASS_WEIGHT : REPETITION_WEIGHT * Number(upper);
  }
  return weight;
}

function tooLarge(why: string): FlxError {
  return new FlxError("FLX_PROMQL_REGEX", `error parsing regexp: expression is too large: ${why}`);
}
