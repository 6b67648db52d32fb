// Ends an answer to a request whose body nobody wants, so that the other end can read it.
//
//   head, body ── the rest of the request is read and dropped, a moment long ── end, close
//
// Why not close at once: what has come and was not read makes the kernel reset the connection, and the answer that was
// under way is lost. The other end would know that something broke, and not that it was too large.

import type { ServerResponse } from "node:http";

/** How long the rest is read. */
const LINGER_MS = 1_000;

/** Ends an answer whose head is written, with a Content-Length; the connection closes when the request is not whole. */
export function endEarly(response: ServerResponse, body: string | Uint8Array): void {
  const { req: request } = response;
  if (request.complete || request.destroyed) {
    response.end(body);
    return;
  }
  response.write(body);
  const done = new AbortController();
  const end = (): void => {
    if (done.signal.aborted) return;
    done.abort();
    clearTimeout(timer);
    response.end(() => request.destroy());
  };
  const timer = setTimeout(end, LINGER_MS);
  request.once("end", end).once("close", end);
  request.resume();
}
