// A hash of a text: 64 bits as 16 hex digits. FNV-1a over the bytes of UTF-8, twice 32 bits with different beginnings and a
// final mixing; not for secrets, only to tell texts apart.
//
// Pure, and without BigInt: it is as fast in a browser.

/** The hash of a text. */
export function hash64(text: string): string {
  let high = 0x811c_9dc5;
  let low = 0xcbf2_9ce4;
  const mix = (byte: number): void => {
    high = Math.imul(high ^ byte, 0x0100_0193);
    low = Math.imul(low ^ byte, 0x85eb_ca6b) ^ (low >>> 13);
  };
  for (let at = 0; at < text.length; at++) {
    let point = text.charCodeAt(at);
    if (point < 0x80) {
      mix(point);
      continue;
    }
    point = text.codePointAt(at)!;
    if (point > 0xffff) at++;
    if (point < 0x800) {
      mix(0xc0 | (point >> 6));
      mix(0x80 | (point & 63));
    } else {
      mix(0xe0 | (point >> 12));
      mix(0x80 | ((point >> 6) & 63));
      mix(0x80 | (point & 63));
    }
  }
  return hex(finish(high)) + hex(finish(low ^ high));
}

function finish(value: number): number {
  let rest = value ^ (value >>> 16);
  rest = Math.imul(rest, 0x7feb_352d);
  rest ^= rest >>> 15;
  rest = Math.imul(rest, 0x846c_a68b);
  return rest ^ (rest >>> 16);
}

function hex(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}
