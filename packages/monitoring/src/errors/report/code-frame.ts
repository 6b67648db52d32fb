// The lines of code around a place, in coloured pieces, with the failing expression told, and without secrets that stand
// in it as literals.
//
//    11 │ export function price(order: Order): number {
//  ❯ 12 │   return rates.lookup(order.country) * order.net;
//       │                ^^^^^^^^^^^^^^^^^^^^^                    mark: { start: 15, end: 36 }
//    13 │ }

import { redact } from "../../redaction/redact.ts";
import { processRedaction } from "../../redaction/redaction-rules.ts";
import { REDACTED } from "../../redaction/secret-shapes.ts";
import { expressionEnd } from "./failing-expression.ts";
import { highlightLines, type Token } from "./highlight.ts";
import type { SourceText } from "./source-files.ts";

/** A line of code. */
export interface CodeLine {
  /** From 1. */
  readonly number: number;
  readonly tokens: readonly Token[];
}

/** The lines around a place. */
export interface CodeFrame {
  readonly lines: readonly CodeLine[];
  /** The line of the place. */
  readonly line: number;
  /** The failing expression in it, in characters from 0, tabs as they are. */
  readonly mark: { readonly start: number; readonly end: number };
}

/** Of a line that was not written by hand, this much around the place is shown. */
const MAX_WIDTH = 240;
const MAX_KEPT = 1_000;

/** Makes code frames, and keeps them: errors come from the same places again and again. */
export class CodeFrames {
  readonly #kept = new WeakMap<SourceText, Map<string, CodeFrame>>();
  #count = 0;

  /** The frame of a place; undefined when the text has no such line. */
  at(text: SourceText, line: number, column: number, around: number): CodeFrame | undefined {
    if (line < 1 || line > text.lines.length) return undefined;
    let known = this.#kept.get(text);
    if (known === undefined || this.#count > MAX_KEPT) {
      known = new Map();
      this.#kept.set(text, known);
      this.#count = 0;
    }
    const key = `${line}:${column}:${around}`;
    const kept = known.get(key);
    if (kept !== undefined) return kept;
    const made = codeFrame(text, line, column, around);
    known.set(key, made);
    this.#count++;
    return made;
  }
}

function codeFrame(text: SourceText, line: number, column: number, around: number): CodeFrame {
  const first = Math.max(0, line - 1 - around);
  const end = Math.min(text.lines.length, line + around);
  const { lines, shift } = shownLines(text.lines, first, end, line - 1, column - 1);
  const tokens = highlightLines(lines, first, end);
  const at = Math.max(0, column - 1 - shift);
  const failing = lines[line - 1]!;
  const start = Math.min(at, failing.length);
  return {
    lines: tokens.map((each, i) => ({ number: first + 1 + i, tokens: withoutSecrets(each) })),
    line,
    mark: { start, end: expressionEnd(failing, start) },
  };
}

/** The lines themselves; of overlong ones the part around the place, which is then shifted. */
function shownLines(
  lines: readonly string[],
  first: number,
  end: number,
  place: number,
  column: number,
): { lines: readonly string[]; shift: number } {
  let isLong = false;
  for (let i = first; i < end; i++) isLong ||= lines[i]!.length > MAX_WIDTH;
  if (!isLong) return { lines, shift: 0 };
  const shift = lines[place]!.length > MAX_WIDTH ? Math.max(0, column - MAX_WIDTH / 2) : 0;
  const copy = lines.slice(0, end);
  for (let i = first; i < end; i++) {
    const from = i === place ? shift : 0;
    copy[i] = lines[i]!.slice(from, from + MAX_WIDTH);
  }
  return { lines: copy, shift };
}

/** Literals that are secrets, by their shape or by the name they are given to. Lengths stay as marks need them. */
function withoutSecrets(tokens: readonly Token[]): readonly Token[] {
  if (!tokens.some(({ kind, text }) => kind === "string" && text.length > 5)) return tokens;
  let before = "";
  return tokens.map((token) => {
    const hidden =
      token.kind === "string" && token.text.length > 2
        ? secretLiteral(token.text, before)
        : token.text;
    before = (before + token.text).slice(-80);
    return hidden === token.text ? token : { kind: token.kind, text: hidden };
  });
}

/** Of the same length, so that marks stay where they are. */
function masked(text: string): string {
  return `${text[0]}${"*".repeat(Math.max(0, text.length - 2))}${text.at(-1)}`;
}

/** The frame without texts that `isSecret` knows; the same frame when it has none. */
export function maskedFrame(frame: CodeFrame, isSecret: (text: string) => boolean): CodeFrame {
  const hits = (token: Token): boolean => token.text.length > 4 && isSecret(token.text);
  if (!frame.lines.some(({ tokens }) => tokens.some(hits))) return frame;
  const lines = frame.lines.map(({ number, tokens }) => ({
    number,
    tokens: tokens.map((token) =>
      hits(token) ? { kind: token.kind, text: masked(token.text) } : token,
    ),
  }));
  return { ...frame, lines };
}

function secretLiteral(text: string, before: string): string {
  const name = /([\w$-]+)["']?\s*(?::\s*[\w<>]+\s*)?[:=]\s*$/.exec(before)?.[1];
  const isSecret = name !== undefined && processRedaction().isSecretName(name);
  const hidden = isSecret ? `"${REDACTED}"` : redact(text);
  return hidden === text ? text : masked(text);
}
