// Comparing bytes off the wire with those of earlier requests.

/** Whether so many bytes are the same at two places, which have them; four at a time. */
export function sameBytes(
  a: DataView,
  fromA: number,
  b: DataView,
  fromB: number,
  length: number,
): boolean {
  let i = 0;
  for (const last = length - 4; i <= last; i += 4) {
    if (a.getInt32(fromA + i) !== b.getInt32(fromB + i)) return false;
  }
  for (; i < length; i++) if (a.getUint8(fromA + i) !== b.getUint8(fromB + i)) return false;
  return true;
}
