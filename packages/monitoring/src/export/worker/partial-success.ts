// What a receiver says that it did not take, although it took the request.
//
//   Export*ServiceResponse { partial_success = 1 { rejected_* = 1 (int64), error_message = 2 (string) } }
//
// Read leniently: an answer that is no such message says nothing, the request was accepted all the same.

import { messageFields } from "./message-fields.ts";

const MAX_MESSAGE = 1024;

/** Records that were rejected, and why. */
export interface PartialSuccess {
  readonly rejected: number;
  readonly message?: string;
}

/** Reads the body of an answer in protobuf. */
export function readPartialSuccess(body: Uint8Array): PartialSuccess {
  const inner = messageFields(body).find(({ field, wire }) => field === 1 && wire === 2)?.bytes;
  if (inner === undefined) return { rejected: 0 };
  let rejected = 0;
  let message = "";
  for (const { field, wire, bytes, value } of messageFields(inner)) {
    if (field === 1 && wire === 0) rejected = Math.max(0, Number(BigInt.asIntN(64, value)));
    if (field === 2 && wire === 2) {
      message = new TextDecoder().decode(bytes.subarray(0, MAX_MESSAGE));
    }
  }
  return message === "" ? { rejected } : { rejected, message };
}

/** Reads the body of an answer in JSON. */
export function readJsonPartialSuccess(body: Uint8Array): PartialSuccess {
  try {
    const answer = JSON.parse(new TextDecoder().decode(body)) as {
      partialSuccess?: Record<string, unknown> | null;
    } | null;
    const partial = Object.entries(answer?.partialSuccess ?? {});
    const count = Number(partial.find(([key]) => key.startsWith("rejected"))?.[1] ?? 0);
    const text = partial.find(([key]) => key === "errorMessage")?.[1];
    const rejected = Number.isSafeInteger(count) && count > 0 ? count : 0;
    return typeof text === "string" && text !== ""
      ? { rejected, message: text.slice(0, MAX_MESSAGE) }
      : { rejected };
  } catch {
    return { rejected: 0 };
  }
}
