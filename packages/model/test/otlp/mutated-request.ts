// Requests that are nearly right, for tests of readers: what a mistake, a fault or an attacker makes of one.

const TAGS = [0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x10, 0x12, 0x1a, 0x2a, 0x3a, 0x4a, 0x52, 0x5a];

/** A request with a few bytes changed, lost, added or repeated. */
export function mutated(
  original: Uint8Array,
  others: readonly Uint8Array[],
  random: () => number,
): Uint8Array {
  let bytes = Uint8Array.from(original);
  const below = (n: number): number => Math.floor(random() * n);
  for (let count = 1 + below(3); count > 0; count--) {
    const at = below(bytes.length);
    switch (below(9)) {
      case 0:
        bytes[at]! ^= 1 << below(8);
        break;
      case 1:
        bytes[at] = below(256);
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
        bytes = Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1 + below(4))]);
        break;
      case 4: {
        const noise = Array.from({ length: 1 + below(4) }, () => below(256));
        bytes = Uint8Array.from([...bytes.slice(0, at), ...noise, ...bytes.slice(at)]);
        break;
      }
      case 5:
        bytes[at] = TAGS[below(TAGS.length)]!;
        break;
      case 6: {
        // A whole other request behind, or a message twice.
        const other = others[below(others.length)]!;
        bytes = Uint8Array.from([...bytes, ...other]);
        break;
      }
      case 7:
        bytes[at]! += below(2) === 0 ? 1 : -1;
        break;
      default:
        bytes[at]! |= 0x80;
    }
    if (bytes.length === 0) bytes = Uint8Array.of(0x0a);
  }
  return bytes;
}
