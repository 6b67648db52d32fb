// The fields of a protobuf message that somebody sent us, read leniently: what cannot be read ends the message.

/** One field: a varint or fixed number, or bytes. */
export interface MessageField {
  readonly field: number;
  /** 0 varint, 1 fixed64, 2 bytes, 5 fixed32. */
  readonly wire: number;
  readonly value: bigint;
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The fields of a message, in order. */
export function messageFields(message: Uint8Array): MessageField[] {
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const found: MessageField[] = [];
  let at = 0;
  const varint = (): bigint | undefined => {
    let value = 0n;
    for (let shift = 0n; shift < 70n && at < message.length; shift += 7n) {
      const byte = message[at++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    return undefined;
  };
  while (at < message.length) {
    const tag = varint();
    if (tag === undefined || tag > 0xffff_ffffn) break;
    const field = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    const left = message.length - at;
    if (wire === 0) {
      const value = varint();
      if (value === undefined) break;
      found.push({ field, wire, value, bytes: NOTHING });
    } else if (wire === 1 && left >= 8) {
      found.push({ field, wire, value: view.getBigUint64(at, true), bytes: NOTHING });
      at += 8;
    } else if (wire === 5 && left >= 4) {
      found.push({ field, wire, value: BigInt(view.getUint32(at, true)), bytes: NOTHING });
      at += 4;
    } else if (wire === 2) {
      const length = varint();
      if (length === undefined || length > BigInt(message.length - at)) break;
      const bytes = message.subarray(at, at + Number(length));
      found.push({ field, wire, value: 0n, bytes });
      at += Number(length);
    } else {
      break;
    }
  }
  return found;
}
