// The small messages of OTLP's answers, written.
//
//   ExportXServiceResponse { partial_success 1 { rejected 1  error_message 2 } }
//   google.rpc.Status      { code 1  message 2  details 3 [ Any { type_url 1  value 2 } ] }
//   google.rpc.RetryInfo   { retry_delay 1 Duration { seconds 1  nanos 2 } }

import { MessageWriter, type OtlpSignal } from "@flx/model";
import type { ExportOutcome } from "./export-handler.ts";

/** The answer in protobuf: empty when all was taken. */
export function exportResponse({ rejected, message }: ExportOutcome): Uint8Array {
  const out = new MessageWriter(64);
  if (rejected > 0 || message !== "") {
    const start = out.begin(0x0a);
    if (rejected > 0) out.uint(0x08, rejected);
    out.text(0x12, message);
    out.end(start);
  }
  return out.take();
}

const rejectedNames: Readonly<Record<OtlpSignal, string>> = {
  metrics: "rejectedDataPoints",
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
};

/** The answer in JSON. */
export function exportResponseJson(
  signal: OtlpSignal,
  { rejected, message }: ExportOutcome,
): string {
  if (rejected === 0 && message === "") return "{}";
  const partialSuccess = { [rejectedNames[signal]]: String(rejected), errorMessage: message };
  return JSON.stringify({ partialSuccess });
}

/** A google.rpc.Status, with a RetryInfo when there is a time to wait. */
export function rpcStatus(code: number, message: string, retryAfterMs?: number): Uint8Array {
  const out = new MessageWriter(128);
  out.uint(0x08, code);
  out.text(0x12, message);
  if (retryAfterMs !== undefined) {
    const any = out.begin(0x1a);
    out.text(0x0a, "type.googleapis.com/google.rpc.RetryInfo");
    const info = out.begin(0x12);
    const delay = out.begin(0x0a);
    out.uint(0x08, Math.floor(retryAfterMs / 1000));
    out.uint(0x10, Math.round((retryAfterMs % 1000) * 1e6));
    out.end(delay);
    out.end(info);
    out.end(any);
  }
  return out.take();
}
