// Ends an HTTP server in order: what is under way is answered, and clients that keep their connections are told to let go.
//
//   close ── no new connections ── idle ones closed ── answers say Connection: close ── after the grace all are closed
//
// Without the header a client that always has a request under way would keep its connection, and the server, for ever.

import type { Server } from "node:http";

/** Closes a server; resolves when no connection is left. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  server.prependListener("request", (_request, response) => {
    response.setHeader("connection", "close");
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await promise;
  clearTimeout(timer);
}
