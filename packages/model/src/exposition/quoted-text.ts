// Text between double quotes: label values, and names outside the classic character set.

import type { LineGrammar } from "./grammar.ts";
import { describeCharacter, type LineFault } from "./line-fault.ts";

const quote = 0x22;
const backslash = 0x5c;

/** Reads quoted texts; `value` holds the last one. */
export class QuotedText {
  value = "";
  readonly #grammar: LineGrammar;
  readonly #fault: LineFault;

  constructor(grammar: LineGrammar, fault: LineFault) {
    this.#grammar = grammar;
    this.#fault = fault;
  }

  /** Reads the text whose opening quote stands at `start`; returns the offset after the closing one, or -1. */
  read(text: string, start: number, end: number): number {
    let escaped = false;
    for (let at = start + 1; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        if (escaped) return this.#unescape(text, start + 1, at);
        this.value = text.slice(start + 1, at);
        return at + 1;
      }
      if (code === backslash) {
        escaped = true;
        at++;
      }
    }
    return this.#fault.fail(
      "FLX_EXPOSITION_SYNTAX",
      start,
      "the line ends before the closing quote",
    );
  }

  #unescape(text: string, start: number, end: number): number {
    const value = unescape(text, start, end, this.#grammar, this.#fault);
    if (value === undefined) return -1;
    this.value = value;
    return end + 1;
  }
}

/** The meaning of an escaped text; `undefined` (and the fault) when an escape is not known. */
export function unescape(
  text: string,
  start: number,
  end: number,
  grammar: LineGrammar,
  fault: LineFault,
): string | undefined {
  let value = "";
  let from = start;
  for (let at = text.indexOf("\\", start); at >= 0 && at < end; at = text.indexOf("\\", from)) {
    const meaning = at + 1 < end ? escapes[text[at + 1]!] : undefined;
    if (meaning === undefined && grammar.unknownEscapes === "error") {
      const what = describeCharacter(text, at + 1, end);
      fault.fail(
        "FLX_EXPOSITION_ESCAPE",
        at,
        `a backslash before ${what}; write \\\\, \\" or \\n, and \\\\ for a backslash`,
      );
      return undefined;
    }
    if (meaning === undefined) {
      // Kept as written, together with what follows: "\\a" is a backslash and an a.
      const next = Math.min(at + 2, end);
      value += text.slice(from, next);
      from = next;
    } else {
      value += text.slice(from, at) + meaning;
      from = at + 2;
    }
    if (from >= end) break;
  }
  return from < end ? value + text.slice(from, end) : value;
}

const escapes: Readonly<Partial<Record<string, string>>> = Object.assign(
  Object.create(null) as Record<string, string>,
  { "\\": "\\", '"': '"', n: "\n" },
);
