// Ids of traces and spans: hex digits outside, 64-bit numbers in the store.

/** Sixteen hex digits. */
export function idText(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}

/** Thirty-two hex digits. */
export function traceIdText(high: bigint, low: bigint): string {
  return idText(high) + idText(low);
}

/** The halves of a trace id. */
export function traceIdWords(traceId: string): readonly [high: bigint, low: bigint] {
  return [BigInt(`0x${traceId.slice(0, 16)}`), BigInt(`0x${traceId.slice(16)}`)];
}
