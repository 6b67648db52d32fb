// A label pattern: RE2 syntax, matched against the whole value, in linear time.

import { FlxError } from "@flx/model";
import { RE2JS } from "re2js";

/** A compiled pattern. */
export interface CompiledPattern {
  /** Whether the whole text matches. */
  matches(text: string): boolean;
  /** The only texts that match, when there are few and they are known. */
  readonly candidates: readonly string[] | undefined;
}

/**
 * @throws {FlxError} `FLX_PROMQL_REGEX` when the pattern is not of RE2's syntax
 */
export function compilePattern(pattern: string): CompiledPattern {
  try {
    const compiled = RE2JS.compile(`^(?s:${pattern})$`);
    return { matches: (text) => compiled.testExact(text), candidates: undefined };
  } catch (cause) {
    throw new FlxError("FLX_PROMQL_REGEX", `not a pattern of RE2: ${pattern}`, { cause });
  }
}
