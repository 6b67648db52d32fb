// How deep a JSON text nests, looked at in its bytes before JSON.parse makes a tree of it: that takes 100,000 levels without
// complaint, and a tenth of a second for each such body. The look ends where it is too deep, which of a bomb is at once.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Whether lists and objects of a JSON text nest deeper than `most`. Of a text that is no JSON any answer may come.
 *
 * @param bytes UTF-8
 */
export function isJsonDeeper(bytes: Uint8Array, most: number): boolean {
  // Each level has a byte that opens it.
  if (bytes.length <= most) return false;
  let depth = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      for (at++; at < bytes.length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++;
      // Both brackets of a kind differ by two: [ 0x5b ] 0x5d { 0x7b } 0x7d.
    } else if ((byte | 0x20) === 0x7b) {
      if (++depth > most) return true;
    } else if ((byte | 0x20) === 0x7d) depth--;
  }
  return false;
}
