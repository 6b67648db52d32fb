// The headers of an HTTP answer that refuses a request.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Refused } from "./refused.ts";

/** Sets the headers of a refusal; call before the head is written, and end with `endEarly`. */
export function refusedHeaders(
  request: IncomingMessage,
  response: ServerResponse,
  { retryAfterMs, challenges = [] }: Refused,
): void {
  if (retryAfterMs !== undefined) {
    response.setHeader("Retry-After", String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  }
  if (challenges.length > 0) response.setHeader("WWW-Authenticate", challenges.join(", "));
  if (!request.complete) response.setHeader("Connection", "close");
}
