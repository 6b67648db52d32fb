// CRC-32C (Castagnoli), by which streamed remote read frames its messages.
//
// Source: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4

const TABLE = new Int32Array(256);
for (let i = 0; i < 256; i++) {
  let sum = i;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0x82f63b78 : sum >>> 1;
  TABLE[i] = sum;
}

/**
 * The sum of bytes.
 *
 * @example crc32c(new TextEncoder().encode("123456789")) // 0xe3069283
 */
export function crc32c(bytes: Uint8Array): number {
  let sum = -1;
  for (let i = 0; i < bytes.length; i++) sum = TABLE[(sum ^ bytes[i]!) & 255]! ^ (sum >>> 8);
  return (sum ^ -1) >>> 0;
}
