// What a receiver says that it did not take, although it took the request.
//
//   Export*ServiceResponse { partial_success = 1 { rejected_* = 1 (int64), error_message = 2 (string) } }
//
// Read leniently: an answer that is no such message says nothing, the request was accepted all the same.

const MAX_MESSAGE = 1024;

/** Records that were rejected, and why. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message?: string;
}

/** Reads the body of an answer. */
export function readPartialSuccess(body: Uint8Array): PartialSuccess {
  const inner = fields(body).find(({ field }) => field === 1)?.bytes;
  if (inner === undefined) return { rejected: 0 };
  let rejected = 0;
  let message = "";
  for (const { field, bytes, value } of fields(inner)) {
    if (field === 1 && value !== undefined) rejected = value;
    if (field === 2 && bytes !== undefined) {
      message = new TextDecoder().decode(bytes.subarray(0, MAX_MESSAGE));
    }
  }
  return message === "" ? { rejected } : { rejected, message };
}

interface Field {
  readonly field: number;
  readonly value?: number;
  readonly bytes?: Uint8Array;
}

/** The fields of a message with varints and lengths; what is anything else ends it. */
function fields(message: Uint8Array): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70 && at < message.length; shift += 7) {
      const byte = message[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < message.length) {
    const tag = varint();
    const number = varint();
    if (Number.isNaN(tag) || Number.isNaN(number)) break;
    const field = Math.floor(tag / 8);
    if (tag % 8 === 0) {
      found.push({ field, value: number });
    } else if (tag % 8 === 2 && at + number <= message.length) {
      found.push({ field, bytes: message.subarray(at, at + number) });
      at += number;
    } else {
      break;
    }
  }
  return found;
}
