// Texts in quotes, as Go writes and reads them, since that is what PromQL strings are.
//
//   "a\tb\u00e4\xc3\xa4\303\244"      \x and octal are bytes: two of them may be one character
//   'it''s "fine"'                    single quotes are like double ones, only the escape of the quote differs
//   `no \escapes`
//
// A byte sequence that is not UTF-8 cannot be a JavaScript string; each wrong byte becomes U+FFFD.

const shortEscapes: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  '"': '\\"',
  "\\": "\\\\",
};

const plain = /^[ !#-[\]-~]*$/;
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/**
 * A text in double quotes with everything escaped that does not print.
 *
 * @example quoteText("a\nb") // '"a\\nb"'
 */
export function quoteText(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  let quoted = '"';
  for (const character of text) quoted += escaped(character);
  return `${quoted}"`;
}

/**
 * One character in single quotes, as messages name an unexpected one.
 *
 * @example quoteCharacter("$") // "'$'"
 */
export function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''";
  return `'${character === '"' ? '"' : escaped(character)}'`;
}

/** `U+0041 'A'`. */
export function nameCodePoint(character: string): string {
  const code = character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
  return printable.test(character) ? `U+${code} '${character}'` : `U+${code}`;
}

function escaped(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  if (printable.test(character)) return character;
  const code = character.codePointAt(0)!;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** What an escape sequence stands for, or what is wrong with it. */
export type Unquoted =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly message: string; readonly at: number };

const oneCharacter: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
};

/**
 * The text between quotes with its escapes resolved.
 *
 * @param body  what stands between the quotes
 * @param quote the quote, which may be escaped inside
 */
export function unescape(body: string, quote: string): Unquoted {
  const parts: string[] = [];
  let bytes: number[] = [];
  let i = 0;
  const flush = () => {
    if (bytes.length > 0) parts.push(decodeUtf8(bytes));
    bytes = [];
  };
  while (i < body.length) {
    const slash = body.indexOf("\\", i);
    if (slash < 0) break;
    if (slash > i) flush();
    parts.push(body.slice(i, slash));
    const escape = readEscape(body, slash + 1, quote);
    if (!escape.ok) return { ok: false, message: escape.message, at: escape.at };
    if (escape.isByte) {
      bytes.push(escape.code);
    } else {
      flush();
      parts.push(String.fromCodePoint(escape.code));
    }
    i = escape.next;
  }
  flush();
  parts.push(body.slice(i));
  return { ok: true, value: parts.join("") };
}

type Escape =
  | { readonly ok: true; readonly code: number; readonly isByte: boolean; readonly next: number }
  | { readonly ok: false; readonly message: string; readonly at: number };

/** `at` is the character behind the backslash. */
function readEscape(body: string, at: number, quote: string): Escape {
  const letter = body.charAt(at);
  const simple = oneCharacter[letter];
  if (simple !== undefined) return { ok: true, code: simple, isByte: false, next: at + 1 };
  if (letter === quote) {
    return { ok: true, code: quote.codePointAt(0)!, isByte: false, next: at + 1 };
  }
  if (letter >= "0" && letter <= "7") return readDigits(body, at, 3, 8, 255, true);
  if (letter === "x") return readDigits(body, at + 1, 2, 16, 255, true);
  if (letter === "u") return readDigits(body, at + 1, 4, 16, 0x10ffff, false);
  if (letter === "U") return readDigits(body, at + 1, 8, 16, 0x10ffff, false);
  if (letter === "") return { ok: false, message: "escape sequence not terminated", at };
  const character = String.fromCodePoint(body.codePointAt(at)!);
  return { ok: false, message: `unknown escape sequence ${nameCodePoint(character)}`, at };
}

function readDigits(
  body: string,
  from: number,
  count: number,
  base: number,
  max: number,
  isByte: boolean,
): Escape {
  let code = 0;
  for (let i = from; i < from + count; i++) {
    const point = body.codePointAt(i);
    if (point === undefined) {
      return { ok: false, message: "escape sequence not terminated", at: i };
    }
    const character = String.fromCodePoint(point);
    const digit = digitOf(character);
    if (digit >= base) {
      const message = `illegal character ${nameCodePoint(character)} in escape sequence`;
      return { ok: false, message, at: i };
    }
    code = code * base + digit;
  }
  if (code > max || (code >= 0xd800 && code < 0xe000)) {
    const message = "escape sequence is an invalid Unicode code point";
    return { ok: false, message, at: from };
  }
  return { ok: true, code, isByte, next: from + count };
}

function digitOf(character: string): number {
  return /^[0-9a-fA-F]$/.test(character) ? Number.parseInt(character, 16) : 16;
}

function decodeUtf8(bytes: readonly number[]): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}
