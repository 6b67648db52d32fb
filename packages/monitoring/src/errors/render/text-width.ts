// How many columns a text takes in a terminal: wide characters two, combining ones none.
//
// Source: Unicode Standard Annex 11 (East Asian Width), the blocks that are wide as a whole.

/** One column each: ASCII, Latin, Greek, Cyrillic, punctuation, arrows, lines of boxes. */
const SINGLE =
  /^[\u0020-\u007e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u257f]*$/;

let segmenter: Intl.Segmenter | undefined;

/** What a reader takes for one character. Made when it is needed first: it takes 20 ms. */
function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter.segment(text);
}

/** Columns of a text without escape sequences. */
export function textWidth(text: string): number {
  if (SINGLE.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes(text)) width += isWide(segment) ? 2 : 1;
  return width;
}

/** The beginning of a text that takes at most so many columns. */
export function cutToWidth(text: string, width: number): string {
  if (SINGLE.test(text))
    return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
  if (textWidth(text) <= width) return text;
  let out = "";
  let used = 0;
  for (const { segment } of graphemes(text)) {
    used += isWide(segment) ? 2 : 1;
    if (used > width - 1) break;
    out += segment;
  }
  return `${out}…`;
}

function isWide(segment: string): boolean {
  const point = segment.codePointAt(0)!;
  return (
    point >= 0x1100 &&
    (point <= 0x115f ||
      (point >= 0x2e80 && point <= 0xa4cf && point !== 0x303f) ||
      (point >= 0xac00 && point <= 0xd7a3) ||
      (point >= 0xf900 && point <= 0xfaff) ||
      (point >= 0xfe30 && point <= 0xfe6f) ||
      (point >= 0xff00 && point <= 0xff60) ||
      (point >= 0xffe0 && point <= 0xffe6) ||
      (point >= 0x1f300 && point <= 0x1faff) ||
      (point >= 0x20000 && point <= 0x3fffd))
  );
}
