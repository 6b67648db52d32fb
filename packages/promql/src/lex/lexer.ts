// Query text to tokens, one at a time.
//
//   sum by(job) (rate(x{a="b"}[5m]))
//   sum by ( identifier ) ( identifier ( identifier { identifier = string } [ duration ] ) )
//
// Three places have their own rules, so the lexer knows where it is:
//   anywhere        words are keywords or names; `x:y` is a name
//   { ... }         every word is a name; = and =~ are matching operators
//   [ ... ]         only durations, their arithmetic, and ':'
//
// The current token is in `kind`, `start`, `end` and `value` of the lexer itself; nothing is allocated for a token
// but the text of names and strings. Messages are Prometheus'. Comments run from # to the end of the line.

import { PromqlParseError } from "../parse-error.ts";
import { quoteCharacter, quoteText, unescape } from "./quote.ts";
import { KEYWORDS, type TokenKind } from "./token.ts";

type Place = "anywhere" | "bracketStart" | "bracket" | "braces";

const IS_DIGIT = 1;
const IS_ALPHA = 2;
const IS_SPACE = 4;
const IS_UPPER = 8;

/** What each ASCII character may be part of. */
const classes = new Uint8Array(128);
for (const space of " \t\n\r") classes[space.charCodeAt(0)] = IS_SPACE;
for (let code = 48; code <= 57; code++) classes[code] = IS_DIGIT;
for (let code = 97; code <= 122; code++) classes[code] = IS_ALPHA;
for (let code = 65; code <= 90; code++) classes[code] = IS_ALPHA | IS_UPPER;
classes[95] = IS_ALPHA; // _

const COLON = 58;

/** The tokens of one query; `next()` goes on to the next one. */
export class Lexer {
  readonly query: string;
  kind: TokenKind = "end of input";
  start = 0;
  end = 0;
  /** The text of a name, the content of a string; otherwise of no use. */
  value = "";
  #place: Place = "anywhere";
  #openParens = 0;
  #colonInBrackets = false;

  constructor(query: string) {
    this.query = query;
  }

  /** The current token's text. */
  get text(): string {
    return this.query.slice(this.start, this.end);
  }

  /**
   * Reads the next token.
   *
   * @throws {PromqlParseError} when there is none
   */
  next(): void {
    const query = this.query;
    let at = this.end;
    for (;;) {
      const code = query.charCodeAt(at);
      if (code < 128 && (classes[code]! & IS_SPACE) !== 0) {
        at++;
      } else if (code === 35 /* # */ && this.#place !== "bracketStart") {
        at = endOfLine(query, at);
      } else {
        break;
      }
    }
    this.start = at;
    if (this.#place === "anywhere") this.#anywhere(at);
    else if (this.#place === "braces") this.#inBraces(at);
    else this.#inBrackets(at);
  }

  #token(kind: TokenKind, length: number): void {
    this.kind = kind;
    this.end = this.start + length;
  }

  #anywhere(at: number): void {
    const code = this.query.charCodeAt(at);
    const kindOfCharacter = code < 128 ? classes[code]! : 0;
    if ((kindOfCharacter & IS_ALPHA) !== 0 || code === COLON) this.#word(at);
    else if ((kindOfCharacter & IS_DIGIT) !== 0) this.#numberOrDuration(at);
    else this.#mark(at, code);
  }

  #mark(at: number, code: number): void {
    const following = this.query.charCodeAt(at + 1);
    switch (code) {
      case 40: // (
        this.#openParens++;
        return this.#token("(", 1);
      case 41: // )
        this.#openParens--;
        if (this.#openParens < 0) {
          throw this.#fault("unexpected right parenthesis ')'", at + 1, "there is no ( for it");
        }
        return this.#token(")", 1);
      case 44:
        return this.#token(",", 1);
      case 123: // {
        this.#place = "braces";
        return this.#token("{", 1);
      case 91: // [
        return this.#openBracket(at);
      case 93: // ]
        return this.#closeBracket(at);
      case 34: // "
      case 39: // '
      case 96: // `
        return this.#string(at, code);
      case 42:
        return this.#token("*", 1);
      case 47:
        return this.#token("/", 1);
      case 37:
        return this.#token("%", 1);
      case 43:
        return this.#token("+", 1);
      case 45:
        return this.#token("-", 1);
      case 94:
        return this.#token("^", 1);
      case 64:
        return this.#token("@", 1);
      case 61: // =
        if (following === 61) return this.#token("==", 2);
        if (following === 126) {
          throw this.#fault(
            "unexpected character after '=': '~'",
            at + 2,
            'patterns are matched inside braces: metric{label=~"..."}',
          );
        }
        return this.#token("=", 1);
      case 33: // !
        if (following === 61) return this.#token("!=", 2);
        throw this.#badCharacter("unexpected character after '!'", at + 1);
      case 60: // <
        if (following === 61) return this.#token("<=", 2);
        return following === 47 ? this.#token("</", 2) : this.#token("<", 1);
      case 62: // >
        if (following === 61) return this.#token(">=", 2);
        return following === 47 ? this.#token(">/", 2) : this.#token(">", 1);
      case 46: // .
        if (isDigit(following)) return this.#numberOrDuration(at);
        throw this.#badCharacter("unexpected character", at);
      default:
        if (at >= this.query.length) return this.#endOfInput(at);
        throw this.#badCharacter("unexpected character", at);
    }
  }

  #endOfInput(at: number): void {
    if (this.#openParens > 0) {
      throw this.#fault("unclosed left parenthesis", at, "a ) is missing at the end");
    }
    if (this.#place !== "anywhere") {
      throw this.#fault("unclosed left bracket", at, "a ] is missing at the end");
    }
    this.#token("end of input", 0);
  }

  #openBracket(at: number): void {
    if (this.#place === "bracket") throw this.#fault("unexpected left bracket '['", at + 1);
    this.#place = "bracketStart";
    this.#colonInBrackets = false;
    this.#token("[", 1);
  }

  #closeBracket(at: number): void {
    if (this.#place === "anywhere") {
      throw this.#fault("unexpected right bracket ']'", at + 1, "there is no [ for it");
    }
    this.#place = "anywhere";
    this.#token("]", 1);
  }

  /** A keyword, a metric name, or any other name. */
  #word(at: number): void {
    const query = this.query;
    let end = at;
    let upper = 0;
    let colon = false;
    for (; end < query.length; end++) {
      const code = query.charCodeAt(end);
      if (code === COLON) {
        colon = true;
        continue;
      }
      const kindOfCharacter = code < 128 ? classes[code]! : 0;
      if ((kindOfCharacter & (IS_ALPHA | IS_DIGIT)) === 0) break;
      upper |= kindOfCharacter & IS_UPPER;
    }
    this.end = end;
    const word = query.slice(at, end);
    this.value = word;
    if (colon) {
      this.kind = "metric identifier";
      return;
    }
    const keyword = KEYWORDS.get(upper === 0 ? word : word.toLowerCase());
    if (keyword === undefined || (keyword.startsWith("fill") && !this.#parenFollows(end))) {
      this.kind = "identifier";
    } else {
      this.kind = keyword;
    }
  }

  /** `fill` and its like were metric names before they were modifiers; they are modifiers only before a "(". */
  #parenFollows(end: number): boolean {
    let at = end;
    while (isSpace(this.query.charCodeAt(at))) at++;
    return this.query.charCodeAt(at) === 40;
  }

  #inBraces(at: number): void {
    const query = this.query;
    const code = query.charCodeAt(at);
    if (isAlpha(code)) {
      let end = at + 1;
      while (isAlphaNumeric(query.charCodeAt(end))) end++;
      this.kind = "identifier";
      this.end = end;
      this.value = query.slice(at, end);
      return;
    }
    const following = query.charCodeAt(at + 1);
    switch (code) {
      case 44:
        return this.#token(",", 1);
      case 34:
      case 39:
      case 96:
        return this.#string(at, code);
      case 61: // =
        return following === 126 ? this.#token("=~", 2) : this.#token("=", 1);
      case 33: // !
        if (following === 126) return this.#token("!~", 2);
        if (following === 61) return this.#token("!=", 2);
        throw this.#badCharacter("unexpected character after '!' inside braces", at + 1);
      case 123:
        throw this.#fault("unexpected left brace '{'", at + 1);
      case 125: // }
        this.#place = "anywhere";
        return this.#token("}", 1);
      default:
        if (at >= query.length) {
          throw this.#fault("unexpected end of input inside braces", at, "a } is missing");
        }
        throw this.#badCharacter(
          "unexpected character inside braces",
          at,
          "a label name outside [a-zA-Z_][a-zA-Z0-9_]* is written in quotes",
        );
    }
  }

  #inBrackets(at: number): void {
    const query = this.query;
    const code = query.charCodeAt(at);
    if (isDigit(code) || (code === 46 && isDigit(query.charCodeAt(at + 1)))) {
      this.#numberOrDuration(at);
      this.#place = "bracket";
      return;
    }
    if (code === COLON) {
      if (this.#colonInBrackets) throw this.#fault("unexpected colon ':'", at + 1);
      this.#colonInBrackets = true;
      return this.#token(":", 1);
    }
    if (isAlpha(code)) {
      let end = at + 1;
      while (isAlpha(query.charCodeAt(end))) end++;
      const word = query.slice(at, end).toLowerCase();
      if (word === "step" || word === "range" || word === "min_of" || word === "max_of") {
        return this.#token(word, end - at);
      }
    }
    if (this.#place === "bracketStart") this.#refuseInBrackets(at, code);
    else if (isAlpha(code)) throw this.#badCharacter("unexpected character", at, undefined, ":");
    this.#mark(at, code);
  }

  /** Right behind `[`, only durations may stand. */
  #refuseInBrackets(at: number, code: number): void {
    if (at >= this.query.length) {
      throw this.#fault(
        "unexpected end of input in duration expression",
        at,
        "a length of time and a ] are missing, such as [5m]",
      );
    }
    if (")](,+-*/%^".includes(String.fromCharCode(code))) return;
    throw this.#badCharacter(
      "unexpected character in duration expression",
      at,
      "a range is a number with a unit (ms s m h d w y), such as [5m] or [1h30m]",
    );
  }

  #numberOrDuration(at: number): void {
    const query = this.query;
    const [end, ok] = scanNumber(query, at);
    if (ok) {
      this.kind = "number";
      this.end = end;
      return;
    }
    const durationEnd = scanDuration(query, end);
    if (durationEnd > 0) {
      this.kind = "duration";
      this.end = durationEnd;
      return;
    }
    const wrongEnd = Math.min(-durationEnd, query.length);
    throw this.#fault(
      `bad number or duration syntax: ${quoteText(query.slice(at, wrongEnd))}`,
      wrongEnd,
      "units of durations are ms s m h d w y, as in 1h30m",
    );
  }

  #string(at: number, quote: number): void {
    const query = this.query;
    if (quote === 96) {
      const close = query.indexOf("`", at + 1);
      if (close < 0) throw this.#fault("unterminated raw string", query.length, "a ` is missing");
      this.kind = "string";
      this.end = close + 1;
      this.value = query.slice(at + 1, close);
      return;
    }
    let escapes = false;
    let end = at + 1;
    for (; ; end++) {
      const code = query.charCodeAt(end);
      if (code === quote) break;
      if (code === 92) {
        escapes = true;
        end++;
      } else if (end >= query.length || code === 10) {
        throw this.#fault(
          escapes && end > query.length
            ? "escape sequence not terminated"
            : "unterminated quoted string",
          Math.min(end, query.length),
          `a ${query.charAt(at)} is missing`,
        );
      }
    }
    this.kind = "string";
    this.end = end + 1;
    const body = query.slice(at + 1, end);
    this.value = escapes ? this.#unescaped(body, at) : body;
  }

  #unescaped(body: string, at: number): string {
    const unquoted = unescape(body, this.query.charAt(at));
    if (unquoted.ok) return unquoted.value;
    throw this.#fault(
      unquoted.message,
      at + unquoted.at + 2,
      "a backslash is written \\\\, or use `...`, where nothing is escaped",
    );
  }

  #fault(reason: string, end: number, hint?: string): PromqlParseError {
    return new PromqlParseError(this.query, { start: this.start, end }, reason, hint);
  }

  #badCharacter(what: string, at: number, hint?: string, expected?: string): PromqlParseError {
    const character =
      at < this.query.length ? String.fromCodePoint(this.query.codePointAt(at)!) : "";
    const quoted = character === "" ? "end of input" : quoteCharacter(character);
    const reason = `${what}: ${quoted}${expected === undefined ? "" : `, expected '${expected}'`}`;
    return this.#fault(reason, at + character.length, hint);
  }
}

function endOfLine(query: string, at: number): number {
  let end = at;
  for (; end < query.length; end++) {
    const code = query.charCodeAt(end);
    if (code === 10 || code === 13) break;
  }
  return end;
}

function isSpace(code: number): boolean {
  return code < 128 && (classes[code]! & IS_SPACE) !== 0;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isAlpha(code: number): boolean {
  return code < 128 && (classes[code]! & IS_ALPHA) !== 0;
}

function isAlphaNumeric(code: number): boolean {
  return code < 128 && (classes[code]! & (IS_ALPHA | IS_DIGIT)) !== 0;
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

/** Where the number ends, and whether it is one; the parts of a number are taken, their value is checked later. */
function scanNumber(query: string, from: number): [end: number, ok: boolean] {
  let at = from;
  let isDigitHere = isDigit;
  if (query.charCodeAt(at) === 48 && (query.charCodeAt(at + 1) | 32) === 120 /* 0x */) {
    at += 2;
    if (query.charCodeAt(at) === 95) at++;
    isDigitHere = isHexDigit;
  }
  const hexadecimal = isDigitHere === isHexDigit;
  let dot = false;
  let exponent = false;
  for (;;) {
    const code = query.charCodeAt(at);
    if (isDigitHere(code)) {
      at++;
    } else if (code === 46) {
      at++;
      const following = query.charCodeAt(at);
      if (dot || hexadecimal) return [at, false];
      if (following === 95 || following === 46) return [at + 1, false];
      dot = true;
    } else if ((code | 32) === 101 /* e */) {
      at++;
      if (exponent) return [at, false];
      exponent = true;
      const sign = query.charCodeAt(at);
      if (sign === 43 || sign === 45) at++;
      if (!canContinueNumber(query, at)) return [at, false];
    } else if (code === 95) {
      at++;
      if (!canContinueNumber(query, at)) return [at, false];
    } else {
      break;
    }
  }
  return [at, !isAlphaNumeric(query.charCodeAt(at))];
}

/** Behind an exponent or an underscore, digits follow. */
function canContinueNumber(query: string, at: number): boolean {
  const code = query.charCodeAt(at);
  return at < query.length && code !== 46 && code !== 95 && (code | 32) !== 101;
}

/** Where the duration ends whose first number ends at `from`; negative when it is none: where it stopped being one. */
function scanDuration(query: string, from: number): number {
  let at = scanUnit(query, from, "smhdwy");
  if (at < 0) return -from;
  while (isDigit(query.charCodeAt(at))) {
    while (isDigit(query.charCodeAt(at))) at++;
    const end = scanUnit(query, at, "smhdw");
    if (end < 0) return -at;
    at = end;
  }
  return isAlphaNumeric(query.charCodeAt(at)) ? -(at + 1) : at;
}

function scanUnit(query: string, at: number, units: string): number {
  const unit = query.charAt(at);
  if (unit === "" || !units.includes(unit)) return -1;
  return query.charCodeAt(at + 1) === 115 /* s */ ? at + 2 : at + 1;
}
