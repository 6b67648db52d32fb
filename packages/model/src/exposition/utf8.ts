// Where bytes stop being UTF-8. Only asked about lines that a decoder has refused, to say at which byte.
//
//   U+0000..007F    0xxxxxxx
//   U+0080..07FF    110xxxxx 10xxxxxx                       (not C0, C1: longer than needed)
//   U+0800..FFFF    1110xxxx 10xxxxxx 10xxxxxx              (E0: second from A0; ED: second to 9F, no surrogates)
//   U+10000..10FFFF 11110xxx 10xxxxxx 10xxxxxx 10xxxxxx     (F0: second from 90; F4: second to 8F)

/** The offset of the first byte that does not begin or continue a character; -1 when all is UTF-8. */
export function firstInvalidUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at]!;
    const length = sequenceLength(lead);
    if (length === 0) return at;
    for (let i = 1; i < length; i++) {
      const byte = bytes[at + i];
      if (byte === undefined || byte < lowest(lead, i) || byte > highest(lead, i)) return at;
    }
    at += length;
  }
  return -1;
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return 2;
  if (lead < 0xf0) return 3;
  return lead < 0xf5 ? 4 : 0;
}

function lowest(lead: number, position: number): number {
  if (position !== 1) return 0x80;
  if (lead === 0xe0) return 0xa0;
  return lead === 0xf0 ? 0x90 : 0x80;
}

function highest(lead: number, position: number): number {
  if (position !== 1) return 0xbf;
  if (lead === 0xed) return 0x9f;
  return lead === 0xf4 ? 0x8f : 0xbf;
}

/** How many bytes of UTF-8 a part of a well-formed text takes. */
export function utf8Length(text: string, start: number, end: number): number {
  let bytes = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xe000) bytes += 2; // half of a character of four bytes
    else bytes += 3;
  }
  return bytes;
}
