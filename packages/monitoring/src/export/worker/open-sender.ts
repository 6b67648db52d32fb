// The sender for an endpoint's protocol.

import type { OtlpEndpoint } from "../export-settings.ts";
import type { Signal } from "../signal.ts";
import { OtlpHttpSender } from "./otlp-http.ts";
import type { Sender } from "./sender.ts";

/** A sender for an endpoint. */
export function openSender(endpoint: OtlpEndpoint, signal: Signal): Sender {
  return new OtlpHttpSender(endpoint, signal);
}
