// Patterns that are plain texts, with or without gaps: recognised here, matched in pattern.ts.
//
//   pattern      := sequence ("|" sequence)*
//   sequence     := (literal | escape | "(" pattern ")" | "." | ".*" | ".+")*
//
// Groups must hold plain texts only and are multiplied out: prod-(a|b) is prod-a and prod-b. Whatever else a pattern
// may have (classes, repetitions, flags, anchors inside) makes this give up, so a pattern that is accepted here is
// valid in RE2 and means the same there.

/** One alternative of a pattern. */
export type PlainForm =
  | { readonly kind: "text"; readonly text: string }
  /** Literals and single characters (`undefined`). */
  | { readonly kind: "characters"; readonly pieces: readonly (string | undefined)[] }
  /** literal gap literal ... gap literal; the gap behind `literals[i]` has at least `minGaps[i]` characters. */
  | {
      readonly kind: "gaps";
      readonly literals: readonly string[];
      readonly minGaps: readonly number[];
    };

/** More alternatives than this are left to the engine. */
const MAX_FORMS = 10_000;

type Piece =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "one" }
  | { readonly kind: "gap"; readonly min: number };

const special = /[\\^$.|?*+()[\]{}]/g;

/** The alternatives of a pattern that needs no engine; `undefined` for any other. */
export function plainForms(pattern: string): readonly PlainForm[] | undefined {
  const reader = new Reader(pattern);
  const alternatives = reader.alternatives(0);
  if (alternatives === undefined || reader.at < pattern.length) return undefined;
  const forms: PlainForm[] = [];
  for (const pieces of alternatives) {
    const form = formOf(pieces);
    if (form === undefined) return undefined;
    forms.push(form);
  }
  return forms;
}

class Reader {
  readonly pattern: string;
  at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  /** Up to `)` or the end. */
  alternatives(depth: number): Piece[][] | undefined {
    const all: Piece[][] = [];
    for (;;) {
      const sequences = this.#sequence(depth);
      if (sequences === undefined || all.length + sequences.length > MAX_FORMS) return undefined;
      all.push(...sequences);
      if (this.pattern[this.at] !== "|") return all;
      this.at++;
    }
  }

  /** Up to `|`, `)` or the end; several sequences when there were groups. */
  #sequence(depth: number): Piece[][] | undefined {
    let sequences: Piece[][] = [[]];
    if (depth === 0 && this.pattern[this.at] === "^") this.at++;
    for (;;) {
      const character = this.pattern[this.at];
      if (character === undefined || character === "|" || character === ")") return sequences;
      if (depth === 0 && character === "$" && this.#endsHere(this.at + 1)) {
        this.at++;
        return sequences;
      }
      const next = character === "(" ? this.#group(depth) : this.#piece();
      if (next === undefined || sequences.length * next.length > MAX_FORMS) return undefined;
      if (this.#isRepeated()) return undefined;
      sequences = sequences.flatMap((before) => next.map((after) => before.concat(after)));
    }
  }

  #endsHere(at: number): boolean {
    return at >= this.pattern.length || this.pattern[at] === "|";
  }

  #isRepeated(): boolean {
    return "*+?{".includes(this.pattern[this.at] ?? " ");
  }

  /** `(...)` or `(?:...)` of plain texts. */
  #group(depth: number): Piece[][] | undefined {
    if (depth >= 4) return undefined;
    this.at += this.pattern.startsWith("(?:", this.at) ? 3 : 1;
    if (this.pattern[this.at] === "?") return undefined;
    const inner = this.alternatives(depth + 1);
    if (inner === undefined || this.pattern[this.at] !== ")") return undefined;
    this.at++;
    const plain = inner.every((pieces) => pieces.every((piece) => piece.kind === "literal"));
    return plain ? inner : undefined;
  }

  #piece(): Piece[][] | undefined {
    const { pattern } = this;
    const character = pattern[this.at]!;
    if (character === ".") return this.#dot();
    if (character === "\\") {
      const escaped = pattern[this.at + 1];
      if (escaped === undefined || !/[!-/:-@[-`{-~]/.test(escaped)) return undefined;
      this.at += 2;
      return [[{ kind: "literal", text: escaped }]];
    }
    special.lastIndex = this.at;
    const next = special.exec(pattern)?.index ?? pattern.length;
    if (next === this.at) return undefined;
    // A repetition would belong to the last character only.
    const end = next > this.at + 1 && "*+?{".includes(pattern[next] ?? " ") ? next - 1 : next;
    const text = pattern.slice(this.at, end);
    this.at = end;
    return [[{ kind: "literal", text }]];
  }

  /** `.`, `.*`, `.+`, and the lazy ones, which match the same when everything is matched. */
  #dot(): Piece[][] {
    const repetition = this.pattern[this.at + 1];
    if (repetition !== "*" && repetition !== "+") {
      this.at++;
      return [[{ kind: "one" }]];
    }
    this.at += this.pattern[this.at + 2] === "?" ? 3 : 2;
    return [[{ kind: "gap", min: repetition === "+" ? 1 : 0 }]];
  }
}

function formOf(pieces: readonly Piece[]): PlainForm | undefined {
  const hasGap = pieces.some((piece) => piece.kind === "gap");
  const hasOne = pieces.some((piece) => piece.kind === "one");
  if (hasGap && hasOne) return undefined;
  if (hasGap) return gapsOf(pieces);
  if (!hasOne) return { kind: "text", text: pieces.map(textOf).join("") };
  return {
    kind: "characters",
    pieces: pieces.map((piece) => (piece.kind === "literal" ? piece.text : undefined)),
  };
}

function gapsOf(pieces: readonly Piece[]): PlainForm | undefined {
  const literals: string[] = [""];
  const minGaps: number[] = [];
  let afterGap = false;
  for (const piece of pieces) {
    if (piece.kind === "gap") {
      // Two gaps in a row would have to be counted in characters, not in code units.
      if (afterGap) return undefined;
      minGaps.push(piece.min);
      literals.push("");
      afterGap = true;
    } else {
      literals[literals.length - 1] += textOf(piece);
      afterGap = false;
    }
  }
  return { kind: "gaps", literals, minGaps };
}

function textOf(piece: Piece): string {
  return piece.kind === "literal" ? piece.text : "";
}
