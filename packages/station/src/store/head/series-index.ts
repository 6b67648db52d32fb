// Which series have a label: for each name, for each value, their numbers.
//
//   "job" ─┬─ "api"   [3, 7, 8, 21]         ascending, since numbers are given out ascending; one series alone is kept
//          └─ "web"   4                      as its number, or a label like trace_id would cost a list for each value
//
// A question starts from the matcher that leaves the fewest, and tests the others series by series.

import type { Matcher } from "@flx/promql";

type Postings = number | number[];

/** A series as the index sees it. */
export interface Indexed {
  readonly ref: number;
  readonly labels: Iterable<readonly [name: string, value: string]> & {
    get(name: string): string | undefined;
  };
}

/** Finds series. */
export class SeriesIndex<S extends Indexed> {
  readonly #names = new Map<string, Map<string, Postings>>();
  /** By number; a hole where there is none. */
  readonly #series: (S | undefined)[];
  #pairs = 0;

  /** @param series by number; the owner's own list */
  constructor(series: (S | undefined)[]) {
    this.#series = series;
  }

  /** Different pairs of name and value. */
  get pairs(): number {
    return this.#pairs;
  }

  add({ ref, labels }: S): void {
    for (const [name, value] of labels) {
      let values = this.#names.get(name);
      if (values === undefined) this.#names.set(name, (values = new Map()));
      const postings = values.get(value);
      if (postings === undefined) {
        values.set(value, ref);
        this.#pairs++;
      } else if (typeof postings === "number") values.set(value, sorted([postings], ref));
      else sorted(postings, ref);
    }
  }

  remove({ ref, labels }: S): void {
    for (const [name, value] of labels) {
      const values = this.#names.get(name)!;
      const postings = values.get(value)!;
      if (typeof postings !== "number") {
        postings.splice(position(postings, ref), 1);
        if (postings.length > 0) continue;
      }
      values.delete(value);
      this.#pairs--;
      if (values.size === 0) this.#names.delete(name);
    }
  }

  /** The names of all labels. */
  names(): Iterable<string> {
    return this.#names.keys();
  }

  /** The values of a label. */
  values(name: string): Iterable<string> {
    return this.#names.get(name)?.keys() ?? [];
  }

  /** How many series have each value of a label. */
  *counts(name: string): Generator<readonly [value: string, series: number]> {
    for (const [value, postings] of this.#names.get(name) ?? []) {
      yield [value, typeof postings === "number" ? 1 : postings.length];
    }
  }

  /** The series that satisfy all matchers. */
  *find(matchers: readonly Matcher[]): Generator<S> {
    for (const series of this.findByTurns(matchers)) if (series !== undefined) yield series;
  }

  /** The same; gives undefined now and then, where a question about many values or series should let others work. */
  *findByTurns(matchers: readonly Matcher[]): Generator<S | undefined> {
    const turn = new Turn();
    const { refs, used } = yield* this.#start(matchers, turn);
    const rest = matchers
      .filter((matcher) => matcher !== used)
      .map((matcher) => remembering(matcher, turn));
    const all: Iterable<number> = refs ?? this.#series.keys();
    for (const ref of all) {
      turn.steps++;
      if (turn.isOver()) yield undefined;
      const series = this.#series[ref];
      if (series === undefined) continue;
      if (rest.every(({ name, test }) => test(series.labels.get(name) ?? ""))) yield series;
    }
  }

  /** The shortest list that one matcher gives. */
  *#start(
    matchers: readonly Matcher[],
    turn: Turn,
  ): Generator<undefined, { refs?: readonly number[]; used?: Matcher }> {
    let best: { count: number; values: readonly string[]; matcher: Matcher } | undefined;
    for (const matcher of matchers) {
      const values = yield* this.#candidates(matcher, turn);
      if (values === undefined) continue;
      const postings = this.#names.get(matcher.name);
      let count = 0;
      for (const value of values) count += lengthOf(postings?.get(value));
      if (best === undefined || count < best.count) best = { count, values, matcher };
    }
    if (best === undefined) return {};
    const postings = this.#names.get(best.matcher.name);
    const refs = best.values.flatMap((value) => postings?.get(value) ?? []);
    return { refs, used: best.matcher };
  }

  /** The values a matcher can have, when the absent label is none of them. */
  *#candidates(matcher: Matcher, turn: Turn): Generator<undefined, readonly string[] | undefined> {
    const { candidates } = matcher;
    if (candidates !== undefined)
      return candidates.includes("") ? undefined : [...new Set(candidates)];
    if (matcher.matches("")) return undefined;
    const found: string[] = [];
    // What is added meanwhile may be among them: it is a value, too.
    for (const value of this.#names.get(matcher.name)?.keys() ?? []) {
      turn.steps += matcher.steps(value);
      if (turn.isOver()) yield undefined;
      if (matcher.matches(value)) found.push(value);
    }
    return found;
  }
}

/** Steps of patterns between two pauses: at the most costly ones, some 50 ms. */
const TURN_STEPS = 1_000_000;

/** How much was done since the last pause. */
class Turn {
  steps = 0;

  /** Whether that is enough; counts anew then. */
  isOver(): boolean {
    if (this.steps < TURN_STEPS) return false;
    this.steps = 0;
    return true;
  }
}

/** Tests a value; a pattern is asked once for each different one. */
function remembering(
  matcher: Matcher,
  turn: Turn,
): { name: string; test: (value: string) => boolean } {
  const { name } = matcher;
  if (!matcher.isRegex) return { name, test: (value) => matcher.matches(value) };
  const known = new Map<string, boolean>();
  return {
    name,
    test: (value) => {
      let answer = known.get(value);
      if (answer === undefined) {
        turn.steps += matcher.steps(value);
        known.set(value, (answer = matcher.matches(value)));
      }
      return answer;
    },
  };
}

function lengthOf(postings: Postings | undefined): number {
  if (postings === undefined) return 0;
  return typeof postings === "number" ? 1 : postings.length;
}

function sorted(postings: number[], ref: number): number[] {
  if (postings.at(-1)! < ref) postings.push(ref);
  else postings.splice(position(postings, ref), 0, ref);
  return postings;
}

/** Where a number is, or belongs. */
function position(postings: readonly number[], ref: number): number {
  let low = 0;
  let high = postings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (postings[middle]! < ref) low = middle + 1;
    else high = middle;
  }
  return low;
}
