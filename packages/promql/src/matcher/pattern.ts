// A label pattern: RE2 syntax, matched against the whole value, in linear time; a dot matches line feeds, too.
//
// Most patterns that people write need no engine. Those are recognised and matched by plain text operations:
//
//   api|web|batch          a set of texts
//   prod-(api|web)         the same, multiplied out
//   api-.*   .*-db   .*x.*   .+   a.*b      literal pieces in this order, with gaps between
//   5..                    literals and single characters
//   api-.*|web             any of such forms
//
// Everything else goes to an engine (re2-pattern.ts), and may be less long. Compiled patterns are kept (a bounded number), since
// dashboards send the same query every few seconds and compiling costs more than parsing all the rest.

import { FlxError } from "@flx/model";
import { RE2JS } from "re2js";
import { type PlainForm, plainForms } from "./plain-pattern.ts";
import { checkSteps, compileRe2 } from "./re2-pattern.ts";

/** A compiled pattern. */
export interface CompiledPattern {
  /**
   * Whether the whole text matches. Linear in its length.
   *
   * @throws {FlxError} `FLX_PROMQL_REGEX` when the text is too long for the pattern
   */
  matches(text: string): boolean;
  /** How many steps that takes at most, about. */
  steps(text: string): number;
  /** The only texts that match, when there are few and they are known. */
  readonly candidates: readonly string[] | undefined;
}

/** No pattern is longer: an alternation of ten thousand instance names still fits. */
export const MAX_PATTERN_LENGTH = 100_000;

const MAX_KEPT = 256;
const MAX_KEPT_LENGTH = 1_000;
const kept = new Map<string, CompiledPattern>();

/**
 * The pattern, ready to match.
 *
 * @throws {FlxError} `FLX_PROMQL_REGEX` when it is not of RE2's syntax, longer than 100,000 characters, or too costly
 * @example compilePattern("5..|429").matches("503") // true
 */
export function compilePattern(pattern: string): CompiledPattern {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new FlxError(
      "FLX_PROMQL_REGEX",
      `error parsing regexp: expression of ${pattern.length} characters is too large (at most ${MAX_PATTERN_LENGTH})`,
    );
  }
  const compiled = compile(pattern);
  if (pattern.length <= MAX_KEPT_LENGTH) keep(pattern, compiled);
  return compiled;
}

/** The oldest one goes when there are too many. */
function keep(pattern: string, compiled: CompiledPattern): void {
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
  kept.set(pattern, compiled);
}

function compile(pattern: string): CompiledPattern {
  const forms = plainForms(pattern);
  return forms === undefined ? compileEngine(pattern) : compilePlain(forms);
}

function compileEngine(pattern: string): CompiledPattern {
  const compiled = compileRe2(pattern, RE2JS.DOTALL);
  const { engine, instructions } = compiled;
  return {
    matches: (text) => {
      checkSteps(compiled, text);
      return engine.testExact(text);
    },
    steps: (text) => instructions * text.length,
    candidates: undefined,
  };
}

function compilePlain(forms: readonly PlainForm[]): CompiledPattern {
  const texts = new Set<string>();
  const others: PlainForm[] = [];
  for (const form of forms) {
    if (form.kind === "text") texts.add(form.text);
    else others.push(form);
  }
  const only = others.length === 1 && texts.size === 0 ? others[0] : undefined;
  const steps = (): number => 1 + others.length;
  if (only !== undefined)
    return { matches: (text) => matchesForm(only, text), steps, candidates: undefined };
  if (others.length === 0) {
    return { matches: (text) => texts.has(text), steps, candidates: [...texts] };
  }
  return {
    matches: (text) => texts.has(text) || others.some((form) => matchesForm(form, text)),
    steps,
    candidates: undefined,
  };
}

function matchesForm(form: PlainForm, text: string): boolean {
  switch (form.kind) {
    case "text":
      return text === form.text;
    case "characters":
      return matchesCharacters(form.pieces, text);
    case "gaps":
    default:
      return matchesGaps(form.literals, form.minGaps, text);
  }
}

/** `undefined` stands for any one character. */
function matchesCharacters(pieces: readonly (string | undefined)[], text: string): boolean {
  let at = 0;
  for (const piece of pieces) {
    if (piece === undefined) {
      const code = text.codePointAt(at);
      if (code === undefined) return false;
      at += code > 0xffff ? 2 : 1;
    } else {
      if (!text.startsWith(piece, at)) return false;
      at += piece.length;
    }
  }
  return at === text.length;
}

/** Literals in order; between each two of them at least `minGaps` characters. The first and last are the text's ends. */
function matchesGaps(
  literals: readonly string[],
  minGaps: readonly number[],
  text: string,
): boolean {
  const first = literals[0]!;
  const last = literals.at(-1)!;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  const lastStart = text.length - last.length;
  let at = first.length;
  for (let i = 1; i < literals.length - 1; i++) {
    const found = text.indexOf(literals[i]!, at + minGaps[i - 1]!);
    if (found < 0) return false;
    at = found + literals[i]!.length;
  }
  return at + minGaps.at(-1)! <= lastStart;
}
