// When a gRPC server wants to be asked again: RetryInfo among the details of its status.
//
//   google.rpc.Status { code = 1, message = 2, details = 3 (Any { type_url = 1, value = 2 }) }
//   google.rpc.RetryInfo { retry_delay = 1 (Duration { seconds = 1, nanos = 2 }) }

import { messageFields } from "./message-fields.ts";

const TYPE = "type.googleapis.com/google.rpc.RetryInfo";

/** The delay in milliseconds; undefined when the details have none. */
export function retryDelayMs(status: Uint8Array): number | undefined {
  for (const { field, bytes } of messageFields(status)) {
    if (field !== 3) continue;
    const any = messageFields(bytes);
    const type = any.find((each) => each.field === 1)?.bytes;
    if (type === undefined || new TextDecoder().decode(type) !== TYPE) continue;
    const info = any.find((each) => each.field === 2)?.bytes ?? new Uint8Array(0);
    const delay = messageFields(info).find((each) => each.field === 1)?.bytes;
    if (delay === undefined) return 0;
    const parts = messageFields(delay);
    const seconds = Number(BigInt.asIntN(64, parts.find((each) => each.field === 1)?.value ?? 0n));
    const nanos = Number(BigInt.asIntN(32, parts.find((each) => each.field === 2)?.value ?? 0n));
    return Math.max(0, seconds * 1000 + nanos / 1e6);
  }
  return undefined;
}
