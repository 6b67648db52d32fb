// The order of two strings by their UTF-8 bytes, which is how Prometheus (Go) sorts names and values.
//
// JavaScript compares UTF-16 code units. The two orders differ in one place only: a surrogate
// (U+D800..U+DFFF, half of a character above U+FFFF) is a smaller number than U+E000..U+FFFF, yet
// the character it belongs to is larger. So the first code units that differ decide, and when both are
// at or above U+D800, surrogates count as the larger ones.
//
//   "\u{1F600}" (UTF-16 D83D DE00, UTF-8 F0 9F 98 80)   JavaScript says smaller,
//   "\uFF5E"    (UTF-16 FF5E,      UTF-8 EF BD 9E)      UTF-8 says larger

/** Negative, zero or positive: `a` before, equal to, or after `b` in the order of their UTF-8 bytes. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Moves surrogates above the rest of the code units, keeping both parts in order. */
function rank(codeUnit: number): number {
  if (codeUnit < 0xd800) return codeUnit;
  return codeUnit >= 0xe000 ? codeUnit - 0x800 : codeUnit + 0x2000;
}
