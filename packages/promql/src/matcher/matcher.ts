// A label matcher: name="value", !=, =~, !~. A label that a series does not have counts as "".

import { type CompiledPattern, compilePattern } from "./pattern.ts";

/** `=` equal, `!=` not equal, `=~` matches the pattern as a whole, `!~` does not. */
export type MatchOp = "=" | "!=" | "=~" | "!~";

/** A condition on the value of one label. */
export class Matcher {
  /** The label; `__name__` for the metric name. */
  readonly name: string;
  readonly op: MatchOp;
  /** The text to compare with, or the pattern. */
  readonly value: string;
  #pattern: CompiledPattern | undefined;

  /** A pattern is compiled when it is first needed; `compile()` does it now. */
  constructor(op: MatchOp, name: string, value: string) {
    this.op = op;
    this.name = name;
    this.value = value;
  }

  /** Whether it is `=~` or `!~`. */
  get isRegex(): boolean {
    return this.op === "=~" || this.op === "!~";
  }

  /**
   * Compiles the pattern of `=~` and `!~` now, so that a bad one is known before any series is asked.
   *
   * @throws {FlxError} `FLX_PROMQL_REGEX` when it is not of RE2's syntax, or too large
   */
  compile(): CompiledPattern {
    this.#pattern ??= compilePattern(this.value);
    return this.#pattern;
  }

  /**
   * Whether a label value satisfies the matcher; give "" for an absent label. Linear in the length of `text`.
   *
   * @throws {FlxError} `FLX_PROMQL_REGEX` as `compile()`, on the first call only, and when the text is too long for the pattern
   */
  matches(text: string): boolean {
    switch (this.op) {
      case "=":
        return text === this.value;
      case "!=":
        return text !== this.value;
      case "=~":
        return (this.#pattern ??= compilePattern(this.value)).matches(text);
      case "!~":
      default:
        return !(this.#pattern ??= compilePattern(this.value)).matches(text);
    }
  }

  /** How many steps `matches(text)` takes at most, about: whoever asks for many values pauses after some. */
  steps(text: string): number {
    return this.isRegex ? this.compile().steps(text) : 1;
  }

  /**
   * The only values that can match, when the matcher is `=`, or `=~` with an alternation of plain texts: for indexes,
   * which look those up instead of testing every value. `undefined` when there is no such list.
   */
  get candidates(): readonly string[] | undefined {
    if (this.op === "=") return [this.value];
    if (this.op === "=~") return this.compile().candidates;
    return undefined;
  }
}
