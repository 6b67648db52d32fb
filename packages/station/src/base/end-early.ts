// Ends an answer to a request whose body nobody wants, so that the other end can read it.
//
//   head, body ── the rest of the request is read and dropped, a moment long ── end, close
//
// Why not close at once: what has come and was not read makes the kernel reset the connection, and the answer that was
// under way is lost. The other end would know that something broke, and not that it was too large.

import type { ServerResponse } from "node:http";

/** How long nothing of the rest may come, and how long it is read at most. */
const QUIET_MS = 500;
const LINGER_MS = 10_000;

/** Ends an answer whose head is written, with a Content-Length; the connection closes when the request is not whole. */
export function endEarly(response: ServerResponse, body: string | Uint8Array): void {
  const { req: request } = response;
  if (request.complete || request.destroyed) {
    response.end(body);
    return;
  }
  response.write(body);
  const startedMs = performance.now();
  let pieces = 0;
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    response.end(() => request.destroy());
  };
  const look = (before: number): void => {
    if (pieces === before || performance.now() - startedMs > LINGER_MS) end();
    else wait();
  };
  const wait = (): void => {
    const before = pieces;
    // In a loop that is busy the timer is due before what has come was read: looked at after the reading.
    timer = setTimeout(() => setImmediate(look, before), QUIET_MS);
  };
  request.on("data", () => pieces++);
  request.once("end", end).once("close", end);
  wait();
}
