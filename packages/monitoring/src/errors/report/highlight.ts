// What the pieces of a line of JavaScript or TypeScript are, for colours: one pass, no grammar.
//
//   const total = price(order) * 1.19; // with tax
//   keyword       call          number  comment
//
// A line may begin inside of a comment or a template; where it does is found by going through the lines before it. What
// is wrong with that (a regular expression that looks like a division) costs a colour, and ends with the line.

/** What a piece is. */
export type TokenKind =
  | "plain"
  | "keyword"
  | "string"
  | "number"
  | "comment"
  | "call"
  | "type"
  | "constant";

/** A piece of a line. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** What a line begins inside of. */
type LineState = "code" | "comment" | "template";

const KEYWORDS = new Set(
  "abstract as async await break case catch class const continue debugger declare default delete do else enum export extends finally for from function get if implements import in instanceof interface is keyof let namespace new of override private protected public readonly return satisfies set static super switch this throw try type typeof using var void while yield".split(
    " ",
  ),
);
const CONSTANTS = new Set(["true", "false", "null", "undefined", "NaN", "Infinity"]);

const WORD = /[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*/uy;
/** What a character of ASCII is in a word. */
const NO_PART = 0;
const ANYWHERE = 1;
const NOT_FIRST = 2;
const ONLY_FIRST = 3;
const WORD_PARTS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (character === "#") return ONLY_FIRST;
  if (/\d/.test(character)) return NOT_FIRST;
  return /[A-Za-z$_]/.test(character) ? ANYWHERE : NO_PART;
});

const NUMBER = /(?:0[xXbBoO][\da-fA-F_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][-+]?\d+)?)n?/y;
const REGEXP = /\/(?![*/])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;

/** Lines longer than this are not looked at. */
const MAX_LINE = 4_096;
/** So many lines before one are gone through to find what it begins inside of. */
const MAX_LINES_BEFORE = 5_000;

/** The pieces of some lines of a text, `first` and `end` counting from 0. */
export function highlightLines(
  lines: readonly string[],
  first: number,
  end: number,
): readonly (readonly Token[])[] {
  let state = stateAt(lines, first);
  const out: (readonly Token[])[] = [];
  for (let i = first; i < end; i++) {
    const line = lines[i]!;
    out.push(line.length > MAX_LINE ? [{ kind: "plain", text: line }] : tokens(line, state));
    state = stateAfter(line, state);
  }
  return out;
}

/** What the lines of a text begin inside of, as far as somebody asked. */
const states = new WeakMap<readonly string[], LineState[]>();

/** What a line begins inside of. */
function stateAt(lines: readonly string[], at: number): LineState {
  if (at > MAX_LINES_BEFORE) {
    let state: LineState = "code";
    for (let i = at - MAX_LINES_BEFORE; i < at; i++) state = stateAfter(lines[i]!, state);
    return state;
  }
  let known = states.get(lines);
  if (known === undefined) {
    known = ["code"];
    states.set(lines, known);
  }
  for (let i = known.length - 1; i < at; i++) known.push(stateAfter(lines[i]!, known[i]!));
  return known[at]!;
}

/** What the next line begins inside of. Most lines have nothing that could change it. */
function stateAfter(line: string, before: LineState): LineState {
  if (line.length > MAX_LINE) return before;
  const hasMark =
    line.includes("`") || (line.includes("*") && (line.includes("/*") || line.includes("*/")));
  if (!hasMark || (before === "code" && isComment(line))) return before;
  scanner.run(line, before);
  return scanner.state;
}

/** A line that is one comment and nothing else, as most are above functions. */
function isComment(line: string): boolean {
  const text = line.trim();
  return text.startsWith("/*") && text.length > 3 && text.indexOf("*/", 2) === text.length - 2;
}

function tokens(line: string, state: LineState): readonly Token[] {
  return scanner.run(line, state);
}

/** Where the word ends that begins at a place; the place itself when none does. */
export function wordEnd(line: string, start: number): number {
  let at = start;
  while (at < line.length) {
    const code = line.charCodeAt(at);
    if (code >= 128) return anyWordEnd(line, start);
    const part = WORD_PARTS[code]!;
    if (part !== ANYWHERE && part !== (at === start ? ONLY_FIRST : NOT_FIRST)) break;
    at++;
  }
  return at;
}

/** The same for letters beyond ASCII. */
function anyWordEnd(line: string, start: number): number {
  WORD.lastIndex = start;
  return WORD.exec(line) === null ? start : WORD.lastIndex;
}

class Scanner {
  state: LineState = "code";
  #tokens: Token[] = [];
  #line = "";
  #at = 0;
  #plain = 0;

  /** The pieces of a line; `state` is then what the next one begins inside of. */
  run(line: string, state: LineState): readonly Token[] {
    this.state = state;
    this.#tokens = [];
    this.#line = line;
    this.#at = 0;
    this.#plain = 0;
    while (this.#at < this.#line.length) {
      if (this.state === "comment") this.#comment(this.#at);
      else if (this.state === "template") this.#template(this.#at);
      else this.#code();
    }
    this.#flush(this.#at);
    return this.#tokens;
  }

  /** A comment that is read from `from` on, to its end, or to the end of the line. */
  #comment(from: number): void {
    const end = this.#line.indexOf("*/", from);
    this.state = end < 0 ? "comment" : "code";
    this.#token("comment", end < 0 ? this.#line.length : end + 2);
  }

  /** A template likewise; what is put in is not taken apart. */
  #template(from: number): void {
    let at = from;
    while (at < this.#line.length && this.#line[at] !== "`") at += this.#line[at] === "\\" ? 2 : 1;
    this.state = at < this.#line.length ? "code" : "template";
    this.#token("string", Math.min(this.#line.length, at + 1));
  }

  #code(): void {
    const line = this.#line;
    const code = line.charCodeAt(this.#at);
    // Most are blanks and letters.
    if (code === 32) {
      this.#at++;
      return;
    }
    if (code < 128 && WORD_PARTS[code] !== NO_PART && WORD_PARTS[code] !== NOT_FIRST) {
      this.#word();
      return;
    }
    const character = line[this.#at]!;
    if (character === "/" && line[this.#at + 1] === "/") this.#token("comment", line.length);
    else if (character === "/" && line[this.#at + 1] === "*") this.#comment(this.#at + 2);
    else if (character === "`") this.#template(this.#at + 1);
    else if (character === '"' || character === "'") this.#string(character);
    else if (character === "/" && this.#mayBeRegExp()) this.#match(REGEXP, "string");
    else if (character >= "0" && character <= "9") this.#match(NUMBER, "number");
    else this.#word();
  }

  #string(quote: string): void {
    let at = this.#at + 1;
    while (at < this.#line.length && this.#line[at] !== quote) {
      at += this.#line[at] === "\\" ? 2 : 1;
    }
    this.#token("string", Math.min(this.#line.length, at + 1));
  }

  #mayBeRegExp(): boolean {
    const before = this.#line.slice(Math.max(0, this.#at - 16), this.#at).trimEnd();
    return before === "" || /(?:[=(,:;!&|?{}[]|\breturn|=>)$/.test(before);
  }

  #match(pattern: RegExp, kind: TokenKind): void {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#line);
    if (found === null) this.#at++;
    else this.#token(kind, this.#at + found[0].length);
  }

  #word(): void {
    const end = wordEnd(this.#line, this.#at);
    if (end === this.#at) {
      this.#at++;
      return;
    }
    const kind = this.#kindOf(this.#line.slice(this.#at, end), end);
    if (kind === "plain") this.#at = end;
    else this.#token(kind, end);
  }

  #kindOf(word: string, end: number): TokenKind {
    const isProperty = this.#at > 0 && this.#line[this.#at - 1] === ".";
    if (!isProperty && KEYWORDS.has(word)) return "keyword";
    if (!isProperty && CONSTANTS.has(word)) return "constant";
    if (this.#line[end] === "(") return "call";
    const first = word.charCodeAt(0);
    return first >= 65 && first <= 90 ? "type" : "plain";
  }

  #token(kind: TokenKind, end: number): void {
    this.#flush(this.#at);
    if (end > this.#at) this.#tokens.push({ kind, text: this.#line.slice(this.#at, end) });
    this.#at = end;
    this.#plain = end;
  }

  #flush(end: number): void {
    if (end > this.#plain) {
      this.#tokens.push({ kind: "plain", text: this.#line.slice(this.#plain, end) });
    }
    this.#plain = end;
  }
}

/** One for all lines: nothing in it waits for anything. While it is there, so is the code that V8 has compiled for it. */
const scanner = new Scanner();
